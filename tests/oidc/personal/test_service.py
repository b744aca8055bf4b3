import asyncio
import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.oidc.personal.conftest import BOB, DAY, ISSUER
from tests.signin.conftest import ADA

from yett.identity import PersonChanged
from yett.identity.access import Assurance, assurance_of
from yett.notify import MailKind
from yett.oidc.personal import ACCOUNT, METHOD, Made, NotMade, events
from yett.oidc.signing import Algorithm, SigningSettings
from yett.store import StoreUnavailable


def claims_of(text, part=1):
    raw = text.split(".")[part]
    return json.loads(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))


async def test_a_token_says_whose_it_is_and_what_for(desk, heard):
    made = await desk.make("  my backup ", scopes=("account", "wiki"), days=7)
    now = int(desk.clock.now())
    assert claims_of(made.text, 0)["typ"] == "at+jwt"
    assert claims_of(made.text) == {
        "iss": ISSUER,
        "sub": "ada",
        "aud": f"{ISSUER}/personal",
        "client_id": "@personal",
        "iat": now,
        "nbf": now,
        "exp": now + 7 * 86400,
        "jti": made.token.id,
        "scope": "account wiki",
    }
    assert desk.signing.verify(made.text, typ="at+jwt")
    assert made.token.name == "my backup"
    assert heard("oidc.pat") == [
        (
            events.issued,
            {"user": "ada", "token": made.token.id, "scopes": ("account", "wiki"), "lifetime": 7 * DAY},
        )
    ]
    await desk.settled()
    (mail,) = desk.post.mails
    assert mail[:3] == (MailKind.TOKEN_CREATED, "ada@example.test", "de")
    assert mail[3]["name"] == "my backup"


async def test_the_audience_is_the_operators_choice(desk):
    desk.use(audience="https://api.example.test")
    assert claims_of((await desk.make()).text)["aud"] == "https://api.example.test"


async def test_a_token_is_known_by_nothing_but_its_whole_text(desk):
    made = await desk.make()
    access = desk.personal.look(made.text)
    assert access.person == ADA
    assert access.scopes == {"account"}
    assert access.token_id == made.token.id
    assert access.expires_at == made.token.expires_at
    head, body, signature = made.text.split(".")
    for text in (
        "", made.token.id, made.token.digest, f"{head}.{body}.", f"{head}.{body}", f"{head}.{body}.{signature}=",
        made.text + " ", made.text[:-1], made.text.swapcase(), "x" * 5000, "\ud800", "\x00",
    ):  # fmt: skip
        assert desk.personal.look(text) is None


async def test_what_we_signed_and_did_not_write_down_is_worth_nothing(desk):
    made = await desk.make()
    forged = desk.signing.sign(claims_of(made.text) | {"scope": "account applications"}, typ="at+jwt")
    assert desk.signing.verify(forged, typ="at+jwt")
    assert desk.personal.look(forged) is None


async def test_the_same_access_is_given_for_as_long_as_the_person_is_the_same(desk):
    text = (await desk.make()).text
    first = desk.personal.look(text)
    assert desk.personal.look(text) is first
    desk.people.table["ada"] = replace(ADA, groups=())
    assert desk.personal.look(text).person.groups == ()


async def test_a_token_ends(desk):
    text = (await desk.make(days=1)).text
    desk.clock.advance(DAY - 1)
    assert desk.personal.look(text)
    desk.clock.advance(1)
    assert desk.personal.look(text) is None
    assert desk.personal.listed(ADA) == ()


async def test_whoever_is_out_has_no_tokens(desk, heard):
    text = (await desk.make()).text
    desk.people.table["ada"] = replace(ADA, is_disabled=True)
    assert desk.personal.look(text) is None
    del desk.people.table["ada"]
    assert desk.personal.look(text) is None
    desk.people.table["ada"] = replace(ADA, id="somebody-else")
    assert desk.personal.look(text) is None
    assert desk.personal.listed(desk.people.table["ada"]) == ()
    assert heard("oidc.pat")[-1][0] is events.of_another
    desk.people.table["ada"] = ADA
    assert desk.personal.look(text)


