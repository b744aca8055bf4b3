"""What scoped tokens say in the log, in the words and with the attributes of Gafaelfawr.

`token`, `user`, `scopes` and `token_source` are of the token that a request came with, `token_…` of the one that
was made or changed. What is not known is left out.
"""

from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import (
    URL,
    Caller,
    Detail,
    Error,
    Name,
    Overrides,
    Scopes,
    Seconds,
    TokenExpires,
    TokenKey,
    TokenName,
    TokenSource,
    TokenUser,
    TokenUserinfo,
    User,
    Word,
)
from yett.tokens.model import TokenType

_LOG = "gafaelfawr"


# Tokens made.


@event(_LOG, INFO, "Successfully authenticated user", audit=True)
def user_authenticated(
    token_key: Name,
    token_username: TokenUser,
    token_expires: TokenExpires,
    token_scopes: Scopes,
    token_userinfo: TokenUserinfo,
) -> None:
    """Somebody signed in, and their browser has a session token now. Nothing to do."""


@event(_LOG, INFO, "Created new user token", audit=True)
def user_token_created(
    user: Caller,
    token: TokenKey,
    scopes: Scopes,
    token_source: TokenSource,
    token_key: Name,
    token_expires: TokenExpires,
    token_name: TokenName,
    token_scopes: Scopes,
    token_userinfo: TokenUserinfo,
) -> None:
    """Somebody made themselves a token for a program. Nothing to do; they can delete it at `/auth/tokens`."""


@event(_LOG, INFO, "Created new user token as administrator", audit=True)
def user_token_created_as_administrator(
    user: Caller,
    token: TokenKey,
    scopes: Scopes,
    token_source: TokenSource,
    token_key: Name,
    token_username: TokenUser,
    token_expires: TokenExpires,
    token_name: TokenName,
    token_scopes: Scopes,
    token_userinfo: TokenUserinfo,
) -> None:
    """An administrator made a token in somebody else's name. Make sure that it was meant to be."""


@event(_LOG, INFO, "Created new service token", audit=True)
def service_token_created(
    user: Caller,
    token: TokenKey,
    scopes: Scopes,
    token_source: TokenSource,
    token_key: Name,
    token_username: TokenUser,
    token_expires: TokenExpires,
    token_scopes: Scopes,
    token_userinfo: TokenUserinfo,
) -> None:
    """An administrator made a token for a program. Nothing to do; give it an end, so that it is not forgotten."""


@event(_LOG, INFO, "Created new notebook token", audit=True)
def notebook_token_created(
    user: Caller,
    token: TokenKey,
    scopes: Scopes,
    token_source: TokenSource,
    lifetime_seconds: Seconds,
    auth_uri: URL,
    required_scopes: Scopes,
    satisfy: Word,
    service: Word,
    token_key: Name,
    token_expires: TokenExpires,
    token_userinfo: TokenUserinfo,
) -> None:
    """A notebook got a token with which it may do whatever its user may. Nothing to do."""


@event(_LOG, INFO, "Created new internal token", audit=True)
def internal_token_created(
    user: Caller,
    token: TokenKey,
    scopes: Scopes,
    token_source: TokenSource,
    lifetime_seconds: Seconds,
    auth_uri: URL,
    required_scopes: Scopes,
    satisfy: Word,
    service: Word,
    token_key: Name,
    token_expires: TokenExpires,
    token_scopes: Scopes,
    token_service: Name,
    token_userinfo: TokenUserinfo,
) -> None:
    """A service got a token with which it acts for its user. Nothing to do."""


@event(_LOG, INFO, "Created new OpenID Connect token", audit=True)
def oidc_token_created(
    user: User, token_key: Name, token_expires: TokenExpires, token_userinfo: TokenUserinfo
) -> None:
    """A client of the OpenID provider got an access token that only the gateway can read. Nothing to do."""


# Tokens changed and ended.


@event(_LOG, INFO, "Modified token", audit=True)
def token_modified(
    user: Caller,
    token: TokenKey,
    scopes: Scopes,
    token_source: TokenSource,
    token_key: Name,
    token_expires: TokenExpires,
    token_name: TokenName,
    token_scopes: Scopes,
) -> None:
    """An administrator changed what a token is called, may do, or when it ends. Nothing to do."""


@event(_LOG, INFO, "Deleted token", audit=True)
def token_deleted(
    user: Caller,
    token: TokenKey,
    scopes: Scopes,
    token_source: TokenSource,
    token_key: Name,
    token_username: TokenUser,
) -> None:
    """A token is over, because somebody deleted it, its user is gone, or its session ended.

    Each of those that were made with it is said so, too. Nothing to do.
    """


