import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.oidc.tokens.conftest import NOTHING, WIKI
from tests.signin.place import ADA

from yett.keys import MasterKey
from yett.oidc.clients import AuthMethod, TokenFormat
from yett.oidc.tokens import Confirmation, TokenAnswer, TokenSettings, Unissued, events, texts

DAY = 86400.0
PUBLIC = replace(WIKI, auth_method=AuthMethod.NONE)


async def test_a_refresh_token_gives_the_next_ones(place, clock, heard):
    first = await place.issue()
    clock.advance(300)
    heard.forget()
    second = await place.refresh(first)
    (family,) = place.tokens.families("ada")

    assert second.refresh_token != first.refresh_token
    assert second.access_token != first.access_token
    assert await place.are_good(first, second) == [True, True]
    told = place.signing.verify(second.id_token, typ="JWT")
    assert told["sub"] == "ada"
    # The same sign-in, and no answer to a request of the browser's (OpenID Connect Core, section 12.2).
    assert told["auth_time"] == int(clock.now()) - 300
    assert "nonce" not in told
    who = {"user": "ada", "client": "wiki", "session": family.sign_on_ref}
    assert [each for each in heard("oidc") if each[0] is not events.signer] == [
        (events.refresh_requested, who),
        (events.refreshed, {**who, "lifetime": 600}),
    ]


async def test_grants_go_on_as_long_as_they_are_used(place, clock):
    answer = await place.issue("openid offline_access")
    for _ in range(6):
        clock.advance(13 * DAY)
        answer = await place.refresh(answer)
        assert isinstance(answer, TokenAnswer)
    clock.advance(12 * DAY)
    assert await place.refresh(answer) is Unissued.UNKNOWN  # ninety days are over
    assert await place.kept() == []


async def test_what_nobody_uses_runs_out(place, clock):
    answer = await place.issue("openid offline_access")
    clock.advance(14 * DAY)
    assert await place.refresh(answer) is Unissued.UNKNOWN


async def test_of_fifty_uses_at_once_one_gets_tokens_and_the_rest_end_the_grant(place, heard):
    first = await place.issue()
    heard.forget()
    outcomes = await asyncio.gather(*(place.refresh(first) for _ in range(50)))
    winners = [each for each in outcomes if isinstance(each, TokenAnswer)]
    assert len(winners) == 1
    assert set(outcomes) - set(winners) <= {Unissued.REUSED, Unissued.UNKNOWN}
    assert await place.are_good(first, *winners) == [False, False]
    assert await place.refresh(winners[0]) is Unissued.UNKNOWN
    assert events.refresh_reused in [said for said, _ in heard("oidc.token.refresh")]
    assert [said for said, _ in heard("oidc.tokens.refresh")] == [events.refreshed]


async def test_of_fifty_uses_on_two_nodes_one_gets_tokens(place):
    first = await place.issue()
    other = await place.node()
    outcomes = await asyncio.gather(
        *(place.refresh(first, tokens=tokens) for _ in range(25) for tokens in (place.tokens, other))
    )
    assert sum(isinstance(each, TokenAnswer) for each in outcomes) == 1


async def test_a_second_use_ends_everything_of_the_grant_and_nothing_else(place, heard):
    first, bystander = await place.issue(), await place.issue()
    second = await place.refresh(first)
    heard.forget()
    assert await place.refresh(first) is Unissued.REUSED
    assert await place.are_good(first, second, bystander) == [False, False, True]
    assert await place.refresh(second) is Unissued.UNKNOWN
    assert heard("oidc.token.refresh")[1] == (
        events.refresh_reused,
        {"user": "ada", "client": "wiki", "ended": 2},
    )
    assert isinstance(await place.refresh(bystander), TokenAnswer)


async def test_with_a_leeway_a_lost_answer_may_be_asked_for_again(place, clock):
    place.tokens.apply(TokenSettings(refresh_leeway=timedelta(seconds=10)))
    first = await place.issue()
    second = await place.refresh(first)
    clock.advance(9)
    again = await place.refresh(first)
    assert again.refresh_token == second.refresh_token
    assert await place.are_good(second, again) == [True, True]
    third = await place.refresh(again)
    clock.advance(1)
    # Only the last one counts as lost, and only for a moment.
    assert await place.refresh(first) is Unissued.REUSED
    assert await place.are_good(third) == [False]


