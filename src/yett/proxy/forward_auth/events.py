"""What forward-auth says in the log, in the words and with the attributes of Gafaelfawr.

`token`, `user`, `scopes` and `token_source` are of the token that the request came with, the others of what
the proxy asked about. `required_scope` and `required_scopes` say the same: older and newer references differ.
What is not known is left out.
"""

from typing import Annotated

from yett.events import ERROR, INFO, WARN, event
from yett.events.fields import (
    URL,
    Caller,
    Detail,
    Host,
    Kind,
    Method,
    Name,
    Path,
    RemoteAddress,
    Scopes,
    Seconds,
    Sensitivity,
    TokenKey,
    TokenSource,
    User,
    Word,
)

_LOG = "gafaelfawr"

Query = Annotated[str, Kind(Sensitivity.SENSITIVE, "url.query")]
"""What stands behind the question mark of a question of ours."""
AuthHost = Annotated[str, Kind(Sensitivity.PUBLIC, "auth_host")]
"""The host of what a proxy asks about."""
Services = Annotated[tuple[str, ...], Kind(Sensitivity.PUBLIC, "only_services")]
Required = Annotated[str, Kind(Sensitivity.SENSITIVE, "required_user")]
ReturnURL = Annotated[str, Kind(Sensitivity.SENSITIVE, "return_url")]
LoginURL = Annotated[str, Kind(Sensitivity.PUBLIC, "login_url")]
QuotaLimit = Annotated[int, Kind(Sensitivity.PUBLIC, "quota.limit")]
QuotaUsed = Annotated[int, Kind(Sensitivity.PUBLIC, "quota.used")]
QuotaReset = Annotated[str, Kind(Sensitivity.PUBLIC, "quota.reset")]


@event(_LOG, INFO, "Token authorized")
def token_authorized(
    method: Method,
    host: Host,
    path: Path,
    query: Query,
    dialect: Name,
    auth_uri: URL,
    auth_host: AuthHost,
    required_scopes: Scopes,
    required_scope: Scopes,
    satisfy: Word,
    service: Word,
    only_services: Services,
    required_user: Required,
    token_source: TokenSource,
    token: TokenKey,
    user: Caller,
    scopes: Scopes,
    lifetime_seconds: Seconds,
    quota_limit: QuotaLimit,
    quota_used: QuotaUsed,
    quota_reset: QuotaReset,
) -> None:
    """A proxy was told to let a request through. Nothing to do."""


@event(_LOG, INFO, "Permission denied", audit=True, code="ingress_denied")
def denied(
    method: Method,
    host: Host,
    path: Path,
    query: Query,
    dialect: Name,
    auth_uri: URL,
    auth_host: AuthHost,
    required_scopes: Scopes,
    required_scope: Scopes,
    satisfy: Word,
    service: Word,
    only_services: Services,
    required_user: Required,
    token_source: TokenSource,
    token: TokenKey,
    user: Caller,
    scopes: Scopes,
    lifetime_seconds: Seconds,
    error: Detail,
) -> None:
    """Somebody is known, and may not open this. If they should, look at their scopes and at the rule."""


@event(_LOG, INFO, "Invalid token", audit=True, code="ingress_token_invalid")
def token_invalid(
    method: Method,
    host: Host,
    path: Path,
    query: Query,
    dialect: Name,
    auth_uri: URL,
    auth_host: AuthHost,
    required_scopes: Scopes,
    required_scope: Scopes,
    satisfy: Word,
    service: Word,
    only_services: Services,
    required_user: Required,
    token_source: TokenSource,
    error: Detail,
) -> None:
    """A program came with a token that is none, or none any more. Many of these are somebody guessing."""


@event(_LOG, WARN, "Invalid token", audit=True, code="ingress_token_too_old")
def token_too_old(
    method: Method,
    host: Host,
    path: Path,
    query: Query,
    dialect: Name,
    auth_uri: URL,
    auth_host: AuthHost,
    required_scopes: Scopes,
    required_scope: Scopes,
    satisfy: Word,
    service: Word,
    only_services: Services,
    required_user: Required,
    token_source: TokenSource,
    token: TokenKey,
    user: Caller,
    scopes: Scopes,
    lifetime_seconds: Seconds,
    error: Detail,
) -> None:
    """The token ends sooner than the service needs; people are sent to sign in anew. Nothing to do."""


@event(_LOG, INFO, "Invalid request", code="ingress_request_invalid")
def request_invalid(
    method: Method,
    host: Host,
    path: Path,
    query: Query,
    dialect: Name,
    auth_uri: URL,
    auth_host: AuthHost,
    required_scopes: Scopes,
    required_scope: Scopes,
    satisfy: Word,
    service: Word,
    only_services: Services,
    required_user: Required,
    token_source: TokenSource,
    error: Detail,
) -> None:
    """A request says in no way that we know who sent it. The error says what is wrong with it."""


