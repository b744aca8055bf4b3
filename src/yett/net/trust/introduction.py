"""Who is calling, when somebody else holds the line.

What must stay true:
  only the words of a trusted peer are believed, and of a list only what trusted proxies wrote;
  after a PROXY protocol header the peer is whoever it names: the proxy only carries its bytes,
  so fields of its requests are that one's words, not the proxy's;
  what cannot be read in one way is refused and never skipped.

What a connection's fields say is remembered with the connection, because they repeat.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from cryptography import x509

from yett.net.config import ForwardedFor, ProxyMode, ServiceSettings
from yett.net.http.head import Fields
from yett.net.http.model import Admission, Connection, Request
from yett.net.trust import events
from yett.net.trust.certificate import certificate_of, field_for
from yett.net.trust.forwarded import (
    from_forwarded,
    from_list,
    from_single,
    host_and_port,
    with_scheme_and_host,
)
from yett.net.trust.model import CertificateProblem, Claim, Hop, Malformed
from yett.net.trust.networks import Networks

_LIST: Final = b"x-forwarded-for"
_FORWARDED: Final = b"forwarded"
_PROTO: Final = b"x-forwarded-proto"
_HOST: Final = b"x-forwarded-host"
_PORT: Final = b"x-forwarded-port"


@dataclass(frozen=True, slots=True)
class _Rules:
    mode: ProxyMode
    trusted: Networks
    header: bytes
    has_introductions: bool
    takes_host: bool
    certificate_header: bytes
    passes_certificate: bool
    appends: bool
    relevant: re.Pattern[bytes]


@dataclass(frozen=True, slots=True)
class _Host:
    """The host that a proxy says was asked for."""

    name: str
    port: int
    authority: bytes


@dataclass(slots=True)
class _Known:
    """What was found out about a connection's requests, and from what."""

    rules: _Rules
    fields: Fields
    """Requests that share it have the same lines, as far as these matter here."""
    lines: tuple[bytes, ...]
    connection: Connection | None
    """The one that requests get in place of the peer's own."""
    host: _Host | None
    is_renamed: bool
    """Whether any request of the connection got a host in place of its own."""
    problem: str


class Trust:
    """Believes proxies as the settings say."""

    def __init__(self, service: ServiceSettings) -> None:
        names = {_HOST, _PORT, _PROTO, b"host", service.proxy_header.lower().encode("ascii")}
        if service.client_cert_header:
            names.add(service.client_cert_header.lower().encode("ascii"))
        self._rules = _Rules(
            mode=service.proxy_mode,
            trusted=Networks(service.trusted_proxies),
            header=service.proxy_header.lower().encode("ascii"),
            has_introductions=service.proxy_protocol,
            takes_host=service.proxy_host,
            certificate_header=service.client_cert_header.lower().encode("ascii"),
            passes_certificate=service.client_cert_forward,
            appends=service.forwarded_for is ForwardedFor.APPEND,
            relevant=re.compile(b"(?:" + b"|".join(re.escape(name) for name in names) + b"):", re.IGNORECASE),
        )

    def use(self, service: ServiceSettings) -> None:
        """Believe these proxies from now on; what else there is to set needs a restart."""
        self._rules = replace(self._rules, trusted=Networks(service.trusted_proxies))

    # Connections.

    def admit(self, address: str) -> Admission:
        """What becomes of a connection from this address (empty for a Unix socket)."""
        rules = self._rules
        if rules.mode is ProxyMode.OFF:
            return Admission.OPEN
        if address in rules.trusted:
            return Admission.INTRODUCED if rules.has_introductions else Admission.OPEN
        if rules.mode is ProxyMode.REQUIRED:
            events.connection_rejected(client=address)
            return Admission.REFUSED
        return Admission.OPEN

    # Requests.

    def introduce(self, request: Request, fields: Fields) -> str:
        """Have a request say who really sent it; the answer is what is wrong, empty when nothing is."""
        peer, rules = request.connection, self._rules
        known: _Known | None = peer.known
        if known is None or known.rules is not rules or known.fields is not fields:
            lines = tuple(line for line in request.lines if rules.relevant.match(line))
            if known is not None and known.rules is rules and known.lines == lines:
                known.fields = fields
            else:
                known = peer.known = self._look(peer, rules, fields, lines, known)
        connection = known.connection
        if connection is not None:
            request.connection = connection
            request.scope.client_address = connection.client_address
            host = known.host
            if host is not None:
                request.host, request.port, fields.authority = host.name, host.port, host.authority
        return known.problem

    def _look(
        self, peer: Connection, rules: _Rules, fields: Fields, lines: tuple[bytes, ...], before: _Known | None
    ) -> _Known:
        said = _Said(lines)
        was_renamed = before is not None and before.is_renamed
        known = _Known(rules, fields, lines, None, None, was_renamed, "")
        is_trusted = (
            rules.mode is not ProxyMode.OFF and peer.client_address in rules.trusted and not peer.is_silent
        )
        if is_trusted:
            claim = _claim(rules, said)
            if isinstance(claim, Malformed):
                known.problem = f"what a proxy says of the client: {claim.problem}"
                return known
            if claim.client is None and rules.mode is ProxyMode.REQUIRED and not peer.via:
                events.client_not_named(client=peer.client_address)
                known.problem = "the proxy does not say who asks"
                return known
            self._believe(known, peer, claim, _certificate(peer, rules, said))
        elif was_renamed or (rules.mode is ProxyMode.REQUIRED and not peer.via and not peer.is_silent):
            # It was believed when it connected, and the settings have changed since. What is remembered
            # about its requests may still hold a host that it gave.
            events.connection_rejected(client=peer.client_address)
            known.problem = "the proxy is not trusted any more"
            return known
        elif (rules.passes_certificate and peer.certificate) or (rules.appends and peer.via):
            known.connection = replace(peer, known=None)
        if known.connection is not None:
            authority = fields.authority if known.host is None else known.host.authority
            known.connection.forwarded = _lines(known.connection, rules, authority)
        return known

    def _believe(self, known: _Known, peer: Connection, claim: Claim, certificate: bytes) -> None:
        rules = known.rules
        client = claim.client or Hop(peer.client_address, peer.client_port)
        known.connection = Connection(
            client_address=client.address,
            client_port=client.port,
            is_tls=peer.is_tls if claim.is_tls is None else claim.is_tls,
            server_name=peer.server_name,
            local_port=peer.local_port,
            local_address=peer.local_address,
            protocol=peer.protocol,
            via=peer.client_address if claim.client is not None else peer.via,
            is_believed=True,
            certificate=certificate,
            proxies=claim.proxies,
        )
        if rules.takes_host and claim.host:
            name, port = host_and_port(claim.host)
            known.host = _Host(name, port, claim.host.encode("ascii"))
            known.is_renamed = True