async def test_a_refresh_token_is_good_for_its_own_client_only(place, heard):
    first = await place.issue()
    other = replace(WIKI, client_id="other")
    place.clients["other"] = other
    heard.forget()
    assert await place.refresh(first, client=other) is Unissued.OTHER_CLIENT
    assert (events.refresh_mismatch, {"client": "other", "issued_to": "wiki"}) in heard()
    assert isinstance(await place.refresh(first), TokenAnswer)


async def test_less_may_be_asked_for_and_more_may_not(place, heard):
    first = await place.issue("openid profile")
    narrow = await place.refresh(first, "profile")
    assert narrow.scope == "profile"
    assert narrow.id_token == ""
    assert place.signing.verify(narrow.access_token, typ="at+jwt")["scope"] == "profile"
    # The grant is as wide as ever (RFC 6749, section 6).
    wide = await place.refresh(narrow)
    assert wide.scope == "openid profile"
    for scope in ("openid email", "openid  profile", "admin", " "):
        assert await place.refresh(wide, scope) is Unissued.SCOPE
    assert heard("oidc.token.refresh")[-1] == (events.refresh_scope, {"client": "wiki"})
    assert isinstance(await place.refresh(wide), TokenAnswer)


@pytest.mark.parametrize(
    ("bound", "shown"),
    [
        (Confirmation(jkt="key"), NOTHING),
        (Confirmation(jkt="key"), Confirmation(jkt="other")),
        (Confirmation(jkt="key"), Confirmation(x5t="key")),
        (Confirmation(x5t="cert"), NOTHING),
        (Confirmation(jkt="key", x5t="cert"), Confirmation(jkt="key")),
    ],
)
async def test_what_is_bound_needs_its_proof(place, heard, bound, shown):
    first = await place.issue(client=PUBLIC, confirmation=bound)
    assert await place.refresh(first, client=PUBLIC, shown=shown) is Unissued.UNPROVEN
    assert heard("oidc.token.refresh")[-1] == (events.refresh_unproven, {"user": "ada", "client": "wiki"})
    assert isinstance(await place.refresh(first, client=PUBLIC, shown=bound), TokenAnswer)


async def test_a_client_that_has_a_secret_may_change_its_key_but_not_come_without(place):
    first = await place.issue(confirmation=Confirmation(jkt="old"))
    assert await place.refresh(first) is Unissued.UNPROVEN
    second = await place.refresh(first, shown=Confirmation(jkt="new"))
    assert second.token_type == "DPoP"
    found = [place.tokens.peek(each.access_token).basis.confirmation.jkt for each in (first, second)]
    assert found == ["old", "new"]
    assert place.signing.verify(second.access_token, typ="at+jwt")["cnf"] == {"jkt": "new"}
    assert await place.refresh(second) is Unissued.UNPROVEN


async def test_tokens_can_be_bound_from_a_refresh_on(place):
    first = await place.issue(client=PUBLIC)
    second = await place.refresh(first, client=PUBLIC, shown=Confirmation(jkt="key"))
    assert (first.token_type, second.token_type) == ("Bearer", "DPoP")
    assert place.tokens.peek(first.access_token).basis.confirmation.jkt == ""
    assert await place.refresh(second, client=PUBLIC) is Unissued.UNPROVEN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yr.",
        "yr." + "0" * 24 + ".ref.0." + "0" * 64,
        "yr." + "0" * 24 + ".../x.0." + "0" * 64,
        "yr." + "0" * 24 + ".ref.99999999999." + "0" * 64,
        "yr." + "0" * 24 + ".ref.00." + "0" * 64,
        "é" * 300,
        "\ud800",
        "a" * 100_000,
    ],
)
async def test_what_is_no_refresh_token_of_ours_gives_nothing(place, heard, text):
    assert await place.tokens.refresh(WIKI, text, "", NOTHING) is Unissued.UNKNOWN
    assert heard("oidc") == [(events.refresh_unknown, {"client": "wiki"})]


