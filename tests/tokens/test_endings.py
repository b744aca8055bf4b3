import asyncio
from dataclasses import replace

import pytest
from tests.tokens.conftest import ADA, ADDRESS, ROOT, until

from yett.identity import PersonChanged
from yett.store import StoreUnavailable
from yett.tokens import Delegation, Edit, NotDelegated, Query, Refusal, events

NOTEBOOK = Delegation()


async def family(place, actor):
    """A user token, a notebook's of that, and a service's of that."""
    parent = place.tokens.look(await place.user_token(actor))
    child = place.tokens.look(await place.tokens.delegate(parent, NOTEBOOK))
    grandchild = place.tokens.look(await place.tokens.delegate(child, Delegation("portal", child.scopes)))
    return parent, child, grandchild


async def test_a_token_ends_with_those_made_with_it_the_deepest_first(place, said):
    ada = await place.actor()
    parent, child, grandchild = await family(place, ada)
    said.forget()

    assert await place.tokens.delete("ada", parent.key, ada) is None

    common = {
        "event": "Deleted token",
        "event_code": "gafaelfawr.token_deleted",
        "severity": "info",
        "logger": "gafaelfawr",
        "audit": True,
        "user": "ada",
        "token": ada.token.key,
        "scopes": ["exec:admin", "read:all", "user:token"],
        "token_source": "cookie",
        "token_username": "ada",
    }
    assert said() == [{**common, "token_key": each.key} for each in (grandchild, child, parent)]
    assert (await place.history(username="ada"))[:3] == [
        ("revoke", parent.key),
        ("revoke", child.key),
        ("revoke", grandchild.key),
    ]
    assert [each.key for each in place.tokens.of_user("ada")] == [ada.token.key]
    assert len(await place.keys()) == 1


async def test_exactly_one_of_fifty_ends_a_token(place):
    ada = await place.actor()
    data = place.tokens.look(await place.user_token(ada))

    ended = await asyncio.gather(*(place.tokens.delete("ada", data.key, ada) for _ in range(50)))

    assert [each for each in ended if each is None] == [None]
    assert {each.why for each in ended if each is not None} == {Refusal.NOT_FOUND}
    assert len(await place.history(key=data.key)) == 2


async def test_a_token_in_use_is_over_as_soon_as_its_end_is_answered(place):
    ada = await place.actor()
    text = await place.user_token(ada)
    seen = []

    async def use():
        for _ in range(200):
            seen.append(place.tokens.look(text) is not None)
            await asyncio.sleep(0)

    async def end():
        await place.tokens.delete("ada", place.key(text), ada)
        seen.append("ended")

    await asyncio.gather(use(), end())

    assert True not in seen[seen.index("ended") :]


@pytest.mark.parametrize("number", range(1, 10))
async def test_whatever_write_fails_the_end_is_answered_truly_and_finished_later(place, number):
    ada = await place.actor()
    parent, _, _ = await family(place, ada)
    place.records.fail_write = number

    answer = await place.tokens.delete("ada", parent.key, ada)

    place.records.fail_write = 0
    if answer is None:
        assert place.tokens.by_key("ada", parent.key) is None
    else:
        assert answer.why is Refusal.UNAVAILABLE
        await place.tokens.delete("ada", parent.key, ada)
    await place.tokens.tick()
    assert len(await place.keys()) == 1
    history = await place.history(username="ada")
    assert sorted(each for each, _ in history) == ["create"] * 4 + ["revoke"] * 3


async def test_everything_of_somebody_who_goes_is_over_at_once_and_again_until_the_store_knows(place, said):
    ada = await place.actor()
    texts = [await place.user_token(ada, f"t{n}") for n in range(3)]
    place.people.change("ada", is_disabled=True)
    assert not any(place.tokens.look(text) for text in texts)

    place.records.is_down = True
    assert await place.tokens.forget("ada") == 4
    assert place.tokens._endings.undone == 4
    place.records.is_down = False
    await place.tokens.tick()

    assert await place.keys() == []
    assert place.tokens._endings.undone == 0
    place.people.change("ada", is_disabled=False)
    assert not any(place.tokens.look(text) for text in texts)
    assert "End of tokens could not be stored" in [each["event"] for each in said("gafaelfawr.store")]


