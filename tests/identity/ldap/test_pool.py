import asyncio
import dataclasses

import pytest
from tests.journeys.ldap_server import PEOPLE, SERVICE, Authority, LdapServer
from tests.ports import free_port

from yett.identity.ldap import NotConnected, events
from yett.identity.ldap.pool import Dialer, Pool
from yett.kernel import FrozenClock
from yett.net.ldap import Scope, Unreachable, compile_filter

EVERYTHING = compile_filter("(objectClass=*)")


@pytest.fixture
async def make_pool(settings):
    made = []

    def make(size=2, clock=None, **changes):
        pool = Pool(Dialer(dataclasses.replace(settings, **changes), clock or FrozenClock()), size)
        made.append(pool)
        return pool

    yield make
    for pool in made:
        await pool.close()


async def ask(connection):
    return [entry.dn async for entry in connection.search(PEOPLE, Scope.BASE, EVERYTHING, ())]


def said(heard, *prefixes):
    return [event for event, _ in heard(*prefixes)]


def nowhere():
    return f"ldap://127.0.0.1:{free_port()}"


async def test_connections_are_opened_one_by_one_and_used_again(make_pool, heard):
    pool = make_pool(2)
    await pool.open()
    assert pool.idle == 2
    assert heard("ldap.pool") == [
        (events.pool_initializing, {"size": 2}),
        (events.pool_creating, {"number": 1, "total": 2}),
        (events.pool_created, {"number": 1, "total": 2}),
        (events.pool_creating, {"number": 2, "total": 2}),
        (events.pool_created, {"number": 2, "total": 2}),
        (events.pool_initialized, {"size": 2}),
    ]
    heard.forget()
    assert await asyncio.gather(*(pool.run(ask) for _ in range(20))) == [[PEOPLE]] * 20
    assert heard("ldap.conn") == []


async def test_each_step_of_a_connection_is_said(make_pool, settings, heard):
    await make_pool(1).open()
    assert said(heard, "ldap.conn") == [
        events.custom_ca,
        events.connecting,
        events.dialing,
        events.connected,
        events.binding,
        events.bound,
    ]
    assert settings.bind_password not in str(heard())


async def test_the_next_server_is_tried_and_the_broken_one_left_alone_for_a_while(ldap, make_pool, heard):
    clock = FrozenClock()
    pool = make_pool(1, clock, urls=(nowhere(), ldap.url))
    await pool.run(ask)
    assert said(heard, "ldap.conn").count(events.server_failed) == 1
    await pool._close_idle()
    heard.forget()
    await pool.run(ask)
    assert events.server_failed not in said(heard)
    await pool._close_idle()
    clock.advance(31)
    await pool.run(ask)
    assert events.server_failed in said(heard)


async def test_without_any_server_there_is_no_connection_and_another_try_may_do_better(make_pool, heard):
    pool = make_pool(1, urls=(nowhere(), nowhere()))
    with pytest.raises(NotConnected) as problem:
        await pool.open()
    assert not problem.value.is_permanent
    assert said(heard, "ldap.conn")[-1] is events.dial_failed


@pytest.mark.parametrize("changes", [{"bind_password": "wrong"}, {"bind_dn": f"cn=nobody,{SERVICE}"}])
async def test_a_wrong_account_is_for_good(make_pool, heard, changes):
    with pytest.raises(NotConnected) as problem:
        await make_pool(1, **changes).open()
    assert problem.value.is_permanent
    assert events.bind_failed in said(heard, "ldap.conn")


async def test_a_wrong_authority_is_for_good(make_pool, tmp_path):
    with pytest.raises(NotConnected, match="certificate") as problem:
        await make_pool(1, ca=Authority(tmp_path).path).open()
    assert problem.value.is_permanent


async def test_the_authorities_of_the_system_do_not_vouch_for_ours(make_pool, heard):
    with pytest.raises(NotConnected, match="certificate"):
        await make_pool(1, ca=None).open()
    assert events.system_ca in said(heard)


async def test_a_file_of_authorities_that_is_gone_is_for_good(make_pool, tmp_path):
    with pytest.raises(NotConnected) as problem:
        await make_pool(1, ca=tmp_path / "none.pem").open()
    assert problem.value.is_permanent


async def test_no_password_goes_over_a_connection_without_tls(make_pool):
    with pytest.raises(NotConnected, match="no TLS"):
        await make_pool(1, starttls=False).open()


async def test_without_servers_there_is_no_connection(make_pool):
    with pytest.raises(NotConnected, match="no servers"):
        await make_pool(1, urls=()).open()


async def test_one_server_in_trouble_and_one_that_refuses_may_get_better(ldap, make_pool):
    with pytest.raises(NotConnected) as problem:
        await make_pool(1, urls=(ldap.url, nowhere()), bind_password="wrong").open()
    assert not problem.value.is_permanent


async def test_a_server_that_was_restarted_is_asked_over_new_connections(ldap, make_pool):
    pool = make_pool(2)
    await pool.open()
    ldap.stop()
    ldap.start()
    assert await pool.run(ask) == [PEOPLE]


async def test_a_connection_whose_question_failed_is_not_used_again(make_pool):
    pool = make_pool(1)

    async def fail(connection):
        async for _ in connection.search(PEOPLE, Scope.BASE, EVERYTHING, ()):
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        await pool.run(fail)
    assert pool.idle == 0
    assert await pool.run(ask) == [PEOPLE]


async def test_somebody_who_gives_up_leaves_nothing_behind(ldap, make_pool):
    pool = make_pool(1)
    await pool.open()
    ldap.pause()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await pool.run(ask)
    ldap.resume()
    assert await asyncio.wait_for(pool.run(ask), 5) == [PEOPLE]


async def test_the_other_server_takes_over_when_the_first_dies(ldap, make_pool, tmp_path):
    second = LdapServer(tmp_path / "second")
    bundle = tmp_path / "both.pem"
    bundle.write_bytes(ldap.ca.read_bytes() + second.ca.read_bytes())
    second.start()
    try:
        pool = make_pool(1, urls=(second.ldaps, ldap.ldaps), ca=bundle)
        assert await pool.run(ask) == [PEOPLE]
        second.kill()
        assert await pool.run(ask) == [PEOPLE]
    finally:
        second.stop()


async def test_a_server_that_hangs_is_given_up_in_time(ldap, make_pool):
    pool = make_pool(1)
    await pool.open()
    ldap.pause()
    try:
        with pytest.raises((NotConnected, Unreachable)):
            await pool.run(ask)
    finally:
        ldap.resume()
