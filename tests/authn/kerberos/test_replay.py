import asyncio

from yett.authn.kerberos.replay import Used
from yett.store import MemoryRecords


async def test_of_fifty_uses_one_is_the_first_until_it_is_forgotten(clock):
    used = Used(MemoryRecords(clock))

    firsts = await asyncio.gather(*(used.is_first(b"once", lifetime=60) for _ in range(50)))

    assert sum(firsts) == 1
    assert await used.is_first(b"another", lifetime=60)
    clock.advance(61)
    assert await used.is_first(b"once", lifetime=60)
