"""Header fields of a response in which an application names itself."""

from collections.abc import Collection

from yett.net.http import Reply
from yett.proxy.rewriting.translation import Translation

_URLS = frozenset({b"location", b"content-location"})
_POLICIES = frozenset({b"content-security-policy", b"content-security-policy-report-only"})
_HANDLED = _URLS | _POLICIES | {b"set-cookie", b"access-control-allow-origin", b"refresh", b"link"}


def rewrite_headers(reply: Reply, translation: Translation, *, host: bytes, is_tls: bool) -> bool:
    """Make them name the public host; whether a Location was among them."""
    moved = False
    lines = reply.lines
    for index, line in enumerate(lines):
        name, _, value = line.partition(b":")
        kind = name.lower()
        if kind not in _HANDLED:
            continue
        value = value.strip(b" \t")
        new = _rewritten(kind, value, translation, host=host, is_tls=is_tls)
        if new != value:
            lines[index] = name + b": " + new
            moved = moved or kind == b"location"
    return moved


def _rewritten(kind: bytes, value: bytes, translation: Translation, *, host: bytes, is_tls: bool) -> bytes:
    if kind in _URLS:
        return translation.url(value) or value
    if kind == b"set-cookie":
        return rewrite_cookie(value, host=host, is_tls=is_tls, hosts=translation.patterns.hosts)
    if kind == b"access-control-allow-origin":
        return translation.origin(value) or value
    if kind == b"refresh":
        return translation.refresh_header(value)
    if kind == b"link":
        return translation.links(value)
    return translation.sources(value)


def rewrite_cookie(value: bytes, *, host: bytes, hosts: Collection[bytes], is_tls: bool) -> bytes:
    """A Set-Cookie for the public host.

    A Domain that only fits the application's own name is left out, so that the cookie belongs to
    the public host alone. Over TLS, every cookie is kept to TLS.
    """
    pair, *attributes = value.split(b";")
    kept = [pair]
    is_secure = False
    for attribute in attributes:
        name, _, setting = attribute.partition(b"=")
        name = name.strip(b" \t").lower()
        if name == b"domain" and _is_misplaced(setting.strip(b" \t").lower().removeprefix(b"."), host, hosts):
            continue
        is_secure = is_secure or name == b"secure"
        kept.append(attribute)
    if is_tls and not is_secure:
        kept.append(b" Secure")
    return b";".join(kept)


def _is_misplaced(domain: bytes, host: bytes, hosts: Collection[bytes]) -> bool:
    return not _is_within(host, domain) and any(_is_within(each, domain) for each in hosts)


def _is_within(host: bytes, domain: bytes) -> bool:
    """Whether a cookie for the domain is sent to the host (RFC 6265, 5.1.3)."""
    return host == domain or host.endswith(b"." + domain)
