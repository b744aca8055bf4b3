import asyncio
import base64
import os
import resource
import socket

import pytest

from yett.authn.kerberos import Reason, events, memory, service
from yett.authn.kerberos.folder import FolderUnusable
from yett.authn.kerberos.memory import unlock_memory


def started(heard):
    return [event for event, _ in heard("kerberos.init")]


async def test_memory_is_locked_at_start_where_it_may_be(make, heard):
    try:
        await make(lock_memory=True)
    finally:
        unlock_memory()

    assert started(heard) == [events.memory_locked]


async def test_a_start_without_locked_memory_goes_on_with_a_warning(make, heard, monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_STATUS", tmp_path / "no-capabilities")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1 << 20, 1 << 20))
    kerberos = await make(lock_memory=True)

    assert started(heard) == [events.memory_not_locked]
    assert kerberos.keys.acceptor is not None


async def test_what_is_off_touches_nothing(make, heard, tmp_path):
    before = dict(os.environ)
    kerberos = await make(enabled=False, data=tmp_path / "off")

    assert dict(os.environ) == before
    assert not (tmp_path / "off").exists()
    assert heard("kerberos") == []
    assert (await kerberos.spnego.accept("YIIC")).reason is Reason.MALFORMED


async def test_a_folder_that_others_own_stops_the_start(make, tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "kerberos").write_text("")
    with pytest.raises(FolderUnusable):
        await make(data=tmp_path / "bad")


async def test_other_settings_are_taken_over_and_keys_only_loaded_if_they_are_others(
    make, settings, kdc, heard
):
    kerberos = await make()
    before = kerberos.keys.acceptor
    await kerberos.apply(settings(max_token=2048))
    assert kerberos.keys.acceptor is before
    assert (await kerberos.spnego.accept("A" * 4000)).reason is Reason.TOO_LARGE

    await kerberos.apply(settings(keytab=kdc.export("HTTP/yett.localhost")))
    assert kerberos.keys.acceptor is not before
    assert [event for event, _ in heard("kerberos.spnego")] == [events.keytab_from_file] * 2
    assert service.Kerberos is type(kerberos)


async def test_whoever_waits_for_a_kdc_that_does_not_answer_keeps_no_ticket_out(make, kdc, tickets, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        slow = tmp_path / "slow.conf"
        number = silent.getsockname()[1]
        slow.write_text(kdc.config.read_text().replace(f":{kdc.ports['kdc']}", f":{number}"))
        kerberos = await make(krb5_conf=slow, parallel_checks=1, waiting_checks=0)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(kerberos.password.verify("alice", "whatever"))
            connection, _ = await asyncio.to_thread(silent.accept)
            token = base64.b64encode(kdc.token(tickets["alice"])).decode()
            accepted = await kerberos.spnego.accept(token)
            turned_away = await kerberos.password.verify("alice", "whatever")
            connection.close()
            silent.close()

    assert accepted.name == "alice"
    assert turned_away.reason is Reason.BUSY
    assert waiting.result().reason is Reason.UNAVAILABLE
