import asyncio
from dataclasses import replace

import pytest
from tests.oidc.tokens.conftest import NOTHING, WIKI, settled
from tests.signin.place import ADA
from tests.tampering import altered

from yett.oidc.tokens import Access, Basis, TokenAnswer, Unissued, events, record, texts
from yett.oidc.tokens.making import ACCESS, IDENTITY
from yett.store import StoreUnavailable

BOB = replace(ADA, name="bob")


async def test_a_token_is_worth_what_was_granted(place, clock):
    basis = await place.basis()
    answer = await place.tokens.issue(WIKI, basis, with_refresh=True, with_identity=True)
    access = await place.tokens.look(answer.access_token)
    assert access == place.tokens.peek(answer.access_token)
    assert access.basis == replace(basis, nonce="")
    assert (access.issued_at, access.expires_at) == (clock.now(), clock.now() + 600)
    assert access.audience == "wiki"
    refresh = await place.tokens.look_at_refresh(answer.refresh_token)
    assert refresh.is_refresh
    assert refresh.basis == access.basis
    # Looking uses nothing up.
    assert isinstance(await place.refresh(answer), TokenAnswer)
    assert await place.tokens.look_at_refresh(answer.refresh_token) is None


async def test_what_is_no_access_token_is_worth_nothing(place):
    answer = await place.issue()
    head, body, signature = answer.access_token.split(".")
    for text in (
        "",
        answer.id_token,
        answer.refresh_token,
        altered(answer.access_token),
        f"{head}.{altered(body)}.{signature}",
        f"{altered(head)}.{body}.{signature}",
        answer.access_token + " ",
        answer.access_token.lower(),
        "\ud800",
        "a" * 1_000_000,
    ):
        assert await place.tokens.look(text) is None
        assert await place.tokens.revoke(text, client_id="other") is False
    for text in ("", answer.access_token, "yr.x"):
        assert await place.tokens.look_at_refresh(text) is None


@pytest.mark.parametrize("what", ["time", "person", "disabled", "namesake", "groups", "session", "client"])
async def test_everything_that_a_token_rests_on_has_to_stand(place, clock, what):
    place.clients["wiki"] = client = replace(WIKI, groups=frozenset({"wiki"}))
    answer = await place.issue(client=client)
    assert await place.are_good(answer) == [True]
    match what:
        case "time":
            clock.advance(600)
        case "person":
            place.people.table.clear()
        case "disabled":
            place.people.table["ada"] = replace(ADA, is_disabled=True)
        case "namesake":
            place.people.table["ada"] = replace(ADA, id="another entry")
        case "groups":
            place.people.table["ada"] = replace(ADA, groups=())
        case "session":
            await place.sessions.revoke(place.tokens.families()[0].sign_on_ref)
        case "client":
            place.clients.clear()
    assert await place.are_good(answer) == [False]
    assert place.tokens.peek(answer.access_token) is None
    is_over = await place.tokens.look_at_refresh(answer.refresh_token) is None
    assert is_over is (what != "time")


async def test_another_node_knows_at_once(place):
    other = await place.node()
    answer = await place.issue()
    # The news of it are still on their way.
    assert other.peek(answer.access_token) is None
    assert (await other.look(answer.access_token)).basis.user == "ada"
    machine = await place.tokens.issue(
        WIKI, Basis("wiki", "", "read", "m2m"), with_refresh=False, with_identity=False
    )
    assert (await other.look(machine.access_token)).basis.user == ""
    assert other.peek(machine.access_token)


async def test_another_node_that_cannot_ask_knows_nothing(place):
    other = await place.node()
    answer = await place.issue()
    place.records.is_down = True
    assert await other.look(answer.access_token) is None
    with pytest.raises(StoreUnavailable):
        await other.revoke(answer.access_token, client_id="wiki")
    place.records.is_down = False


async def test_a_token_whose_grant_was_revoked_elsewhere_is_not_taken_in_again(place):
    other = await place.node()
    answer = await place.issue()
    await settled(lambda: other.peek(answer.access_token))
    await other.revoke_family(other.families()[0].grant_ref)
    await settled(lambda: place.tokens.peek(answer.access_token) is None)
    assert await place.tokens.look(answer.access_token) is None
    assert await other.look(answer.access_token) is None


