import base64
from pathlib import Path

import pytest
from tests.kdc import HOST

from yett.authn.kerberos import events
from yett.authn.kerberos.keys import Keys


@pytest.fixture(autouse=True)
def environment(kdc, monkeypatch):
    monkeypatch.setenv("KRB5_CONFIG", str(kdc.config))


@pytest.fixture
def own(kdc, tmp_path):
    path = tmp_path / "own.keytab"
    path.write_bytes(kdc.keytab.read_bytes())
    path.chmod(0o600)
    return path


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def said(heard):
    return [event for event, _ in heard("kerberos.spnego")]


async def test_keys_come_from_a_file_or_from_the_settings(settings, own, kdc, heard):
    keys = Keys(settings(), HOST)
    await keys.use(settings(keytab=own))
    assert keys.realms == {"CORP.TEST"}
    assert keys.is_ours(f"HTTP/{HOST}@CORP.TEST")
    assert not keys.is_ours(f"HTTP/{HOST}@OTHER.TEST")
    assert not keys.is_ours("HTTP/other@CORP.TEST")

    text = base64.b64encode(kdc.keytab.read_bytes()).decode()
    await keys.use(settings(keytab=None, keytab_base64=text))
    assert said(heard) == [events.keytab_from_file, events.keytab_from_base64]
    assert text[40:80] not in str(heard())


async def test_a_file_is_loaded_again_only_when_it_changed_and_bad_keys_never_replace_good_ones(
    settings, own, heard
):
    keys = Keys(settings(), HOST)
    await keys.use(settings(keytab=own))
    before = keys.acceptor
    await keys.look()
    assert keys.acceptor is before

    good = own.read_bytes()
    own.write_bytes(b"half")
    await keys.look()
    await keys.look()
    assert keys.acceptor is before
    own.write_bytes(good)
    await keys.look()
    assert keys.acceptor is not before
    own.unlink()
    await keys.look()
    assert keys.acceptor is not None
    assert said(heard) == [
        events.keytab_from_file,
        events.keytab_not_loaded,
        events.keytab_from_file,
        events.keytab_not_loaded,
    ]
    assert heard("kerberos.spnego")[-1][1]["is_old_kept"] is True


async def test_permissions_are_warned_of(settings, own, heard):
    own.chmod(0o644)
    await Keys(settings(), HOST).use(settings(keytab=own))

    assert said(heard) == [events.keytab_permissive, events.keytab_from_file]


async def test_keys_for_another_service_are_said_and_not_used(settings, kdc, heard):
    keys = Keys(settings(), HOST)
    await keys.use(settings(keytab=kdc.export("HTTP/other.localhost")))

    assert keys.acceptor is None
    assert said(heard) == [events.keytab_without_service, events.keytab_not_loaded]
    assert heard("kerberos.spnego")[0][1]["found"] == ("HTTP/other.localhost@CORP.TEST",)


async def test_replaced_keys_leave_no_descriptor_behind(settings, own):
    keys = Keys(settings(), HOST)
    await keys.use(settings(keytab=own))
    before = open_files()
    for _ in range(20):
        await keys.use(settings(keytab=own))

    assert open_files() <= before + 1
