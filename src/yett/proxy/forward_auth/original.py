"""The request that a proxy asks about, read from the fields in which it describes it. Pure functions.

Two families of proxies name it in two ways: as one address (X-Original-URL), or in parts
(X-Forwarded-Proto, -Host and -Uri). A part that comes twice, or has more than one reading, is
refused: what is decided here has to be what the service behind the proxy gets.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from yett.net.trust import Claim, Networks, from_list
from yett.proxy.forward_auth.model import UNKNOWN, Asked, Malformed

_MOST = 8192
_AUTHORITY = re.compile(
    r"((?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?"
)
# The path has to be there: in "https://host?/path" a proxy put together a host that ends with a question mark.
_URL = re.compile(r"(https?|wss?)://([^/?#]*)(/[^?#]*)(?:\?([^#]*))?", re.IGNORECASE)
_URI = re.compile(r"(/[^?#]*)(?:\?([^#]*))?")
_VISIBLE = re.compile(r"[\x21-\x7e\x80-\xff]*")
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}")
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_NAMES = (
    b"x-original-method", b"x-original-url", b"x-original-uri", b"x-forwarded-method", b"x-forwarded-proto",
    b"x-forwarded-host", b"x-forwarded-uri", b"x-forwarded-for", b"x-requested-with", b"origin",
    b"access-control-request-method", b"accept", b"sec-fetch-mode", b"x-auth-request-redirect",
    b"cookie", b"authorization",
)  # fmt: skip
_WANTED = frozenset(_NAMES)


class Fields:
    """The fields of a question that mean anything here, by (lower case) name."""

    __slots__ = ("_found",)

    def __init__(self, lines: Iterable[bytes]) -> None:
        found: dict[bytes, list[bytes]] = {}
        for line in lines:
            name, _, value = line.partition(b":")
            name = name.lower()
            if name in _WANTED:
                found.setdefault(name, []).append(value.strip(b" \t"))
        self._found = found

    def all(self, name: bytes) -> Sequence[bytes]:
        """Every value of a field."""
        return self._found.get(name, ())

    def one(self, name: bytes) -> str | Malformed | None:
        """The value of a field that may be there once; None without it."""
        values = self._found.get(name)
        if values is None:
            return None
        if len(values) > 1:
            return _wrong(name, "Given more than once")
        return values[0].decode("latin-1")

    def has_word(self, name: bytes, word: bytes, *, default: bool = False) -> bool:
        """Whether a field says a (lower case) word; `default` where there is no such field."""
        values = self._found.get(name)
        return default if values is None else any(word in value.lower() for value in values)

    def joined(self, name: bytes, separator: bytes) -> bytes:
        """Several fields of a name as one."""
        return separator.join(self._found.get(name, ()))


def from_original(fields: Fields, trusted: Networks) -> Asked | Malformed:
    """The request by X-Original-Method and X-Original-URL."""
    method, url = fields.one(b"x-original-method"), fields.one(b"x-original-url")
    for found in (method, url):
        if isinstance(found, Malformed):
            return found
    if method is None or url is None:
        name = b"x-original-method" if method is None else b"x-original-url"
        return Malformed(("header", name.decode()), "missing", "Field required")
    parts = parse_url(str(url))
    if parts is None:
        return _wrong(b"x-original-url", "Not an address of http or https")
    return _asked(fields, trusted, str(method), b"x-original-method", parts)


def from_forwarded(
    fields: Fields, trusted: Networks, *, method: str = "", host: str = "", uri: str = ""
) -> Asked | Malformed:
    """The request by X-Forwarded-Method, -Proto, -Host and -Uri.

    `method`, `host` and `uri` are what the question itself says, for proxies that repeat the request.
    """
    said: dict[bytes, str] = {}
    for name, default in (
        (b"x-forwarded-method", method), (b"x-forwarded-proto", ""), (b"x-forwarded-host", host),
        (b"x-forwarded-uri", uri),
    ):  # fmt: skip
        found = fields.one(name)
        if isinstance(found, Malformed):
            return found
        value = default or found  # what the question itself is cannot be forged by a field
        if not value:
            return Malformed(("header", name.decode()), "missing", "Field required")
        said[name] = value
    scheme, authority = said[b"x-forwarded-proto"], said[b"x-forwarded-host"]
    # Each by itself first, so that none can reach into the next.
    parts = None
    if scheme in _SCHEMES and _AUTHORITY.fullmatch(authority) and _URI.fullmatch(said[b"x-forwarded-uri"]):
        parts = parse_url(f"{scheme}://{authority}{said[b'x-forwarded-uri']}")
    if parts is None:
        return _wrong(b"x-forwarded-uri", "These parts make no address of http or https")
    return _asked(fields, trusted, said[b"x-forwarded-method"], b"x-forwarded-method", parts)


def from_either(fields: Fields, trusted: Networks) -> Asked | Malformed:
    """The request in whichever way it is described, for questions that both families ask.

    Clients can send the fields of the family that their proxy is not of. So where there are both,
    both have to say the same.
    """
    names = (b"x-original-url", b"x-original-method"), (b"x-forwarded-uri", b"x-forwarded-method")
    has_first, has_second = (any(fields.all(name) for name in family) for family in names)
    if not has_first:
        return from_forwarded(fields, trusted)
    first = from_original(fields, trusted)
    if isinstance(first, Malformed) or not has_second:
        return first
    second = from_forwarded(fields, trusted)
    if isinstance(second, Malformed):
        return second
    if (first.method, first.url) != (second.method, second.url):
        return _wrong(b"x-original-url", "X-Original-URL and X-Forwarded-Uri name different requests")
    return first


def bare(fields: Fields) -> Asked:
    """No request in particular, only what it carries."""
    return Asked(
        "GET",
        "https",
        "",
        0,
        "/",
        "",
        cookie=fields.joined(b"cookie", b"; "),
        authorization=fields.joined(b"authorization", b", "),
    )


Parts = tuple[str, str, int, str, str]
"""Scheme, host, port, path and query of an address."""


def parse_url(text: str) -> Parts | None:
    """An absolute address of http or https in its parts; None for whatever could be read in two ways."""
    if len(text) > _MOST or not _VISIBLE.fullmatch(text):
        return None
    match = _URL.fullmatch(text)
    if match is None:
        return None
    authority = _AUTHORITY.fullmatch(match[2])
    if authority is None:
        return None
    port = int(authority[2] or 0)
    if port > 65535:
        return None
    # A dot at the end names the same host.
    host = authority[1].lower().removesuffix(".")
    return _SCHEMES[match[1].lower()], host, port, match[3], match[4] or ""


def _asked(
    fields: Fields, trusted: Networks, method: str, method_name: bytes, parts: Parts
) -> Asked | Malformed:
    # This runs for every question, so what is not there costs nothing.
    if not _METHOD.fullmatch(method):
        return _wrong(method_name, "Not a method")
    client = client_of(fields, trusted)
    if isinstance(client, Malformed):
        return client
    origin, preflight = fields.one(b"origin"), fields.one(b"access-control-request-method")
    for found in (origin, preflight):
        if isinstance(found, Malformed):
            return found
    is_script = fields.has_word(b"x-requested-with", b"xmlhttprequest")
    wants_page = (
        not is_script
        and fields.has_word(b"accept", b"text/html")
        and fields.has_word(b"sec-fetch-mode", b"navigate", default=True)
    )
    scheme, host, port, path, query = parts
    return Asked(
        method=method,
        scheme=scheme,
        host=host,
        port=port,
        path=path,
        query=query,
        client=client,
        # RFC 9113, section 8.2.3: what came in pieces is one list.
        cookie=fields.joined(b"cookie", b"; "),
        authorization=fields.joined(b"authorization", b", "),
        origin=str(origin or ""),
        preflight_method=str(preflight or ""),
        is_script=is_script,
        wants_page=wants_page,
    )


def client_of(fields: Fields, trusted: Networks) -> str | Malformed:
    """The client by X-Forwarded-For, read from the right as far as proxies that are believed wrote it."""
    values = fields.all(b"x-forwarded-for")
    return _client(tuple(values), trusted) if values else UNKNOWN


@lru_cache(maxsize=1024)
def _client(values: tuple[bytes, ...], trusted: Networks) -> str | Malformed:
    # A client sends many requests, and to read an address takes longer than all the rest of a question.
    claim = from_list(values, trusted)
    if not isinstance(claim, Claim):
        return _wrong(b"x-forwarded-for", f"Not a list of addresses: {claim.problem}")
    return UNKNOWN if claim.client is None else claim.client.address


def _wrong(name: bytes, text: str) -> Malformed:
    return Malformed(("header", name.decode()), "value_error", text)