async def test_tokens_of_another_kind_can_be_looked_at_too(place):
    worth = Access("j", Basis("cli", "ada", "openid", "p"), 1.0, 2.0, "cli")

    async def find(text):
        return worth if text == "pat" else None

    place.tokens.look_with(find)
    assert await place.tokens.look("pat") is worth
    assert await place.tokens.look("tap") is None


# Revoking.


async def test_a_refresh_token_takes_its_grant_with_it(place, heard):
    answer, bystander = await place.issue(), await place.issue()
    later = await place.refresh(answer)
    heard.forget()
    # Also an older one: it proves the grant.
    assert await place.tokens.revoke(answer.refresh_token, client_id="wiki") is True
    assert await place.are_good(answer, later, bystander) == [False, False, True]
    assert await place.refresh(later) is Unissued.UNKNOWN
    ((said, fields),) = heard("oidc.revoke")
    assert said is events.revoked
    assert fields["is_whole_grant"] is True
    assert await place.tokens.revoke(answer.refresh_token, client_id="wiki") is False


async def test_an_access_token_goes_alone(place, heard):
    answer = await place.issue()
    later = await place.refresh(answer)
    heard.forget()
    assert await place.tokens.revoke(answer.access_token, client_id="wiki") is True
    assert await place.are_good(answer, later) == [False, True]
    assert heard("oidc.revoke")[0][1]["is_whole_grant"] is False
    assert isinstance(await place.refresh(later), TokenAnswer)


async def test_a_lone_access_token_is_its_grant(place):
    basis = Basis("wiki", "", "read", "m2m")
    answer = await place.tokens.issue(WIKI, basis, with_refresh=False, with_identity=False)
    assert await place.tokens.revoke(answer.access_token, client_id="wiki") is True
    assert await place.kept() == []


async def test_a_client_gives_back_only_its_own(place, heard):
    answer = await place.issue()
    heard.forget()
    for text in (answer.access_token, answer.refresh_token):
        assert await place.tokens.revoke(text, client_id="other") is False
    assert await place.are_good(answer) == [True]
    assert heard("oidc.revoke") == []


async def test_revoking_wins_over_refreshing(place):
    for _ in range(10):
        answer = await place.issue()
        outcome, _ = await asyncio.gather(
            place.refresh(answer), place.tokens.revoke(answer.refresh_token, client_id="wiki")
        )
        good = [each for each in (answer, outcome) if isinstance(each, TokenAnswer)]
        assert not any(await place.are_good(*good))


async def test_a_revocation_that_fails_holds_here_and_is_tried_again(place, heard):
    answer = await place.issue()
    (key,) = await place.kept()
    place.records.is_down = True
    with pytest.raises(StoreUnavailable):
        await place.tokens.revoke(answer.refresh_token, client_id="wiki")
    assert place.tokens.peek(answer.access_token) is None
    assert events.not_revoked in [said for said, _ in heard("oidc.revoke")]
    place.records.is_down = False
    await settled(lambda: place.records._inner._records[key].value == record.GRAVE)


async def test_what_was_revoked_before_it_was_kept_is_never_good(place):
    async def away(*_, **__):
        raise StoreUnavailable("no graves today")

    put, place.records.put = place.records.put, away
    basis = await place.basis()
    await place.tokens.code_reused(basis.grant_ref, "ada")
    answer = await place.tokens.issue(WIKI, basis, with_refresh=True, with_identity=True)
    assert answer is Unissued.REUSED
    (key,) = await place.kept()
    assert place.tokens.families() == []
    place.records.put = put
    await settled(lambda: place.records._inner._records[key].value == record.GRAVE)


async def test_a_refresh_on_its_way_does_not_bring_back_what_could_not_be_ended(place):
    answer = await place.issue()
    (key,) = await place.kept()
    replace_record, put = place.records.replace, place.records.put

    async def away(*_, **__):
        raise StoreUnavailable("no graves today")

    async def meanwhile(*told, **more):
        version = await replace_record(*told, **more)
        with pytest.raises(StoreUnavailable):
            await place.tokens.revoke(answer.refresh_token, client_id="wiki")
        return version

    place.records.put, place.records.replace = away, meanwhile
    assert await place.refresh(answer) is Unissued.UNKNOWN
    assert await place.are_good(answer) == [False]
    assert place.tokens.families() == []
    place.records.put = put
    await settled(lambda: place.records._inner._records[key].value == record.GRAVE)


