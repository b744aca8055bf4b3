"""Many things at the same time, on two nodes, on a store that fails now and then."""

import asyncio
import random  # noqa: TID251 - a seeded Random, so that a failure can be repeated

import pytest
from tests.sessions.conftest import HOST, SIGN_IN

from yett.sessions import SessionNotCreated, SessionType

OWNERS = ("ada", "bob")


class Crowd:
    """People who do things with sessions, remembering what they were promised."""

    def __init__(self, nodes, chance):
        self.nodes = nodes
        self.chance = chance
        self.tokens = []
        self.dead = set()

    async def act(self):
        node, chance = self.chance.choice(self.nodes), self.chance
        what = chance.choice(("create", "create", "create", "hang", "regenerate", "revoke", "all", "use"))
        token = chance.choice(self.tokens) if self.tokens else None
        if what == "create" or token is None:
            await self.create(node, parent="")
        elif what == "hang":
            sign_ons = [each for each in node.live() if each.type is SessionType.SIGN_ON]
            await self.create(node, parent=chance.choice(sign_ons).ref if sign_ons else "")
        elif what == "regenerate":
            renewed = await node.regenerate(token)
            if renewed is not None:
                self.dead.add(token)
                self.tokens.append(renewed.token)
        elif what == "revoke":
            if await node.revoke_token(token):
                self.dead.add(token)
        elif what == "use":
            await node.extend(token)
        elif chance.random() < 0.2:
            await node.revoke_all(chance.choice(OWNERS))

    async def create(self, node, parent):
        kind, host = (SessionType.AUTHENTICATED, HOST) if parent else (SessionType.SIGN_ON, SIGN_IN)
        try:
            made = await node.create(kind, self.chance.choice(OWNERS), audience=host, parent=parent)
        except SessionNotCreated:
            return
        self.tokens.append(made.token)


@pytest.mark.parametrize("failing", [0.0, 0.15])
@pytest.mark.parametrize("seed", range(25))
async def test_whatever_happens_at_once_the_dead_stay_dead_and_the_living_are_listed(
    start, records, memory, clock, seed, failing
):
    chance = random.Random(seed)
    nodes = [await start(), await start()]
    crowd = Crowd(nodes, chance)
    records.fails = lambda *_: chance.random() < failing
    for _ in range(6):
        await asyncio.gather(*(crowd.act() for _ in range(8)))
        clock.advance(1)
        await asyncio.gather(*(node.tick() for node in nodes))

    records.heal()
    for _ in range(3):
        await asyncio.gather(*(node.tick() for node in nodes))
        await asyncio.sleep(0)
    assert [node._endings.undone for node in nodes] == [0, 0]
    stored = {key.removeprefix("sessions/") for key, _ in await memory.list("sessions/")}
    listed = {d for _, record in await memory.list("session_index/") for d in record.value.decode().split()}
    assert stored <= listed
    for node in (*nodes, await start()):
        for token in crowd.dead:
            assert await node.validate(token, audience=None) is None
        assert set(node._mirror.entries) == stored
    # A sign-on that is over has nothing hanging on it.
    refs = {each.ref for each in nodes[0].live()}
    assert {each.parent for each in nodes[0].live()} <= refs | {""}
    for owner in OWNERS:
        await nodes[0].revoke_all(owner)
    assert await memory.list("sessions/") == []
