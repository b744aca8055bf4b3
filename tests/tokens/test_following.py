"""Two nodes with one store."""

import pytest
from tests.tokens.conftest import until

from yett.store import WatchOverrun
from yett.tokens import Delegation, events


@pytest.fixture
async def node(place):
    node = place.node()
    await node.start()
    yield node
    await node.stop()


async def test_what_one_node_makes_and_ends_the_other_knows(place, node):
    ada = await place.actor()
    text = await place.user_token(ada)
    await until(lambda: node.look(text))

    await place.tokens.delete("ada", place.key(text), ada)
    await until(lambda: node.look(text) is None)


async def test_a_token_that_is_not_known_yet_is_asked_for_with_those_above_it(place, node):
    await node._following.follower.close()
    text = await place.session()
    child = await place.tokens.delegate(place.tokens.look(text), Delegation())
    assert node.look(child) is None

    assert (await node.find(child)).key == place.key(child)
    assert node.look(text) is not None


async def test_an_unknown_token_is_not_asked_for_again_at_once(place, node, clock):
    unknown = "gt-7o7OCWgLTAs7FNuCXIrYVQ.xNzaFkNmh9_9kbz-vvx8LQ"
    asked = []
    get = place.inner.get

    async def counted(key):
        asked.append(key)
        return await get(key)

    place.inner.get = counted
    assert await node.find(unknown) is None
    assert await node.find(unknown) is None
    assert await node.find("gt-nothing") is None
    assert len(asked) == 1
    clock.advance(3)
    await node.find(unknown)
    assert len(asked) == 2


async def test_a_wrong_secret_asks_nobody(place):
    text = await place.session()
    place.records.is_down = True

    assert await place.tokens.find(text[:-1] + ("Q" if text[-1] != "Q" else "g")) is None


async def test_a_store_that_cannot_be_asked_is_a_refusal(place, node, heard):
    place.records.is_down = True

    assert await node.find("gt-7o7OCWgLTAs7FNuCXIrYVQ.xNzaFkNmh9_9kbz-vvx8LQ") is None
    assert [event for event, _ in heard("gafaelfawr.store")] == [events.lookup_failed]


async def test_whatever_was_missed_is_read_anew(place, node, heard):
    ada = await place.actor()
    gone, new = await place.user_token(ada, "gone"), await place.user_token(ada, "new")
    await until(lambda: node.look(new))
    changes = node._following.follower._changes

    class Overrun:
        def __init__(self) -> None:
            self.is_over = False

        def __aiter__(self):
            return self

        async def __anext__(self):
            if self.is_over:
                raise StopAsyncIteration
            self.is_over = True
            raise WatchOverrun

        async def aclose(self):
            await changes.aclose()

    for task in node._running:
        task.cancel()
    node._following.follower._changes = Overrun()
    await place.tokens.delete("ada", place.key(gone), ada)

    await node._following.follower.follow()

    assert node.look(gone) is None
    assert node.look(new) is not None
    assert events.changes_missed in [event for event, _ in heard("gafaelfawr.store")]


async def test_a_record_that_becomes_unreadable_is_no_token_any_more(place, node):
    ada = await place.actor()
    text = await place.user_token(ada)
    await until(lambda: node.look(text))

    await place.records.put(f"tokens/keys/{place.key(text)}", b"{}")

    await until(lambda: node.look(text) is None)
