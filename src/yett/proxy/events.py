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
    Path,
    User,
)
from yett.net.http import Failure
from yett.proxy.balancing import NoBackend

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
    service: Address,
    groups: Groups,
    public: bool,
    websocket: bool,
    identity_headers: bool,
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

    Dot segments are always refused; escapes, doubled slashes, `;parameters` and capital letters where
    another reading of the path belongs to another mapping. Single ones come from sloppy clients; many
    from one address are a probe.
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


@event("proxy.error", ERROR, "Proxy request failed")
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
) -> None:
    """The one record of every request that was parsed. Status 0: the client left before an answer.

    Route, rule and upstream are those of a request that was let through, and empty otherwise.
    """


@event("http.unrecorded", ERROR, "Request refused because it could not be recorded")
def refused_unrecorded() -> None:
    """The audit log could not be written and `telemetry.on_audit_failure` is "refuse". Make room on the disk."""


# Signing in.


@event("proxy.oidc", DEBUG, "Redirecting to internal OIDC provider")
def redirecting(app: App, host: Host) -> None:
    """Somebody without a session was sent to sign in. Nothing to do."""


@event("proxy.oidc.callback", INFO, "OIDC proxy authentication completed", audit=True)
def sign_in_completed(user: User, app: App, host: Host) -> None:
    """A person came back from signing in and has a session for this host now."""


@event("proxy.oidc.callback", WARN, "State expired", audit=True)
def state_expired(host: Host) -> None:
    """Somebody took longer to sign in than `proxy.sign_in_timeout`; they only need to try again."""


@event("proxy.oidc.callback", WARN, "CSRF validation failed", audit=True)
def csrf_failed(host: Host) -> None:
    """The answer of a sign-in came to a browser that had not asked: a forged link, or cookies were cleared.

    Several within minutes deserve a look at who sends people such links.
    """


@event("proxy.oidc.callback", WARN, "OAuth error from IdP")
def provider_error(host: Host, oauth_error: Name) -> None:
    """The provider sent the person back with an error instead of a code."""


@event("proxy.oidc.callback", WARN, "State decryption failed")
def state_unreadable(host: Host) -> None:
    """The state was not sealed by this gateway: a forgery, or the cluster key has changed."""


@event("proxy.oidc.callback", WARN, "Host mismatch")
def host_mismatch(host: Host, expected_host: Name) -> None:
    """A sign-in begun for one host came back to another. It was refused; nobody got a session."""


@event("proxy.oidc.callback", ERROR, "Token exchange failed", audit=True)
def exchange_failed(host: Host, reason: Name) -> None:
    """The code could not be redeemed: used twice, expired or for somebody else. Used twice means it leaked."""


@event("proxy.oidc.callback", ERROR, "Session creation failed")
def session_failed(host: Host, error: Error) -> None:
    """The person signed in but no session could be kept, so they were not let in. Look at the store."""


@event("proxy.signout", INFO, "User signed out", audit=True)
def signed_out(user: User, host: Host) -> None:
    """The person ended their session here, and with it every other that came from the same sign-in. Nothing to do."""


# Signing identity headers.


@event("proxy.signing", WARN, "Rotation interval too short")
def rotation_too_short(rotation_seconds: float, lifetime_seconds: float) -> None:
    """Keys change faster than signatures expire, so upstreams may meet unknown keys.

    Make `proxy.signing_rotation` at least twice `proxy.signature_lifetime`.
    """


@event("proxy.signing", WARN, "cluster key too short")
def key_too_short(length: int) -> None:
    """The secret all keys are derived from has less than 32 bytes. Set a longer `cluster.cluster_key`."""


@event("proxy.signing_key", DEBUG, "Public key endpoint access and validation", code="served")
def keys_served(host: Host) -> None:
    """Somebody fetched the public keys for identity headers. Nothing to do."""
