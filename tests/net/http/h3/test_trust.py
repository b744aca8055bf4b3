"""Whom an upstream by HTTP/3 has to convince, and of what."""

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from yett.net.http import Failure, Forward
from yett.net.http.h3.trust import configure, failure_of, load

GET = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


def make(name, *, usage=None, begins=NOW - DAY, ends=NOW + DAY):
    """A certificate of its own making, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return builder.sign(key, hashes.SHA256()), key


def key_pem(key, password=None):
    coding = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, coding)


@pytest.fixture
def write(tmp_path):
    """`write(name, **options)` writes a certificate and its key; the answer is their paths."""

    def write(name, **options):
        certificate, key = make(name, **options)
        number = len(list(tmp_path.iterdir()))
        paths = tmp_path / f"{number}.pem", tmp_path / f"{number}.key"
        paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
        paths[1].write_bytes(key_pem(key))
        return str(paths[0]), str(paths[1])

    return write


async def asked(serve, dial, upstream):
    server, gate = await serve(Forward(upstream))
    wire = await dial(server)
    wire.send(GET)
    _, body = await wire.response()
    return gate.outcomes[0].failure, body


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("other.example", {}, b"doesn't match"),
        ("localhost", {"begins": NOW - 2 * DAY, "ends": NOW - DAY}, b"no longer valid"),
        ("localhost", {"begins": NOW + DAY / 2}, b"not valid yet"),
        ("localhost", {"usage": ExtendedKeyUsageOID.CLIENT_AUTH}, b"it is not for servers"),
    ],
)
async def test_a_certificate_that_proves_nothing_is_refused(
    serve, dial, origin3, write, name, options, words
):
    chain, key = write(name, **options)
    failure, body = await asked(serve, dial, await origin3(chain=chain, key=key, ca_file=chain))
    assert failure is Failure.TLS
    assert body.startswith(b"failed: tls: certificate refused: ")
    assert words in body
    assert not origin3.peers[0].talks


@pytest.mark.parametrize(
    "usage", [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]
)
async def test_a_certificate_for_servers_is_one(serve, dial, origin3, write, usage):
    chain, key = write("localhost", usage=usage)
    assert await asked(serve, dial, await origin3(chain=chain, key=key, ca_file=chain)) == (None, b"ok")


async def test_somebody_elses_authority_is_not_enough(serve, dial, origin3, write):
    failure, body = await asked(serve, dial, await origin3(ca_file=write("localhost")[0]))
    assert (failure, body[:34]) == (Failure.TLS, b"failed: tls: certificate refused: ")


async def test_without_a_file_the_authorities_of_the_system_decide(
    serve, dial, origin3, certificate, monkeypatch, tmp_path
):
    failure, _ = await asked(serve, dial, await origin3(ca_file=""))
    assert failure is Failure.TLS
    # OpenSSL's own way to name them, which TLS over TCP goes by as well.
    monkeypatch.setenv("SSL_CERT_FILE", certificate[0])
    assert await asked(serve, dial, await origin3(ca_file="")) == (None, b"ok")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    failure, _ = await asked(serve, dial, await origin3(ca_file=""))
    assert failure is Failure.TLS


async def test_a_certificate_is_shown_to_an_upstream_that_asks(serve, dial, origin3, write):
    chain, key = write("gateway.example")
    shown = Path(chain).read_bytes()  # noqa: ASYNC240 - a small file of the test's own

    async def script(peer):
        peer.answer(
            (await peer.request()).number, peer._quic.tls._peer_certificate.public_bytes(Encoding.PEM)
        )

    upstream = await origin3(script, asks=True, cert_file=chain, key_file=key)
    failure, body = await asked(serve, dial, upstream)
    assert failure is None
    assert body == shown


async def test_files_that_cannot_be_used_are_a_page(serve, dial, origin3, tmp_path):
    failure, body = await asked(serve, dial, await origin3(ca_file=str(tmp_path / "none")))
    assert (failure, body) == (Failure.TLS, b"failed: tls: the files for TLS cannot be used")


def test_key_and_certificate_may_be_one_file(write, tmp_path):
    chain, key = write("gateway.example")
    both = tmp_path / "both.pem"
    both.write_bytes(Path(key).read_bytes() + Path(chain).read_bytes())
    made = configure(load("", str(both), ""), "a.example", 60.0)
    assert made.private_key.public_key() == made.certificate.public_key()
    assert made.verify_mode is ssl.CERT_REQUIRED


def test_a_key_that_is_locked_or_anothers_is_refused(write, tmp_path):
    chain, _ = write("gateway.example")
    _, other = write("other.example")
    locked = tmp_path / "locked"
    locked.write_bytes(key_pem(make("a")[1], b"secret"))
    empty = tmp_path / "empty"
    empty.touch()
    for files in [
        ("", chain, other),
        ("", chain, str(locked)),
        ("", chain, ""),
        (str(empty), "", ""),
        ("", str(empty), ""),
    ]:
        with pytest.raises(OSError, match=r"key|not what TLS needs"):
            load(*files)


@pytest.mark.parametrize(
    ("code", "frame_type", "is_ours", "failure", "words"),
    [
        (0x100 + 42, 6, True, Failure.TLS, "certificate refused: why"),
        (0x100 + 42, 6, False, Failure.TLS, "TLS failed: alert 42"),
        (0x100 + 40, 0, True, Failure.TLS, "TLS failed: alert 40"),
        (0x100 + 120, 0, False, Failure.CONNECT_FAILED, "the upstream does not speak HTTP/3"),
        (0x101, None, False, Failure.CONNECT_FAILED, "the upstream ended the connection (0x101)"),
        (0x2, 0, False, Failure.CONNECT_FAILED, "the upstream ended the connection (0x2)"),
    ],
)
def test_an_end_says_why_there_is_no_connection(code, frame_type, is_ours, failure, words):
    said = failure_of(code, frame_type, "why", is_ours=is_ours)
    assert (said.failure, said.detail) == (failure, words)
