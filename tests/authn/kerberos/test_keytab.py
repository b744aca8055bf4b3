import base64
import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.authn.kerberos.keytab import Keytab, Unfit, from_base64, from_bytes, from_file
from yett.authn.kerberos.model import Key


def counted(data):
    return struct.pack(">H", len(data)) + data


def entry(name="HTTP/a.test", realm="A.TEST", version=3, long=b""):
    components = name.encode().split(b"/")
    body = struct.pack(">H", len(components)) + counted(realm.encode())
    body += b"".join(counted(component) for component in components)
    body += struct.pack(">IIBH", 1, 0, version, 18) + counted(b"k" * 32) + long
    return struct.pack(">i", len(body)) + body


def keytab(*entries):
    return b"\x05\x02" + b"".join(entries)


def test_it_says_whose_keys_it_holds_and_shows_none():
    found = from_bytes(
        keytab(entry(), struct.pack(">i", -8) + bytes(8), entry("x", long=struct.pack(">I", 300)))
    )

    assert found.keys == (Key("HTTP/a.test@A.TEST", 3, 18), Key("x@A.TEST", 300, 18))
    assert found.has_service("HTTP/a.test")
    assert not found.has_service("HTTP/b.test")
    assert "kkkk" not in repr(found)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x05\x01",
        keytab(),
        keytab(struct.pack(">i", 0)),
        keytab(entry()[:-1]),
        keytab(struct.pack(">i", 1 << 30)),
        keytab(struct.pack(">i", -(1 << 31))),
        keytab(entry().replace(struct.pack(">H", 2), struct.pack(">H", 9000), 1)),
        b"\x05\x02" + bytes(1 << 21),
    ],
)
def test_what_is_none_is_unfit(data):
    assert isinstance(from_bytes(data), Unfit)


@given(st.binary(max_size=300))
def test_any_bytes_get_a_verdict(data):
    assert isinstance(from_bytes(b"\x05\x02" + data), (Keytab, Unfit))


def test_base64_may_have_line_ends():
    text = base64.encodebytes(keytab(entry())).decode()

    assert isinstance(from_base64(text), Keytab)
    assert isinstance(from_base64("not base64!"), Unfit)


def test_a_file_others_may_read_is_permissive(tmp_path):
    path = tmp_path / "keys"
    path.write_bytes(keytab(entry()))
    path.chmod(0o640)
    assert from_file(path).is_permissive
    path.chmod(0o400)
    assert not from_file(path).is_permissive


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    assert isinstance(from_file(tmp_path / "pipe"), Unfit)
    assert isinstance(from_file(tmp_path), Unfit)
    assert isinstance(from_file(tmp_path / "missing"), Unfit)


def test_a_real_one_is_understood(kdc):
    assert from_file(kdc.keytab).realms_of("HTTP/yett.localhost") == {"CORP.TEST"}