async def test_a_session_that_ends_takes_its_token_and_its_children_with_it(place):
    text, other = await place.session(ref="s1"), await place.session(ref="s2")
    child = await place.tokens.delegate(place.tokens.look(text), NOTEBOOK)

    place.tokens.session_ended("s1")

    assert place.tokens.look(text) is None
    assert place.tokens.look(child) is None
    assert place.tokens.look(other) is not None
    await until(lambda: place.tokens._endings.undone == 0)
    assert len(await place.keys()) == 1
    # Made while the session was ending.
    assert place.tokens.look(await place.session(ref="s1")) is None


async def test_a_session_that_ended_while_nobody_listened_is_noticed(place, clock):
    text = await place.session(ref="s1")
    place.live.discard("s1")
    await place.tokens.sweep()
    assert place.tokens.look(text) is None
    assert len(await place.keys()) == 1, "the session may be too new to be known here"
    clock.advance(61)

    await place.tokens.sweep()

    assert await place.keys() == []
    place.live.add("s1")
    assert place.tokens.look(text) is None


async def test_a_session_that_nobody_told_of_takes_along_what_was_made_with_it(place):
    parent = place.tokens.look(await place.session(ref="s1"))
    child = await place.tokens.delegate(parent, Delegation())
    place.live.discard("s1")

    assert place.tokens.look(child) is None
    assert await place.tokens.delegate(parent, Delegation()) is NotDelegated.OVER


async def test_access_tokens_are_over_with_the_providers_grant(place, clock):
    one, other = [await place.tokens.make_oidc("ada", "", clock.now() + 600, grant=name) for name in "ab"]
    place.grants = {"b"}

    place.tokens.grants_ended("ada", {"a"})

    assert place.tokens.look(one) is None
    assert place.tokens.look(other) is not None
    await until(lambda: place.tokens._endings.undone == 0)
    # What nobody told of, as a process was killed in between.
    place.grants.clear()
    await place.tokens.sweep()
    assert place.tokens.look(other) is not None, "its grant may still be being written down"
    clock.advance(61)
    await place.tokens.sweep()
    assert await place.keys() == []


async def test_a_token_that_was_given_more_time_by_another_node_does_not_expire(place, clock):
    root = await place.actor(ROOT)
    data = place.tokens.look(await place.user_token(await place.actor(), expires=clock.now() + 600))
    entry = place.tokens._mirror.entries[data.key]
    stale = entry.stored, entry.version
    await place.tokens.edit("ada", data.key, Edit(expires=None), root)
    clock.advance(601)
    # As on a node that has not heard of it.
    entry.update(stale[0], 0)

    await place.tokens.tick()

    assert place.tokens.by_key("ada", data.key).expires is None
    assert len(await place.keys()) == 3


async def test_signing_out_ends_the_browsers_token(place, said):
    text = await place.session()
    said.forget()

    assert await place.tokens.end_session_token(text, ADDRESS)
    assert not await place.tokens.end_session_token(text, ADDRESS)
    assert not await place.tokens.end_session_token("gt-x", ADDRESS)

    assert place.tokens.look(text) is None
    assert [each["event"] for each in said()] == ["Deleted token"]


async def test_what_reached_its_end_is_removed_and_on_record(place, clock, said):
    ada = await place.actor(ref="s2")
    data = place.tokens.look(await place.user_token(ada, expires=clock.now() + 600))
    clock.advance(600)
    said.forget()

    await place.tokens.tick()
    await place.tokens.tick()

    assert said() == [
        {
            "event": "Expired token",
            "event_code": "gafaelfawr.token_expired",
            "severity": "info",
            "logger": "gafaelfawr",
            "audit": True,
            "user": "ada",
            "token_type": "user",
            "token": data.key,
        }
    ]
    page = await place.tokens.changes(Query(key=data.key), None, 10)
    assert (page.entries[0].action.value, page.entries[0].actor, page.entries[0].ip_address) == (
        "expire",
        "<internal>",
        "",
    )
    assert len(await place.keys()) == 1


async def test_of_two_nodes_one_says_that_a_token_expired(place, clock, said):
    ada = await place.actor()
    await place.user_token(ada, expires=clock.now() + 600)
    node = place.node()
    await node.start()
    clock.advance(600)
    said.forget()

    await asyncio.gather(place.tokens.tick(), node.tick())

    assert [each["event"] for each in said()] == ["Expired token"]
    await node.stop()


