"""Which addresses may be asked: values in, verdicts out."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_VISIBLE: Final = re.compile(r"[!-~]{1,8000}")
_HOST: Final = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?"
)
_FIELD: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE: Final = re.compile(r"[\t -~]{0,16000}")
_PORTS: Final = {"http": 80, "https": 443}
_FRAMING: Final = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "content-type", "upgrade"}
)
"""Fields that only the fetcher itself says."""
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""Where public IPv6 addresses are; what is outside leads inside, or nowhere (RFC 4291, 2.4)."""
_NOT_PUBLIC: Final = (
    # What is_global does not know of: Azure's metadata service has a public address, and what stands in the
    # rest leads somewhere else than it says (RFC 7526, RFC 4380, RFC 3056).
    ipaddress.ip_network("168.63.129.16/32"),
    ipaddress.ip_network("192.0.0.0/24"),
    ipaddress.ip_network("192.88.99.0/24"),
    ipaddress.ip_network("2001::/23"),
    ipaddress.ip_network("2002::/16"),
)


class BadAddress(ValueError):
    """A text that is no address to ask; it says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request goes."""

    is_plain: bool
    """Whether it goes without TLS."""
    host: str
    """In lower case; an IPv6 address without brackets."""
    port: int
    authority: str
    """The value of Host."""
    target: str

    @property
    def is_loopback_by_name(self) -> bool:
        """Whether the address itself says that it is on this machine."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(url: str, *, may_be_plain: bool = False) -> Place:
    """An address as whom to ask for what. Raises BadAddress.

    `may_be_plain` allows http, for this machine only.
    """
    if not _VISIBLE.fullmatch(url) or "\\" in url:
        raise BadAddress("an address has visible ASCII characters only")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadAddress("not an address") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise BadAddress("not https with a host")
    if parts.username is not None or parts.password is not None:
        raise BadAddress("names and passwords do not belong in an address")
    if port == 0:
        raise BadAddress("not an address")
    host = parts.hostname
    if ":" in host:
        try:
            host = str(ipaddress.IPv6Address(host.partition("%")[0]))
        except ValueError:
            raise BadAddress("not an address") from None
        if "%" in parts.netloc:
            raise BadAddress("a zone is nobody else's business")
    elif not _HOST.fullmatch(host) or len(host) > 253:
        raise BadAddress("not the name of a host")
    usual = _PORTS[parts.scheme]
    shown = f"[{host}]" if ":" in host else host
    place = Place(
        is_plain=parts.scheme == "http",
        host=host,
        port=port or usual,
        authority=shown if (port or usual) == usual else f"{shown}:{port}",
        target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )
    if place.is_plain and not (may_be_plain and place.is_loopback_by_name):
        raise BadAddress("not https")
    return place


def head_lines(headers: Mapping[str, str]) -> bytes:
    """Fields of a request as bytes. Raises BadAddress for what would not stay one line."""
    lines = []
    for name, value in headers.items():
        if not _FIELD.fullmatch(name) or name.lower() in _FRAMING or not _VALUE.fullmatch(value):
            raise BadAddress("not a field of a request")
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines).encode("ascii")


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Networks from (checked) settings."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def may_ask(text: str, allow: Iterable[Network], *, only_loopback: bool = False) -> bool:
    """Whether a connection may go to an address. `allow` lists networks that are good though not public.

    An IPv6 address that stands for an IPv4 one is judged as that, and as itself.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    faces = _faces(address)
    if any(each.is_unspecified or each.is_multicast for each in faces):
        return False
    if only_loopback:
        return all(each.is_loopback for each in faces[-1:])
    networks = tuple(allow)
    if any(each.version == network.version and each in network for each in faces for network in networks):
        return True
    last = faces[-1]
    if not last.is_global or (last.version == 6 and last not in _UNICAST):
        return False
    return not any(last.version == network.version and last in network for network in _NOT_PUBLIC)


def _faces(address: Address) -> tuple[Address, ...]:
    """The address, and the IPv4 address that is reached through it where there is one, that last."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address, address.ipv4_mapped
        if address in _NAT64:
            return address, ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return (address,)
