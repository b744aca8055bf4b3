import asyncio
from dataclasses import replace

import pytest
from tests.tokens.conftest import ROOT

from yett.tokens import Delegation, Draft, Edit, Query, Refusal, TokenData, TokenType


@pytest.fixture
async def root(place):
    return await place.actor(ROOT)


@pytest.fixture
async def data(place):
    return place.tokens.look(await place.user_token(await place.actor(), expires=place.clock.now() + 86400))


async def test_a_token_is_changed_and_the_history_says_what_it_was(place, root, data, said):
    said.forget()
    until = data.expires + 0.75

    new = await place.tokens.edit("ada", data.key, Edit("desk", frozenset({"exec:admin"}), until + 100), root)

    assert new == replace(
        data, token_name="desk", scopes=frozenset({"exec:admin"}), expires=float(int(until + 100))
    )
    assert place.tokens.by_key("ada", data.key) == new
    entry = (await place.tokens.changes(Query(key=data.key), None, 10)).entries[0]
    assert (entry.actor, entry.action.value, entry.token_name) == ("root", "edit", "desk")
    assert (entry.old_token_name, entry.old_scopes, entry.old_expires) == (
        "laptop",
        ("read:all",),
        data.expires,
    )
    assert said() == [
        {
            "event": "Modified token",
            "event_code": "gafaelfawr.token_modified",
            "severity": "info",
            "logger": "gafaelfawr",
            "audit": True,
            "user": "root",
            "token": root.token.key,
            "scopes": sorted(root.scopes),
            "token_source": "cookie",
            "token_key": data.key,
            "token_expires": "2027-01-16 08:01:40+00:00",
            "token_name": "desk",
            "token_scopes": ["exec:admin"],
        }
    ]


async def test_scopes_can_be_taken_away_altogether(place, root, data):
    new = await place.tokens.edit("ada", data.key, Edit(scopes=frozenset()), root)

    assert new.scopes == frozenset()
    entry = (await place.tokens.changes(Query(key=data.key), None, 10)).entries[0]
    assert (entry.old_scopes, entry.old_token_name, entry.is_redated) == (("read:all",), None, False)


async def test_a_shorter_life_shortens_those_below_and_a_longer_one_does_not(place, root, data):
    child = place.tokens.look(await place.tokens.delegate(data, Delegation()))
    grandchild = place.tokens.look(await place.tokens.delegate(child, Delegation("x", frozenset())))
    sooner = place.clock.now() + 3600

    await place.tokens.edit("ada", data.key, Edit(expires=sooner), root)
    assert [place.tokens.by_key("ada", each.key).expires for each in (child, grandchild)] == [sooner] * 2
    assert ("edit", grandchild.key) in await place.history(username="ada")

    await place.tokens.edit("ada", data.key, Edit(expires=None), root)
    assert place.tokens.by_key("ada", data.key).expires is None
    assert place.tokens.by_key("ada", child.key).expires == sooner


async def test_a_name_is_free_again_when_it_is_given_up(place, root, data):
    ada = await place.actor()

    assert (await place.tokens.edit("ada", data.key, Edit("desk"), root)).token_name == "desk"

    other = place.tokens.look(await place.user_token(ada, "laptop"))
    clash = await place.tokens.edit("ada", other.key, Edit("desk"), root)
    assert clash.why is Refusal.DUPLICATE_NAME
    assert place.tokens.by_key("ada", other.key).token_name == "laptop"
    assert isinstance(await place.tokens.edit("ada", other.key, Edit("laptop"), root), TokenData)


async def test_of_fifty_tokens_that_want_one_name_one_gets_it(place, root):
    ada = await place.actor()
    keys = [place.key(await place.user_token(ada, f"t{n}")) for n in range(50)]

    edited = await asyncio.gather(*(place.tokens.edit("ada", key, Edit("the one"), root) for key in keys))

    assert sum(isinstance(each, TokenData) for each in edited) == 1
    names = [each.token_name for each in place.tokens.of_user("ada")]
    assert names.count("the one") == 1


async def test_changes_at_once_are_all_on_record(place, root, data):
    edits = [Edit(expires=place.clock.now() + 1000 + n) for n in range(20)]

    edited = await asyncio.gather(*(place.tokens.edit("ada", data.key, each, root) for each in edits))

    done = [each for each in edited if isinstance(each, TokenData)]
    assert len(await place.history(key=data.key)) == 1 + len(done)
    assert place.tokens.by_key("ada", data.key).expires in {each.expires for each in edits}


async def test_a_change_that_changes_nothing_is_none(place, root, data):
    await place.tokens.edit("ada", data.key, Edit(), root)

    assert len(await place.history(key=data.key)) == 1


async def test_what_is_over_cannot_be_changed(place, root, data):
    await place.tokens.delete("ada", data.key, root)

    assert (await place.tokens.edit("ada", data.key, Edit(), root)).why is Refusal.NOT_FOUND
    assert (await place.tokens.edit("bob", data.key, Edit(), root)).why is Refusal.NOT_FOUND


@pytest.mark.parametrize("number", range(1, 7))
async def test_whatever_write_fails_name_token_and_history_agree_in_the_end(place, root, data, number):
    place.records.fail_write = number

    await place.tokens.edit("ada", data.key, Edit("desk", frozenset()), root)

    place.records.fail_write = 0
    await place.tokens.tick()
    now = place.tokens.by_key("ada", data.key)
    is_changed = now.token_name == "desk"
    assert (now.scopes == frozenset()) is is_changed
    assert len(await place.history(key=data.key)) == 1 + is_changed
    # The name that it does not have is there for others, at the latest when nobody can be at work any more.
    place.clock.advance(61)
    ada = await place.actor(ref="s2")
    await place.user_token(ada, "laptop" if is_changed else "desk")


async def test_fewer_scopes_hold_at_once_also_for_what_could_not_be_ended(place, root, data, said):
    child = await place.tokens.delegate(data, Delegation())
    deeper = await place.tokens.delegate(
        place.tokens.look(child), Delegation("portal", frozenset({"read:all"}))
    )
    said.forget()
    # The token itself, its history, and itself again; those below it are another matter.
    place.records.fail_write = 4

    answer = await place.tokens.edit("ada", data.key, Edit(scopes=frozenset({"exec:admin"})), root)

    assert answer.why is Refusal.UNAVAILABLE
    assert place.tokens.by_key("ada", data.key).scopes == {"exec:admin"}
    assert place.tokens.look(child) is None
    assert place.tokens.look(deeper) is None
    assert [each["event"] for each in said()] == ["Modified token"]
    # As if the process had been killed there.
    node = place.node()
    await node.start()
    assert (node.look(child), node.look(deeper)) == (None, None)
    place.clock.advance(61)
    await node.sweep()
    assert len(await place.keys()) == 3
    await node.stop()


async def test_a_name_that_is_taken_back_while_it_is_let_go_stays_taken(place, root, data):
    ada = await place.actor()
    replace_, back = place.inner.replace, []

    async def slow(key, value, **options):
        if key.startswith("tokens/names/") and not value and not back:
            editing = place.tokens.edit("ada", data.key, Edit("laptop"), root)
            back.append(asyncio.get_running_loop().create_task(editing))
            for _ in range(100):
                await asyncio.sleep(0)
        return await replace_(key, value, **options)

    place.inner.replace = slow
    await place.tokens.edit("ada", data.key, Edit("desk"), root)
    assert (await back[0]).token_name == "laptop"

    again = await place.tokens.create_own(Draft("ada", TokenType.USER, frozenset(), None, "laptop"), ada)
    assert again.why is Refusal.DUPLICATE_NAME
