"""TLS for the listener: one context for the socket, and behind it one for each certificate.

The handshake begins in the listener's context and moves to that of the certificate the client's
name selects. A context is never changed once made: a renewed certificate gets another one, and
connections that began under the old one keep it. Session tickets are the listener context's
business, so they outlive renewals. Whom clients' certificates are checked against is another matter:
when that changes, the listener gets a new context too, and a ticket of before proves nothing.
"""

import contextlib
import os
import ssl
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yett.events import DEBUG, ERROR, INFO, WARN, describe, event
from yett.events.fields import Error, Host, Name, Serial
from yett.pki.certificates import Certificates, Changed, Installed

PROTOCOLS = ("h2", "http/1.1")
"""What is spoken behind TLS, the preferred one first."""
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2: forward secrecy and authenticated encryption only. TLS 1.3 has nothing else."""

_MAX_SAID = 253


@event("tls.context", ERROR, "Certificate cannot be used for TLS")
def context_failed(name: Host, serial: Serial, error: Error) -> None:
    """The TLS library refuses it although it was accepted. The default is shown instead; replace it."""


@event("tls.handshake", WARN, "No certificate to show")
def nothing_to_show(name: Host) -> None:
    """Not even a default certificate is installed, so every connection is refused. Said once until there is.

    Look for what AutoTLS or the static certificate said at start.
    """


@event("tls.handshake", DEBUG, "Certificate selected")
def selected(name: Host, installed: Name, serial: Serial) -> None:
    """One step of normal work: which certificate was shown for the name a client asked for."""


@event("tls.clients", INFO, "Client authorities taken over")
def clients_followed(file: Name, required: bool) -> None:
    """`service.client_cert`, `service.client_ca` or the file has changed; `file` is empty when nobody is asked.

    New connections go by it. Open ones were checked when they began, and go on.
    """


@event("tls.clients", ERROR, "Client authorities cannot be used")
def clients_not_followed(file: Name, error: Error) -> None:
    """The file has changed and is of no use now: clients are checked as before. A restart would fail with it.

    Put the right file back.
    """


@dataclass(frozen=True, slots=True)
class ClientAuthority:
    """Who vouches for clients, and whether a client may come without."""

    ca_file: Path
    is_required: bool


class TLSContexts:
    """Contexts by certificate. `server_context` is made once and follows every renewal."""

    def __init__(
        self,
        certificates: Certificates,
        clients: ClientAuthority | None = None,
        protocols: tuple[str, ...] = PROTOCOLS,
    ) -> None:
        self._certificates = certificates
        self._protocols = protocols
        self._asked = (clients, _content(clients))
        self._question = _question(*self._asked)
        # By fingerprint: the same certificate in several places needs one context.
        self._made: weakref.WeakValueDictionary[str, ssl.SSLContext] = weakref.WeakValueDictionary()
        self._held: dict[str, ssl.SSLContext] = {}
        self._is_bare = False
        certificates.changed.connect(self._follow)
        for installed in certificates.all():
            self._hold(installed)

    def follow(self, clients: ClientAuthority | None) -> ssl.SSLContext | None:
        """Check clients' certificates so from now on; the listener's new context, None if nothing has changed.

        Also asked when the settings are the same, since the file may have changed.
        """
        asked = (clients, _content(clients))
        if asked == self._asked:
            return None
        self._asked = asked
        file = str(clients.ca_file) if clients is not None else ""
        before, self._question = self._question, _question(*asked)
        try:
            context = self.server_context()
        except ssl.SSLError as problem:
            self._question = before
            clients_not_followed(file=file, error=describe(problem))
            return None
        self._made = weakref.WeakValueDictionary()
        self._held = {}
        for installed in self._certificates.all():
            self._hold(installed)
        clients_followed(file=file, required=clients is not None and clients.is_required)
        return context

    def server_context(self) -> ssl.SSLContext:
        """The listener's context. It has no certificate of its own."""
        context = _bare_context(self._question, self._protocols)
        context.sni_callback = self._select
        return context

    def _select(self, tls: ssl.SSLObject, server_name: str | None, _first: ssl.SSLContext) -> int | None:
        """Called in each handshake, with None when the client names nobody."""
        name = (server_name or "").lower()[:_MAX_SAID]
        for installed in (self._certificates.find(name), self._certificates.find(None)):
            context = None if installed is None else self._context_for(installed)
            if context is not None and installed is not None:
                self._is_bare = False
                selected(name=name, installed=installed.name, serial=installed.certificate.serial)
                tls.context = context
                return None
        if not self._is_bare:
            self._is_bare = True
            nothing_to_show(name=name)
        return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    def _follow(self, changed: Changed) -> None:
        """Make the new context now rather than during somebody's handshake."""
        self._held.pop(changed.name, None)
        if changed.installed is not None:
            self._hold(changed.installed)

    def _hold(self, installed: Installed) -> None:
        context = self._context_for(installed)
        if context is not None:
            self._held[installed.name] = context

    def _context_for(self, installed: Installed) -> ssl.SSLContext | None:
        fingerprint = installed.certificate.fingerprint
        context = self._made.get(fingerprint)
        if context is None:
            try:
                context = _context_of(installed, self._question, self._protocols)
            except (ssl.SSLError, OSError) as problem:
                context_failed(
                    name=installed.name, serial=installed.certificate.serial, error=describe(problem)
                )
                return None
            self._made[fingerprint] = context
        return context


@dataclass(frozen=True, slots=True)
class _Question:
    """What clients are asked for: the authorities in PEM, as they were when the file was last good."""

    mode: ssl.VerifyMode
    authorities: str


def _question(clients: ClientAuthority | None, content: bytes) -> _Question | None:
    if clients is None:
        return None
    mode = ssl.CERT_REQUIRED if clients.is_required else ssl.CERT_OPTIONAL
    # Between certificates there may be words in any language. No text at all would be another error.
    return _Question(mode, "".join(chr(byte) if byte < 128 else "?" for byte in content) or "?")


def _content(clients: ClientAuthority | None) -> bytes:
    """What the file with the authorities holds; nothing without one."""
    try:
        return clients.ca_file.read_bytes() if clients is not None else b""
    except OSError:
        return b""


def _context_of(
    installed: Installed, question: _Question | None, protocols: tuple[str, ...]
) -> ssl.SSLContext:
    context = _bare_context(question, protocols)
    certificate = installed.certificate
    with _in_memory(certificate.chain_pem + b"\n" + certificate.key_pem) as path:
        context.load_cert_chain(path)
    return context


def _bare_context(question: _Question | None, protocols: tuple[str, ...]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols(list(protocols))
    # Renegotiation lets a client make us work for free; compression betrays secrets by length.
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    if question is not None:
        # A handshake takes the question from the listener's context, and the authorities from the
        # certificate's: both have to know.
        context.load_verify_locations(cadata=question.authorities)
        context.verify_mode = question.mode
    return context


@contextlib.contextmanager
def _in_memory(content: bytes) -> Iterator[str]:
    """A path to read `content` from. It is nowhere on disk and only this process can open it."""
    file = os.memfd_create("yett-tls", os.MFD_CLOEXEC)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(file, view) :]
        yield f"/proc/self/fd/{file}"
    finally:
        os.close(file)
