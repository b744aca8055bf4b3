"""What should not have come: each gets a clear refusal, nothing is lost, and the gateway stays up."""

import contextlib
import os
import shutil
import socket
import ssl
import time
from pathlib import Path

import pytest
from tests.journeys.gateway import APP, SIGN_IN, Visitor, until, with_own_mounts

HOST = f"Host: {APP}\r\n".encode()
GET = b"GET / HTTP/1.1\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

# What one parser or another lets through, and what may be read in two ways.
MALFORMED = {
    "Content-Length with Transfer-Encoding": POST
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two different Content-Lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "an unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "space before the colon": GET + b"Host : x\r\n" + HOST + b"\r\n",
    "NUL in a value": GET + HOST + b"X: a\x00b\r\n\r\n",
    "CR in a value": GET + HOST + b"X: a\rb\r\n\r\n",
    "a signed length": POST + b"Content-Length: +4\r\n\r\nabcd",
    "LF after a chunk size": CHUNKED + b"5\nhello\r\n0\r\n\r\n",
    "LF after a chunk": CHUNKED + b"5\r\nhello\n0\r\n\r\n",
    "a chunk longer than it says": CHUNKED + b"3\r\nhello\r\n0\r\n\r\n",
    "a control byte in the target": b"GET /\x01 HTTP/1.1\r\n" + HOST + b"\r\n",
    "bare LF line ends": b"GET / HTTP/1.1\n" + HOST.replace(b"\r", b"") + b"\n",
    "a folded header": GET + HOST + b"X: a\r\n b\r\n\r\n",
    "identity, chunked": POST + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
    "no Host": GET + b"\r\n",
    "two Hosts": GET + HOST + b"Host: evil.example\r\n\r\n",
    "Transfer-Encoding on HTTP/1.0": b"POST / HTTP/1.0\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a 70 KB header": GET + HOST + b"X: " + b"a" * 70_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_request_is_refused_and_never_reaches_the_application(gateway, name):
    visitor = Visitor(gateway)
    visitor.cookies = SIGNED_IN.setdefault("alice", visitor.cookies)
    if APP not in visitor.cookies:
        visitor.sign_in("alice")
    cookie = "; ".join(f"{key}={value}" for key, value in visitor.cookies[APP].items())
    data = MALFORMED[name].replace(HOST, HOST + f"Cookie: {cookie}\r\n".encode(), 1)

    received = gateway.raw(data + GET + HOST + b"\r\n")

    assert received.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))
    assert received.count(b"HTTP/1.1 ") == 1, "what follows must not be read as another request"
    assert b"Hello" not in received


SIGNED_IN = {}


def test_a_client_that_sends_one_byte_a_second_is_told_and_cut_off(gateway):
    with gateway.connect(APP) as slow:
        slow.settimeout(0.5)
        began = time.monotonic()
        received = b""
        for byte in b"GET / HTTP/1.1\r\nHost: app.yett.localhost\r\nX-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaa":
            try:
                slow.sendall(bytes([byte]))
                received += slow.recv(65536)
            except TimeoutError:
                continue
            except (ConnectionError, ssl.SSLError):
                break
            if received:
                break
        # The limit for a head is two seconds here.
        assert time.monotonic() - began < 8
    assert received.startswith(b"HTTP/1.1 408")
    assert gateway.is_ready()


def test_five_mistakes_in_the_configuration_are_told_at_once(make_gateway):
    gateway = make_gateway()
    gateway.write(
        service='prot = 8443\nhead_timeout_ms = 3\ntls_cert = "only.pem"',
        telemetry='log_level = "loud"',
        mappings='[[proxy.mapping]]\napp = "Wiki"\nhost = "NOT A HOST"\nservice = "ftp://x"\n',
    )

    for command in ("check", "serve"):
        done = gateway.run(command, check=False)
        assert done.returncode == 1
        for key in ("service.prot", "head_timeout_ms", "log_level", ".host", ".service"):
            assert key in done.stderr, f"{key} is not named in:\n{done.stderr}"
        assert "port" in done.stderr  # the nearest known name
        assert "Traceback" not in done.stderr


