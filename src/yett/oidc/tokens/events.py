"""What tokens say in the log. No token is ever in a record, and nothing that could be made one."""

from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import Error, Name, Names, SessionRef, User
from yett.oidc.tokens.model import Unissued, Unserved


@event("oidc.tokens.generate", INFO, "Tokens issued successfully", audit=True)
def issued(user: User, client: Name, session: SessionRef, scope: Names, lifetime: float) -> None:
    """A client has an access token for as many seconds, and whatever goes with it. Nothing to do."""


@event("oidc.tokens.generate", ERROR, "Token generation failed")
def not_generated(user: User, client: Name, reason: Unissued, error: Error) -> None:
    """There are no tokens, and nothing is kept of the attempt. The client was told to try again.

    `signing_key`: the error says what is missing. `random`: the machine's random source failed.
    `too_long`: the person is in too many groups for a token. `malformed`: the directory has something for
    them that is no text. Look at the reason.
    """


@event("oidc.tokens.generate", WARN, "Tokens not issued", audit=True)
def refused(user: User, client: Name, session: SessionRef, reason: Unissued) -> None:
    """Between the grant and its tokens the person was disabled, lost the group, or their session ended.

    With `reused` or `over` and a session that is still there, somebody used a code twice. Nothing to do otherwise.
    """


@event("oidc.tokens.generate", WARN, "Client has the name of a person", audit=True)
def namesake(client: Name) -> None:
    """A person of the directory is called what the client is. It got no token: nobody could tell theirs from its own.

    Its tokens for itself are refused as long as both are there, also those it has. Give the client another `id`.
    """


@event("oidc.tokens.saga", ERROR, "Saga step failed during token storage")
def step_failed(client: Name, step: Name, error: Error) -> None:
    """The store did not take something, so no tokens were given out; what was kept already is taken back.

    That is tried again until it succeeds. Look at the store.
    """


@event("oidc.token.refresh", INFO, "Token refresh requested", audit=True)
def refresh_requested(user: User, client: Name, session: SessionRef) -> None:
    """A client shows a refresh token that is ours. What becomes of it, the next record says. Nothing to do."""


@event("oidc.token.refresh", WARN, "Token not found")
def refresh_unknown(client: Name) -> None:
    """A refresh token that is not ours, too old, or revoked: its client has to send people to sign in again.

    Many from one client without that are guesses; nobody guesses one. Look at the address.
    """


@event("oidc.token.refresh", WARN, "client mismatch")
def refresh_mismatch(client: Name, issued_to: Name) -> None:
    """A client shows a refresh token of another one. One of them has leaked it: look at both."""


@event("oidc.token.refresh", WARN, "invalid scope")
def refresh_scope(client: Name) -> None:
    """A client asked for more with a refresh token than was granted. People have to be asked for more.

    Correct the client.
    """


@event("oidc.token.refresh", WARN, "Token not proven", audit=True)
def refresh_unproven(user: User, client: Name) -> None:
    """A refresh token came without the key or certificate that it is bound to. Somebody else may have it.

    Look at where the client keeps its tokens.
    """


@event("oidc.token.refresh", WARN, "Token used twice", audit=True)
def refresh_reused(user: User, client: Name, ended: int) -> None:
    """A refresh token that was exchanged before came again, so everything of its grant was ended.

    Either somebody has stolen it, or the client lost an answer and asked again; for clients that do,
    there is `oidc.tokens.refresh_leeway`. The person signs in again at the application. Ask the client's
    author which; look at where the token may have been seen if they do not know.
    """


@event("oidc.tokens.refresh", INFO, "Tokens refreshed", audit=True)
def refreshed(user: User, client: Name, session: SessionRef, lifetime: float) -> None:
    """A client has a new access token for as many seconds, and the next refresh token. Nothing to do."""


@event("oidc.tokens.refresh", WARN, "Refresh generation failed")
def not_refreshed(user: User, client: Name, reason: Unissued) -> None:
    """A refresh token was good, and there are no new tokens all the same.

    `person`, `over`: the person or their session is out. Otherwise the log says more, and the client may
    try again with the same token. Look for the record before this one.
    """


@event("oidc.idtoken", ERROR, "Signing key not loaded")
def identity_without_key(client: Name, algorithm: Name) -> None:
    """There is no key for the algorithm that a client wants its ID tokens signed with, so it got no tokens.

    Look at `oidc.signing.algorithms`, and at what `oidc.keys` said.
    """


