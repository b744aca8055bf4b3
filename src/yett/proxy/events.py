"""What the reverse proxy says in the log."""

from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import (
    Address,
    App,
    Detail,
    Error,
    Groups,
    Host,
    Method,
    Name,
    Names,
    Path,
    SessionRef,
    User,
)
from yett.identity.access import Assurance
from yett.net.http import Failure
from yett.proxy.balancing import NoBackend
from yett.proxy.config import PathKind
from yett.proxy.faults import HeaderFault, KeyProblem
from yett.proxy.request_signing import Fault

# Life of the proxy.


@event("proxy.init", INFO, "Proxy service initialized")
def initialized(routes: int, hosts: int) -> None:
    """The route table is in force. Nothing to do."""


@event("proxy.init", ERROR, "Initialization failed")
def initialization_failed(error: Error) -> None:
    """The first route table could not be built, so nothing is proxied. Mend the mapping that is named."""


@event("proxy.reload", ERROR, "Reload failed")
def reload_failed(error: Error) -> None:
    """The new mappings could not be used; the old route table stays in force. Mend what is named."""


@event("proxy.config", INFO, "Global config summary")
def config_summary(routes: int, hosts: int, public_routes: int) -> None:
    """How many routes are served, and how many of them to everybody. Look twice at public ones."""


@event("proxy.config", INFO, "Cert loading", code="authority_loaded")
def authority_loaded(app: App, file: Name) -> None:
    """The service of a mapping is trusted by these authorities alone. Nothing to do."""


@event("proxy.outlier_detection", WARN, "Outlier detection config warnings", code="questionable")
def outliers_questionable(pool_id: Name, problem: Detail) -> None:
    """A pool's `outlier` table does something that is rarely meant. Check that it is."""


@event("proxy.dns_discovery", WARN, "DNS discovery config warnings", code="questionable")
def discovery_questionable(pool_id: Name, problem: Detail) -> None:
    """A pool's `discovery` table does something that is rarely meant. Check that it is."""


@event("proxy.health_check", WARN, "Health check config warnings", code="questionable")
def health_questionable(pool_id: Name, problem: Detail) -> None:
    """A pool's `health` table does something that is rarely meant. Check that it is."""


@event("proxy.config", WARN, "Duplicate route detection", code="duplicate_route")
def duplicate_route(app: App, host: Host, route_path: Name, kept: Name) -> None:
    """Two mappings name the same host and path; the first one is used. Remove one of them."""


@event("proxy.config", WARN, "Config validation", code="questionable_route")
def questionable_route(app: App, problem: Detail) -> None:
    """A mapping does something that is rarely meant. Check that it is."""


@event("proxy.route", INFO, "Route configured")
def route_configured(
    app: App,
    host: Host,
    route_path: Name,
    match: PathKind,
    methods: Names,
    service: Address,
    groups: Groups,
    public: bool,
    websocket: bool,
    identity_headers: bool,
    conditions: int,
    reauth: int,
    assurance: Assurance,
    step_up: int,
) -> None:
    """One line per route at each (re)load: what is reachable, where it goes, and who may enter."""


# A request's way.


@event("proxy.dispatcher", DEBUG, "Matched proxy route")
def matched(app: App, host: Host, route_path: Name) -> None:
    """Which route a request took. Nothing to do."""


@event("proxy.dispatcher", DEBUG, "no path match")
def no_path_match(host: Host) -> None:
    """The host is served, but no mapping covers this path: the client got a 404. Add a mapping if it should."""


@event("proxy.dispatcher", DEBUG, "no routes for hostname")
def no_routes(host: Host) -> None:
    """Nobody serves this host here: the client got a 404. A DNS name may point here by mistake."""


@event("proxy.dispatcher", WARN, "Ambiguous path refused")
def ambiguous_path(host: Host) -> None:
    """The path could be read in two ways, so that a rule might be walked round: the client got a 400.

    Dot segments are always refused; escapes, doubled slashes, `;parameters` and capital letters where another
    reading of the path belongs to another mapping. Single ones come from sloppy clients; many from one address
    are a probe. Ban that address if it goes on.
    """


