r"""Where people may be sent back to: hosts of the domain whose cookie they carry, over HTTPS, and nothing else.

A browser reads an address more generously than any rule (WHATWG URL, section 4.4): it takes a
backslash for a slash, forgets tabs and line breaks, and skips what stands in front of an "@". So an
address is taken only if it is written plainly, and what goes out is built anew from its parts.
"""

import re

from yett.proxy.forward_auth.rules import is_below

MOST = 6144
"""Characters; the address goes through other addresses, in which it gets longer."""
_PLAIN = re.compile(
    r"https://(?P<host>[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*)"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<path>/[!$-;=@-Z_a-z~%]*)?"
    r"(?P<query>\?[!$-;=?@-Z_a-z~%\[\]|{}^`\"<>]*)?"
    r"(?P<fragment>\#[!$-;=?@-Z_a-z~%]*)?",
    re.ASCII,
)
_HOST = re.compile(r"https://([A-Za-z0-9.-]+)", re.ASCII)
_ESCAPES = {ord(character): f"%{ord(character):02X}" for character in '|{}^`"<>'}
_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")


def judge_return(url: str, domain: str, sign_in_host: str) -> str | None:
    """The address to send somebody to; None if they must not be sent there."""
    if not url or len(url) > MOST:
        return None
    match = _HOST.match(url)
    if match is None:
        return None
    # Capital letters in a host mean nothing; anywhere else they are kept.
    url = f"https://{match[1].lower()}{url[match.end() :]}"
    found = _PLAIN.fullmatch(url)
    if found is None or _BROKEN.search(url):
        return None
    host, port = found["host"], found["port"]
    if host != sign_in_host and not is_below(host, domain):
        return None
    if port is not None and int(port) > 65535:
        return None
    path = found["path"] or "/"
    query = (found["query"] or "").translate(_ESCAPES)
    at = f":{port}" if port is not None and port != "443" else ""
    return f"https://{host}{at}{path}{query}{found['fragment'] or ''}"
