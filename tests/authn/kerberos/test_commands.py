import json

import pytest
from tests.kdc import PASSWORDS

from yett.authn.kerberos import KerberosCommands, Tickets
from yett.kernel import CommandFailed
from yett.sessions import SessionType


async def test_operators_can_try_the_keys(kerberos, make, tmp_path):
    rows = dict((await KerberosCommands(kerberos).test()).rows)
    assert rows["service principal"] == "HTTP/yett.localhost@CORP.TEST"
    for broken in (await make(keytab=tmp_path / "none"), await make(enabled=False)):
        with pytest.raises(CommandFailed):
            await KerberosCommands(broken).test()


async def test_operators_see_lend_renew_and_revoke_tickets(make, sessions):
    kerberos = await make(tickets=Tickets.KEPT)
    session = (await sessions.create(SessionType.SIGN_ON, "alice", audience="yett.localhost")).session
    ticket = (await kerberos.password.verify("alice", PASSWORDS["alice"])).ticket
    commands = KerberosCommands(kerberos)
    await kerberos.tickets.keep(session, ticket)

    shown = await commands.tickets()
    assert shown.rows[0][:3] == ("alice", session.ref, "alice@CORP.TEST")
    assert (await commands.tickets(user="bob")).rows == ()
    assert (await commands.file(session.ref)).rows[0][0] == session.ref
    assert (await commands.refresh(session.ref)).rows == ((session.ref, True),)
    assert (await commands.revoke("alice")).rows == (("alice", 1),)
    await kerberos.tickets.keep(session, ticket)
    assert (await commands.revoke("alice", session.ref)).rows == (("alice", 1),)
    for fails in (commands.file(session.ref), commands.refresh(session.ref), commands.file("nothing")):
        with pytest.raises(CommandFailed):
            await fails
    assert ticket.cache.hex() not in json.dumps(shown.rows)