async def test_a_refresh_token_cannot_be_made_of_another(place):
    first, other = await place.issue(), await place.issue()
    second = await place.refresh(first)
    head, owner, ref, generation, mac = second.refresh_token.split(".")
    _, _, other_ref, _, other_mac = other.refresh_token.split(".")
    for forged in (
        (head, owner, ref, "2", mac),
        (head, owner, ref, "0", mac),
        (head, owner, other_ref, "0", mac),
        (head, owner, ref, generation, other_mac),
        (head, owner, ref, generation, mac[:-1] + ("0" if mac[-1] != "0" else "1")),
        (head, owner, ref, generation, mac.upper()),
    ):
        assert await place.tokens.refresh(WIKI, ".".join(forged), "", NOTHING) is Unissued.UNKNOWN
    assert await place.are_good(first, second, other) == [True, True, True]


async def test_a_session_that_is_over_takes_its_grants_with_it(place, heard):
    answer = await place.issue()
    offline = await place.issue("openid offline_access", sign_on_ref=place.tokens.families()[0].sign_on_ref)
    place.tokens.told = lambda _ended: None
    place.sessions.ended._listeners.clear()
    await place.sessions.revoke(place.tokens.families()[0].sign_on_ref)
    assert await place.refresh(answer) is Unissued.OVER
    assert heard("oidc.tokens.refresh")[-1] == (
        events.not_refreshed,
        {"user": "ada", "client": "wiki", "reason": Unissued.OVER},
    )
    assert await place.are_good(answer, offline) == [False, True]
    assert isinstance(await place.refresh(offline), TokenAnswer)


async def test_who_is_out_gets_nothing_new(place):
    answer = await place.issue()
    place.people.table["ada"] = replace(ADA, is_disabled=True)
    assert await place.refresh(answer) is Unissued.PERSON
    place.people.table["ada"] = replace(ADA, source="ldap")
    assert await place.refresh(answer) is Unissued.PERSON
    place.people.table.clear()
    assert await place.refresh(answer) is Unissued.PERSON


async def test_a_key_that_is_missing_uses_nothing_up(place, heard):
    answer = await place.issue()
    broken = replace(WIKI, identity_algorithm="RS256")
    assert await place.refresh(answer, client=broken) is Unissued.KEY
    assert heard("oidc.tokens.refresh")[-1][1]["reason"] is Unissued.KEY
    assert isinstance(await place.refresh(answer), TokenAnswer)


async def test_a_store_that_fails_leaves_the_refresh_token_good(place, heard):
    answer = await place.issue()
    place.records.fail_write = 1
    assert await place.refresh(answer) is Unissued.UNAVAILABLE
    assert heard("oidc.tokens.saga")[-1][1]["step"] == "grant"
    assert isinstance(await place.refresh(answer), TokenAnswer)


async def test_a_node_that_knows_nothing_asks_the_store(place, heard):
    answer = await place.issue()
    place.tokens._mirror.drop(*await place.kept())
    place.records.is_down = True
    assert await place.refresh(answer) is Unissued.UNAVAILABLE
    assert heard("oidc.tokens.saga")[-1][1]["step"] == "lookup"
    place.records.is_down = False
    assert isinstance(await place.refresh(answer), TokenAnswer)


async def test_a_node_that_is_behind_asks_before_it_refuses(place):
    answer = await place.issue()
    behind = await place.node()
    await behind._keeping.stop()
    answer = await place.refresh(answer)
    assert (await behind.look_at_refresh(answer.refresh_token)).is_refresh
    await behind._keeping.find((await place.kept())[0], is_fresh=True)
    answer = await place.refresh(answer)
    assert isinstance(await place.refresh(answer, tokens=behind), TokenAnswer)


