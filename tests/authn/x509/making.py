"""Authorities, certificates, revocation lists and answers of responders, good and bad; and peers that serve them."""

import asyncio
import contextlib
import datetime
import itertools
import subprocess
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from yett.authn.x509.model import Chain
from yett.identity import Person

NOW = 1_800_000_000.0
DAY = 86_400.0
UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
CLIENT = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
_KEYS = itertools.cycle([ec.generate_private_key(ec.SECP256R1()) for _ in range(8)])


def person(name, email="", *, disabled=False):
    return Person(name, name.title(), email, (), is_disabled=disabled, source="test")


class People:
    """A directory that is a table."""

    def __init__(self, *people):
        self.table = {each.name: each for each in people}

    def person(self, name):
        return self.table.get(name)

    def by_email(self, email):
        owners = [each for each in self.table.values() if each.email.lower() == email.lower()]
        return owners[0] if len(owners) == 1 else None


def at(seconds):
    return datetime.datetime.fromtimestamp(int(seconds), datetime.UTC)


def name_of(text):
    return x509.Name.from_rfc4514_string(text)


def principal(text):
    value = text.encode()
    return x509.OtherName(UPN, bytes([0x0C, len(value)]) + value)


def mail(text):
    return x509.RFC822Name(text)


def hash_for(key):
    return None if isinstance(key, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)) else hashes.SHA256()


def usage(*, sign=False, certificates=False, lists=False):
    return x509.KeyUsage(sign, False, False, False, False, certificates, lists, False, False)


@dataclass
class Made:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: object

    @property
    def der(self):
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self):
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self):
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def serial(self):
        return f"{self.certificate.serial_number:x}"


@dataclass
class CA(Made):
    """An authority."""

    now: float = NOW
    above: "CA | None" = None
    number: int = field(default=1)

    def issue(self, subject="CN=ada", *, names=(), purposes=CLIENT, extensions=(), key=None, **span):
        extensions = list(extensions)
        if names:
            extensions.append((x509.SubjectAlternativeName(list(names)), False))
        if purposes is not None:
            extensions.append((purposes, False))
        return build(subject, by=self, extensions=extensions, key=key, now=self.now, **span)

    def between(self, subject="CN=Issuing", *, path=None, extensions=(), **more):
        made = build(
            subject, by=self, ca=True, path=path, extensions=extensions, now=self.now, key=new_key(), **more
        )
        return CA(made.certificate, made.key, self.now, self)

    def chain(self, leaf):
        """The leaf with everybody above it."""
        path, each = [leaf.certificate], self
        while each is not None:
            path.append(each.certificate)
            each = each.above
        return Chain(tuple(path))

    def crl(self, *revoked, begins=-60.0, ends=DAY, extensions=(), by=None, number=None):
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(at(self.now + begins))
            .next_update(at(self.now + ends))
        )
        self.number = self.number + 1 if number is None else number
        builder = builder.add_extension(x509.CRLNumber(self.number), critical=False)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        for each in revoked:
            entry = (
                x509.RevokedCertificateBuilder()
                .serial_number(each.certificate.serial_number)
                .revocation_date(at(self.now + begins))
                .build()
            )
            builder = builder.add_revoked_certificate(entry)
        key = (by or self).key
        return builder.sign(key, hash_for(key)).public_bytes(Encoding.DER)

    def answer(
        self, leaf, *, status=ocsp.OCSPCertStatus.GOOD, by=None, nonce=None, begins=-60.0, ends=3600.0,
        issuer=None, hashed=None,
    ):  # fmt: skip
        """A responder's answer about a certificate, signed by the authority or by `by`."""
        signer = by or self
        is_revoked = status is ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=leaf.certificate,
            issuer=(issuer or self).certificate,
            algorithm=hashed or hashes.SHA1(),
            cert_status=status,
            this_update=at(self.now + begins),
            next_update=None if ends is None else at(self.now + ends),
            revocation_time=at(self.now - 3600) if is_revoked else None,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, signer.certificate)
        if by is not None:
            builder = builder.certificates([by.certificate])
        if nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        return builder.sign(signer.key, hash_for(signer.key)).public_bytes(Encoding.DER)

    def responder(self, subject="CN=Responder", *, purposes=None, **span):
        """Somebody who may answer for this authority."""
        wanted = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]) if purposes is None else purposes
        return build(
            subject,
            by=self,
            extensions=[(wanted, False)] if wanted else [],
            key=new_key(),
            now=self.now,
            **span,
        )


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def build(
    subject, *, by=None, ca=False, path=None, extensions=(), key=None, begins=-DAY, ends=30 * DAY,
    now=NOW, serial=None, key_usage=None,
):  # fmt: skip
    key = key or next(_KEYS)
    signer = by.key if by is not None else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(name_of(subject) if isinstance(subject, str) else subject)
        .issuer_name(by.certificate.subject if by is not None else name_of(subject))
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(at(now + begins))
        .not_valid_after(at(now + ends))
        .add_extension(x509.BasicConstraints(ca, path), critical=True)
    )
    if ca and key_usage is None:
        key_usage = usage(certificates=True, lists=True)
    if key_usage is not None:
        builder = builder.add_extension(key_usage, critical=True)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return Made(builder.sign(signer, hash_for(signer)), key)


