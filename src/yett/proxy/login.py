"""Sending people to sign in, and taking them back: the client's half of the code flow.

RFC 6749, section 4.1, with PKCE (RFC 7636) and the issuer check of RFC 9207. What has to
survive the trip travels in the sealed `state`; the browser proves with a cookie that it is the
one that was sent. Any node can finish what another began.
"""

import base64
import hashlib
import hmac
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import NamedTuple, Protocol
from urllib.parse import urlencode

from yett.events import current_scope, describe, is_in_scope
from yett.identity.access import ASSURANCE, METHODS, Assurance, assurance_named
from yett.kernel import Clock, new_secret
from yett.keys import Sealer
from yett.oidc import CODE_REF, Grant, Reason, Refused
from yett.proxy import events
from yett.proxy.config import RESERVED, ProxySettings
from yett.proxy.cookies import keep_csrf
from yett.proxy.reauth import AUTH_TIME
from yett.sessions import Issued, SessionNotCreated, Sessions, SessionType

CALLBACK = RESERVED + "callback"

_CLIENT = "app:"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_LONGEST_RETURN = 2048
"""Characters of a target that travel: sealed, they still fit into addresses that every server takes."""


class Provider(Protocol):
    """The part of the sign-in host's provider that is used in process."""

    def register_client(self, client_id: str, redirect_uris: tuple[str, ...]) -> object: ...
    def forget_client(self, client_id: str) -> bool: ...
    def find_clients(self, find: Callable[[str], tuple[str, ...]]) -> None: ...

    async def redeem(
        self, code: str, *, verifier: str, client_id: str, redirect_uri: str
    ) -> Grant | Refused: ...


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send somebody, and the Set-Cookie value of the cookie that has to come back with them."""

    location: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody came back and is let in."""

    issued: Issued
    return_to: str
    """An absolute address: a path that begins with two slashes would lead to another host."""


@dataclass(frozen=True, slots=True)
class NotArrived:
    """Somebody came back and is not let in; the sentence is for them."""

    status: int
    sentence: str
    again: str = ""
    """Where to begin again, when it is sure that it was this browser that wanted to go there."""


class _Reply(NamedTuple):
    """What a person reads when their code gave no grant."""

    status: int
    sentence: str


_SPENT = _Reply(400, "This sign-in has been used already or is too old. Open the page again.")
_TOO_LITTLE = "The application takes more proof that it is you than this sign-in gave."
_REPLIES = {
    Reason.UNAVAILABLE: _Reply(503, "Signing in does not work at the moment. Try again in a moment."),
    Reason.PERSON: _Reply(403, "This account cannot be used."),
}
_PASSING = frozenset({"temporarily_unavailable", "server_error"})


@dataclass(frozen=True, slots=True)
class _Trip:
    """What travels in the state."""

    host: str
    app: str
    target: str
    csrf: str
    verifier: str
    nonce: str
    assurance: str
    """How much the person was to prove. Whoever comes back with less is told, not sent again."""


_TRIP_KEYS = {each.name for each in fields(_Trip)}


