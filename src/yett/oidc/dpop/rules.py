"""What a proof has to say: values in, verdict out (RFC 9449, section 4.3)."""

import base64
import hashlib
import hmac
import re
import urllib.parse
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from yett.oidc.dpop.model import Reason
from yett.oidc.jose import ALGORITHMS, PublicKey, Unproven, import_public, is_instant, is_signed_by, read

TYPE: Final = "dpop+jwt"
_MOST_IDENT: Final = 256
_MOST_TARGET: Final = 2048
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a proof is about to be used for."""

    method: str
    url: str
    access_token: str = ""
    jkt: str = ""
    """The key that the access token is bound to, where that is known already."""
    algorithms: tuple[str, ...] = ALGORITHMS


@dataclass(frozen=True, slots=True)
class Shown:
    """A proof that says the right things, signed by its own key. Whether it is new is another question."""

    jkt: str
    ident: str
    nonce: str
    issued_at: float


def judge(text: str, wanted: Wanted, *, now: float, lifetime: float, skew: float) -> Shown | Reason:
    """Everything about a proof that needs no memory."""
    token = read(text)
    if token is None:
        return Reason.MALFORMED
    if token.header.get("typ") != TYPE:
        return Reason.TYPE
    key = import_public(token.header.get("jwk"))
    if key is None:
        return Reason.KEY
    if token.algorithm not in key.algorithms or token.algorithm not in wanted.algorithms:
        return Reason.ALGORITHM
    reason = _judge_claims(token, key, wanted, now=now, lifetime=lifetime, skew=skew)
    if reason is not None:
        return reason
    # Last, since it is what takes time.
    if not is_signed_by(token, key):
        return Reason.SIGNATURE
    return Shown(key.thumbprint, token.text("jti"), token.text("nonce"), float(token.claims["iat"]))


def _judge_claims(
    token: Unproven, key: PublicKey, wanted: Wanted, *, now: float, lifetime: float, skew: float
) -> Reason | None:
    issued_at = token.claims.get("iat")
    if not is_instant(issued_at):
        return Reason.MALFORMED
    checks = (
        (Reason.IDENT, not 0 < len(token.text("jti")) <= _MOST_IDENT),
        (Reason.METHOD, token.claims.get("htm") != wanted.method),
        (Reason.TARGET, not is_same_target(token.text("htu"), wanted.url)),
        (Reason.EXPIRED, issued_at < now - lifetime),
        (Reason.FUTURE, issued_at > now + skew),
        (Reason.NONCE, not isinstance(token.claims.get("nonce", ""), str)),
        (
            Reason.ACCESS_HASH,
            bool(wanted.access_token) and not _are_same(token.text("ath"), access_hash(wanted.access_token)),
        ),
        (Reason.OTHER_KEY, bool(wanted.jkt) and not _are_same(key.thumbprint, wanted.jkt)),
    )
    return next((reason for reason, is_so in checks if is_so), None)


def access_hash(access_token: str) -> str:
    """What a proof says of the token that it goes with (`ath`; RFC 9449, section 4.2)."""
    digest = hashlib.sha256(access_token.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _are_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))


def is_same_target(shown: str, url: str) -> bool:
    """Whether two addresses are the same but for how they are written, and for query and fragment.

    RFC 9449, section 4.3, point 9, by the rules of RFC 3986, sections 6.2.2 and 6.2.3.
    """
    if shown == url:
        return True
    if len(shown) > _MOST_TARGET:
        return False
    normal = _normalised(shown)
    return normal is not None and normal == _normal_of_ours(url)


@lru_cache(maxsize=64)
def _normal_of_ours(url: str) -> tuple[str, str, int, str] | None:
    return _normalised(url)


def _normalised(url: str) -> tuple[str, str, int, str] | None:
    # urlsplit drops tabs and line breaks without a word; an address has neither.
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return None
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    if scheme not in _PORTS or not host or "@" in parts.netloc:
        return None
    return scheme, host, _PORTS[scheme] if port is None else port, _path(parts.path)


def _path(path: str) -> str:
    """Escapes of what needs none taken off, those that stay in capitals, dot segments gone."""

    def plain(escape: re.Match[str]) -> str:
        character = chr(int(escape[1], 16))
        return character if _UNRESERVED.fullmatch(character) else escape[0].upper()

    kept: list[str] = []
    segments = (_ESCAPE.sub(plain, path) or "/").split("/")[1:]
    for place, segment in enumerate(segments):
        is_last = place == len(segments) - 1
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
        if segment in {".", ".."} and is_last:
            kept.append("")
    return "/" + "/".join(kept)