class _Said:
    """Field values by (lower case) name."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._values: dict[bytes, list[bytes]] = {}
        for line in lines:
            name, _, value = line.partition(b":")
            self._values.setdefault(name.lower(), []).append(value.strip(b" \t"))

    def __getitem__(self, name: bytes) -> list[bytes]:
        return self._values.get(name, [])


def _claim(rules: _Rules, said: _Said) -> Claim | Malformed:
    if rules.header == _FORWARDED:
        return from_forwarded(said[_FORWARDED], rules.trusted)
    claim = (
        from_list(said[_LIST], rules.trusted) if rules.header == _LIST else from_single(said[rules.header])
    )
    if isinstance(claim, Malformed):
        return claim
    # Without `proxy_host` nobody asks for the host, so it may say what it likes.
    hosts, ports = (said[_HOST], said[_PORT]) if rules.takes_host else ((), ())
    return with_scheme_and_host(claim, said[_PROTO], hosts, ports)


def _certificate(peer: Connection, rules: _Rules, said: _Said) -> bytes:
    """The certificate that the proxy vouches for; one that cannot be read is as good as none."""
    if not rules.certificate_header:
        return b""
    values = said[rules.certificate_header]
    found = certificate_of(values)
    if isinstance(found, bytes):
        if found:
            _say_injected(peer, found)
        return found
    if found is CertificateProblem.OVERSIZED:
        events.certificate_oversized(client=peer.client_address, size=sum(map(len, values)))
    elif found is CertificateProblem.NOT_PEM:
        events.certificate_not_pem(client=peer.client_address)
    else:
        events.certificate_not_parsed(client=peer.client_address, reason=found)
    return b""


def _say_injected(peer: Connection, der: bytes) -> None:
    if not events.certificate_injected.declaration.enabled:
        return
    certificate = x509.load_der_x509_certificate(der)
    try:
        names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        name = str(names[0].value) if names else ""
    except ValueError:  # a subject that breaks the rules is found out by whoever checks the certificate
        name = ""
    events.certificate_injected(
        client=peer.client_address, serial=f"{certificate.serial_number:x}", common_name=name
    )


def _lines(connection: Connection, rules: _Rules, authority: bytes | None) -> bytes:
    """Who asked, for upstreams: what is believed and nothing else."""
    way = [connection.client_address]
    if rules.appends and connection.via:
        way += [*connection.proxies, connection.via]
    source = ", ".join(address for address in way if address).encode("ascii", "replace")
    lines = [
        b"X-Forwarded-For: %b\r\n" % source if source else b"",
        b"X-Forwarded-Proto: %b\r\n" % (b"https" if connection.is_tls else b"http"),
        b"X-Forwarded-Host: %b\r\n" % authority if authority else b"",
    ]
    if rules.passes_certificate and connection.certificate:
        lines.append(field_for(connection.certificate))
    return b"".join(lines)
