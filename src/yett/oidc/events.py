"""What the provider says in the log."""

from yett.events import DEBUG, ERROR, INFO, TRACE, WARN, event
from yett.events.fields import ClientAddress, Error, Name, SessionRef, User
from yett.identity.access import Assurance
from yett.oidc.model import FormFault, Reason, Unminted, Weak


@event("oidc.init", INFO, "OIDC provider initializing")
def initializing(issuer: Name) -> None:
    """The provider answers under this issuer. Tokens carry it, so changing it invalidates them."""


@event("oidc.init", INFO, "OIDC provider disabled")
def disabled() -> None:
    """Nobody but the applications behind the proxy may have people sign in here (`oidc.enabled`). Nothing to do."""


@event("oidc.validation", WARN, "Redirect URI invalid")
def registration_refused(client: Name, reason: Reason) -> None:
    """A client was not registered. Its redirect addresses have to be absolute HTTPS addresses without fragment.

    Have the client's author correct them.
    """


@event("oidc.validation", WARN, "wildcard rejected")
def wildcard_rejected(client: Name) -> None:
    """A redirect address with a wildcard was not registered. Write out each address."""


@event("oidc.validation", WARN, "entropy check")
def entropy_low(client: Name, what: Weak) -> None:
    """Something that has to be random is not.

    `secret`: a secret in the settings is short or repeats itself; anybody may guess it, so make a new one, for
    example with `openssl rand -base64 32`. `challenge`: what the client sent for PKCE is no hash, and its request was
    refused; look at the client's library.
    """


@event("oidc.ratelimit.status", DEBUG, "Rate limit check result")
def rate_checked(client: Name, is_allowed: bool, retry_after: float) -> None:
    """A request for a code was counted. `retry_after` is in seconds, 0 when it may go on."""


@event("oidc.authorize", DEBUG, "Sign-in needed before authorization")
def sign_in_needed(client: Name, is_again: bool) -> None:
    """The person has no session, or the client asks for a fresh one. Nothing to do."""


@event("oidc.authorize", DEBUG, "More proof needed before authorization")
def more_proof_needed(user: User, client: Name, needed: Assurance, held: Assurance) -> None:
    """The person is signed in, and the client asks to know more of them (`acr_values`). Nothing to do."""


@event("oidc.authorize", DEBUG, "Authorization needs a person")
def login_required(client: Name) -> None:
    """The client asked without showing a page (prompt=none), and it takes a person to go on. Nothing to do."""


@event("oidc.authorize", WARN, "Authorization request refused")
def request_refused(client: Name, reason: Reason) -> None:
    """The request was not well formed. The client's OAuth library is old, or somebody is trying things.

    Look at `reason`, then at the client.
    """


@event("oidc.authorize", WARN, "Authorization without a known person", audit=True)
def person_refused(user: User, client: Name, session: SessionRef) -> None:
    """A live sign-on session belongs to somebody who is gone or disabled; no code was made.

    Such sessions end by themselves within a moment. Look at the directory if this repeats.
    """


@event("oidc.authcode.generate", INFO, "Generating authorization code", audit=True)
def code_generated(user: User, client: Name, session: SessionRef) -> None:
    """A person's browser takes a code to the client. Nothing to do."""


@event("oidc.authcode.generate", WARN, "Rate limited", audit=True)
def rate_limited(client: Name, client_address: ClientAddress, retry_after: float) -> None:
    """More requests for codes came from one address than `oidc.requests_per_minute` allows. The person saw a page.

    An application that sends people round in circles, many people behind one address, or somebody who looks for
    ids of clients (`client` is "unknown" then). Look at the application, or raise the limit.
    """


@event("oidc.authcode.generate", WARN, "unknown client", audit=True)
def unknown_client() -> None:
    """No client of that id is registered. The id is not recorded: anybody can send any text.

    Look at who sends people there if it goes on.
    """


@event("oidc.authcode.generate", WARN, "invalid redirect URI", audit=True)
def invalid_redirect_uri(client: Name) -> None:
    """The address is not exactly one that the client registered. The person saw a page of ours.

    After a change of host names this means a stale link; otherwise somebody tries to steal codes. Compare the two.
    """


@event("oidc.authcode.generate", WARN, "PKCE missing")
def pkce_missing(client: Name) -> None:
    """The client sent no code challenge. Switch PKCE (S256) on in its settings."""


@event("oidc.authcode.generate", WARN, "unauthorized scope")
def unauthorized_scope(client: Name) -> None:
    """The client asked for a scope it may not have. Grant it, or take it out of the client's settings."""


@event("oidc.authcode.generate", WARN, "IP not allowed")
def address_refused(client: Name, client_address: ClientAddress) -> None:
    """Somebody wanted to sign in to a client from outside of its `people_networks`. The client was told.

    Look at the address: if it is one of yours, add its network.
    """


@event("oidc.auth", ERROR, "RNG failure during code generation")
def random_failed(client: Name, error: Error) -> None:
    """The system gave no random bytes, so no code was made. Nothing here can be trusted until it does.

    Look at the machine: its kernel, its containers' filters of system calls.
    """


