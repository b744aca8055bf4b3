"""Which addresses a client may have, and which of its own it may use: values in, verdict out.

RFC 6749, section 3.1.2; RFC 8252, sections 7 and 8; RFC 9700, section 4.1. Addresses are never
taken apart to compare them: whatever a browser, a proxy and a library read differently stays
different here.
"""

import ipaddress
import math
import re
import urllib.parse
from collections import Counter
from collections.abc import Iterable

from yett.oidc.clients.model import Client, Flaw, Kind

MAX_URI = 1024
_CLIENT_ID = re.compile(r"[\x21-\x7e]{1,1024}")
_VISIBLE = re.compile(r"[\x21-\x7e]*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\]")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_OWN_SCHEME = re.compile(rf"{_LABEL}(?:\.{_LABEL})+:/(?!/)[A-Za-z0-9._~/-]*")
"""A scheme that is a host name backwards, so that it has an owner (RFC 8252, section 7.1), without a host."""
_LOOPBACK_URI = re.compile(r"http://(127\.0\.0\.1|\[::1\])(?::([0-9]{1,5}))?(/[\x21-\x7e]*)")
_WEAK_BITS = 80.0
"""A random text that long has 128 bits in most alphabets (RFC 6749, section 10.10)."""


def flaw_in_address(uri: str, *, is_native: bool = False) -> Flaw | None:
    """What keeps an address from being registered: absolute, HTTPS, no fragment, no wildcard, nothing hidden.

    HTTP is for loopback only (RFC 8252, section 7.3); a scheme of the client's own for native clients, of which
    nobody can tell who answers to it.
    """
    if "*" in uri:
        return Flaw.WILDCARD
    if len(uri) > MAX_URI or not _VISIBLE.fullmatch(uri) or any(mark in uri for mark in '"<>\\^`{|}#'):
        return Flaw.ADDRESS
    if is_native and _OWN_SCHEME.fullmatch(uri):
        return None if _has_plain_path(uri.partition(":")[2]) else Flaw.ADDRESS
    try:
        parts = urllib.parse.urlsplit(uri)
        port_is_proper = parts.port != 0
    except ValueError:
        return Flaw.ADDRESS
    host = parts.netloc.rpartition(":")[0] if parts.port is not None else parts.netloc
    is_secure = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    is_proper = is_secure and port_is_proper and _HOST.fullmatch(host) and _has_plain_path(parts.path)
    # Schemes and hosts in capitals would come back in small letters, and nothing would fit.
    return None if is_proper and uri.startswith(f"{parts.scheme}://{parts.netloc}/") else Flaw.ADDRESS


def _has_plain_path(path: str) -> bool:
    """Whether a path is the one that a browser asks for: it has no dot segments, however they are written."""
    segments = re.sub("%2e", ".", path, flags=re.IGNORECASE).split("/")
    return path.startswith("/") and not {".", ".."}.intersection(segments)


def flaw_in_client(client: Client) -> Flaw | None:
    """What keeps a client from being registered that people sign in to."""
    if not _CLIENT_ID.fullmatch(client.client_id):
        return Flaw.NAME
    if not client.redirect_uris:
        return Flaw.ADDRESS
    flaws = (
        flaw_in_address(uri, is_native=client.is_public and client.kind is not Kind.INTERNAL)
        for uri in sorted(client.redirect_uris)
    )
    return next((flaw for flaw in flaws if flaw is not None), None)


def accepts(client: Client, uri: str) -> bool:
    """Whether an answer for the client may go to this address: one of its own, letter by letter.

    Programs on people's machines listen where there is room, so of a loopback address the port is not looked at
    (RFC 8252, section 7.3).
    """
    if uri in client.redirect_uris:
        return True
    if client.kind is Kind.INTERNAL:
        return False
    bare = _without_port(uri)
    return bare is not None and any(bare == _without_port(each) for each in client.redirect_uris)


def _without_port(uri: str) -> tuple[str, str] | None:
    """Host and rest of a loopback address; None for every other."""
    match = _LOOPBACK_URI.fullmatch(uri)
    if match is None or (match[2] is not None and not 0 < int(match[2]) < 65536):
        return None
    return match[1], match[3]


def is_claimed(uri: str) -> bool:
    """Whether an address belongs to somebody: any program on a machine can listen on loopback or take a scheme."""
    return uri.startswith("https://")


def origin_of(uri: str) -> str:
    """The origin of an address; empty for one of a client's own scheme."""
    parts = urllib.parse.urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def is_within(address: str, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    """Whether somebody asks from one of these networks; nobody does whose address is not known."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(known, "ipv4_mapped", None)
    if mapped is not None:
        known = mapped
    return any(known.version == each.version and known in each for each in networks)


def is_weak_secret(text: str) -> bool:
    """Whether a secret is nothing that a generator of secrets would make.

    Counted by how often its characters come: what fails is short or repeats itself, what passes may still be a
    sentence that somebody knows.
    """
    counts = Counter(text)
    bits = -sum(count * math.log2(count / len(text)) for count in counts.values())
    return bits < _WEAK_BITS


def is_weak_challenge(challenge: str) -> bool:
    """Whether a PKCE challenge can be no hash: of 43 random characters there are never so few different ones."""
    return len(set(challenge)) < 10
