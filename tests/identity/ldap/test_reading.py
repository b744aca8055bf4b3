"""What slapd does not do: values that come in parts, as Active Directory sends them."""

import asyncio
import dataclasses

import pytest
from tests.journeys.ldap_server import GROUPS, PEOPLE, dn_of, group_dn

from yett.identity.ldap.pool import Dialer, Pool
from yett.identity.ldap.reading import Reading
from yett.kernel import SystemClock
from yett.net.ldap import ber

MEMBERS = [f"uid=u{number},{PEOPLE}" for number in range(7)]
AT_A_TIME = 3


def entry(number, dn, **attributes):
    listed = (
        ber.sequence(ber.octets(name), ber.sequence(*(ber.octets(each) for each in values), tag=ber.SET))
        for name, values in attributes.items()
    )
    return ber.sequence(ber.integer(number), ber.tlv(0x64, ber.octets(dn) + ber.sequence(*listed)))


def done(number, tag):
    content = ber.integer(0, ber.ENUMERATED) + ber.octets("") + ber.octets("")
    return ber.sequence(ber.integer(number), ber.tlv(tag, content))


class Parts:
    """A server with one group, whose members it hands out three at a time."""

    async def handle(self, reader, writer):
        while data := await reader.read(65536):
            outer = ber.Reader(data).inside()
            number, tag = outer.integer(), outer.tag
            if tag == 0x60:
                writer.write(done(number, 0x61))
            elif tag == 0x63:
                begin, end = outer.take(0x63)
                self.search(writer, number, data[begin:end])
            else:
                break
        writer.close()

    def search(self, writer, number, asked):
        if GROUPS.encode() in asked:
            start = int(asked.partition(b";range=")[2].partition(b"-")[0] or 0)
            part = MEMBERS[start : start + AT_A_TIME]
            last = "*" if start + AT_A_TIME >= len(MEMBERS) else str(start + len(part) - 1)
            attributes = {"cn": ["all"], "member": [], f"member;range={start}-{last}": part}
            writer.write(entry(number, group_dn("all"), **attributes))
        writer.write(done(number, 0x65))


@pytest.fixture
async def parts(settings):
    server = await asyncio.start_server(Parts().handle, "127.0.0.1", 0)
    url = f"ldap://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield dataclasses.replace(settings, urls=(url,), starttls=False, allow_plaintext=True, pool_size=1)
    server.close()
    await server.wait_closed()


async def read(settings):
    pool = Pool(Dialer(settings, SystemClock()), 1)
    try:
        return await Reading(pool, settings).everything()
    finally:
        await pool.close()


async def test_members_that_come_in_parts_are_all_gathered(parts):
    (group,) = (await read(parts)).groups
    assert group.members == frozenset(MEMBERS)


async def test_a_group_in_parts_keeps_to_the_limit_too(parts):
    (group,) = (await read(dataclasses.replace(parts, max_members=5))).groups
    assert (group.is_overfull, group.members) == (True, frozenset())


async def test_two_entries_that_look_alike_from_here_are_neither(ldap, settings):
    ldap.add_user("ada")
    snapshot = await read(dataclasses.replace(settings, user_bases=(PEOPLE, dn_of("ada"))))
    assert (snapshot.users, snapshot.unusable) == ((), 2)
