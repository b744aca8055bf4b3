import pytest

from yett.sessions import Session, SessionType
from yett.sessions.index import Index

MADE = Session(
    ref="r",
    type=SessionType.SIGN_ON,
    module_key="ada",
    audience="login",
    created_at=0.0,
    expires_at=100.0,
    ends_at=1000.0,
    last_activity=0.0,
)


@pytest.fixture
async def index(memory):
    return Index(memory)


async def test_a_session_is_listed_once_and_struck_off_once(index):
    assert await index.create(MADE, "a", now=0.0)
    assert not await index.create(MADE, "b", now=0.0)
    assert await index.of_owner("ada") == {"r": ("a",)}
    assert await index.take("ada", "r") == ("a",)
    assert await index.take("ada", "r") == ()


async def test_tokens_come_and_go_while_the_session_stays(index):
    await index.create(MADE, "a", now=0.0)
    assert await index.add(MADE, "b", now=0.0)
    assert await index.add(MADE, "b", now=0.0)
    assert await index.digests(MADE) == ("a", "b")
    await index.drop(MADE, "a", now=0.0)
    await index.drop(MADE, "a", now=0.0)
    assert await index.digests(MADE) == ("b",)


async def test_nothing_is_added_to_a_session_that_was_struck_off(index):
    assert not await index.add(MADE, "b", now=0.0)
    await index.drop(MADE, "b", now=0.0)
    assert await index.digests(MADE) == ()


async def test_repairing_lists_a_token_whatever_was_listed(index):
    await index.repair(MADE, "a", now=0.0)
    await index.repair(MADE, "b", now=0.0)

    assert await index.digests(MADE) == ("a", "b")


async def test_of_additions_at_the_same_time_none_is_lost(index, records):
    together = Index(records)
    await together.create(MADE, "a", now=0.0)
    once = []

    def interfere(name, _key):
        if name == "replace" and not once:
            once.append(True)
            return index.add(MADE, "c", now=0.0)
        return None

    records.before = interfere
    assert await together.add(MADE, "b", now=0.0)

    assert set(await index.digests(MADE)) == {"a", "b", "c"}
