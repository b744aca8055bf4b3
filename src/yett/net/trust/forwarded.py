"""What trusted proxies write into a request about its client. Pure functions over field values.

Everything to the left of the last trusted proxy's own words was written by the client, and may be
anything. So lists are read from the right, and only as far as trusted proxies wrote them.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from yett.net.trust.model import Claim, Hop, Malformed
from yett.net.trust.networks import Networks

MOST_BYTES: Final = 4096
"""Bytes of all fields of one name together."""
MOST_HOPS: Final = 64

_HOST: Final = re.compile(
    r"((?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?"
)
_PORT: Final = re.compile(r"[0-9]{1,5}")
_HIDDEN: Final = re.compile(
    r"(?:unknown|_[A-Za-z0-9._-]+)(?::(?:[0-9]{1,5}|_[A-Za-z0-9._-]+))?", re.IGNORECASE
)
_WORD: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_PAIR: Final = re.compile(rf'[ \t]*({_WORD})=(?:({_WORD})|"((?:[\t !#-\[\]-~]|\\[\t -~])*)")[ \t]*(;|,|\Z)')
_SCHEMES: Final = {"https": True, "wss": True, "http": False, "ws": False}


def address_of(text: str) -> Hop | None:
    """An IPv4 or IPv6 address, with or without a port, in brackets or not; None for anything else."""
    port = 0
    if text.startswith("["):
        text, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")) or ":" not in text:
            return None
        said = rest[1:] if rest else ""
    elif text.count(":") == 1:
        text, _, said = text.partition(":")
        rest = ":"
    else:
        said = rest = ""
    if rest:
        if not _PORT.fullmatch(said) or int(said) > 65535:
            return None
        port = int(said)
    if "%" in text:
        return None  # a zone means something on one machine only
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return Hop(str(address), port)


def from_list(values: Sequence[bytes], trusted: Networks) -> Claim | Malformed:
    """X-Forwarded-For: the rightmost address that is no trusted proxy's; the leftmost if all are."""
    text = _joined(values)
    if isinstance(text, Malformed):
        return text
    entries = [entry for entry in (part.strip(" \t") for part in text.split(",")) if entry]
    return _walk(
        (address_of(entry) or Malformed("an entry is no address") for entry in reversed(entries)), trusted
    )


def from_single(values: Sequence[bytes]) -> Claim | Malformed:
    """A field with one address, such as X-Real-IP."""
    if not values:
        return Claim()
    if len(values) > 1:
        return Malformed("more than one field")
    text = _joined(values)
    if isinstance(text, Malformed):
        return text
    hop = address_of(text)
    return Claim(client=hop) if hop is not None else Malformed("not an address")


def from_forwarded(values: Sequence[bytes], trusted: Networks) -> Claim | Malformed:
    """Forwarded (RFC 7239): read like X-Forwarded-For; scheme and host are those of the client's element."""
    elements: list[dict[str, str]] = []
    if sum(map(len, values)) > MOST_BYTES:
        return Malformed("too long")
    for value in values:
        # Each line by itself: a quotation begun in the client's line must not swallow the proxy's.
        found = _elements(value.decode("latin-1"))
        if isinstance(found, Malformed):
            return found
        elements += found
    if len(elements) > MOST_HOPS:
        return Malformed("too many hops")
    proxies: list[str] = []
    chosen: dict[str, str] = {}
    client: Hop | None = None
    for element in reversed(elements):
        said = element.get("for", "")
        hop = address_of(said)
        if hop is None and said and not _HIDDEN.fullmatch(said):
            return Malformed("an entry is no address")
        if client is not None:
            proxies.append(client.address)
        chosen, client = element, hop
        if hop is None or hop.address not in trusted:
            break
    return _completed(
        Claim(client, tuple(reversed(proxies))), chosen.get("proto", ""), chosen.get("host", "")
    )


def with_scheme_and_host(
    claim: Claim, schemes: Sequence[bytes], hosts: Sequence[bytes], ports: Sequence[bytes]
) -> Claim | Malformed:
    """Add what X-Forwarded-Proto, X-Forwarded-Host and X-Forwarded-Port say.

    Of several values the last one counts: it was written by the proxy that is nearest to us.
    """
    texts = []
    for values in (schemes, hosts, ports):
        text = _joined(values)
        if isinstance(text, Malformed):
            return text
        texts.append(text.rpartition(",")[2].strip(" \t"))
    scheme, host, port = texts
    if port and (not _PORT.fullmatch(port) or not 0 < int(port) <= 65535):
        return Malformed("invalid port")
    if port and host and not host_and_port(host)[1]:
        host = f"{host}:{port}"
    return _completed(claim, scheme, host)


def host_and_port(text: str) -> tuple[str, int]:
    """A host in lower case, and its port (0 without one); ("", 0) for what is neither."""
    match = _HOST.fullmatch(text)
    if match is None or int(match[2] or 0) > 65535:
        return "", 0
    return match[1].lower(), int(match[2] or 0)


def _completed(claim: Claim, scheme: str, host: str) -> Claim | Malformed:
    is_tls = None
    if scheme:
        is_tls = _SCHEMES.get(scheme.lower())
        if is_tls is None:
            return Malformed("invalid scheme")
    if host and not host_and_port(host)[0]:
        return Malformed("invalid host")
    return Claim(claim.client, claim.proxies, is_tls, host)


def _joined(values: Sequence[bytes]) -> str | Malformed:
    if not values:
        return ""
    whole = b",".join(values) if len(values) > 1 else values[0]
    if len(whole) > MOST_BYTES:
        return Malformed("too long")
    return whole.decode("latin-1").strip(" \t")


def _walk(entries: Iterable[Hop | Malformed], trusted: Networks) -> Claim | Malformed:
    proxies: list[str] = []
    client: Hop | None = None
    for number, entry in enumerate(entries):
        if isinstance(entry, Malformed):
            return entry
        if number >= MOST_HOPS:
            return Malformed("too many hops")
        if client is not None:
            proxies.append(client.address)
        client = entry
        if entry.address not in trusted:
            break
    return Claim(client, tuple(reversed(proxies)))


def _elements(text: str) -> list[dict[str, str]] | Malformed:
    """The elements of one line, each with its parameters by (lower case) name."""
    elements: list[dict[str, str]] = []
    if not text.strip(" \t"):
        return elements
    for pairs in _pairs(text):
        if pairs is None:
            return Malformed("not the form of RFC 7239")
        element: dict[str, str] = {}
        for name, value in pairs:
            if name in element:
                return Malformed("a parameter stands twice")
            element[name] = value
        elements.append(element)
    return elements


def _pairs(text: str) -> Iterator[list[tuple[str, str]] | None]:
    """The (name, value) pairs of each element; None once where the text breaks the grammar."""
    place, pairs = 0, []
    while True:
        match = _PAIR.match(text, place)
        if match is None:
            yield None
            return
        name, token, quoted, end = match.groups()
        value = token if token is not None else re.sub(r"\\(.)", r"\1", quoted)
        pairs.append((name.lower(), value))
        place = match.end()
        if end != ";":
            yield pairs
            pairs = []
        if not end:
            return
