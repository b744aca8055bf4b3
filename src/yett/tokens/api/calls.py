"""Who makes a request, and by which token: in the browser's cookie, or in an Authorization field.

The cookie comes first, as applications use Authorization for purposes of their own. Whatever a browser sends by
itself proves nothing about who made it send it: requests that change something need the page's own secret besides.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from yett.keys import MasterKey
from yett.net.pages import client_address
from yett.tokens import events, rules, saying, text
from yett.tokens.api.forms import Fault, Faults, Unknown
from yett.tokens.model import BOOTSTRAP, Actor, Refusal, Refused, Source, TokenData, TokenType
from yett.tokens.service import ScopedTokens

_encode = msgspec.json.Encoder().encode
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]+([^ \t]+)[ \t]*", re.ASCII)
_LONGEST = 4096
_MOST_COOKIES = 4
_STATUS = {
    Refusal.DUPLICATE_NAME: 409,
    Refusal.DENIED: 403,
    Refusal.NOT_FOUND: 404,
    Refusal.TOO_MANY: 403,
    Refusal.UNAVAILABLE: 503,
}
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with an Authorization field."""

    sentence: str


def in_authorization(value: str) -> tuple[Source, str] | Wrong | None:
    """The token of an Authorization field: as Bearer, or as user name or password of Basic."""
    if not value.strip():
        return None
    match = _FIELD.fullmatch(value) if len(value) <= _LONGEST else None
    if match is None:
        return Wrong("Malformed Authorization header")
    scheme = match[1].lower()
    if scheme == "bearer":
        return Source.BEARER, match[2]
    if scheme != "basic":
        return Wrong("Unknown Authorization type")
    try:
        raw = base64.b64decode(match[2], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return Wrong("Invalid Basic auth string")
    # Only a password may have a colon in it (RFC 7617, section 2).
    user, colon, password = raw.partition(":")
    if not colon:
        return Wrong("Invalid Basic auth string")
    is_user, is_password = text.parse(user) is not None, text.parse(password) is not None
    if is_user and is_password and user != password:
        return Wrong("Conflicting tokens in Basic username and password fields")
    if is_user:
        return Source.BASIC_USERNAME, user
    return Source.BASIC_PASSWORD, password


class Door:
    """Lets those in who have a token."""

    def __init__(self, tokens: ScopedTokens, master: MasterKey, *, host: str) -> None:
        self._tokens = tokens
        self._root = master.derive("yett.tokens/csrf")
        self._host = host

    @property
    def is_enabled(self) -> bool:
        """Whether there are such tokens at all."""
        return self._tokens.settings.enabled

    def csrf_of(self, data: TokenData) -> str:
        """What pages of a session have to send with whatever changes something."""
        mac = hmac.digest(self._root, data.key.encode("ascii"), "sha256")
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode("ascii")

    def is_csrf_of(self, value: str, data: TokenData) -> bool:
        """Whether a text is that."""
        return hmac.compare_digest(value.encode("utf-8", "replace"), self.csrf_of(data).encode("ascii"))

    async def session(self, request: Request) -> Actor | None:
        """Whose browser it is."""
        good: dict[str, TokenData] = {}
        cookies = self._cookies(request)
        if len(cookies) > _MOST_COOKIES:
            # Somebody pushes ours out of sight: it could stand behind as many others as they like.
            events.cookie_discarded(error="Too many cookies of this name")
            return None
        for found in cookies:
            data = await self._tokens.find(found)
            if data is not None and data.type is TokenType.SESSION:
                good[data.key] = data
            elif text.parse(found) is None:
                events.cookie_discarded(error=text.what_is_wrong(found))
        # Neighbouring hosts can set cookies for the domain (RFC 6265, section 8.6): of two that are good, nobody
        # knows which was meant, and what is done by the other is done for somebody else.
        return self._known(request, good.popitem()[1], Source.COOKIE) if len(good) == 1 else None

    def _cookies(self, request: Request) -> list[str]:
        """The values of our cookie, each once."""
        name = f"{self._tokens.settings.cookie}="
        parts = (part.strip() for field in request.headers.getlist("cookie") for part in field.split(";"))
        found = (part.removeprefix(name) for part in parts if part.startswith(name))
        return [value for value in dict.fromkeys(found) if value]

    async def actor(
        self, request: Request, *, takes_bootstrap: bool = False, needs_session: bool = False
    ) -> Actor | Response:
        """Who makes a request, or the answer to one that nobody makes."""
        if self._cookies(request):
            actor = await self.session(request)
            if actor is None:
                return self._challenge()
            return self._csrf_fault(request, actor) or actor
        if needs_session:
            return self._challenge()
        found = in_authorization(request.headers.get("authorization", ""))
        if found is None:
            return self._challenge()
        if isinstance(found, Wrong):
            events.request_invalid(error=found.sentence)
            fault = Fault(found.sentence, "invalid_request")
            return refuse(400, fault, {"WWW-Authenticate": self._bearer("invalid_request", found.sentence)})
        return await self._by_token(request, *found, takes_bootstrap=takes_bootstrap)

    async def _by_token(
        self, request: Request, source: Source, found: str, *, takes_bootstrap: bool
    ) -> Actor | Response:
        bootstrap = self._tokens.settings.bootstrap_token
        if takes_bootstrap and bootstrap and hmac.compare_digest(found.encode(), bootstrap.encode()):
            return self._bootstrap(request, source)
        data = await self._tokens.find(found)
        if data is None or data.type is TokenType.OIDC:
            sentence = text.what_is_wrong(found) if text.parse(found) is None else "Token is not valid"
            events.token_invalid(token_source=source.value, error=sentence)
            return _challenged(Fault(sentence, "invalid_token"), self._bearer("invalid_token", sentence))
        return self._known(request, data, source)

    def _known(self, request: Request, data: TokenData, source: Source) -> Actor:
        address = client_address(request)
        self._tokens.used(data.key, address)
        return Actor(data.username, address, data, source)

    def _bootstrap(self, request: Request, source: Source) -> Actor:
        scopes = frozenset({rules.ADMIN, rules.CLIENTS})
        data = TokenData(BOOTSTRAP, BOOTSTRAP, TokenType.SERVICE, scopes, created=0.0)
        actor = Actor(BOOTSTRAP, client_address(request), data, source)
        events.bootstrap_used(**saying.of_actor(actor))
        return actor

    def _csrf_fault(self, request: Request, actor: Actor) -> Response | None:
        if request.method in {"GET", "HEAD", "OPTIONS"} or actor.token is None:
            return None
        value = request.headers.get("x-csrf-token", "")
        if self.is_csrf_of(value, actor.token):
            return None
        sentence = "Invalid CSRF token" if value else "Missing CSRF token"
        events.csrf_failed(**saying.of_actor(actor), error=sentence)
        return refuse(403, Fault(sentence, "invalid_csrf", ("header", "X-CSRF-Token")))

    def lacks(self, actor: Actor, scope: str) -> Response | None:
        """The answer to somebody who may not do this."""
        if not scope or scope in actor.scopes:
            return None
        return deny(actor, f"Token does not have required scope {scope}")

    def _challenge(self) -> Response:
        return _challenged(
            Fault("Authentication required", "no_authorization"), f'Bearer realm="{self._host}"'
        )

    def _bearer(self, error: str, sentence: str) -> str:
        return f'Bearer realm="{self._host}", error="{error}", error_description="{sentence}"'


def _challenged(fault: Fault, challenge: str) -> Response:
    """The answer to whoever is not known; it has one fault where others have a list of them."""
    return answer(Unknown(fault), 401, {"WWW-Authenticate": challenge})


def deny(actor: Actor, sentence: str) -> Response:
    """The answer to somebody who may not do something."""
    events.permission_denied(**saying.of_actor(actor), error=sentence)
    return refuse(403, Fault(sentence, "permission_denied"))


def refused(actor: Actor, fault: Refused) -> Response:
    """The answer to what was not done."""
    if fault.why is Refusal.DENIED:
        events.permission_denied(**saying.of_actor(actor), error=fault.text)
    place = ("path", fault.field) if fault.why is Refusal.NOT_FOUND else ("body", fault.field)
    headers = {"Retry-After": "5"} if fault.why is Refusal.UNAVAILABLE else {}
    return refuse(
        _STATUS.get(fault.why, 422), Fault(fault.text, fault.why.value, place if fault.field else ()), headers
    )


def refuse(status: int, fault: Fault, headers: Mapping[str, str] | None = None) -> Response:
    """An answer that says what is wrong."""
    return answer(Faults((fault,)), status, headers)


def answer(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in JSON."""
    return Response(_encode(content), status, HEADERS | dict(headers or {}), "application/json")