@event("oidc.authorize", WARN, "Person is in none of the client's groups", audit=True)
def group_refused(user: User, client: Name, session: SessionRef) -> None:
    """Somebody signed in who may not use this client (`groups`). The client was told.

    Put them into one of the groups if they should.
    """


@event("oidc.authorize", INFO, "Somebody else is signed in than the client asked for")
def other_person(user: User, client: Name, session: SessionRef) -> None:
    """The client said whom it expects, and another person sits there. It was told that nobody is signed in.

    Nothing to do.
    """


@event("oidc.authorize", WARN, "Pushed request unknown")
def pushed_unknown(client: Name) -> None:
    """The request that a client had pushed is not there: it is too old, or was never there. The person saw a page.

    Single ones are people who waited. If there are many, `oidc.request_lifetime` may be too short for the
    client. Raise it then.
    """


@event("oidc.forms", WARN, "Form refused")
def form_refused(reason: FormFault, client_address: ClientAddress) -> None:
    """A form of the provider came back from somewhere else than it was given to, or too late. Nothing was done.

    Single ones are old tabs and browsers without cookies. Many from one address are attempts from another
    site. Look at the address then.
    """


@event("oidc.pkce", WARN, "plain method rejected")
def plain_rejected(client: Name) -> None:
    """The client used the PKCE method "plain", or named none. Switch it to S256."""


@event("oidc.pkce", WARN, "Invalid verifier length/chars")
def verifier_malformed(client: Name) -> None:
    """A code came with something that cannot be a PKCE verifier. The code is spent.

    Look at the client's library; if it is sound, somebody tries codes.
    """


@event("oidc.pkce", TRACE, "PKCE validation result")
def pkce_result(client: Name, is_right: bool) -> None:
    """One step of redeeming a code."""


@event("oidc.token.exchange", INFO, "Authorization code exchanged for tokens", audit=True)
def code_exchanged(user: User, client: Name, session: SessionRef) -> None:
    """The client has what it asked for. For our own proxy this is a session, not a signed token."""


@event("oidc.token.exchange", WARN, "Invalid/expired code")
def code_invalid(client: Name, reason: Reason) -> None:
    """No such code, or it came too late. Single ones are people who waited; many are guesses.

    Look at the address if there are many. `code_reused` is explained by the entry that follows.
    """


@event("oidc.token.exchange", WARN, "PKCE failed")
def pkce_failed(client: Name) -> None:
    """The verifier does not fit the code, so whoever redeems it did not ask for it. The code is spent.

    Look at where the code may have been seen: logs, proxies, a page in between.
    """


@event("oidc.token.exchange", WARN, "client/redirect mismatch")
def client_mismatch(client: Name, issued_to: Name, reason: Reason) -> None:
    """A code was redeemed by another client or for another address than it was made for. It is spent.

    Look at both clients: one may have leaked the code.
    """


@event("oidc.token.exchange", WARN, "Authorization code used twice", audit=True)
def code_reused(user: User, client: Name, ended: int) -> None:
    """The second use was refused, and the sessions that came from the first were ended.

    A person who goes back in the browser can cause a single one. Otherwise somebody has read the
    code on its way: look at the client's host, its logs and proxies.
    """


@event("oidc.token.exchange", WARN, "Sign-on ended before the code was redeemed", audit=True)
def sign_on_ended(user: User, client: Name, reason: Reason) -> None:
    """Between the code and its use the person signed out, was signed out, or was disabled. No grant was made.

    Nothing to do.
    """


@event("oidc.token.exchange", WARN, "Consent withdrawn before the code was redeemed", audit=True)
def consent_gone(user: User, client: Name) -> None:
    """Between the code and its use the person took back what they had allowed the client. No grant was made.

    Nothing to do, unless the store failed at that moment: what cannot be read was not allowed.
    """


@event("oidc.token.exchange", ERROR, "Code could not be looked up")
def exchange_unavailable(client: Name, error: Error) -> None:
    """The store did not answer, so no grant was made. Look at the store."""


@event("oidc.authorize", ERROR, "Authorization code could not be kept")
def authorize_unavailable(client: Name, error: Error) -> None:
    """The store did not answer, so no code was made. The client was told to try later. Look at the store."""


@event("oidc.mint_bearer", INFO, "Bearer token minted for proxy", audit=True)
def bearer_minted(user: User, client: Name, session: SessionRef, lifetime: float) -> None:
    """An application is shown a token in a person's name, or the server whose token it wants. Nothing to do.

    `lifetime` is in seconds.
    """


@event("oidc.mint_bearer", ERROR, "Minting failed")
def bearer_not_minted(user: User, client: Name, reason: Unminted, error: Error) -> None:
    """There is no token, and the person's request to that application was not passed on.

    `too_long`: the person is in so many groups that a token would not fit into a header field. `signing_key`: the
    error says what is missing. Look at the groups or at the key.
    """
