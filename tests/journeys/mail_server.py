"""A real mail server on loopback: it keeps what it is given, parsed, and can be told to refuse.

    with MailServer() as server:
        ...  # send to 127.0.0.1:server.port
        (mail,) = await server.wait_for(1)
        assert "Your code" in text_of(mail)

It runs in a thread of its own, so it serves started gateways and the code under test alike. Code that
has no loop says `server.until(1)`. `TLS.NONE` speaks plain SMTP, `TLS.STARTTLS` offers STARTTLS,
`TLS.IMPLICIT` speaks TLS from the first byte; both show a certificate for "localhost" and 127.0.0.1
that the authority in `server.ca_file` vouches for.
"""

import asyncio
import contextlib
import datetime
import email
import email.policy
import enum
import ipaddress
import logging  # noqa: TID251 - to quieten aiosmtpd, which logs each refusal that a test asks for
import ssl
import tempfile
import threading
import time
import warnings
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

with warnings.catch_warnings():
    # It looks at names of asyncio that are on their way out.
    warnings.simplefilter("ignore")
    from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class TLS(enum.Enum):
    """How the server speaks TLS."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


class MailServer:
    """Start it with `with`. What may be set at any time:

    `replies`: answers to the next mails in place of "250 OK", for example ["451 Try again"]; "" for 250.
    `drops`: how many of the next mails end with the connection cut before the answer.
    `recipients`: answers to the next RCPT commands, likewise.
    """

    def __init__(self, *, tls=TLS.NONE, names=("localhost",), login=None, smtputf8=True):
        self.port = 0
        self.mails = []
        self.envelopes = []
        """(sender, recipients) of each mail in `mails`."""
        self.replies = []
        self.recipients = []
        self.drops = 0
        self.connections = 0
        """How many were opened."""
        self.logins = []
        """(name, password) of each attempt."""
        self.tls = tls
        self._login = login
        self._smtputf8 = smtputf8
        self._names = names
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True, name="mail-server")
        self._started = threading.Event()

    def __enter__(self):
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        self._folder = tempfile.TemporaryDirectory(prefix="mail-server-")
        self.ca_file = Path(self._folder.name) / "ca.pem"
        self._context = _context(self.ca_file.parent, self._names) if self.tls is not TLS.NONE else None
        self._loop = asyncio.new_event_loop()
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_):
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._folder.cleanup()

    # For tests.

    def until(self, count, *, seconds=15.0):
        """The mails, as soon as there are that many; fails after a while."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while len(self.mails) < count:
                left = deadline - time.monotonic()
                assert left > 0, f"{len(self.mails)} mails came, not {count}"
                self._changed.wait(left)
            return list(self.mails)

    async def wait_for(self, count, *, seconds=15.0):
        """The same without holding up the loop."""
        return await asyncio.to_thread(self.until, count, seconds=seconds)

    def forget(self):
        """Start anew."""
        with self._changed:
            self.mails.clear()
            self.envelopes.clear()

    def hang_up(self):
        """Cut all connections, as a server does that restarts."""
        done = threading.Event()

        def cut():
            for transport in list(self._transports):
                transport.abort()
            done.set()

        self._loop.call_soon_threadsafe(cut)
        assert done.wait(10)

    # The server.

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._main())
        self._loop.close()

    async def _main(self):
        self._stop = asyncio.Event()
        self._transports = set()
        implicit = self._context if self.tls is TLS.IMPLICIT else None
        server = await self._loop.create_server(self._make, "127.0.0.1", 0, ssl=implicit)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stop.wait()
        server.close()
        for transport in list(self._transports):
            transport.abort()
        pending = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    def _make(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _Protocol(
                self,
                hostname="localhost",
                enable_SMTPUTF8=self._smtputf8,
                tls_context=self._context if self.tls is TLS.STARTTLS else None,
                require_starttls=self.tls is TLS.STARTTLS,
                auth_required=self._login is not None,
                auth_require_tls=self.tls is TLS.STARTTLS,
                authenticator=self._authenticate,
                loop=self._loop,
            )

    def _authenticate(self, _server, _session, _envelope, _mechanism, data):
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        self.logins.append(given)
        return AuthResult(success=given == self._login, handled=False)

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's name
        reply = self.recipients.pop(0) if self.recipients else ""
        if reply:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, _session, envelope):  # noqa: N802 - aiosmtpd's name
        if self.drops:
            self.drops -= 1
            server.transport.abort()
            return "421 Gone"
        reply = self.replies.pop(0) if self.replies else ""
        if reply:
            return reply
        mail = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        with self._changed:
            self.mails.append(mail)
            self.envelopes.append((envelope.mail_from, tuple(envelope.rcpt_tos)))
            self._changed.notify_all()
        return "250 OK"


class _Protocol(SMTP):
    """aiosmtpd's, which tells the server of its connections."""

    def __init__(self, server, **options):
        super().__init__(server, **options)
        self._mail_server = server

    def connection_made(self, transport):
        if not self._over_ssl and transport not in self._mail_server._transports:
            self._mail_server.connections += self.transport is None
        self._mail_server._transports.add(transport)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            super().connection_made(transport)

    def connection_lost(self, error):
        self._mail_server._transports.discard(self.transport)
        super().connection_lost(error)


def text_of(mail):
    """The plain part of a mail."""
    return mail.get_body(("plain",)).get_content()


def html_of(mail):
    """The HTML part of a mail."""
    return mail.get_body(("html",)).get_content()


def _context(folder, names):
    """A server context with a new certificate; writes the authority's to `ca.pem`."""
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Mail Test Authority")])
    usage = {
        "content_commitment": False, "key_encipherment": False, "data_encipherment": False,
        "key_agreement": False, "crl_sign": True, "encipher_only": False, "decipher_only": False,
    }  # fmt: skip
    ca = (
        x509.CertificateBuilder()
        .subject_name(ca_name)
        .issuer_name(ca_name)
        .public_key(ca_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, key_cert_sign=True, **usage),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    addresses = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))] if "localhost" in names else []
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]))
        .issuer_name(ca_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(
            x509.SubjectAlternativeName([*(x509.DNSName(name) for name in names), *addresses]),
            critical=False,
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    chain = folder / "server.pem"
    chain.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return context
