import asyncio
import socket
import ssl
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from tests.pki.making import DAY, make, names_of

from yett.kernel import FrozenClock
from yett.net import ServiceSettings
from yett.pki import AutoTLS, PKISettings, TLSContexts
from yett.pki.ca.building import key_pem
from yett.pki.certificates.rules import Parsed, parse
from yett.pki.certificates.service import Certificates

HOST = "id.example.com"


@pytest.fixture
def clock():
    """The machine's time: OpenSSL has no other."""
    return FrozenClock(time.time())


@pytest.fixture
async def autotls(authority, certificates, master, records, clock, tasks):
    settings = (ServiceSettings(hostname=HOST), PKISettings())
    service = AutoTLS(
        authority, certificates, master, records, settings, lambda: ["wiki.example.com"], clock, tasks
    )
    await service.start()
    yield service
    await service.stop()


@pytest.fixture
async def port(certificates):
    """A server behind the context under test. It answers each line with the same line."""

    async def echo(reader, writer):
        try:
            while line := await reader.readline():
                writer.write(line)
        except OSError:
            pass
        finally:
            writer.close()

    context = TLSContexts(certificates).server_context()
    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


def trusting(authority):
    context = ssl.create_default_context(cadata=authority.root_pem.decode())
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


async def connect(port, context, name):
    return await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)


async def close(writer):
    writer.close()
    await writer.wait_closed()


async def serial_seen(port, context, name):
    _, writer = await connect(port, context, name)
    tls = writer.get_extra_info("ssl_object")
    shown = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True)).serial_number
    assert tls.version() == "TLSv1.3"
    assert tls.selected_alpn_protocol() == "http/1.1"
    await close(writer)
    return f"{shown:x}"


@pytest.mark.usefixtures("autotls")
async def test_each_name_is_shown_its_certificate_and_a_client_that_trusts_the_root_is_content(
    authority, certificates, port
):
    context = trusting(authority)
    of_host = certificates.exactly(HOST).certificate.serial
    assert await serial_seen(port, context, HOST) == of_host
    assert await serial_seen(port, context, "anything.id.example.com") == of_host
    of_wiki = certificates.exactly("wiki.example.com").certificate.serial
    assert await serial_seen(port, context, "wiki.example.com") == of_wiki != of_host


@pytest.mark.usefixtures("autotls")
async def test_a_stranger_or_nobody_is_shown_the_default(authority, certificates, port):
    default = certificates.find(None).certificate.serial
    context = trusting(authority)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        await connect(port, context, "stranger.example.com")
    context.check_hostname = False
    assert await serial_seen(port, context, "stranger.example.com") == default
    assert await serial_seen(port, context, "127.0.0.1") == default  # an address is not sent as a name


async def test_a_renewal_reaches_new_connections_and_leaves_open_ones_alone(
    authority, certificates, autotls, port
):
    context = trusting(authority)
    reader, writer = await connect(port, context, HOST)
    before = certificates.exactly(HOST).certificate.serial

    await autotls.renew()

    after = certificates.exactly(HOST).certificate.serial
    assert await serial_seen(port, context, HOST) == after != before
    writer.write(b"still here\n")
    assert await reader.readline() == b"still here\n"
    await close(writer)


