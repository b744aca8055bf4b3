import asyncio
import stat
from dataclasses import replace

import pytest
from tests.kdc import PASSWORDS

from yett.authn.kerberos import Denial, events
from yett.authn.kerberos.config import Tickets as Keeping
from yett.authn.kerberos.model import Held, Ticket
from yett.authn.kerberos.tickets import ticket_in
from yett.sessions import SessionType
from yett.store import StoreUnavailable

HOST = "yett.localhost"


@pytest.fixture
async def kerberos(make):
    return await make(tickets=Keeping.KEPT)


@pytest.fixture
async def session(sessions):
    return (await sessions.create(SessionType.SIGN_ON, "alice", audience=HOST)).session


@pytest.fixture
async def ticket(kerberos):
    return (await kerberos.password.verify("alice", PASSWORDS["alice"])).ticket


async def until(condition):
    async with asyncio.timeout(5):
        while not await condition():  # noqa: ASYNC110 - a task changes it
            await asyncio.sleep(0.005)


async def gone(kerberos):
    return not await kerberos.tickets.list()


async def test_a_kept_ticket_is_there_for_its_session_and_those_under_it(kerberos, sessions, session, ticket):
    assert await kerberos.tickets.keep(session, ticket)
    child = await sessions.create(
        SessionType.AUTHENTICATED, "alice", audience="app.yett.localhost", parent=session.ref
    )

    assert await kerberos.tickets.access(session.ref) == Held("alice", session.ref, ticket)
    assert await kerberos.tickets.access(child.session.ref) == Held("alice", session.ref, ticket)


async def test_a_session_that_is_over_unknown_or_without_a_ticket_gets_none(
    kerberos, sessions, session, ticket, heard
):
    await kerberos.tickets.keep(session, ticket)
    other = await sessions.create(SessionType.SIGN_ON, "bob", audience=HOST)
    pending = await sessions.create(SessionType.MFA_PENDING, "alice", audience=HOST)
    heard.forget()

    assert await kerberos.tickets.access(other.session.ref) is Denial.NO_TICKET
    assert await kerberos.tickets.access(pending.session.ref) is Denial.NO_SESSION
    await sessions.revoke(session.ref)
    assert await kerberos.tickets.access(session.ref) is Denial.NO_SESSION
    assert await kerberos.tickets.access("../../etc" * 100) is Denial.NO_SESSION
    assert [event for event, _ in heard("kerberos.security")] == [events.access_denied] * 4


async def test_a_ticket_goes_with_its_session_and_so_do_its_files(kerberos, sessions, session, ticket, heard):
    await kerberos.tickets.keep(session, ticket)
    path = await kerberos.tickets.write_file(session.ref)
    assert path.read_bytes() == ticket.cache
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    await sessions.revoke(session.ref)

    assert not path.exists()
    await until(lambda: gone(kerberos))
    assert (events.revoked, {"user": "alice", "session": session.ref}) in heard("kerberos")
    assert (
        events.file_created,
        {"user": "alice", "session": session.ref, "file": str(path)},
    ) in heard("kerberos")


async def test_what_is_stored_is_sealed_to_its_place(kerberos, records, session, sessions, ticket):
    await kerberos.tickets.keep(session, ticket)
    ((key, record),) = await records.list("kerberos/tickets/")
    other = await sessions.create(SessionType.SIGN_ON, "alice", audience=HOST)

    assert ticket.cache not in record.value
    await records.put(key.replace(session.ref, other.session.ref), record.value)
    assert await kerberos.tickets.access(other.session.ref) is Denial.NO_TICKET
    first, _, rest = record.value.partition(b".")
    for value in (b"", b"x", first[:-4], rest, record.value + b"." + first):
        await records.put(key, value)
        assert isinstance(await kerberos.tickets.access(session.ref), Denial) or value == first


async def test_a_large_ticket_as_active_directory_makes_them_is_kept_in_pieces(kerberos, session, ticket):
    large = replace(ticket, cache=ticket.cache + bytes(60_000))

    assert await kerberos.tickets.keep(session, large)
    assert (await kerberos.tickets.access(session.ref)).ticket == large