async def test_giving_back_one_token_that_fails_holds_here_and_is_tried_again(place):
    answer = await place.issue()
    later = await place.refresh(answer)
    place.records.is_down = True
    with pytest.raises(StoreUnavailable):
        await place.tokens.revoke(later.access_token, client_id="wiki")
    assert place.tokens.peek(later.access_token) is None
    assert place.tokens.peek(answer.access_token) is not None
    place.records.is_down = False
    found = place.records._inner._records
    (key,) = await place.kept()
    await settled(lambda: len(record.decode(found[key].value).access) == 1)
    assert await place.are_good(answer, later) == [True, False]


async def test_who_is_out_loses_everything_on_every_node(place, heard):
    place.people.table["bob"] = BOB
    mine, offline = await place.issue(), await place.issue("openid offline_access")
    theirs = await place.issue(user="bob")
    other = await place.node()
    elsewhere = await place.issue(tokens=other)
    heard.forget()
    assert await place.tokens.revoke_user("ada") == 3
    assert heard("oidc.revoke_user_tokens") == [(events.user_revoked, {"user": "ada", "grants": 3})]
    assert await place.are_good(mine, offline, elsewhere, theirs) == [False, False, False, True]
    await settled(lambda: other.peek(elsewhere.access_token) is None)
    assert len(await place.kept()) == 1
    assert await place.tokens.revoke_user("ada") == 0


async def test_ending_everything_of_a_person_is_told_to_fail(place):
    answer = await place.issue()
    place.records.is_down = True
    with pytest.raises(StoreUnavailable):
        await place.tokens.revoke_user("ada")
    assert place.tokens.peek(answer.access_token) is None
    place.records.is_down = False
    assert await place.tokens.revoke_user("ada") == 1


async def test_the_end_of_a_session_ends_what_rests_on_it(place, heard):
    ref = await place.sign_on()
    answer = await place.issue(sign_on_ref=ref)
    offline = await place.issue("openid offline_access", sign_on_ref=ref)
    await place.sessions.revoke(ref)
    await settled(lambda: events.family_revoked in [said for said, _ in heard("oidc.revoke")])
    assert heard("oidc.revoke")[0][1]["by"] == "session"
    assert len(await place.kept()) == 1
    assert await place.are_good(answer, offline) == [False, True]


async def test_a_session_may_end_while_the_store_is_away(place):
    ref = await place.sign_on()
    answer = await place.issue(sign_on_ref=ref)
    place.records.is_down = True
    assert await place.tokens.revoke_session(ref) == 1
    assert place.tokens.peek(answer.access_token) is None
    place.records.is_down = False
    found = place.records._inner._records
    await settled(lambda: all(b"is_revoked" in found[key].value for key in found if "families" in key))


async def test_a_new_password_ends_what_was_granted_for_afterwards(place, clock, heard):
    bound = await place.issue()
    before = await place.issue("openid offline_access")
    clock.advance(10)
    after = await place.issue("openid offline_access")
    assert await place.tokens.revoke_older("ada", clock.now()) == 1
    assert await place.are_good(bound, before, after) == [True, False, True]
    assert heard("oidc.revoke")[-1][1]["by"] == "password"


async def test_a_client_that_was_taken_out_gets_nothing_back_with_its_name(place, heard):
    answer = await place.issue()
    assert await place.tokens.revoke_unknown() == 0
    wiki = place.clients.pop("wiki")
    assert await place.tokens.revoke_unknown() == 1
    place.clients["wiki"] = wiki
    assert await place.are_good(answer) == [False]
    assert await place.refresh(answer) is Unissued.UNKNOWN
    assert heard("oidc.revoke")[-1][1]["by"] == "client"


async def test_a_grant_is_revoked_by_its_handle(place, heard):
    answer = await place.issue()
    (family,) = place.tokens.families("ada")
    assert await place.tokens.revoke_family(family.grant_ref) == 1
    assert await place.are_good(answer) == [False]
    assert heard("oidc.revoke")[-1][1]["by"] == "grant"
    assert await place.tokens.revoke_family("unknown") == 0
    assert await place.tokens.revoke_family("unknown", "ada") == 0


