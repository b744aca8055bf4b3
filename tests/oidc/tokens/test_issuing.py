import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.oidc.signing.conftest import ISSUER, ONE
from tests.oidc.tokens.conftest import HOST, WIKI, settled
from tests.signin.place import ADA

from yett.oidc.clients import TokenFormat
from yett.oidc.signing import SigningSettings
from yett.oidc.signing import events as signing_events
from yett.oidc.tokens import Basis, Confirmation, TokenAnswer, Unissued, events
from yett.sessions import SessionType
from yett.store import StoreUnavailable


async def test_a_client_gets_tokens_that_say_who_and_how(place, clock, heard):
    basis = await place.basis()
    heard.forget()
    answer = await place.tokens.issue(WIKI, basis, with_refresh=True, with_identity=True, code="the-code")

    now = int(clock.now())
    access = place.signing.verify(answer.access_token, typ="at+jwt")
    assert access.pop("jti").startswith(basis.grant_ref)
    signed_in = {"auth_time": now, "amr": ["pwd", "otp"], "acr": "mfa", "sid": basis.sign_on_ref}
    assert access == {
        "iss": ISSUER,
        "sub": "ada",
        "aud": "wiki",
        "client_id": "wiki",
        "iat": now,
        "nbf": now,
        "exp": now + 600,
        "scope": basis.scope,
        "groups": list(ADA.groups),
        **signed_in,
    }
    identity = place.signing.verify(answer.id_token, typ="JWT")
    assert identity.pop("jti")
    assert identity == {
        "iss": ISSUER,
        "sub": "ada",
        "aud": "wiki",
        "azp": "wiki",
        "iat": now,
        "exp": now + 300,
        "nonce": "n-0S6",
        "at_hash": place.signing.half_hash(answer.access_token),
        "c_hash": place.signing.half_hash("the-code"),
        "name": ADA.display_name,
        "preferred_username": "ada",
        "email": ADA.email,
        "email_verified": True,
        "groups": list(ADA.groups),
        **signed_in,
    }
    assert (answer.token_type, answer.expires_in, answer.scope) == ("Bearer", 600, basis.scope)
    assert answer.refresh_token.startswith("yr.")
    for secret in (answer.access_token, answer.refresh_token, answer.id_token):
        assert secret not in repr(answer)
    assert heard("oidc") == [
        (events.signer, {"client": "wiki", "algorithm": "ES256"}),
        (
            events.issued,
            {
                "user": "ada",
                "client": "wiki",
                "session": basis.sign_on_ref,
                "scope": tuple(basis.scope.split()),
                "lifetime": 600,
            },
        ),
    ]


async def test_nothing_that_is_kept_can_be_used(place):
    answer = await place.issue()
    (key,) = await place.kept()
    value = (await place.records.get(key)).value.decode()
    for text in (answer.access_token, answer.refresh_token, answer.id_token):
        assert text not in value
        assert text.rpartition(".")[2] not in value


async def test_a_token_ends_with_the_session_at_the_latest(place):
    issued = await place.sessions.create(
        SessionType.SIGN_ON, "ada", audience=HOST, lifetime=timedelta(seconds=90)
    )
    answer = await place.issue(sign_on_ref=issued.session.ref)
    assert answer.expires_in == 90
    (family,) = place.tokens.families("ada")
    assert family.ends_at == issued.session.ends_at


async def test_a_client_that_acts_for_itself_gets_a_token_about_itself(place):
    basis = Basis(client_id="wiki", user="", scope="read", grant_ref="m2m-1")
    answer = await place.tokens.issue(WIKI, basis, with_refresh=False, with_identity=True)
    said = place.signing.verify(answer.access_token, typ="at+jwt")
    assert (said["sub"], said["client_id"], said["scope"]) == ("wiki", "wiki", "read")
    assert not {"acr", "amr", "sid", "auth_time", "groups"} & said.keys()
    assert (answer.id_token, answer.refresh_token) == ("", "")
    assert (await place.tokens.look(answer.access_token)).basis.user == ""


async def test_tokens_are_bound_to_what_the_client_proved(place, heard):
    answer = await place.issue(confirmation=Confirmation(jkt="key", x5t="certificate"))
    assert answer.token_type == "DPoP"
    cnf = {"jkt": "key", "x5t#S256": "certificate"}
    assert place.signing.verify(answer.access_token, typ="at+jwt")["cnf"] == cnf
    assert place.signing.verify(answer.id_token, typ="JWT")["cnf"] == cnf
    bound = {"client": "wiki", "is_key": True, "is_certificate": True}
    assert (events.bound, bound) in heard("oidc.idtoken")


async def test_an_opaque_token_says_nothing(place):
    answer = await place.issue(client=replace(WIKI, token_format=TokenFormat.OPAQUE))
    assert answer.access_token.startswith("yo.")
    assert (await place.tokens.look(answer.access_token)).basis.user == "ada"