def test_a_broken_change_leaves_the_gateway_as_it_was_and_a_good_one_takes_effect(make_gateway):
    gateway = make_gateway()
    gateway.people()
    gateway.start()
    good = gateway.mappings
    visitor = Visitor(gateway)
    assert visitor.sign_in("alice").status == 200
    with gateway.connect(APP) as kept:
        cookie = "; ".join(f"{key}={value}" for key, value in visitor.cookies[APP].items())
        request = f"GET / HTTP/1.1\r\nHost: {APP}\r\nCookie: {cookie}\r\n\r\n".encode()
        kept.sendall(request)
        assert kept.recv(65536).startswith(b"HTTP/1.1 200")

        gateway.write(mappings=good + "[[[")
        until(lambda: "Config reload failed - keeping previous config" in gateway.output.read_text())
        kept.sendall(request)
        assert kept.recv(65536).startswith(b"HTTP/1.1 200")

        gateway.write(mappings=good.replace('["staff"]', '["nobody"]'))
        until(lambda: visitor.get("/").status == 403, seconds=5)
        # The connection that was open all the time is judged by the new rule as well.
        kept.sendall(request)
        assert kept.recv(65536).startswith(b"HTTP/1.1 403")


def test_a_truncated_store_is_refused_with_advice_and_left_as_it_is(make_gateway):
    gateway = make_gateway()
    gateway.people()
    gateway.start()
    Visitor(gateway).sign_in("alice")
    gateway.stop()
    store = gateway.data / "store.db"
    with store.open("r+b") as file:
        file.truncate(store.stat().st_size // 2 + 100)
    before = store.read_bytes()

    done = gateway.run("serve", check=False)

    assert done.returncode == 1
    assert "store.db" in done.stderr
    assert "salvage" in done.stderr
    assert "Traceback" not in done.stderr
    assert store.read_bytes() == before


@pytest.fixture
def on_a_small_disk(make_gateway):
    """A gateway whose data lie on a disk of sixteen megabytes; and that disk, seen from outside."""
    gateway = make_gateway()
    gateway.people()
    gateway.start()
    gateway.stop()
    seed = gateway.folder / "seed"
    shutil.copytree(
        gateway.data, seed, ignore=lambda _, names: [name for name in names if name.endswith(".sock")]
    )
    script = (
        f'mount -t tmpfs -o size=16m none "{gateway.data}" && cp -a "{seed}/." "{gateway.data}/" && exec "$@"'
    )
    gateway.wrapper = (*with_own_mounts(), "sh", "-c", script, "sh")
    gateway.start()
    return gateway, f"/proc/{gateway.process.pid}/root{gateway.data}"


def test_a_full_disk_refuses_what_cannot_be_recorded_and_loses_nothing(on_a_small_disk):
    gateway, disk = on_a_small_disk
    alice, bob = Visitor(gateway), Visitor(gateway)
    assert alice.sign_in("alice").status == 200
    assert bob.sign_in("bob").status == 403
    filler = os.open(f"{disk}/filler", os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while True:
            os.write(filler, b"x" * 4096)
    os.close(filler)

    # The last page of the audit file may still have room for a few records; what is answered is recorded.
    refused = until(lambda: (page := bob.get("/")).status == 503 and page, what="a refusal without a record")
    assert "could not be recorded" in refused.text
    # Somebody who was let in before goes on; nobody new gets in without a record.
    assert alice.get("/").status == 200
    assert Visitor(gateway).sign_in("alice").status == 503
    assert gateway.process.poll() is None

    Path(f"{disk}/filler").unlink()
    until(lambda: bob.get("/").status == 403, what="recovery")
    until(lambda: Visitor(gateway).sign_in("alice").status == 200, what="recovery of sign-in")
    # The head first: what it tells of is in the files that are copied after it.
    head = Path(f"{disk}/log/audit.head").read_bytes()
    shutil.copytree(f"{disk}/log", gateway.data / "log", dirs_exist_ok=True)
    (gateway.data / "log" / "audit.head").write_bytes(head)
    gateway.wrapper = ()
    assert "is whole" in gateway.run("audit", "verify")


def test_garbage_on_the_tls_port_and_unknown_names_change_nothing(gateway):
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with contextlib.suppress(ConnectionError, TimeoutError):
            raw.recv(1024)
    assert gateway.fetch("GET", SIGN_IN, "/nowhere").status == 404
    page = gateway.raw(b"GET / HTTP/1.1\r\nHost: unknown.example\r\nConnection: close\r\n\r\n")
    assert page.startswith(b"HTTP/1.1 404")
    assert gateway.is_ready()


def test_two_gateways_do_not_share_one_data_folder(make_gateway):
    gateway = make_gateway()
    gateway.people()
    gateway.start()
    done = gateway.run("serve", check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert gateway.is_ready()