@event("proxy.dispatcher", DEBUG, "Method not allowed")
def method_not_allowed(host: Host) -> None:
    """The path is mapped, but not for this method: the client got a 405. Add the method to the mapping if it should."""


@event("proxy.dispatcher", WARN, "Path too long to compare")
def path_too_long(host: Host, length: int) -> None:
    """The path was longer than is compared with patterns, or with exact paths when it holds escapes: a 414.

    Applications do not use such paths; many from one address are a probe. Ban that address if it goes on.
    """


@event("proxy.limit", WARN, "Request body larger than the mapping allows")
def body_too_large(app: App, host: Host, limit: int, size: int) -> None:
    """The client got a 413 or was cut off. Size 0: the request did not say. Raise `max_body` if it should pass."""


@event("proxy.stepup", INFO, "Step-up required", audit=True)
def step_up_required(
    user: User, app: App, host: Host, path: Path, needed: Assurance, held: Assurance
) -> None:
    """The mapping takes more proof than the person gave when they signed in; they were asked for it.

    Nothing to do. Again and again for one person, they have no such factor: help them to set one up.
    """


@event("proxy.stepup", WARN, "Sign-in proved too little", audit=True)
def proved_too_little(user: User, app: App, host: Host, needed: Assurance, held: Assurance) -> None:
    """Somebody came back from the sign-in page with less than they were sent for, and was not let in.

    They took the demand out of the address; it is checked again here for that very case. Talk to the person if it
    comes again.
    """


@event("proxy.reauth", INFO, "Re-authentication required", audit=True)
def reauthentication_required(
    user: User, app: App, host: Host, path: Path, max_age: float, age: float
) -> None:
    """A re-authentication rule matched: the person signed in too long ago, and was asked to do so again.

    Ages are in seconds; -1 when nobody knows. Nothing to do. Again and again for one person without
    a sign-in in between, it may be somebody at a desk or with a session that is not theirs.
    """


@event("proxy.access", DEBUG, "Route access check")
def access_checked(app: App, host: Host, groups: Groups, reason: Name) -> None:
    """One decision with its reason; refusals are recorded as `access.denied` as well."""


@event("proxy.request", DEBUG, "Proxying request to backend")
def proxying(app: App, backend: Address) -> None:
    """The request was allowed and goes to this backend. Nothing to do."""


@event("proxy.error", INFO, "Request canceled (client disconnected — expected)")
def client_left(app: App, bytes_out: int) -> None:
    """The client closed before the answer was complete. Normal for people who click on."""


@event("proxy.error", ERROR, "Proxy request failed (timeout, connection refused, etc.)")
def request_failed(app: App, backend: Address, failure: Failure, error: Error) -> None:
    """The backend gave no (whole) answer; the client got a 502 or 504, or its connection was cut mid-body.

    Look at the backend.
    """


# Pools.


@event("proxy.circuit_breaker", WARN, "Circuit breaker open")
def circuit_open(app: App, pool_id: Name, retry_after: float) -> None:
    """Circuits keep all backends of the pool away, so the client got a 503 without one being asked.

    `yett admin proxy health` shows which. They are tried again by themselves; look at why they fail.
    """


@event("proxy.circuit_breaker", WARN, "fallback activated")
def fallback_activated(app: App, pool_id: Name, backend: Address, reason: NoBackend) -> None:
    """There was no backend for this request, so it goes to the mapping's fallback. Look at the pool."""


@event("proxy.fallback", ERROR, "Invalid fallback URL")
def invalid_fallback(app: App, service: Address, error: Error) -> None:
    """The mapping is served without a fallback. Mend `fallback`; it is written like `service`."""


@event("proxy.fallback", ERROR, "fallback service error")
def fallback_failed(app: App, backend: Address, failure: Failure, error: Error) -> None:
    """Neither the pool nor the fallback could answer; the client got a 502 or 504, or was cut off mid-body.

    Look at the pool first.
    """


@event("proxy.pool", WARN, "No backend available")
def no_backend(app: App, pool_id: Name, reason: NoBackend) -> None:
    """No backend of the pool may be used, so the client got a 503.

    `yett admin proxy health` shows what keeps each away: failed checks, draining, an ejection.
    """