@event(_LOG, INFO, "Expired token", audit=True)
def token_expired(user: Caller, token_type: TokenType, token: TokenKey) -> None:
    """A token reached its end and was removed. Nothing to do."""


# Requests refused.


@event(_LOG, WARN, "Permission denied", audit=True)
def permission_denied(
    user: Caller,
    token: TokenKey,
    scopes: Scopes,
    token_source: TokenSource,
    error: Detail,
) -> None:
    """Somebody asked for what their token is not good for. Ask them what for if one token does so again and again."""


@event(_LOG, WARN, "Invalid token", audit=True)
def token_invalid(token_source: TokenSource, error: Detail) -> None:
    """A request of our interface came with a token that is none, or none any more.

    Give the program that sends it a new one, if it is to go on.
    """


@event(_LOG, WARN, "Invalid request", code="api_request_invalid")
def request_invalid(error: Detail) -> None:
    """A request of our interface says in no way that we know who makes it; the error tells why.

    Correct the program that sends it.
    """


@event(_LOG, WARN, "Discarding invalid state cookie", code="cookie_discarded")
def cookie_discarded(error: Detail) -> None:
    """A browser sent a token in its cookie that is none of ours. It is treated as one without. Nothing to do."""


@event(_LOG, ERROR, "CSRF verification failed", audit=True)
def csrf_failed(
    user: Caller, token: TokenKey, scopes: Scopes, token_source: TokenSource, error: Detail
) -> None:
    """A browser was made to send a request without the page's own secret; nothing was done.

    A page of another site may have tried to use somebody's session. Ask the person which pages they had open.
    """


@event(_LOG, INFO, "Authenticated with bootstrap token", audit=True)
def bootstrap_used(user: Caller, token: TokenKey, scopes: Scopes, token_source: TokenSource) -> None:
    """Somebody used the bootstrap token. Once there are others, take it out of the settings."""


# Quotas.


@event(_LOG, INFO, "Updated quota overrides", audit=True)
def overrides_updated(
    user: Caller, token: TokenKey, scopes: Scopes, token_source: TokenSource, quota_overrides: Overrides
) -> None:
    """An administrator put other quotas in force. Delete them when the reason is gone."""


@event(_LOG, INFO, "Deleted quota overrides", audit=True)
def overrides_deleted(user: Caller, token: TokenKey, scopes: Scopes, token_source: TokenSource) -> None:
    """The quotas of the settings are in force again. Nothing to do."""


# Our own.


@event("gafaelfawr.store", ERROR, "Cannot retrieve token data")
def record_unreadable(token_key: Name, error: Error) -> None:
    """The record of a token is damaged, or of a later version. The token does not work; make another."""


@event("gafaelfawr.store", ERROR, "Quota overrides cannot be read")
def overrides_unreadable(error: Error) -> None:
    """What was in force stays in force. Put the overrides anew, or delete them."""


@event("gafaelfawr.store", WARN, "Token history entry cannot be read")
def history_unreadable() -> None:
    """An entry in the history of tokens is damaged, and left out. Restore it from a backup if it matters."""


@event("gafaelfawr.store", WARN, "Token changes were missed and all tokens are read anew")
def changes_missed() -> None:
    """More changed at once than was kept for this node. Nothing is lost; if it comes often, find a faster machine."""


@event("gafaelfawr.store", DEBUG, "Tokens loaded")
def loaded(tokens: int) -> None:
    """All tokens are in memory. Nothing to do."""


@event("gafaelfawr.store", ERROR, "Tokens could not be looked up")
def lookup_failed(error: Error) -> None:
    """The store did not answer, and a token that this node does not know was refused. Look at the store."""


@event("gafaelfawr.store", ERROR, "Token could not be stored")
def not_stored(token_username: TokenUser, error: Error) -> None:
    """The store refused a new token; nobody has it. Look at the store."""


@event("gafaelfawr.store", ERROR, "End of tokens could not be stored")
def end_not_stored(tokens: int, error: Error) -> None:
    """Tokens are over here, but the store does not know yet; it is told again until it does. Look at the store."""


@event("gafaelfawr.store", WARN, "Use of tokens could not be stored")
def use_not_stored(tokens: int, error: Error) -> None:
    """When tokens were last used was not written down; nothing is refused because of that. Look at the store."""