def root(subject="CN=Root", *, now=NOW, path=None, key=None, **more):
    made = build(subject, ca=True, path=path, key=key or new_key(), ends=3000 * DAY, now=now, **more)
    return CA(made.certificate, made.key, now)


def names_responder(url):
    """The extension of a certificate that says whom to ask."""
    access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url))
    return x509.AuthorityInformationAccess([access]), False


def distribution_point(*urls):
    names = [x509.UniformResourceIdentifier(url) for url in urls]
    return x509.DistributionPoint(full_name=names, relative_name=None, reasons=None, crl_issuer=None)


def scope(**said):
    usual = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**{**usual, **said}), True


class Static:
    """An HTTP server on this machine that answers what a test has laid down. Bodies may be functions of the request."""

    def __init__(self):
        outer = self
        self.bodies = {}
        self.statuses = {}
        self.asked = []
        self.gate = threading.Event()
        self.gate.set()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self._answer(b"")

            def do_POST(self):
                self._answer(self.rfile.read(int(self.headers["Content-Length"])))

            def _answer(self, sent):
                outer.asked.append((self.command, self.path, sent))
                outer.gate.wait(20)
                body = outer.bodies.get(self.path)
                status = outer.statuses.get(self.path, 404 if body is None else 200)
                body = body(sent) if callable(body) else body or b""
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.gate.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextlib.contextmanager
def openssl_responder(folder, ca, responder, port, *, revoked=(), good=()):
    """OpenSSL's own responder, for an index of certificates."""
    (folder / "ca.pem").write_bytes(ca.pem)
    (folder / "responder.pem").write_bytes(responder.pem)
    (folder / "responder.key").write_bytes(responder.key_pem)
    rows = []
    for mark, made in [*(("R", each) for each in revoked), *(("V", each) for each in good)]:
        when = "260101000000Z" if mark == "R" else ""
        number = f"{made.certificate.serial_number:X}"
        rows.append(
            f"{mark}\t400101000000Z\t{when}\t{number if len(number) % 2 == 0 else '0' + number}\tunknown\t/CN=x\n"
        )
    (folder / "index.txt").write_text("".join(rows))
    process = subprocess.Popen(
        ["openssl", "ocsp", "-port", str(port), "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "responder.pem",
         "-rkey", "responder.key", "-nmin", "5"],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


async def until(condition, within=10.0):
    """Wait for a condition that background work brings about."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.002)


def said(heard, *prefixes):
    """The names of events, in the order they were said."""
    return [emitter.__name__ for emitter, _ in heard(*(prefixes or ("x509",)))]