@event("http.access", INFO, "Request completed")
def completed(
    method: Method,
    host: Host,
    path: Path,
    status: int,
    duration_ms: float,
    bytes_in: int,
    bytes_out: int,
    app: App,
    route: Name,
    rule: Name,
    upstream: Name,
    protocol: Name,
) -> None:
    """The one record of every request that was parsed. Status 0: the client left before an answer.

    Route, rule and upstream are those of a request that was let through, and empty otherwise. The
    protocol is what the client, or the proxy before us, spoke: http/1.0, http/1.1 or h2.
    """


@event("http.unrecorded", ERROR, "Request refused because it could not be recorded")
def refused_unrecorded() -> None:
    """The audit log could not be written and `audit.on_failure` is "refuse". Make room on the disk."""


# Signing in.


@event("proxy.auth", WARN, "Personal access token refused", audit=True)
def token_refused(app: App, host: Host) -> None:
    """A program showed a token that is none of ours, over, revoked, or without the scope that the mapping asks for.

    Many of these from one address are guesses; one that goes on is a program whose owner has to make a
    new token. Look at the address if there are many.
    """


@event("proxy.oidc", DEBUG, "Redirecting to internal OIDC provider")
def redirecting(app: App, host: Host) -> None:
    """Somebody without a session was sent to sign in. Nothing to do."""


@event("proxy.oidc", DEBUG, "Redirecting to external OIDC provider")
def redirecting_outside(app: App, host: Host, provider: Name) -> None:
    """Somebody without a session was sent to the provider of the mapping's `sign_in_with`. Nothing to do."""


@event("proxy.oidc", ERROR, "Failed to generate PKCE verifier")
def verifier_not_made(host: Host, error: Error) -> None:
    """The system's random source failed, so nobody can be sent to sign in (503). Check the machine."""


@event("proxy.oidc", ERROR, "Failed to generate CSRF token")
def csrf_not_made(host: Host, error: Error) -> None:
    """The system's random source failed, so nobody can be sent to sign in (503). Check the machine."""


@event("proxy.oidc", ERROR, "Failed to generate state encryption")
def state_not_sealed(host: Host, error: Error) -> None:
    """What travels to the sign-in page could not be encrypted, so nobody can be sent there (503). Check the machine."""


@event("proxy.oidc.callback", INFO, "OIDC proxy authentication completed", audit=True)
def sign_in_completed(user: User, app: App, host: Host) -> None:
    """A person came back from signing in and has a session for this host now."""


@event("proxy.oidc.callback", WARN, "State expired", audit=True)
def state_expired(host: Host) -> None:
    """Somebody took longer to sign in than `proxy.sign_in_timeout`; they only need to try again. Nothing to do."""


@event("proxy.oidc.callback", WARN, "CSRF validation failed", audit=True)
def csrf_failed(host: Host) -> None:
    """The answer of a sign-in came to a browser that had not asked: a forged link, or cookies were cleared.

    Several within minutes deserve a look at who sends people such links. Look at the address.
    """


@event("proxy.oidc.callback", WARN, "OAuth error from IdP")
def provider_error(host: Host, oauth_error: Name) -> None:
    """The provider sent the person back with an error instead of a code. See `error` for which."""


@event("proxy.oidc.callback", WARN, "State decryption failed")
def state_unreadable(host: Host) -> None:
    """The state was not sealed by this gateway: a forgery, or the cluster key has changed.

    Look at the address if the key was not changed.
    """


@event("proxy.oidc.callback", WARN, "Host mismatch")
def host_mismatch(host: Host, expected_host: Name) -> None:
    """A sign-in begun for one host came back to another. It was refused; nobody got a session.

    Talk to the person if it was no old bookmark: somebody may have sent them the link.
    """


@event("proxy.oidc.callback", ERROR, "Token exchange failed", audit=True)
def exchange_failed(host: Host, reason: Name) -> None:
    """The code could not be redeemed: used twice, expired or for somebody else. Used twice means it leaked.

    Look at logs and proxies in between that may show codes.
    """