async def test_who_went_while_the_new_tokens_were_kept_gets_none(place, heard):
    answer = await place.issue()
    replace_record = place.records.replace

    async def meanwhile(*told, **more):
        place.people.table.pop("ada")
        return await replace_record(*told, **more)

    place.records.replace = meanwhile
    assert await place.refresh(answer) is Unissued.PERSON
    assert Unissued.PERSON in [more["reason"] for said, more in heard() if said is events.not_refreshed]
    place.people.table["ada"] = ADA
    assert place.tokens.families(
        "ada"
    )  # of which only its own client could go on, with a token that it never got


async def test_what_a_client_may_not_have_any_more_is_not_refreshed(place):
    answer = await place.issue("openid groups email")
    less = place.clients["wiki"] = replace(WIKI, scopes=frozenset({"openid", "email"}))
    assert await place.refresh(answer, "openid groups", client=less) is Unissued.SCOPE
    answer = await place.refresh(answer, client=less)
    assert answer.scope == "openid email"
    assert "groups" not in place.signing.verify(answer.access_token, typ=None)
    none = place.clients["wiki"] = replace(WIKI, scopes=frozenset({"other"}))
    assert await place.refresh(answer, client=none) is Unissued.SCOPE
    place.clients["wiki"] = WIKI
    assert (await place.refresh(answer)).scope == "openid groups email"


async def test_a_client_that_may_not_act_afterwards_any_more_ends_with_the_session(place):
    ref = await place.sign_on()
    answer = await place.issue("openid offline_access", sign_on_ref=ref)
    less = place.clients["wiki"] = replace(WIKI, scopes=frozenset({"openid"}))
    assert await place.are_good(answer) == [True]
    await place.sessions.revoke(ref)
    assert await place.are_good(answer) == [False]
    assert await place.refresh(answer, client=less) is Unissued.OVER


async def test_whom_tokens_are_for_is_looked_up_with_each_refresh(place):
    answer = await place.issue()
    other = place.clients["wiki"] = replace(WIKI, audience="api")
    answer = await place.refresh(answer, client=other)
    assert place.signing.verify(answer.access_token, typ=None)["aud"] == "api"
    assert (await place.tokens.look(answer.access_token)).audience == "api"


async def test_after_a_change_of_the_cluster_key_old_refresh_tokens_are_unknown_and_end_nothing(place):
    answer = await place.issue()
    (family,) = place.tokens.families()
    other = texts.RefreshTokens(MasterKey(b"o" * 32))
    theirs = other.make(family.owner, family.ref, 0, family.salt)
    assert await place.refresh(replace(answer, refresh_token=theirs)) is Unissued.UNKNOWN
    assert await place.are_good(answer) == [True]


async def test_an_opaque_token_that_was_made_in_vain_is_ended(place):
    ended = []

    class Vault:
        is_on = True

        async def make(self, *_, **__):
            return "gt-1"

        async def end(self, token):
            ended.append(token)

        def ended(self, *_):
            raise AssertionError("it was never out")

    place.tokens.make_opaque_with(Vault())
    opaque = replace(WIKI, token_format=TokenFormat.OPAQUE)
    answer = await place.issue(client=opaque)
    place.records.fail_write = 1
    assert await place.refresh(answer, client=opaque) is Unissued.UNAVAILABLE
    assert ended == ["gt-1"]


async def test_a_grant_without_a_refresh_token_cannot_be_refreshed(place):
    basis = await place.basis()
    answer = await place.tokens.issue(WIKI, basis, with_refresh=False, with_identity=True)
    (family,) = place.tokens.families()
    forged = place.tokens._texts.make(family.owner, family.ref, 0, family.salt)
    assert answer.refresh_token == ""
    assert await place.tokens.refresh(WIKI, forged, "", NOTHING) is Unissued.UNKNOWN


async def test_old_access_tokens_do_not_pile_up(place, clock):
    answer = await place.issue()
    for _ in range(50):
        answer = await place.refresh(answer)
    (family,) = place.tokens.families()
    assert len(family.access) == 32
    clock.advance(601)
    await place.refresh(answer)
    (family,) = place.tokens.families()
    assert len(family.access) == 1
    assert len(place.tokens._mirror._by_digest) == 1