async def test_whoever_gets_a_name_gets_no_tokens_with_it(desk):
    old = await desk.make()
    desk.people.table["ada"] = other = replace(ADA, id="another")
    new = await desk.make("backup", person=other)
    assert [each.id for each in desk.personal.listed(other)] == [new.token.id]
    desk.people.table["ada"] = ADA
    assert desk.personal.look(old.text) is None


async def test_without_the_setting_there_are_none(desk):
    text = (await desk.make()).text
    desk.use(enabled=False)
    assert desk.personal.look(text) is None
    assert not desk.personal.is_offered(ADA)
    assert await desk.personal.make(ADA, "x", ("account",), 1) is NotMade.OFF
    desk.use(enabled=True)
    assert desk.personal.look(text)


async def test_groups_decide_who_makes_and_uses_them(desk, heard):
    bobs = await desk.make(person=BOB)
    desk.use(groups=("engineers",))
    assert desk.personal.is_offered(ADA)
    assert not desk.personal.is_offered(BOB)
    assert desk.personal.look(bobs.text) is None
    assert await desk.personal.make(BOB, "x", ("account",), 1) is NotMade.PERSON
    assert heard("oidc.pat")[-1] == (events.refused, {"user": "bob", "reason": NotMade.PERSON})


@pytest.mark.parametrize(
    ("name", "scopes", "days", "reason"),
    [
        ("", ("account",), 1, NotMade.NAME),
        ("a", ("root",), 1, NotMade.SCOPE),
        ("a", ("account",), 91, NotMade.LIFETIME),
    ],
)
async def test_what_may_not_be_is_refused_and_told(desk, heard, name, scopes, days, reason):
    assert await desk.personal.make(ADA, name, scopes, days) is reason
    assert heard("oidc.pat") == [(events.refused, {"user": "ada", "reason": reason})]


async def test_of_fifty_at_once_as_many_are_made_as_there_may_be(desk):
    outcomes = await asyncio.gather(
        *(desk.personal.make(ADA, f"token {number}", ("account",), 1) for number in range(50))
    )
    made = [each for each in outcomes if isinstance(each, Made)]
    # Those that lose a race too often are told to try again; none gets in beyond the limit.
    assert len(made) == 3
    assert {each for each in outcomes if not isinstance(each, Made)} <= {
        NotMade.TOO_MANY,
        NotMade.UNAVAILABLE,
    }
    assert all(desk.personal.look(each.text) for each in made)
    assert len(desk.personal.listed(ADA)) == 3


async def test_of_fifty_of_one_name_one_is_made(desk):
    outcomes = await asyncio.gather(*(desk.personal.make(ADA, "the one", ("account",), 1) for _ in range(50)))
    assert sum(isinstance(each, Made) for each in outcomes) == 1


async def test_without_the_store_there_is_no_token(desk, heard):
    desk.records.broken_prefix = "oidc/personal"
    assert await desk.personal.make(ADA, "backup", ("account",), 1) is NotMade.UNAVAILABLE
    assert [each for each, _ in heard("oidc.pat")] == [events.session_failed]
    desk.records.broken_prefix = ""
    assert desk.personal.listed(ADA) == ()


async def test_without_any_key_there_is_no_token(desk, heard):
    # Started while the store was away, a gateway has no keys until it is back.
    desk.records.is_broken = True
    personal = await desk.without_keys()
    assert await personal.make(ADA, "backup", ("account",), 1) is NotMade.KEY
    assert [each for each, _ in heard("oidc.pat")] == [events.key_not_loaded]


async def test_a_key_that_does_not_sign_is_told_apart(desk, heard):
    # The operator asks for another algorithm, and the store does not take a key for it.
    desk.records.is_broken = True
    await desk.signing.apply(SigningSettings(algorithms=(Algorithm.EDDSA,)))
    assert await desk.personal.make(ADA, "backup", ("account",), 1) is NotMade.KEY
    assert [each for each, _ in heard("oidc.pat")] == [events.signing_failed]


# Revoking.