async def test_a_ticket_that_is_over_or_too_large_is_not_kept(kerberos, session, ticket, heard):
    over = Ticket(ticket.principal, ticket.cache, 1.0, 1.0)
    large = Ticket(ticket.principal, bytes(1 << 20), ticket.expires_at, 0.0)

    assert not await kerberos.tickets.keep(session, over)
    assert not await kerberos.tickets.keep(session, large)
    assert [event for event, _ in heard("kerberos.keep")] == [events.not_kept] * 2


async def test_a_session_that_ends_while_its_ticket_is_kept_leaves_none(
    kerberos, sessions, session, ticket, records
):
    real = records.put

    async def put(*words, **more):
        done = await real(*words, **more)
        await sessions.revoke(session.ref)
        return done

    records.put = put
    assert not await kerberos.tickets.keep(session, ticket)
    await until(lambda: gone(kerberos))


async def test_a_store_that_fails_denies(kerberos, session, ticket, records, monkeypatch, heard):
    async def fail(*_, **__):
        raise StoreUnavailable

    monkeypatch.setattr(records, "get", fail)
    monkeypatch.setattr(records, "put", fail)

    assert not await kerberos.tickets.keep(session, ticket)
    assert await kerberos.tickets.access(session.ref) is Denial.UNAVAILABLE
    assert not await kerberos.tickets.refresh("alice", session.ref)
    assert heard("kerberos.refresh")[-1][0] is events.not_refreshed


async def test_a_ticket_is_renewed_at_the_kdc_and_its_files_with_it(kerberos, session, kdc, heard):
    cache = kdc.kinit("alice", "-l", "20m", "-r", "2h")
    short = ticket_in(cache.read_bytes())
    await kerberos.tickets.keep(session, short)
    path = await kerberos.tickets.write_file(session.ref)

    await kerberos.tickets.refresh_due()

    held = await kerberos.tickets.access(session.ref)
    assert held.ticket.cache != short.cache
    assert path.read_bytes() == held.ticket.cache
    assert heard("kerberos.refresh") == [(events.refreshed, {"user": "alice", "session": session.ref})]


async def test_a_ticket_that_cannot_be_renewed_stays_as_it_is(make, session, kdc, tmp_path, heard):
    kerberos = await make(tickets=Keeping.KEPT)
    kdc.admin('addprinc -maxrenewlife 0 -pw "not to renew 4" frank')
    fixed = ticket_in(kdc.kinit("frank", "-l", "20m", password="not to renew 4").read_bytes())
    await kerberos.tickets.keep(session, fixed)

    assert not await kerberos.tickets.refresh("alice", session.ref)
    without = await make(tickets=Keeping.KEPT, kinit=tmp_path / "nothing")
    assert not await without.tickets.refresh("alice", session.ref)
    assert not await kerberos.tickets.refresh("alice", "another")
    assert (await kerberos.tickets.access(session.ref)).ticket == fixed
    assert [event for event, _ in heard("kerberos.refresh")] == [events.not_refreshed] * 3


async def test_revoking_a_user_takes_every_ticket_of_theirs_and_of_nobody_else(
    kerberos, sessions, ticket, heard
):
    for user in ("alice", "alice", "alice2"):
        issued = await sessions.create(SessionType.SIGN_ON, user, audience=HOST)
        await kerberos.tickets.keep(issued.session, ticket)

    assert await kerberos.tickets.revoke_user("alice") == 2
    assert [held.user for held in await kerberos.tickets.list()] == ["alice2"]
    assert heard("kerberos.revoke_user") == [(events.user_revoked, {"user": "alice", "tickets": 2})]


async def test_of_fifty_that_revoke_one_ticket_exactly_one_did(kerberos, session, ticket):
    await kerberos.tickets.keep(session, ticket)

    done = await asyncio.gather(*(kerberos.tickets.revoke("alice", session.ref) for _ in range(50)))

    assert sum(done) == 1
