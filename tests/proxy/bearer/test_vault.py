from dataclasses import replace

from tests.proxy.bearer.making import PERSON, WANTED, Node

from yett.keys import MasterKey
from yett.proxy.bearer.rules import held
from yett.proxy.bearer.vault import Unfit


def kept(now):
    return held("a.b.c", PERSON, issued_at=now, expires_at=now + 300)


async def keep(node, clock, ref="s1"):
    now = clock.now()
    await node.vault.keep(ref, WANTED, kept(now), expires_at=now + 300, now=now)


async def find(node, clock, ref="s1", wanted=WANTED, person=PERSON):
    return await node.vault.find(ref, wanted, person, now=clock.now())


async def test_a_token_comes_back_as_it_was_kept(node, clock):
    await keep(node, clock)
    assert await find(node, clock) == kept(clock.now())
    assert await find(node, clock, ref="s2") is None
    assert await find(node, clock, wanted=replace(WANTED, audience="other")) is None


async def test_nobody_reads_a_token_in_the_store(node, clock, records):
    await keep(node, clock)
    ((key, record),) = await records.list("")
    assert key.startswith("proxy/bearers/s1/")
    assert b"a.b.c" not in record.value
    assert record.expires_at == clock.now() + 300


async def test_a_token_of_somebody_who_has_changed_since_is_outdated(node, clock):
    await keep(node, clock)
    assert await find(node, clock, person=replace(PERSON, groups=("fewer",))) is Unfit.OUTDATED
    clock.advance(299)
    assert await find(node, clock) is Unfit.OUTDATED
    clock.advance(1)
    assert await find(node, clock) is None


async def test_a_token_that_was_moved_to_another_session_does_not_open(node, clock, records):
    await keep(node, clock)
    ((key, record),) = await records.list("")
    await records.put(key.replace("/s1/", "/s2/"), record.value)
    assert await find(node, clock, ref="s2") is Unfit.UNREADABLE


async def test_a_token_under_another_cluster_key_or_damaged_does_not_open(node, clock, records):
    await keep(node, clock)
    other = Node(records, clock, sealed_with=MasterKey(b"n" * 32))
    assert await find(other, clock) is Unfit.UNREADABLE
    ((key, record),) = await records.list("")
    for value in (b"", b"\xff\xfe", record.value[:-1], record.value + b"A", b"A" * 20_000):
        await records.put(key, value)
        assert await find(node, clock) is Unfit.UNREADABLE


async def test_something_else_that_was_sealed_here_is_no_token(node, clock, records):
    await keep(node, clock)
    ((key, _),) = await records.list("")
    for payload in (
        {"key": key},
        {"key": key, "token": "t", "about": "a", "issued_at": "x", "expires_at": "1"},
    ):
        sealed = node.vault._sealer.seal(payload, expires_at=clock.now() + 60)
        await records.put(key, sealed.encode())
        assert await find(node, clock) is Unfit.UNREADABLE
