import asyncio
import socket
import ssl
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from tests.net.trust.making import make as mint
from tests.pki.making import DAY, make, names_of

from yett.kernel import FrozenClock
from yett.net import ServiceSettings
from yett.pki import AutoTLS, ClientAuthority, PKISettings, TLSContexts, tls
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
    assert tls.selected_alpn_protocol() == "h2"
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
    trusted.set_alpn_protocols(["h2", "http/1.1"])
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


# Clients that show a certificate.


@pytest.fixture
async def asking(certificates, tmp_path, request):
    """A server that asks for certificates of an authority of the clients' own; it answers with whose it saw."""
    clients = mint("clients")
    (tmp_path / "clients.pem").write_bytes(clients.pem)

    async def say(reader, writer):
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        name = x509.load_der_x509_certificate(shown).subject.rfc4514_string() if shown else "nobody"
        writer.write(f"{name}\n".encode())
        await reader.read()
        writer.close()

    contexts = TLSContexts(certificates, ClientAuthority(tmp_path / "clients.pem", request.param))
    server = await asyncio.start_server(say, "127.0.0.1", 0, ssl=contexts.server_context())
    yield server.sockets[0].getsockname()[1], clients
    server.close()
    await server.wait_closed()


def showing(authority, tmp_path, made):
    context = trusting(authority)
    if made is not None:
        (tmp_path / "shown.pem").write_bytes(made.key_pem + made.pem)
        context.load_cert_chain(tmp_path / "shown.pem")
    return context


async def answer(port, context, name):
    """What the server says; empty when it ends the connection instead, as it does after a handshake of TLS 1.3."""
    try:
        reader, writer = await connect(port, context, name)
    except OSError:
        return ""
    try:
        return (await reader.readline()).decode().strip()
    except OSError:
        return ""
    finally:
        writer.transport.abort()


@pytest.mark.usefixtures("autotls")
@pytest.mark.parametrize("asking", [False, True], indirect=True, ids=["optional", "required"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_clients_are_asked_for_a_certificate_under_every_name(
    authority, tmp_path, asking, version, request
):
    port, clients = asking
    is_required = request.node.callspec.params["asking"]
    for shown, said in (
        (mint("ada", by=clients), "CN=ada"),
        (None, "" if is_required else "nobody"),
        (mint("stranger"), ""),
        (mint("ada", by=mint("clients")), ""),
    ):
        context = showing(authority, tmp_path, shown)
        context.maximum_version = version
        for name in (HOST, "wiki.example.com"):
            assert await answer(port, context, name) == said


@pytest.mark.usefixtures("autotls")
@pytest.mark.parametrize("asking", [True], indirect=True)
async def test_a_resumed_session_is_still_the_clients(authority, tmp_path, asking):
    port, clients = asking
    context = showing(authority, tmp_path, mint("ada", by=clients))

    def twice():
        session, said = None, []
        for _ in range(2):
            with (
                socket.create_connection(("127.0.0.1", port)) as raw,
                context.wrap_socket(raw, server_hostname=HOST, session=session) as tls,
            ):
                said.append((tls.session_reused, tls.recv(100)))
                session = tls.session
        return said

    assert await asyncio.to_thread(twice) == [(False, b"CN=ada\n"), (True, b"CN=ada\n")]


@pytest.fixture
async def listen():
    """Start a server behind a context; the answer is its port."""
    servers = []

    async def start(context):
        async def say(_, writer):
            writer.write(b"in\n")
            writer.close()

        servers.append(await asyncio.start_server(say, "127.0.0.1", 0, ssl=context))
        return servers[-1].sockets[0].getsockname()[1]

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.mark.usefixtures("autotls")
async def test_changed_authorities_of_clients_are_taken_over_and_tickets_of_before_prove_nothing(
    authority, certificates, tmp_path, listen, heard
):
    old, new = mint("old"), mint("new")
    file = tmp_path / "clients.pem"
    file.write_bytes(old.pem)
    clients = ClientAuthority(file, is_required=True)
    contexts = TLSContexts(certificates, clients)
    before = await listen(contexts.server_context())
    (tmp_path / "ada").mkdir()
    (tmp_path / "bob").mkdir()
    ada = showing(authority, tmp_path / "ada", mint("ada", by=old))
    bob = showing(authority, tmp_path / "bob", mint("bob", by=new))
    assert [await answer(before, each, HOST) for each in (ada, bob)] == ["in", ""]

    def visit(port, session=None):
        with (
            socket.create_connection(("127.0.0.1", port)) as raw,
            ada.wrap_socket(raw, server_hostname=HOST, session=session) as tls,
        ):
            try:
                return tls.recv(100), tls.session_reused, tls.session
            except OSError:
                return b"", tls.session_reused, None

    said, _, session = await asyncio.to_thread(visit, before)
    assert said == b"in\n"
    assert contexts.follow(clients) is None

    file.write_bytes(new.pem)
    changed = contexts.follow(clients)
    after = await listen(changed)
    assert [await answer(after, each, HOST) for each in (ada, bob)] == ["", "in"]
    assert (await asyncio.to_thread(visit, after, session))[:2] == (b"", False)
    assert contexts.follow(clients) is None
    assert heard("tls.clients") == [(tls.clients_followed, {"file": str(file), "required": True})]


@pytest.mark.usefixtures("autotls")
async def test_useless_authorities_of_clients_change_nothing(
    authority, certificates, tmp_path, listen, heard
):
    old = mint("old")
    file = tmp_path / "clients.pem"
    file.write_bytes(old.pem)
    clients = ClientAuthority(file, is_required=True)
    contexts = TLSContexts(certificates, clients)
    for spoil in (lambda: file.write_bytes(b"no certificate"), file.unlink):
        spoil()
        assert contexts.follow(clients) is None
        assert contexts.follow(clients) is None
    assert [said for said, _ in heard("tls.clients")] == [tls.clients_not_followed] * 2
    # What is made meanwhile, such as for a renewed certificate, goes by what was good last.
    port = await listen(contexts.server_context())
    assert await answer(port, showing(authority, tmp_path, mint("ada", by=old)), HOST) == "in"
    file.write_bytes("# größte\n".encode() + old.pem)
    port = await listen(contexts.follow(clients))
    assert await answer(port, trusting(authority), HOST) == ""
    assert await answer(port, showing(authority, tmp_path, mint("ada", by=old)), HOST) == "in"


@pytest.mark.usefixtures("autotls")
async def test_clients_may_be_asked_from_now_on_or_no_longer(authority, certificates, tmp_path, listen):
    (tmp_path / "clients.pem").write_bytes(mint("clients").pem)
    contexts = TLSContexts(certificates)
    asking = contexts.follow(ClientAuthority(tmp_path / "clients.pem", is_required=True))
    assert await answer(await listen(asking), trusting(authority), HOST) == ""
    assert await answer(await listen(contexts.follow(None)), trusting(authority), HOST) == "in"