async def test_a_revoked_token_is_worth_nothing_at_once(desk, heard):
    made, other = await desk.make(), await desk.make("other")
    gone = []
    desk.personal.gone.connect(gone.append)
    assert await desk.personal.revoke("ada", made.token.id, by="ada")
    assert desk.personal.look(made.text) is None
    assert desk.personal.look(other.text)
    assert [each.token.id for each in gone] == [made.token.id]
    assert heard("oidc.pat.revoke") == [
        (events.revoked, {"user": "ada", "token": made.token.id, "by": "ada"})
    ]
    await desk.settled()
    kind, _, _, fields = desk.post.mails[-1]
    assert (kind, fields["by"]) == (MailKind.TOKEN_REVOKED, "ada")
    assert not await desk.personal.revoke("ada", made.token.id, by="ada")


async def test_of_fifty_who_revoke_one_does(desk):
    made = await desk.make()
    outcomes = await asyncio.gather(
        *(desk.personal.revoke("ada", made.token.id, by="ada") for _ in range(50))
    )
    assert outcomes.count(True) == 1
    await desk.settled()
    assert [mail[0] for mail in desk.post.mails].count(MailKind.TOKEN_REVOKED) == 1


async def test_nobody_revokes_the_tokens_of_others(desk):
    made = await desk.make()
    assert not await desk.personal.revoke("bob", made.token.id, by="bob")
    assert desk.personal.look(made.text)


async def test_a_store_that_fails_leaves_the_token_as_good_as_it_was(desk, heard):
    made = await desk.make()
    desk.records.broken_prefix = "oidc/personal"
    with pytest.raises(StoreUnavailable):
        await desk.personal.revoke("ada", made.token.id, by="ada")
    with pytest.raises(StoreUnavailable):
        await desk.personal.revoke_all("ada")
    assert desk.personal.look(made.text)
    assert [each for each, _ in heard("oidc.pat.revoke")] == [events.not_revoked] * 2


async def test_everything_of_somebody_ends_together(desk, heard):
    texts = [(await desk.make(name)).text for name in ("a", "b")]
    assert await desk.personal.revoke_all("ada") == 2
    assert not any(map(desk.personal.look, texts))
    assert (events.all_revoked, {"user": "ada", "tokens": 2, "by": "gateway"}) in heard("oidc.pat")
    assert await desk.personal.revoke_all("ada") == 0
    assert await desk.personal.revoke_all("nobody") == 0


# Other nodes, and starting again.


async def test_other_nodes_know_tokens_and_that_they_are_gone(desk, eventually):
    other = await desk.second()
    made = await desk.make()
    await eventually(lambda: other.look(made.text))
    gone = []
    other.gone.connect(gone.append)
    await desk.personal.revoke("ada", made.token.id, by="ada")
    await eventually(lambda: other.look(made.text) is None)
    assert [each.token.id for each in gone] == [made.token.id]
    await other.stop()


async def test_tokens_survive_a_restart(desk):
    made = await desk.make()
    other = await desk.second()
    assert other.look(made.text).token_id == made.token.id
    await other.stop()


# Use.


async def test_use_is_written_down_now_and_then(desk):
    text = (await desk.make()).text
    desk.clock.advance(120)
    desk.personal.look(text)
    assert desk.personal.listed(ADA)[0].last_used_at == desk.clock.now()
    await desk.personal.write_use()
    other = await desk.second()
    assert other.listed(ADA)[0].last_used_at == desk.clock.now()
    await other.stop()


async def test_use_that_cannot_be_written_down_stays_known(desk, heard):
    text = (await desk.make()).text
    desk.clock.advance(120)
    desk.personal.look(text)
    desk.records.broken_prefix = "oidc/personal"
    await desk.personal.write_use()
    assert [each for each, _ in heard("oidc.pat.follow")] == [events.use_unwritten]
    desk.records.broken_prefix = ""
    await desk.personal.write_use()
    assert desk.personal.shelf.tokens("ada")[0].last_used_at == desk.clock.now()