async def test_a_code_that_comes_twice_while_the_store_is_away_is_seen_to_later(place):
    answer = await place.issue(grant_ref="the-code")
    place.records.is_down = True
    await place.tokens.code_reused("the-code", "ada")
    assert place.tokens.peek(answer.access_token) is None
    place.records.is_down = False


async def test_what_clients_have_can_be_listed(place, clock):
    place.people.table["bob"] = BOB
    await place.issue()
    clock.advance(1)
    await place.issue("openid offline_access")
    await place.issue(user="bob")
    mine = place.tokens.families("ada")
    assert [family.is_offline for family in mine] == [False, True]
    assert len(place.tokens.families()) == 3
    for family in mine:
        assert family.salt not in repr(family)
    place.people.table.pop("bob")
    assert len(place.tokens.families()) == 2


# Keeping.


async def test_after_a_restart_everything_is_known_again(place, heard):
    answer = await place.issue()
    gone = await place.issue()
    await place.tokens.revoke(gone.refresh_token, client_id="wiki")
    heard.forget()
    again = await place.node()
    assert heard("oidc") == [(events.loaded, {"grants": 1})]
    assert again.peek(answer.access_token)
    assert again.peek(gone.access_token) is None
    assert isinstance(await place.refresh(answer, tokens=again), TokenAnswer)


async def test_a_node_that_missed_changes_lists_them(place, heard):
    other = await place.node()
    other._keeping._follower._changes._limit = 0
    answers = [await place.issue() for _ in range(3)]
    await settled(lambda: all(other.peek(each.access_token) for each in answers))
    assert events.changes_missed in [said for said, _ in heard("oidc.tokens.store")]


async def test_what_ran_out_in_the_store_is_forgotten_here(place, clock):
    await place.issue()
    clock.advance(15 * 86400)
    await place.issue()
    await settled(lambda: len(place.tokens._mirror) == 1)


async def test_a_damaged_family_is_refused_and_told(place, heard):
    answer = await place.issue()
    (key,) = await place.kept()
    await place.records.put(key, b"{")
    await settled(lambda: place.tokens.peek(answer.access_token) is None)
    assert heard("oidc.tokens.store")[-1][0] is events.record_unreadable


async def test_a_family_that_was_moved_is_good_for_nobody(place):
    place.people.table["bob"] = BOB
    await place.issue()
    (key,) = await place.kept()
    family = record.decode((await place.records.get(key)).value)
    theirs = texts.place(texts.owner_of("bob", ""), family.ref)
    await place.records.put(theirs, record.encode(replace(family, user="bob")))
    await settled(lambda: place.tokens._mirror.at(theirs) is not None)
    assert place.tokens.families("bob") == []


# ID tokens.


async def test_an_id_token_is_recognised(place, clock, heard):
    answer = await place.issue()
    heard.forget()
    claims = place.tokens.read_identity(answer.id_token, client_id="wiki")
    assert claims["sub"] == "ada"
    assert heard("oidc") == [(events.identity_validated, {"user": "ada", "client": "wiki", "is_over": False})]
    assert place.tokens.read_identity(answer.id_token, client_id="other") is None
    assert place.tokens.read_identity(answer.access_token) is None
    clock.advance(300)
    assert place.tokens.read_identity(answer.id_token) is None
    assert place.tokens.read_identity(answer.id_token, expired=True) == claims
    assert heard("oidc")[-1][1]["is_over"] is True


async def test_an_access_token_is_never_an_id_token_and_the_reverse(place):
    answer = await place.issue()
    assert place.signing.verify(answer.id_token, typ=ACCESS) is None
    assert place.signing.verify(answer.access_token, typ=IDENTITY) is None
    assert await place.tokens.look(answer.id_token) is None


async def test_a_token_that_we_signed_but_never_kept_is_worth_nothing(place, clock):
    claims = {
        "iss": place.tokens.issuer,
        "sub": "ada",
        "client_id": "wiki",
        "acr": "mfa",
        "exp": clock.now() + 60,
        "jti": "unknown.1",
    }
    assert await place.tokens.look(place.signing.sign(claims, typ=ACCESS)) is None
    assert await place.tokens.look(place.signing.sign({**claims, "jti": ""}, typ=ACCESS)) is None


async def test_a_refresh_with_nothing_shown_needs_nothing_bound(place):
    answer = await place.issue()
    assert isinstance(await place.tokens.refresh(WIKI, answer.refresh_token, "", NOTHING), TokenAnswer)