@pytest.mark.usefixtures("autotls")
async def test_openssl_agrees(authority, certificates, port, tmp_path):
    root = tmp_path / "root.pem"
    root.write_bytes(authority.root_pem)

    async def client(*options):
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", str(root), *options]
        return await asyncio.to_thread(
            subprocess.run,
            [*command, "-verify_return_error", "-brief"],
            input="",
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    fine = await client("-servername", "wiki.example.com", "-verify_hostname", "wiki.example.com")
    assert "Verification: OK" in fine.stderr
    assert "TLSv1.3" in fine.stderr
    older = await client("-servername", HOST, "-tls1_2", "-verify_hostname", HOST)
    assert "Verification: OK" in older.stderr
    assert "ECDHE" in older.stderr
    nameless = await client("-noservername", "-verify_hostname", HOST)
    assert "Verification: OK" in nameless.stderr
    wrong = await client("-servername", "other.example.com", "-verify_hostname", "other.example.com")
    assert wrong.returncode != 0
    for weak in (("-tls1_1",), ("-tls1_2", "-cipher", "AES128-SHA:AES256-SHA:ECDHE-ECDSA-AES128-SHA")):
        refused = await client("-servername", HOST, "-cipher", "ALL:@SECLEVEL=0", *weak)
        assert refused.returncode != 0
    assert certificates.all()


async def test_tickets_of_the_time_before_a_renewal_are_still_good(authority, autotls, port):
    """TLS 1.2, where the ticket comes within the handshake."""
    context = trusting(authority)
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def shake(session):
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=HOST, session=session) as tls,
        ):
            return tls.session, tls.session_reused

    session, reused = await asyncio.to_thread(shake, None)
    assert not reused
    await autotls.renew()
    _, reused = await asyncio.to_thread(shake, session)
    assert reused


async def test_without_any_certificate_the_handshake_is_refused_and_said_once(port, heard, certificates):
    context = ssl.create_default_context()
    for _ in range(2):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await connect(port, context, HOST)
    assert heard("tls.handshake")[0][1] == {"name": HOST}
    assert names_of(heard("tls")) == ["nothing_to_show"]

    made = make(HOST, now=time.time())
    await certificates.set(HOST, made.chain, made.key)
    trusted = ssl.create_default_context(cadata=made.chain.decode())
    trusted.set_alpn_protocols(["http/1.1"])
    assert await serial_seen(port, trusted, HOST) == f"{made.certificate.serial_number:x}"
    assert names_of(heard("tls")) == ["nothing_to_show", "selected"]


async def test_no_private_key_touches_the_disk(certificates, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    loaded = []
    real = ssl.SSLContext.load_cert_chain

    def load(context, path, *rest):
        loaded.append(path)
        return real(context, path, *rest)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", load)
    TLSContexts(certificates)
    made = make(HOST, now=time.time())
    await certificates.set(HOST, made.chain, made.key)
    assert all(path.startswith("/proc/self/fd/") for path in loaded)
    assert loaded
    assert list(tmp_path.iterdir()) == []


async def test_one_certificate_in_three_places_needs_one_context(certificates, monkeypatch):
    loaded = []
    real = ssl.SSLContext.load_cert_chain
    monkeypatch.setattr(
        ssl.SSLContext, "load_cert_chain", lambda context, path: (loaded.append(path), real(context, path))
    )
    contexts = TLSContexts(certificates)
    made = make(HOST, f"*.{HOST}", now=time.time())
    for name in (HOST, f"*.{HOST}"):
        await certificates.set(name, made.chain, made.key)
    await certificates.set_default(made.chain, made.key)
    assert len(loaded) == 1
    for name in (HOST, f"*.{HOST}"):
        await certificates.delete(name)
    assert len(contexts._made) == 1
    newer = make(HOST, now=time.time())
    await certificates.set_default(newer.chain, newer.key)
    assert len(contexts._made) == 1, "the context of a certificate that is shown nowhere is let go"


async def test_a_certificate_the_library_refuses_gives_way_to_the_default(
    authority, certificates: Certificates, port, heard
):
    key = ec.generate_private_key(ec.SECP256R1())
    authority.open()
    now = time.time()
    good = authority.issue([HOST], key.public_key(), not_before=now - 60, not_after=now + DAY)
    await certificates.set_default(good.chain_pem, key_pem(key))
    weak = _with_a_weak_link(HOST)
    await certificates.set(HOST, weak.chain_pem, weak.key_pem)
    assert await serial_seen(port, trusting(authority), HOST) == f"{good.certificate.serial_number:x}"
    assert "context_failed" in names_of(heard("tls.context"))


def _with_a_weak_link(name) -> Parsed:
    """A chain that OpenSSL's default security level does not load: a link in it has a small key."""
    leaf = make(name, now=time.time())
    small = make("Small CA", now=time.time(), key=rsa.generate_private_key(65537, 1024))
    parsed = parse(leaf.chain + small.chain, leaf.key)
    assert isinstance(parsed, Parsed)
    return parsed
