"""What is said about the way to upstreams."""

from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import Address, App, Detail, Error, Host, Names
from yett.net.dns import Trouble


@event("proxy.transport", DEBUG, "Transport configured for route")
def configured(
    app: App,
    service: Address,
    tls: bool,
    own_authorities: bool,
    client_certificate: bool,
    proxy_protocol: int,
) -> None:
    """How the service of a route is reached; `proxy_protocol` is the version of the header it gets, 0 for none."""


@event("proxy.ca_rotation", INFO, "Transport caches invalidated (CA rotation)", code="rotated")
def rotated(files: Names) -> None:
    """Authorities, certificates or keys for services have changed, and were read anew.

    New connections go by them. Open ones finish what they are doing, and are not used again.
    """


@event("proxy.ca_rotation", WARN, "Changed files for TLS cannot be used", code="not_rotated")
def not_rotated(files: Names, error: Error) -> None:
    """A file has changed and is of no use now; connections are made as before it changed.

    Half of a certificate and its key may have been replaced; then this is over in a moment. The files are looked
    at again when they change. A restart would fail with them. Put the right file back.
    """


@event("proxy.dns", DEBUG, "Backend DNS resolution")
def resolved(host: Host, addresses: Names) -> None:
    """Where a connection to a backend goes: to the first of these addresses that answers."""


@event("proxy.dns", DEBUG, "DNSSEC validation")
def validated(host: Host) -> None:
    """A name server vouches for these addresses, as `dns.dnssec` demands. Nothing to do."""


@event("proxy.dns", WARN, "DNS resolution failed, fallback to system DNS")
def fell_back(host: Host, reason: Trouble) -> None:
    """No name server of `dns.resolvers` answered, so the system was asked, whose answer may be another one.

    Look at the name servers. `dns.fallback` switches this off.
    """


@event("proxy.dns", ERROR, "DNS resolution failed", code="not_resolved")
def not_resolved(host: Host, reason: Trouble) -> None:
    """There is no connection to the backend without an address. What `dns.resolve` said before tells more.

    Look there.
    """


_QUIC = "QUIC-specific DNS resolution and connection"


@event("proxy.dns.quic", DEBUG, _QUIC, code="connected")
def connected_by_quic(host: Host, addresses: Names, latency: float) -> None:
    """A connection by HTTP/3 is open, to one of these addresses; they were tried in this order. Nothing to do."""


@event("proxy.dns.quic", WARN, _QUIC, code="not_connected")
def not_connected_by_quic(host: Host, addresses: Names, reason: Detail) -> None:
    """There is no connection by HTTP/3 to a backend; these addresses were tried, none of them if it has none.

    QUIC goes by UDP: see whether the backend listens there, on the same port, and whether a firewall lets UDP
    through both ways. With "certificate refused", look at its certificate, `ca_file` and `tls_server_name`. Until
    it is repaired, another `protocol` of the mapping or pool goes by TCP.
    """


@event("proxy.director", WARN, "PROXY protocol: invalid source IP", code="nameless")
def nameless(app: App) -> None:
    """The service wants to be told the client's address, and there is none; it was told of an unknown client.

    That happens to requests through `service.unix_socket` whose proxy does not say who asks: have
    it set the field that `service.proxy_header` names, and list "unix" in `service.trusted_proxies`.
    """
