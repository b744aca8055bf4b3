"""Nouns of forward-auth: what a proxy asks about, what has to be true of whoever comes, and what comes of it."""

import enum
from dataclasses import dataclass, field

from yett.identity.access import Assurance
from yett.tokens import Delegation, Source, TokenData, UserInfo

UNKNOWN = ""
"""The client's address, where no proxy that is believed names one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The request that a proxy asks about, as the proxy describes it."""

    method: str
    scheme: str
    host: str
    """In lower case, without the port."""
    port: int
    """0 where none is said."""
    path: str
    query: str
    client: str = UNKNOWN
    cookie: bytes = b""
    authorization: bytes = b""
    origin: str = ""
    preflight_method: str = ""
    is_script: bool = False
    """Whether a script sent it (X-Requested-With): a redirect would lead nowhere."""
    wants_page: bool = False
    """Whether a browser asks for a page, which can be sent to sign in."""

    @property
    def is_preflight(self) -> bool:
        """Whether a browser asks if another site's script may send a request (Fetch, section 4.8)."""
        return self.method == "OPTIONS" and bool(self.origin) and bool(self.preflight_method)

    @property
    def site(self) -> str:
        """Scheme, host and port of the application."""
        port = f":{self.port}" if self.port and self.port != _USUAL.get(self.scheme) else ""
        return f"{self.scheme}://{self.host}{port}"

    @property
    def url(self) -> str:
        """The whole address, to come back to."""
        query = f"?{self.query}" if self.query else ""
        return f"{self.site}{self.path}{query}"


_USUAL = {"https": 443, "http": 80}


class Satisfy(enum.Enum):
    """How several scopes are meant."""

    ALL = "all"
    ANY = "any"


class Challenge(enum.Enum):
    """What programs are asked for (WWW-Authenticate)."""

    BEARER = "bearer"
    BASIC = "basic"


@dataclass(frozen=True, slots=True)
class Demand:
    """What has to be true of whoever comes, and what the service behind the proxy gets."""

    scopes: frozenset[str] = frozenset()
    satisfy: Satisfy = Satisfy.ALL
    challenge: Challenge = Challenge.BEARER
    service: str = ""
    allow_cookies: bool = True
    allow_options: bool = False
    delegation: Delegation | None = None
    minimum_lifetime: int = 0
    """Seconds for which the token, and one made of it, has to be good."""
    use_authorization: bool = False
    only_services: tuple[str, ...] = ()
    username: str = ""
    user_domain: bool = False
    # What rules of the settings can say, and questions of oauth2-proxy.
    is_open: bool = False
    """Everybody may, known or not."""
    is_closed: bool = False
    """Nobody may."""
    groups: tuple[frozenset[str], ...] = ()
    """Of each of these one has to be held."""
    emails: frozenset[str] = frozenset()
    assurance: Assurance = Assurance.SINGLE


@dataclass(frozen=True, slots=True)
class Credential:
    """A token that came with a request, not looked at yet."""

    source: Source
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whoever has a good token, and what it may be used for."""

    token: TokenData
    source: Source
    info: UserInfo
    assurance: Assurance = Assurance.SINGLE
    can_delegate: bool = True
    """Whether it is a scoped token, of which others can be made."""


class Why(enum.Enum):
    """Why somebody may not pass, in the words that programs read (RFC 6750, section 3.1, and Gafaelfawr's)."""

    NO_TOKEN = "no_authorization"  # noqa: S105 - the name of a fault
    INVALID_REQUEST = "invalid_request"
    INVALID_TOKEN = "invalid_token"  # noqa: S105 - as above
    INSUFFICIENT_SCOPE = "insufficient_scope"
    MORE_PROOF = "insufficient_user_authentication"
    """RFC 9470, section 3."""
    CORS = "cors_preflight_rejected"
    OPTIONS = "options_not_supported"
    LIFETIME = "invalid_minimum_lifetime"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"


_STATUS = {
    Why.NO_TOKEN: 401,
    Why.INVALID_REQUEST: 400,
    Why.INVALID_TOKEN: 401,
    Why.INSUFFICIENT_SCOPE: 403,
    Why.MORE_PROOF: 401,
    Why.CORS: 403,
    Why.OPTIONS: 404,
    Why.LIFETIME: 422,
    Why.RATE_LIMITED: 429,
    Why.UNAVAILABLE: 503,
}


@dataclass(frozen=True, slots=True)
class Refused:
    """Not this request."""

    why: Why
    text: str
    """A sentence for whoever writes the program."""
    scopes: tuple[str, ...] = ()
    """The scopes that would have been enough."""
    is_curable: bool = False
    """Whether signing in, or proving more, would help: browsers are sent there."""
    needed: Assurance = Assurance.SINGLE
    """How much has to be proven."""
    is_quiet: bool = False
    """Whether the challenge says nothing of what is wrong, because nothing is but that nobody signed in."""

    @property
    def status(self) -> int:
        """The status that says so to whoever asked the proxy."""
        return _STATUS[self.why]


@dataclass(frozen=True, slots=True)
class Passed:
    """Go on; nobody is known where `holder` is None."""

    holder: Holder | None = None


Verdict = Passed | Refused


@dataclass(frozen=True, slots=True)
class Limited:
    """How much of a quota is used."""

    limit: int
    used: int
    remaining: int
    reset: float
    """Seconds since the epoch."""
    resource: str
    is_exceeded: bool = False


@dataclass(frozen=True, slots=True)
class Malformed:
    """A question that cannot be understood: which part of it, and why."""

    place: tuple[str, str]
    """"query" or "header", and the name."""
    kind: str
    text: str
