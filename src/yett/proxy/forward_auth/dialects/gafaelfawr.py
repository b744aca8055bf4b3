"""`/ingress/auth` and `/ingress/anonymous` as Gafaelfawr has them, for the NGINX ingress and its like.

NGINX passes on no status of an answer but 401 and 403, and no body. What is really meant stands in
X-Error-Status and X-Error-Body, for an `error_page` to pick up.
"""

from email.utils import formatdate

import msgspec

from yett.proxy.forward_auth.handing_on import reflected
from yett.proxy.forward_auth.leading import login_url
from yett.proxy.forward_auth.model import Asked, Challenge, Demand, Holder, Limited, Malformed, Refused, Why
from yett.proxy.forward_auth.told import Pair, Told, quota_fields, value_of

_OK = b'{"status":"ok"}'
_NO_STORE: Pair = (b"Cache-Control", b"no-cache, no-store")
_UNCHALLENGED = frozenset({Why.CORS, Why.OPTIONS, Why.RATE_LIMITED})
_encode = msgspec.json.Encoder().encode


class Gafaelfawr:
    """Writes answers in this form."""

    name = "gafaelfawr"

    def __init__(self, origin: str, realm: str, cookie: str, domain: str) -> None:
        """`origin` is where people sign in, `cookie` the name of the cookie that nobody else may see."""
        self._origin = origin
        self._realm = realm
        self._cookie = (cookie,)
        self._domain = domain

    def passed(
        self,
        asked: Asked,
        demand: Demand,
        holder: Holder | None,
        *,
        delegated: str = "",
        limited: Limited | None = None,
    ) -> Told:
        """Go on, as this person; as nobody, with what is not ours."""
        if holder is None:
            return Told(200, reflected(asked, None, self._cookie), _OK)
        token, email = holder.token, holder.info.email
        headers: list[Pair] = [(b"X-Auth-Request-User", value_of(token.username))]
        if email:
            headers.append((b"X-Auth-Request-Email", value_of(email)))
        if token.service:
            headers.append((b"X-Auth-Request-Service", value_of(token.service)))
        if delegated:
            headers.append((b"X-Auth-Request-Token", delegated.encode("ascii")))
        if demand.use_authorization and delegated:
            headers.append((b"Authorization", b"Bearer " + delegated.encode("ascii")))
        headers += reflected(asked, holder, self._cookie, with_authorization=not demand.use_authorization)
        if limited is not None:
            headers += quota_fields(limited)
        return Told(200, headers, _OK)

    def refused(self, asked: Asked, demand: Demand, refused: Refused, limited: Limited | None = None) -> Told:
        """Not this request."""
        if refused.why is Why.LIFETIME:
            return self.malformed(Malformed(("query", "minimum_lifetime"), refused.why.value, refused.text))
        if refused.why is Why.UNAVAILABLE:
            return Told(500, [_NO_STORE], _encode({"detail": [_detail(refused)]}))
        headers = [_NO_STORE]
        if refused.why not in _UNCHALLENGED:
            headers.append((b"WWW-Authenticate", self.challenge(demand.challenge, refused)))
        if refused.is_curable:
            # NGINX cannot escape an address, so it is told where to send people.
            location = login_url(self._origin, asked, self._domain, refused)
            if location:
                headers.append((b"Location", location))
            # A redirect in answer to a script would only burden the sign-in page.
            return Told(403 if asked.is_script else 401, headers, _encode({"detail": _detail(refused)}))
        body = _encode({"detail": [_detail(refused)]})
        headers += [(b"X-Error-Status", b"%d" % refused.status), (b"X-Error-Body", body)]
        if limited is not None:
            headers.append((b"Retry-After", formatdate(limited.reset, usegmt=True).encode("ascii")))
            headers += quota_fields(limited)
        return Told(401 if refused.status == 401 else 403, headers, body)

    def challenge(self, kind: Challenge, refused: Refused) -> bytes:
        """The value of WWW-Authenticate (RFC 6750, section 3; RFC 7617 knows no errors)."""
        realm = f'realm="{self._realm}"'
        if kind is Challenge.BASIC:
            return f"Basic {realm}".encode()
        if refused.is_quiet:
            return f"Bearer {realm}".encode()
        text = refused.text.replace("\\", "").replace('"', "")
        parts = [realm, f'error="{refused.why.value}"', f'error_description="{text}"']
        if refused.scopes:
            parts.append(f'scope="{" ".join(refused.scopes)}"')
        return value_of("Bearer " + ", ".join(parts))

    def malformed(self, malformed: Malformed) -> Told:
        """The question itself is wrong."""
        where = [part for part in malformed.place if part]
        detail = {"type": malformed.kind, "loc": where, "msg": malformed.text}
        return Told(422, [_NO_STORE], _encode({"detail": [detail]}))


def _detail(refused: Refused) -> dict[str, str]:
    return {"msg": refused.text, "type": refused.why.value}