@event("oidc.idtoken", ERROR, "signing failed")
def identity_not_signed(user: User, client: Name, error: Error) -> None:
    """What the directory knows of a person cannot be written into a token. Correct their entry."""


@event("oidc.idtoken", DEBUG, "DPoP/cert binding applied")
def bound(client: Name, is_key: bool, is_certificate: bool) -> None:
    """Tokens are bound to a key (DPoP) or a certificate of the client's. Nothing to do."""


@event("oidc.idtoken", DEBUG, "signer type")
def signer(client: Name, algorithm: Name) -> None:
    """What an ID token is signed with. Nothing to do."""


@event("oidc.crypto", ERROR, "RNG failure in secure token generation")
def random_failed(error: Error) -> None:
    """The machine's random source failed, so no token was made. Critical: look at the machine."""


@event("oidc.introspect", DEBUG, "Token introspected")
def introspected(client: Name, active: bool, type: Name) -> None:  # noqa: A002 - the documented name of the field
    """A client asked what a token is worth. Nothing to do."""


@event("oidc.introspect", WARN, "Introspection not allowed")
def introspection_refused(client: Name, issued_to: Name) -> None:
    """A client asked about a token that is none of its own; it was told that the token is not good.

    If it is meant to serve tokens of others, set `may_introspect` for it, or make it their `audience`.
    """


@event("oidc.revoke", INFO, "Token revoked", audit=True)
def revoked(user: User, client: Name, session: SessionRef, is_whole_grant: bool) -> None:
    """A client gave a token back; with `is_whole_grant` everything that came of its grant is over. Nothing to do."""


@event("oidc.revoke", INFO, "Grant revoked", audit=True)
def family_revoked(user: User, client: Name, session: SessionRef, by: Name) -> None:
    """Everything of one grant is over, for good; the application has to send its person to sign in again.

    `by` says why: the session ended, the password was changed, the client was taken out of the settings, or somebody
    took it back (`grant`). Nothing to do.
    """


@event("oidc.revoke_user_tokens", INFO, "Bulk user token revocation")
def user_revoked(user: User, grants: int) -> None:
    """A person was disabled or deleted, or an operator ended what applications had of them. Nothing to do."""


@event("oidc.revoke", WARN, "Tokens not revoked yet")
def not_revoked(error: Error) -> None:
    """The store did not take a revocation. Here the tokens are refused already; it is tried again.

    Look at the store.
    """


@event("oidc.userinfo", INFO, "UserInfo served", audit=True)
def userinfo_served(user: User, client: Name, claims: Names) -> None:
    """A client was told about a person. Nothing to do."""


@event("oidc.userinfo", WARN, "Token invalid")
def userinfo_token_invalid(reason: Unserved) -> None:
    """Somebody asked about a person without a token that is good. Single ones are tokens that ran out.

    With `unproven` a token came without the key or certificate that it is bound to: somebody else may
    have it. Look at the client if there are many.
    """


@event("oidc.userinfo", WARN, "user not found")
def userinfo_user_unknown(user: User, client: Name) -> None:
    """A token is good, and its person left the directory just now; nothing was told. Nothing to do."""


@event("oidc.userinfo", WARN, "scope insufficient")
def userinfo_scope(client: Name) -> None:
    """A token without the scope `openid`, or of a client that acts for itself, asked about a person.

    Have the client ask for the scope.
    """


@event("oidc.validate_id_token", INFO, "ID token validated")
def identity_validated(user: User, client: Name, is_over: bool) -> None:
    """An ID token of ours was shown to us and is genuine. Nothing to do."""


@event("oidc.tokens.store", WARN, "Token record unreadable")
def record_unreadable(error: Error) -> None:
    """What is kept of a grant is damaged, or of a later version; its tokens are refused.

    Look at the store. The person signs in again at the application.
    """


@event("oidc.tokens.store", WARN, "Token changes missed")
def changes_missed() -> None:
    """So much changed at once that the store dropped some of it on the way; everything was listed anew.

    Nothing to do.
    """


@event("oidc.tokens.store", INFO, "Tokens loaded")
def loaded(grants: int) -> None:
    """The grants of the store are known here. Nothing to do."""