async def test_what_expired_while_nothing_ran_is_on_record(place, clock):
    ada = await place.actor()
    data = place.tokens.look(await place.user_token(ada, expires=clock.now() + 600))
    await place.tokens.stop()
    clock.advance(86400 * 3)

    node = place.node()
    await node.start()

    assert (await place.history(key=data.key))[0] == ("expire", data.key)
    await node.stop()


async def test_a_token_without_its_parent_is_swept_away(place, clock):
    ada = await place.actor()
    parent, _, grandchild = await family(place, ada)
    # As after a restore of half a backup.
    await place.records.delete(f"tokens/keys/{parent.key}")
    await until(lambda: parent.key not in place.tokens._mirror.entries)
    assert place.tokens.by_key("ada", grandchild.key) is None
    clock.advance(61)

    await place.tokens.sweep()

    assert len(await place.keys()) == 1


async def test_whoever_was_replaced_while_nothing_ran_leaves_no_tokens(place):
    ada = await place.actor()
    text = await place.user_token(ada)
    await place.tokens.stop()
    place.people.change("ada", id="another")

    node = place.node()
    await node.start()

    assert node.look(text) is None
    await until(lambda: node._endings.undone == 0)
    assert await place.keys() == []
    await node.stop()


async def test_whoever_loses_a_group_loses_the_browsers_token_that_had_its_scopes(place):
    actor = await place.actor()
    text, own = await place.session(), await place.user_token(actor)
    child = await place.tokens.delegate(place.tokens.look(text), NOTEBOOK)
    place.people.change("ada", groups=("guests",))
    ada = place.people.table["ada"]

    place.tokens.told(PersonChanged("ada", ada, was_disabled=False, before=ADA))

    assert place.tokens.look(text) is None
    assert place.tokens.look(child) is None
    assert place.tokens.look(own) is not None
    again = await place.session(ada)
    place.tokens.told(
        PersonChanged("ada", replace(ada, email="x@example.test"), was_disabled=False, before=ada)
    )
    assert place.tokens.look(again).scopes == {"read:all", "user:token"}


async def test_scopes_that_the_settings_take_away_are_gone_from_browsers(place):
    text = await place.session()
    place.tokens.apply(replace(place.settings, max_per_user=999))
    assert place.tokens.look(text) is not None

    place.tokens.apply(replace(place.settings, scope=place.settings.scope[:1]))

    await until(lambda: place.tokens.look(text) is None)


async def test_whoever_is_not_there_yet_finds_their_tokens_and_nobody_elses(place):
    ada = await place.actor()
    text = await place.user_token(ada)
    gone = place.people.table.pop("ada")
    await place.tokens.stop()
    node = place.node()
    await node.start()
    assert node.look(text) is None

    place.people.table["ada"] = gone
    node.told(PersonChanged("ada", gone, was_disabled=False))
    assert node.look(text) is not None
    other = replace(ADA, id="another")
    place.people.table["ada"] = other
    node.told(PersonChanged("ada", other, was_disabled=False))
    await until(lambda: node._endings.undone == 0)

    assert await place.keys() == []
    assert node.look(text) is None
    await node.stop()


async def test_a_change_that_was_interrupted_is_on_record_when_the_next_process_starts(place):
    root, ada = await place.actor(place.people.table["root"]), await place.actor()
    data = place.tokens.look(await place.user_token(ada))
    place.records.fail_write = 2
    refused = await place.tokens.edit("ada", data.key, Edit(expires=place.clock.now() + 900), root)
    assert refused.why is Refusal.UNAVAILABLE
    place.tokens._following.unsettled.clear()
    await place.tokens.stop()

    node = place.node()
    await node.start()

    assert (await place.history(key=data.key))[0] == ("edit", data.key)
    await node.stop()


async def test_a_token_that_cannot_be_read_is_refused_and_told(place, heard):
    ada = await place.actor()
    text = await place.user_token(ada)
    await place.records.put(f"tokens/keys/{place.key(text)}", b"{}")
    node = place.node()
    await node.start()

    assert node.look(text) is None
    assert await node.find(text) is None
    assert events.record_unreadable in [event for event, _ in heard("gafaelfawr.store")]
    await node.stop()


async def test_nothing_starts_without_the_store(place):
    node = place.node()
    place.records.is_down = True

    with pytest.raises(StoreUnavailable):
        await node.start()
