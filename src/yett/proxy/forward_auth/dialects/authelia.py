"""`/api/authz/…` and `/api/verify` as Authelia has them: Traefik, Caddy, HAProxy, NGINX, Envoy over HTTP.

Whoever is let through is named in Remote-User, -Groups, -Name and -Email, and a token made for the
service stands in X-Auth-Request-Token. All are always there, empty where nothing is known: what a
client wrote into them is overwritten even by a proxy that does not remove it first.
"""

from yett.proxy.forward_auth.handing_on import reflected
from yett.proxy.forward_auth.leading import login_url
from yett.proxy.forward_auth.model import Asked, Demand, Holder, Limited, Malformed, Refused, Why
from yett.proxy.forward_auth.told import Pair, Told, value_of

_TEXT = b"text/plain; charset=utf-8"
_NO_STORE: Pair = (b"Cache-Control", b"no-store")
_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})


class Authelia:
    """Writes answers in this form."""

    name = "authelia"

    def __init__(
        self, origin: str, realm: str, domain: str, *, redirects: bool = True, cookie: str = ""
    ) -> None:
        """`origin` is where people sign in, `domain` what they can be sent back to.

        Without `redirects` browsers are not sent to sign in: the proxy does that, as NGINX has to.
        Where `cookie` is named, the request's own Cookie and Authorization are handed back without
        what is ours, for proxies that exchange them.
        """
        self._origin = origin
        self._realm = realm
        self._domain = domain
        self._redirects = redirects
        self._cookie = (cookie,) if cookie else ()

    def passed(
        self,
        asked: Asked,
        demand: Demand,  # noqa: ARG002 - all dialects are asked alike
        holder: Holder | None,
        *,
        delegated: str = "",
        limited: Limited | None = None,  # noqa: ARG002 - as above
    ) -> Told:
        """Go on, as this person or as nobody."""
        headers: list[Pair] = [
            _NO_STORE,
            *identity(holder),
            (b"X-Auth-Request-Token", delegated.encode("ascii")),
        ]
        if self._cookie:
            kept = dict(reflected(asked, holder, self._cookie))
            # Empty ones as well: Caddy makes a text of its own of one that is missing.
            headers += [(name, kept.get(name, b"")) for name in (b"Authorization", b"Cookie")]
        return Told(200, headers, b"200 OK\n", _TEXT)

    def refused(
        self,
        asked: Asked,
        demand: Demand,  # noqa: ARG002 - as above
        refused: Refused,
        limited: Limited | None = None,  # noqa: ARG002 - as above
    ) -> Told:
        """Not this request: browsers that can do something about it are taken there."""
        headers = [_NO_STORE]
        if not refused.is_curable:
            status = refused.status if refused.status in {401, 403, 429, 503} else 403
            if status == 401:
                headers.append(self._challenge(refused))
            return Told(status, headers, b"%d %b\n" % (status, _WORDS[status]), _TEXT)
        location = login_url(self._origin, asked, self._domain, refused)
        if location:
            headers.append((b"Location", location))
        if location and self._redirects and asked.wants_page:
            status = 302 if asked.method in _HARMLESS else 303
            return Told(status, headers, b"%d %b\n" % (status, _WORDS[status]), _TEXT)
        headers.append(self._challenge(refused))
        return Told(401, headers, b"401 Unauthorized\n", _TEXT)

    def _challenge(self, refused: Refused) -> Pair:
        error = "" if refused.why is Why.NO_TOKEN else f', error="{refused.why.value}"'
        more = f', acr_values="{refused.needed.value}"' if refused.why is Why.MORE_PROOF else ""
        return b"WWW-Authenticate", f'Bearer realm="{self._realm}"{error}{more}'.encode("ascii")

    def malformed(self, malformed: Malformed) -> Told:
        """The question itself is wrong."""
        return Told(400, [_NO_STORE], value_of(f"{malformed.place[1]}: {malformed.text}") + b"\n", _TEXT)


_WORDS = {
    302: b"Found",
    303: b"See Other",
    401: b"Unauthorized",
    403: b"Forbidden",
    429: b"Too Many Requests",
    503: b"Service Unavailable",
}


def identity(holder: Holder | None) -> list[Pair]:
    """Who somebody is, in the fields of this dialect."""
    info = holder.info if holder is not None else None
    return [
        (b"Remote-User", value_of(info.username) if info else b""),
        (b"Remote-Groups", value_of(",".join(group.name for group in info.groups)) if info else b""),
        (b"Remote-Name", value_of(info.name or "") if info else b""),
        (b"Remote-Email", value_of(info.email or "") if info else b""),
    ]