async def test_writing_use_brings_no_revoked_token_back(desk):
    made = await desk.make()
    desk.clock.advance(120)
    desk.personal.look(made.text)
    await asyncio.gather(desk.personal.write_use(), desk.personal.revoke("ada", made.token.id, by="ada"))
    assert desk.personal.look(made.text) is None
    assert (await desk.second()).look(made.text) is None


# As a session.


async def test_a_token_stands_for_a_session_that_proves_little(desk):
    made = await desk.make()
    session, person = desk.personal.session_for(made.text, ACCOUNT, "app.example.test")
    assert person == ADA
    assert (session.ref, session.module_key, session.audience) == (made.token.id, "ada", "app.example.test")
    assert session.metadata["method"] == METHOD
    assert assurance_of(session.metadata) is Assurance.SINGLE
    assert session.ends_at == made.token.expires_at
    assert desk.personal.session_for(made.text, "applications", "app.example.test") is None
    assert desk.personal.session_for("x", ACCOUNT, "app.example.test") is None


async def test_neither_a_token_nor_what_holds_it_shows_its_text(desk):
    made = await desk.make()
    for shown in (repr(made), repr(desk.personal.look(made.text)), repr(made.token)):
        assert made.text not in shown
        assert made.token.digest not in shown


async def test_what_people_choose_from(desk):
    assert list(desk.personal.scopes) == ["wiki", "account", "applications"]
    desk.use(lifetime=timedelta(days=7))
    assert desk.personal.lifetimes == (1, 7)


# Others who ask.


async def test_servers_that_ask_hear_what_a_token_is_worth_now(desk):
    made = await desk.make(scopes=("wiki",))
    access = await desk.personal.access(made.text)
    assert (access.jti, access.audience, access.expires_at) == (
        made.token.id, f"{ISSUER}/personal", made.token.expires_at,
    )  # fmt: skip
    assert (access.basis.user, access.basis.scope, access.basis.client_id) == ("ada", "wiki", "@personal")
    assert not access.is_refresh
    await desk.personal.revoke("ada", made.token.id, by="ada")
    assert await desk.personal.access(made.text) is None


async def test_to_foresee_what_a_token_is_worth_is_no_use_of_it(desk, heard):
    made = await desk.make()
    heard.forget()
    desk.clock.advance(DAY)
    foreseen = desk.personal.foresee(made.text, ACCOUNT, "h.example")
    assert (foreseen.ref, foreseen.module_key, foreseen.audience) == (made.token.id, "ada", "h.example")
    assert desk.personal.listed(ADA)[0].last_used_at == 0
    assert foreseen == desk.personal.session_for(made.text, ACCOUNT, "h.example")[0]
    assert desk.personal.foresee(made.text, "wiki", "h.example") is None
    assert desk.personal.foresee("x", ACCOUNT, "h.example") is None
    desk.people.table["ada"] = replace(ADA, id="somebody-else")
    assert desk.personal.foresee(made.text, ACCOUNT, "h.example") is None
    desk.people.table["ada"] = ADA
    desk.use(enabled=False)
    assert desk.personal.foresee(made.text, ACCOUNT, "h.example") is None
    assert heard() == []


@pytest.mark.parametrize(
    "how", ["groups of the settings", "groups of the person", "switched off", "disabled", "another"]
)
async def test_what_is_open_by_a_token_that_may_not_be_used_is_told(desk, how):
    made = await desk.make()
    other = await desk.make(person=BOB)
    gone = []
    desk.personal.gone.connect(gone.append)
    desk.use(groups=ADA.groups + BOB.groups)
    assert gone == []
    if how == "groups of the settings":
        desk.use(groups=BOB.groups)
    elif how == "switched off":
        desk.use(enabled=False)
    else:
        changes = {"disabled": {"is_disabled": True}, "another": {"id": "somebody-else"}}
        now = replace(ADA, **changes.get(how, {"groups": ()}))
        desk.people.table["ada"] = now
        desk.personal.told(PersonChanged("ada", now, was_disabled=False, before=ADA))
    assert desk.personal.look(made.text) is None
    ended = {each.token.id for each in gone}
    assert ended == {made.token.id} | ({other.token.id} if how == "switched off" else set())