@event(_LOG, INFO, "Permission denied", audit=True, code="ingress_nobody_allowed")
def nobody_allowed(
    method: Method,
    host: Host,
    path: Path,
    query: Query,
    dialect: Name,
    auth_uri: URL,
    auth_host: AuthHost,
    required_scopes: Scopes,
    required_scope: Scopes,
    satisfy: Word,
    service: Word,
    only_services: Services,
    required_user: Required,
    token_source: TokenSource,
    error: Detail,
) -> None:
    """A rule lets nobody open this, or no rule is for it. If somebody should, write one above the others."""


@event(_LOG, INFO, "Cross-origin request not allowed", code="ingress_cors_rejected")
def cors_rejected(
    method: Method, host: Host, path: Path, query: Query, auth_uri: URL, auth_host: AuthHost, error: Detail
) -> None:
    """A page of another site wants to call a service here. If it should, the service has to have another address."""


@event(_LOG, INFO, "Non-CORS OPTIONS requests not supported", code="ingress_options_rejected")
def options_rejected(
    method: Method, host: Host, path: Path, query: Query, auth_uri: URL, auth_host: AuthHost, error: Detail
) -> None:
    """A service that takes OPTIONS for other things, such as WebDAV, needs `allow_options=true` in the question."""


@event(_LOG, INFO, "Request rejected due to rate limits", audit=True, code="ingress_rate_limited")
def rate_limited(
    method: Method,
    host: Host,
    path: Path,
    query: Query,
    dialect: Name,
    auth_uri: URL,
    auth_host: AuthHost,
    required_scopes: Scopes,
    required_scope: Scopes,
    satisfy: Word,
    service: Word,
    only_services: Services,
    required_user: Required,
    token_source: TokenSource,
    token: TokenKey,
    user: Caller,
    scopes: Scopes,
    lifetime_seconds: Seconds,
    quota_limit: QuotaLimit,
    quota_used: QuotaUsed,
    quota_reset: QuotaReset,
    error: Detail,
) -> None:
    """Somebody used up their quota of a service for this minute. See `tokens.quota`."""


@event(_LOG, WARN, "Conflicting session cookies", audit=True, code="ingress_cookies_conflict")
def cookies_conflict(host: Host, auth_uri: URL, auth_host: AuthHost) -> None:
    """A browser sent the tokens of two people: a host below the domain has put one of them there.

    The request was refused. Find out what that host does: it may want somebody to work in another's name.
    """


@event(_LOG, WARN, "Question of a proxy cannot be understood", code="ingress_question_malformed")
def question_malformed(dialect: Name, field: Name, error: Detail) -> None:
    """A proxy that may ask did not say clearly about what. Compare its configuration with `docs/forward-auth`."""


@event(_LOG, WARN, "Question refused from an address that is not trusted", code="ingress_asker_untrusted")
def asker_untrusted(path: Path, asker: RemoteAddress) -> None:
    """Somebody who is no proxy of ours asks what only proxies may. Add it to `forward_auth.trusted`, if it is one."""


# Signing in and out.


@event(_LOG, INFO, "Redirecting user for authentication")
def redirecting(login_url: LoginURL, return_url: ReturnURL) -> None:
    """Somebody opened what takes signing in, and is taken to the sign-in page. Nothing to do."""


@event(_LOG, WARN, "Authentication failed", audit=True, code="login_refused")
def login_refused(user: User, return_url: ReturnURL, error: Detail) -> None:
    """Somebody signed in whose groups give them no scope. If they should have one, add them to a group of it."""


@event(_LOG, ERROR, "Authentication failed", audit=True, code="login_failed")
def login_failed(user: User, return_url: ReturnURL, error: Detail) -> None:
    """Somebody signed in and got no token, because it could not be kept. Look at the store."""


@event(_LOG, INFO, "Successful logout", audit=True)
def logged_out(user: User, token: TokenKey, return_url: ReturnURL) -> None:
    """Somebody signed out; their token is over. Nothing to do."""


@event(_LOG, INFO, "Logout of already-logged-out session")
def logged_out_again(return_url: ReturnURL) -> None:
    """Somebody signed out who was not signed in. Nothing to do."""


@event(_LOG, WARN, "Bad return URL")
def return_url_bad(return_url: ReturnURL, error: Detail) -> None:
    """A link to /login or /logout wanted to lead on to another site. Somebody may be phishing.

    Look where such links come from; the person was not sent on.
    """


@event(_LOG, ERROR, "CSRF verification failed", audit=True, code="logout_csrf_failed")
def csrf_failed(user: User, error: Detail) -> None:
    """A page of another site tried to sign somebody out, or a browser hides where forms come from. Nothing to do."""