class Vault:
    """Whoever makes opaque tokens."""

    def __init__(self):
        self.is_on = True
        self.made = []
        self.undone = []
        self.sessions = []
        self.names = []
        self.over = set()
        self.fails = 0

    async def make(self, user, sign_on_ref, _expires_at, *, jti):
        if self.fails:
            raise StoreUnavailable("no")
        self.sessions.append(sign_on_ref)
        self.names.append(jti)
        self.made.append(f"gt-{user}")
        return self.made[-1]

    async def end(self, token):
        if self.fails:
            self.fails -= 1
            raise StoreUnavailable("no")
        self.undone.append(token)

    def is_good(self, token):
        return token in self.made and self.names[self.made.index(token)] not in self.over

    def ended(self, user, names):
        assert user == "ada"
        self.over |= set(names)


@pytest.fixture
def vault(place):
    vault = Vault()
    place.tokens.make_opaque_with(vault)
    return vault


OPAQUE = replace(WIKI, token_format=TokenFormat.OPAQUE, backchannel_logout="https://wiki.example.test/out")


async def test_somebody_else_may_make_the_opaque_ones(place, vault):
    answer = await place.issue(client=OPAQUE)
    assert answer.access_token == "gt-ada"
    assert place.tokens.peek("gt-ada").basis.scope == answer.scope
    assert vault.undone == []
    assert vault.over == set()
    assert place.tokens.lists(vault.names[0])
    # Whoever made it may end it.
    vault.made.clear()
    assert place.tokens.peek("gt-ada") is None
    assert await place.tokens.look("gt-ada") is None


async def test_whoever_is_off_makes_none(place, vault):
    vault.is_on = False
    assert (await place.issue(client=OPAQUE)).access_token.startswith("yo.")
    vault.is_on = True
    assert (await place.issue(client=OPAQUE)).access_token == "gt-ada"


async def test_who_makes_opaque_tokens_hears_of_their_end(place, vault):
    answer = await place.issue(client=OPAQUE)
    assert await place.tokens.revoke(answer.access_token, client_id="wiki")
    assert vault.over == set(vault.names)
    assert not place.tokens.lists(vault.names[0])

    answer = await place.issue(client=OPAQUE)
    assert await place.tokens.revoke(answer.refresh_token, client_id="wiki")
    assert vault.over == set(vault.names)


async def test_an_opaque_token_for_offline_access_rests_on_no_session(place, vault):
    lasting = await place.issue("openid offline_access", client=OPAQUE)
    bound = await place.issue("openid", client=OPAQUE)
    assert isinstance(await place.refresh(lasting, "openid", client=OPAQUE), TokenAnswer)
    assert [bool(ref) for ref in vault.sessions] == [False, True, False]
    assert isinstance(bound, TokenAnswer)


# Failing.


@pytest.mark.parametrize(
    ("step", "ends"), [("access token", []), ("logout", ["gt-ada"]), ("grant", ["gt-ada"])]
)
async def test_when_a_step_fails_nothing_is_left(place, vault, heard, step, ends):
    basis = await place.basis()
    heard.forget()

    async def note(_client, _basis):
        if step == "logout":
            raise StoreUnavailable("no")

    place.tokens.note_with(note)
    if step == "access token":
        vault.fails = 1
    if step == "grant":
        place.records.fail_write = 1
    outcome = await place.tokens.issue(OPAQUE, basis, with_refresh=True, with_identity=True)
    assert outcome is Unissued.UNAVAILABLE
    assert vault.undone == ends
    assert await place.kept() == []
    assert place.tokens.peek("gt-ada") is None
    said = heard("oidc.tokens")
    assert [(each, fields["step"]) for each, fields in said] == [(events.step_failed, step)]
    # Of the same grant nothing can come any more once its family may have been kept.
    vault.fails = 0


async def test_the_store_may_fail_at_any_write_and_nothing_is_left(place):
    for number in range(1, 20):
        basis = await place.basis()
        place.records.fail_write = number
        outcome = await place.tokens.issue(WIKI, basis, with_refresh=True, with_identity=True)
        if place.records.fail_write:
            assert isinstance(outcome, TokenAnswer)
            break
        assert outcome is Unissued.UNAVAILABLE
        assert await place.kept() == []
    assert number == 2
    place.records.fail_write = 0


async def test_what_cannot_be_undone_at_once_is_undone_later(place, vault):
    basis = await place.basis()
    place.records.fail_write = 1
    vault_end, calls = vault.end, []

    async def end(token):
        calls.append(token)
        if len(calls) < 4:
            raise StoreUnavailable("no")
        await vault_end(token)

    vault.end = end
    outcome = await place.tokens.issue(OPAQUE, basis, with_refresh=True, with_identity=True)
    assert outcome is Unissued.UNAVAILABLE
    await settled(lambda: vault.undone == ["gt-ada"])
    assert len(calls) == 4


