import hashlib
import hmac
from datetime import timedelta

import pytest
from tests.oidc.registration.conftest import ADDRESS, APP

from yett.oidc.clients import AuthMethod, Consent, GrantType, Kind
from yett.oidc.registration import Mode, events
from yett.oidc.registration.model import Fault, Rejected, UnusableToken


async def test_who_registers_is_a_client_on_every_node(office, heard):
    told = await office.registered(scope="openid email")
    for registrations in (office.registrations, office.node()):
        client = registrations.find(told["client_id"])
        assert client.kind is Kind.REGISTERED
        assert client.title == "Nice App"
        assert client.consent is Consent.ASK
        assert client.redirect_uris == {"https://app.example.org/cb"}
        assert client.scopes == {"openid", "email"}
        assert client.auth_method is AuthMethod.BASIC
        (kept,) = client.secret_hashes
        assert hmac.compare_digest(kept, hashlib.sha256(told["client_secret"].encode()).digest())
    assert office.node(b"o" * 32).find(told["client_id"]) is None
    assert await office.records.list("") == []
    ((event, fields),) = heard("oidc.dcr")
    assert event is events.registered
    assert fields["host"] == "app.example.org"
    assert fields["client_address"] == ADDRESS
    assert len(fields["client"]) <= 80
    assert told["client_secret"] not in str(fields)


async def test_a_registration_ends(office):
    office.use(lifetime=timedelta(hours=2))
    told = await office.registered()
    assert told["client_secret_expires_at"] == told["client_id_issued_at"] + 7200
    office.clock.advance(7100)
    assert office.registrations.find(told["client_id"])
    office.clock.advance(101)
    assert office.registrations.find(told["client_id"]) is None


@pytest.mark.parametrize(
    ("mode", "is_known"), [(Mode.OFF, False), (Mode.CLOSED, True), (Mode.TOKEN, True), (Mode.OPEN, True)]
)
async def test_the_mode_decides_about_those_who_did(office, mode, is_known):
    told = await office.registered()
    office.use(mode=mode)
    assert (office.registrations.find(told["client_id"]) is not None) is is_known


async def test_the_settings_of_today_count_for_those_who_registered_before(office):
    told = await office.registered(
        grant_types=["authorization_code", "refresh_token"],
        post_logout_redirect_uris=["https://app.example.org/bye"],
    )
    office.use(
        scopes=("openid",), grants=(GrantType.CODE,), groups=("staff",), redirect_hosts=("other.example.org",)
    )
    client = office.registrations.find(told["client_id"])
    assert client.scopes == {"openid"}
    assert client.grants == {GrantType.CODE}
    assert client.groups == {"staff"}
    assert not client.redirect_uris
    assert not client.after_logout


async def test_with_a_token_one_registers_once(office, heard):
    office.use(mode=Mode.TOKEN)
    assert (await office.register()).status_code == 401
    token = await office.commands.make()
    # A mistake does not cost the token.
    assert (await office.register(token, redirect_uris=["http://x.example/"])).status_code == 400
    assert (await office.register(token)).status_code == 201
    assert (await office.register(token)).status_code == 401
    assert [each for each, _ in heard("oidc.dcr")] == [
        events.token_refused, events.token_made, events.refused, events.registered, events.token_refused,
    ]  # fmt: skip
    assert heard("oidc.dcr")[0][1]["reason"] is UnusableToken.MISSING
    assert token not in str(heard())


async def test_without_the_store_nobody_registers_by_token(office, heard):
    office.use(mode=Mode.TOKEN)
    token = await office.commands.make()
    office.records.is_broken = True
    assert (await office.register(token)).status_code == 503
    assert heard("oidc.dcr")[-1][0] is events.unavailable
    office.records.is_broken = False
    assert (await office.register(token)).status_code == 201


async def test_one_address_registers_so_often_and_all_of_them_so_often(office, heard):
    office.use(per_hour=2, total_per_hour=3)
    assert [(await office.register()).status_code for _ in range(3)] == [201, 201, 429]
    office.addresses.append("192.0.2.8")
    assert (await office.register()).status_code == 201
    answer = await office.register()
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert heard("oidc.dcr")[-1][0] is events.rate_limited
    office.clock.advance(3600)
    assert (await office.register()).status_code == 201


async def test_refusals_count_too(office):
    office.use(per_hour=2)
    for _ in range(2):
        assert (await office.register(redirect_uris=[])).status_code == 400
    assert (await office.register()).status_code == 429


async def test_a_whole_ipv6_network_is_one_address(office):
    office.use(per_hour=1)
    office.addresses.append("2001:db8::1")
    assert (await office.register()).status_code == 201
    office.addresses.append("2001:db8::2")
    assert (await office.register()).status_code == 429


async def test_nobody_registers_under_the_name_of_another(office):
    for name in ("Payroll", "pay roII", "login.example.test"):
        assert (await office.register(client_name=name)).status_code == 400


async def test_ids_that_are_none_are_asked_for_cheaply(office):
    for text in ("", "wiki", "dc-", "dc-x", "dc-" + "A" * 2000, "\ud800"):
        assert office.registrations.find(text) is None
    assert not office.registrations._known


async def test_what_is_remembered_is_bounded(office):
    office.use(per_hour=10_000, total_per_hour=100_000)
    for number in range(2100):
        made = office.registrations.register({**APP, "client_name": f"App {number}"}, "", ADDRESS)
        told = await made
        assert not isinstance(told, Rejected)
        office.registrations.find(told["client_id"])
    assert len(office.registrations._known) == 2048


async def test_a_revoked_client_is_unknown_until_it_is_restored(office, heard):
    told = await office.registered()
    registered = office.registrations.read(told["client_id"])
    await office.registrations.withdraw(registered)
    assert office.registrations.find(told["client_id"]) is None
    assert office.registrations.is_withdrawn(told["client_id"])
    assert await office.registrations.restore(registered)
    assert office.registrations.find(told["client_id"])
    assert not await office.registrations.restore(registered)
    assert [each for each, _ in heard("oidc.dcr")][1:] == [events.revoked, events.restored]


async def test_what_was_refused_says_why_and_repeats_nothing(office, heard):
    answer = await office.register(client_name="<b>\u202e</b>")
    assert answer.json()["error"] == Fault.METADATA.value
    assert "<b>" not in answer.text
    assert "<b>" not in str(heard("oidc.dcr"))


async def test_nobody_without_a_token_uses_up_what_is_for_everybody(office):
    office.use(mode=Mode.TOKEN, per_hour=2, total_per_hour=3)
    token = await office.commands.make()
    for number in range(10):
        office.addresses.append(f"192.0.2.{number}")
        assert (await office.register("rt-guess")).status_code == 401
        assert (await office.register(redirect_uris=[])).status_code == 400
    office.addresses.append("198.51.100.1")
    assert (await office.register(token)).status_code == 201


async def test_what_a_client_has_ends_before_it_is_revoked(office):
    told = await office.registered()
    ended = []

    async def end(client_id):
        assert not office.registrations.is_withdrawn(client_id)
        ended.append(client_id)

    office.registrations._end_tokens = end
    await office.commands.revoke(told["client_id"])
    assert ended == [told["client_id"]]
    assert office.registrations.is_withdrawn(told["client_id"])