class Login:
    """The sign-in trips of every application host."""

    def __init__(
        self,
        provider: Provider,
        sessions: Sessions,
        sealer: Sealer,
        settings: ProxySettings,
        clock: Clock,
        *,
        issuer: str,
        public_port: int,
        new_secret: Callable[[], str] = new_secret,
        remember: Callable[[str], Mapping[str, str]] = lambda _: {},
    ) -> None:
        """`remember` tells what else the session of a person keeps."""
        self._remember = remember
        self._provider = provider
        self._new_secret = new_secret
        self._sessions = sessions
        self._sealer = sealer
        self._clock = clock
        self._issuer = issuer
        self._port = "" if public_port == 443 else f":{public_port}"
        self._timeout = 0.0
        self.apply(settings)

    def apply(self, settings: ProxySettings) -> None:
        """Use another time limit from now on."""
        self._timeout = settings.sign_in_timeout.total_seconds()

    def register(self, host: str) -> None:
        """Make the provider know the host, so that it sends people back there and nowhere else."""
        self._provider.register_client(_client(host), (self._redirect_uri(host),))

    def serve_families(self, is_served: Callable[[str], bool]) -> None:
        """Make the provider know the hosts of wildcards, which are too many to register.

        Nothing is kept for one of them, so nobody fills the memory by asking for ever new ones, and
        every node knows them all.
        """

        def find(client_id: str) -> tuple[str, ...]:
            host = client_id.removeprefix(_CLIENT)
            return (self._redirect_uri(host),) if host != client_id and is_served(host) else ()

        self._provider.find_clients(find)

    def forget(self, host: str) -> None:
        """The host is served no more; codes for it are refused from now on."""
        self._provider.forget_client(_client(host))

    def depart(
        self,
        host: str,
        target: str,
        *,
        app: str,
        home: str,
        csrf: str,
        now: float,
        max_age: float | None = None,
        assurance: Assurance = Assurance.SINGLE,
        provider: str = "",
    ) -> Departure | None:
        """Begin a trip from `target` on `host`; a target too long to travel becomes `home`.

        A well-formed earlier cookie is used again: tabs that are sent to sign in together share it,
        so that all of them can come back. `max_age` is how many seconds ago the person may have
        signed in; whoever did so before has to prove again who they are. `assurance` is how much has to
        be known of them. `provider` is the other one where they sign in, when they need not choose.
        None when what a trip needs cannot be made.
        """
        made = self._secrets(host, csrf)
        if made is None:
            return None
        csrf, verifier, nonce = made
        target = target if len(target) <= _LONGEST_RETURN else home
        trip = _Trip(host, app, target, csrf, verifier, nonce, assurance.value)
        try:
            state = self._sealer.seal(asdict(trip), expires_at=now + self._timeout)
        except (OSError, ValueError) as problem:
            events.state_not_sealed(host=host, error=describe(problem))
            return None
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
        asked = {
            "response_type": "code",
            "client_id": _client(host),
            "redirect_uri": self._redirect_uri(host),
            "scope": "openid",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        if max_age is not None:
            # The gate looks at the time of the sign-in itself: this can be taken out of the address.
            asked["max_age"] = str(int(max_age))
        if assurance is not Assurance.SINGLE:
            # The same goes for this one, and coming back with less is found out in `arrive`.
            asked["acr_values"] = assurance.value
        if provider:
            asked["idp_hint"] = provider
        cookie = keep_csrf(csrf, math.ceil(self._timeout))
        return Departure(f"{self._issuer}/oidc/authorize?{urlencode(asked)}", cookie)

    def _secrets(self, host: str, csrf: str) -> tuple[str, str, str] | None:
        """The cookie's value, the verifier and the nonce of a new trip; None without a random source."""
        try:
            csrf = csrf if _TOKEN.fullmatch(csrf) else self._new_secret()
        except OSError as problem:
            events.csrf_not_made(host=host, error=describe(problem))
            return None
        try:
            return csrf, self._new_secret(), self._new_secret()[:22]
        except OSError as problem:
            events.verifier_not_made(host=host, error=describe(problem))
            return None

    async def arrive(
        self,
        host: str,
        query: Mapping[str, str],
        *,
        csrf: str,
        metadata: dict[str, str],
        earlier: str = "",
    ) -> Arrival | NotArrived:
        """Judge what came back. Every refusal is recorded with its reason; the person reads a general one.

        `earlier` is the token of the session that the browser has here already, if it has one.
        """
        trip = self._judge_state(host, query, csrf)
        if isinstance(trip, NotArrived):
            return trip
        wanted = self._address(trip)
        refusal = self._judge_answer(host, query)
        if refusal is not None:
            return replace(refusal, again=wanted)
        granted = await self._provider.redeem(
            query.get("code", ""),
            verifier=trip.verifier,
            client_id=_client(host),
            redirect_uri=self._redirect_uri(host),
        )
        if isinstance(granted, Refused):
            events.exchange_failed(host=host, reason=granted.reason.value)
            reply = _REPLIES.get(granted.reason, _SPENT)
            return NotArrived(reply.status, reply.sentence, wanted)
        if not hmac.compare_digest(granted.nonce, trip.nonce):
            events.exchange_failed(host=host, reason="nonce")
            return NotArrived(400, "The answer belongs to another sign-in. Open the page again.", wanted)
        needed = assurance_named(trip.assurance)
        if needed is None or not granted.assurance.reaches(needed):
            events.proved_too_little(
                user=granted.user,
                app=trip.app,
                host=host,
                needed=needed or Assurance.PHISHING_RESISTANT,
                held=granted.assurance,
            )
            return NotArrived(403, _TOO_LITTLE, wanted)
        try:
            issued = await self._sessions.create(
                SessionType.AUTHENTICATED,
                granted.user,
                audience=host,
                parent=granted.sign_on_ref,
                metadata={
                    **metadata,
                    **self._remember(granted.user),
                    CODE_REF: granted.code_ref,
                    AUTH_TIME: format(granted.auth_time, ".3f"),
                    METHODS: " ".join(granted.methods),
                    ASSURANCE: granted.assurance.value,
                },
            )
        except SessionNotCreated as problem:
            events.session_failed(host=host, error=describe(problem))
            events.session_not_created(host=host)
            return NotArrived(503, "Your sign-in could not be kept. Try again in a moment.", wanted)
        await self._end_other(earlier, host, granted.sign_on_ref)
        if is_in_scope():
            current_scope().user, current_scope().session = granted.user, issued.session.ref
        events.session_created(session=issued.session.ref, host=host)
        events.sign_in_completed(user=granted.user, app=trip.app, host=host)
        return Arrival(issued, wanted)

    def _judge_state(self, host: str, query: Mapping[str, str], csrf: str) -> _Trip | NotArrived:
        """Whether this browser began the trip here, not long ago."""
        opened = self._sealer.open(query.get("state", ""), now=self._clock.now())
        trip = None if opened is None else _read(opened.payload)
        if opened is None or trip is None:
            events.state_unreadable(host=host)
            return NotArrived(400, "This link was not made by this gateway. Open the page you wanted again.")
        if opened.is_expired:
            events.state_expired(host=host)
            return NotArrived(400, "Signing in took too long. Open the page you wanted again.")
        if trip.host != host:
            events.host_mismatch(host=host, expected_host=trip.host)
            return NotArrived(400, "This sign-in was begun for another address.")
        if not hmac.compare_digest(trip.csrf.encode(), csrf.encode()):
            events.csrf_failed(host=host)
            return NotArrived(
                403,
                "This browser did not ask to sign in here. Open the page you wanted again, with cookies on.",
            )
        return trip

    def _judge_answer(self, host: str, query: Mapping[str, str]) -> NotArrived | None:
        """Whether the answer is our provider's, and not an error."""
        if query.get("iss") != self._issuer:
            events.provider_error(host=host, oauth_error="issuer_mismatch")
            return NotArrived(400, "The answer did not come from the sign-in page.")
        if "error" in query:
            error = _error_code(query["error"])
            events.provider_error(host=host, oauth_error=error)
            return NotArrived(503 if error in _PASSING else 403, "Signing in was not completed.")
        return None

    async def _end_other(self, token: str, host: str, sign_on_ref: str) -> None:
        """A browser that is somebody else now must not go back to whom it was; its other tabs may go on."""
        earlier = await self._sessions.validate(token, audience=host) if token else None
        if earlier is not None and earlier.parent != sign_on_ref:
            await self._sessions.revoke(earlier.ref)

    def _address(self, trip: _Trip) -> str:
        """Where somebody wanted to go."""
        return self._origin(trip.host) + trip.target

    def _origin(self, host: str) -> str:
        return f"https://{host}{self._port}"

    def _redirect_uri(self, host: str) -> str:
        return self._origin(host) + CALLBACK


def _read(payload: Mapping[str, str]) -> _Trip | None:
    """The trip in an opened state; None when another version of the gateway sealed something else."""
    return _Trip(**payload) if payload.keys() == _TRIP_KEYS and all(payload.values()) else None


def _client(host: str) -> str:
    return _CLIENT + host


def _error_code(text: str) -> str:
    """An OAuth error code as it may be logged (RFC 6749, 4.1.2.1): anything else is "invalid"."""
    return text if re.fullmatch(r"[a-z_]{1,40}", text) else "invalid"