async def test_without_random_numbers_there_are_no_tokens(place, heard):
    basis = await place.basis()
    heard.forget()
    place.secrets.is_broken = True
    assert await place.tokens.issue(WIKI, basis, with_refresh=True, with_identity=True) is Unissued.RANDOM
    assert [each for each, _ in heard("oidc")] == [events.random_failed, events.not_generated]
    opaque = replace(WIKI, token_format=TokenFormat.OPAQUE)
    basis = await place.basis()
    assert await place.tokens.issue(opaque, basis, with_refresh=False, with_identity=True) is Unissued.RANDOM
    assert await place.kept() == []


async def test_without_a_key_there_are_no_tokens(place, heard):
    rs256 = replace(WIKI, identity_algorithm="RS256")
    assert await place.issue(client=rs256) is Unissued.KEY
    assert heard("oidc.idtoken") == [
        (events.identity_without_key, {"client": "wiki", "algorithm": "RS256"}),
    ]
    assert heard("oidc.token.signing")[-1][0] is signing_events.signing_failed

    for key in place.signing.keys:
        await place.signing.withdraw(key.kid)
    place.signing._loading.take_in((), place.signing._loading.version + 1, 0.0)
    place.records.is_down = True
    basis = Basis(client_id="wiki", user="", scope="read", grant_ref="m2m-2")
    assert await place.tokens.issue(WIKI, basis, with_refresh=False, with_identity=False) is Unissued.KEY
    assert heard("oidc.tokens.generate")[-1][1]["reason"] is Unissued.KEY
    place.records.is_down = False


async def test_an_id_token_is_signed_as_its_client_wants(place):
    await place.signing.apply(SigningSettings())
    answer = await place.issue(client=replace(WIKI, identity_algorithm="RS256"))
    said = place.signing.verify(answer.id_token, typ="JWT")
    assert said["at_hash"] == place.signing.half_hash(answer.access_token, "RS256")
    await place.signing.apply(ONE)


@pytest.mark.parametrize(
    ("person", "reason", "said"),
    [
        (replace(ADA, display_name="\ud800"), Unissued.MALFORMED, events.identity_not_signed),
        (replace(ADA, groups=("\ud800",)), Unissued.MALFORMED, events.not_generated),
        (replace(ADA, groups=("g" * 60,) * 400), Unissued.TOO_LONG, events.not_generated),
        (replace(ADA, is_disabled=True), Unissued.PERSON, events.refused),
    ],
)
async def test_who_cannot_be_vouched_for_gets_no_token(place, heard, person, reason, said):
    basis = await place.basis()
    place.people.table["ada"] = person
    assert await place.tokens.issue(WIKI, basis, with_refresh=True, with_identity=True) is reason
    assert said in [each for each, _ in heard("oidc")]
    assert await place.kept() == []


async def test_a_name_that_is_no_text_matters_only_where_it_is_told(place):
    place.people.table["ada"] = replace(ADA, display_name="\ud800")
    assert isinstance(await place.issue("openid groups"), TokenAnswer)


async def test_who_left_the_clients_groups_gets_no_token(place):
    client = replace(WIKI, groups=frozenset({"admins"}))
    assert await place.issue(client=client) is Unissued.PERSON


async def test_a_session_that_ends_while_tokens_are_made_takes_them_with_it(place, heard):
    basis = await place.basis()
    create = place.records.create

    async def slow(key, value, **options):
        version = await create(key, value, **options)
        await place.sessions.revoke(basis.sign_on_ref)
        return version

    place.records.create = slow
    outcome = await place.tokens.issue(WIKI, basis, with_refresh=True, with_identity=True)
    assert outcome is Unissued.OVER
    assert await place.kept() == []
    assert heard("oidc.tokens.generate")[-1][0] is events.refused


async def test_a_grant_gives_tokens_once(place):
    basis = await place.basis()
    outcomes = await asyncio.gather(
        *(place.tokens.issue(WIKI, basis, with_refresh=True, with_identity=True) for _ in range(50))
    )
    assert sum(isinstance(each, TokenAnswer) for each in outcomes) <= 1
    assert outcomes.count(Unissued.REUSED) >= 49


async def test_a_code_that_came_twice_before_the_first_tokens_were_kept_gives_none(place):
    basis = await place.basis()
    await place.tokens.code_reused(basis.grant_ref, "ada")
    outcome = await place.tokens.issue(WIKI, basis, with_refresh=True, with_identity=True)
    assert outcome is Unissued.REUSED
    assert await place.kept() == []


async def test_claims_that_no_text_can_be_are_refused_before_anything_is_kept(place):
    basis = await place.basis(claims={"userinfo": {"\ud800": None}})
    assert await place.tokens.issue(WIKI, basis, with_refresh=True, with_identity=True) is Unissued.MALFORMED
    assert await place.kept() == []
