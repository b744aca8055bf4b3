"""What is said about bearer tokens."""

from yett.events import DEBUG, ERROR, WARN, event
from yett.events.fields import App, Error, Name, SessionRef, User
from yett.identity.federation import Wrong
from yett.proxy.bearer.model import Cause


@event("proxy.bearer_inject", WARN, "No username/session")
def nobody(app: App) -> None:
    """Nobody is signed in, so the application was told of nobody; what the client sent was removed all the same.

    Only a public mapping lets such requests pass. If they all come this way, it needs no `bearer`. Take it out of
    the settings then.
    """


@event("proxy.bearer_inject", WARN, "decryption failed (will re-mint)")
def not_decrypted(app: App, session: SessionRef) -> None:
    """A kept token could not be opened and is replaced by a new one.

    Normal once per session after the cluster key was changed or co-signers were set up; otherwise somebody wrote
    into the store. Find out who.
    """


@event("proxy.bearer_inject", ERROR, "MintBearerToken failed")
def not_minted(app: App, user: User, session: SessionRef, reason: Cause, error: Error) -> None:
    """There is no token for this person, so the client got a 502. Look at the reason.

    `provider`, `unreachable` and `refused` are about another authorization server, which the mapping names with
    `through`: try it with `yett admin federation test`, and compare with what it says about the error's code. Of all
    others `oidc.mint_bearer` says more. Look there.
    """


@event("proxy.bearer_inject", ERROR, "wrong response type")
def wrong_response(app: App, user: User, session: SessionRef, provider: Name, reason: Wrong) -> None:
    """Another authorization server gave something that is no bearer token, so the client got a 502.

    The reason is the part of its answer that was wrong. `token_type` often means that its tokens are bound to a key
    (DPoP): let it give this client bearer tokens. Otherwise show the reason to whoever runs that server.
    """


@event("proxy.bearer_inject", ERROR, "encryption error")
def not_encrypted(app: App, session: SessionRef, error: Error) -> None:
    """The token is used, and not kept for other nodes: it is too long to be sealed.

    The person is in very many groups, or another authorization server makes long tokens, and most applications will
    refuse so long a header field. Take the person out of groups they do not need, or limit what the token names.
    """


@event("proxy.bearer_inject", WARN, "Bearer token not kept")
def not_kept(app: App, session: SessionRef, error: Error) -> None:
    """The store could not be read or written, so each node mints a token of its own. Look at the store."""


@event("proxy.bearer_inject", DEBUG, "Bearer token minted for backend")
def minted(app: App, user: User, session: SessionRef, expires_in: float) -> None:
    """The application is shown a new token in a person's name. Nothing to do."""


@event("proxy.bearer_refresh", WARN, "Background refresh failed")
def refresh_failed(app: App, session: SessionRef, error: Error) -> None:
    """A token could not be renewed, or not kept. It is tried again with the next request, another server after a while.

    The old token is sent until it is over; only then do requests fail. Look at the error.
    """


@event("proxy.bearer_refresh", DEBUG, "Background refresh completed")
def refreshed(app: App, session: SessionRef, expires_in: float) -> None:
    """A token was renewed before it was over. Nothing to do."""