@event("proxy.oidc.callback", ERROR, "Session creation failed")
def session_failed(host: Host, error: Error) -> None:
    """The person signed in but no session could be kept, so they were not let in. Look at the store."""


@event("proxy.signout", INFO, "User signed out", audit=True)
def signed_out(user: User, host: Host) -> None:
    """The person ended their session here, and with it every other that came from the same sign-in. Nothing to do."""


# Sessions, as a listener sees them.


@event("listener.session", DEBUG, "Session created")
def session_created(session: SessionRef, host: Host) -> None:
    """A browser was given the cookie of a new session. Nothing to do."""


@event("listener.session", DEBUG, "Session validated")
def session_validated(session: SessionRef, host: Host) -> None:
    """A request came with the cookie of a live session. Nothing to do."""


@event("listener.session", DEBUG, "Session expired")
def session_expired(host: Host) -> None:
    """A request came with the cookie of a session that is no more, or never was. They have to sign in again."""


@event("listener.session", ERROR, "Session creation failures", code="not_created")
def session_not_created(host: Host) -> None:
    """Somebody signed in, and no session could be kept for them. `proxy.oidc.callback` says why.

    Look there, then at the store.
    """


@event("listener.session", WARN, "Session validation failures", code="invalid")
def session_invalid(host: Host, session: SessionRef, audience: Name) -> None:
    """A request came with the session of another host. It counts as none.

    No browser sends a cookie to another host: somebody has carried the session's secret here. Revoke
    the session, and ask its owner.
    """


# Signing identity headers.


@event("proxy.signing", WARN, "Rotation interval too short")
def rotation_too_short(rotation_seconds: float, lifetime_seconds: float) -> None:
    """Keys change faster than signatures expire, so upstreams may meet unknown keys.

    Make `proxy.signing_rotation` at least twice `proxy.signature_lifetime`.
    """


@event("proxy.signing", WARN, "cluster key too short")
def key_too_short(length: int) -> None:
    """The secret all keys are derived from has less than 32 bytes. Set a longer `cluster.cluster_key`."""


@event("proxy.signing", ERROR, "Key derivation failed")
def key_not_derived(epoch: int, is_initial: bool, error: Error) -> None:
    """There is no key to sign identity headers with, at the start or after a rotation.

    Routes that tell upstreams who is calling are refused (503) until there is one. The error says what is
    missing; a cryptographic library without Ed25519 is one reason. Mend it and restart.
    """


@event("proxy.signing_key", DEBUG, "Public key endpoint access and validation", code="served")
def keys_served(host: Host) -> None:
    """Somebody fetched the public keys for identity headers and signed requests. Nothing to do."""


@event("proxy.signing_key", WARN, "Public key endpoint access and validation", code="refused")
def keys_refused(host: Host, reason: KeyProblem) -> None:
    """Somebody asked for a key that there is not, or in a way that nobody does.

    `unknown`: a service has met a key id that is older than one rotation, another cluster's, or made up. Look at
    that service if it goes on.
    """


@event("proxy.signature_verify", DEBUG, "Signature verification endpoint handler", code="valid")
def headers_valid(host: Host, user: User) -> None:
    """A service had us check identity headers, and they are good. Nothing to do."""


@event("proxy.signature_verify", WARN, "Signature verification endpoint handler", code="invalid")
def headers_invalid(host: Host, reason: HeaderFault) -> None:
    """A service had us check identity headers that are not good for its host, or not any more.

    `expired` may be a slow service. Anything else is a forgery, or a mistake in how the service asks. Look at the
    reason and at the service.
    """


@event("proxy.request_signature_verify", DEBUG, "Request signature verification handler", code="valid")
def request_valid(host: Host, key_id: Name) -> None:
    """A service had us check a signed request, and it is as it was signed. Nothing to do."""


@event("proxy.request_signature_verify", WARN, "Request signature verification handler", code="invalid")
def request_invalid(host: Host, reason: Fault) -> None:
    """A service had us check a request that is not as we signed it, or was never signed.

    `expired` may be a slow service or one that has seen the request before. Anything else is a forgery, a proxy
    in between that changes requests, or a mistake in how the service asks. Look at the reason and at the service.
    """
