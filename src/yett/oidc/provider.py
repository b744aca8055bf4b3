"""The provider: who may ask, codes for those who are signed in, grants for those codes.

It fails closed: without the store there is neither a code nor a grant.
"""

from collections.abc import Callable, Iterable
from typing import Protocol
from urllib.parse import urlsplit

from yett.events import describe
from yett.identity import Person
from yett.identity.access import METHODS, Assurance, assurance_of, shows_presence
from yett.kernel import Clock
from yett.net.pages import parse_fields
from yett.oidc import events, rules
from yett.oidc.clients import Clients
from yett.oidc.codes import Codes, Use
from yett.oidc.config import OIDCSettings
from yett.oidc.model import (
    CODE_REF,
    Asked,
    Client,
    Code,
    Grant,
    Reason,
    Refused,
    SentBack,
    SignOn,
)
from yett.oidc.routes import routes
from yett.sessions import Session, SessionType
from yett.store import Records, StoreUnavailable

_SCOPES = frozenset({"openid", "profile", "email", "groups"})


class Sessions(Protocol):
    """The part of the session service that the provider needs."""

    async def validate(self, token: str, *, audience: str | None) -> Session | None: ...
    async def revoke(self, ref: str) -> bool: ...
    def live(self, module_key: str | None = None) -> list[Session]: ...


class Directory(Protocol):
    """Who people are, now."""

    def person(self, name: str) -> Person | None: ...


class Provider:
    """Authorization codes, from the request over HTTP to the grant in process."""

    def __init__(
        self,
        records: Records,
        sessions: Sessions,
        directory: Directory,
        settings: OIDCSettings,
        clock: Clock,
        *,
        issuer: str,
    ) -> None:
        """`issuer` is the origin of the sign-in host: "https://name", with the port unless it is 443."""
        self.issuer = issuer
        self.clients = Clients()
        self._audience = urlsplit(issuer).hostname or ""
        self._codes = Codes(records)
        self._sessions = sessions
        self._directory = directory
        self._settings = settings
        self._clock = clock
        self.routes = routes(self)
        events.initializing(issuer=issuer)

    def apply(self, settings: OIDCSettings) -> None:
        """Use other settings from now on; codes that are out keep the time they have."""
        self._settings = settings

    # Who may ask.

    def register_client(
        self, client_id: str, redirect_uris: Iterable[str], *, scopes: Iterable[str] = _SCOPES
    ) -> Client | Refused:
        """Let a client ask for codes, in place of what was registered under its id before."""
        client = Client(client_id, frozenset(redirect_uris), frozenset(scopes))
        match rules.judge_client(client):
            case None:
                self.clients[client_id] = client
                return client
            case Reason.WILDCARD as reason:
                events.wildcard_rejected(client=client_id)
            case reason:
                events.registration_refused(client=client_id, reason=reason)
        return Refused(reason)

    def find_clients(self, find: Callable[[str], tuple[str, ...]]) -> None:
        """Ask this for the redirect addresses of a client that nobody registered; with none it is unknown.

        For clients that are too many to register, such as the hosts of a wildcard.
        """

        def known(client_id: str) -> Client | None:
            redirect_uris = find(client_id)
            client = Client(client_id, frozenset(redirect_uris), _SCOPES)
            return client if redirect_uris and rules.judge_client(client) is None else None

        self.clients.find = known

    def forget_client(self, client_id: str) -> bool:
        """Let a client ask no more; codes it has already are refused. Whether it was known."""
        return self.clients.pop(client_id, None) is not None

    def application_of(self, query: bytes) -> str:
        """The origin that a proper request for a code would be answered to; empty for any other query."""
        asked = rules.read_request(parse_fields(query), self.clients)
        if not isinstance(asked, Asked):
            return ""
        parts = urlsplit(asked.redirect_uri)
        return f"{parts.scheme}://{parts.netloc}"

    # Codes.

    async def authorize(self, asked: Asked, token: str) -> str | SignOn | SentBack:
        """A code for whoever's sign-on session `token` proves, or what stands in the way of it."""
        try:
            return await self._authorize(asked, token)
        except StoreUnavailable as problem:
            events.authorize_unavailable(client=asked.client_id, error=describe(problem))
            return _sent_back(asked, Reason.UNAVAILABLE)

    async def _authorize(self, asked: Asked, token: str) -> str | SignOn | SentBack:
        session = await self._sessions.validate(token, audience=self._audience) if token else None
        if session is not None and session.type is not SessionType.SIGN_ON:
            session = None
        now = self._clock.now()
        held = Assurance.SINGLE if session is None else assurance_of(session.metadata)
        signed_in_at = None if session is None else _auth_time(session)
        needed = rules.judge_sign_on(asked, signed_in_at, now, held)
        if needed is SignOn.IMPOSSIBLE:
            events.login_required(client=asked.client_id)
            is_in = session is not None and not held.reaches(asked.assurance)
            return _sent_back(asked, Reason.INTERACTION_REQUIRED if is_in else Reason.LOGIN_REQUIRED)
        if session is not None and needed is SignOn.STEP_UP:
            events.more_proof_needed(
                user=session.module_key, client=asked.client_id, needed=asked.assurance, held=held
            )
            return needed
        if session is None or needed is not SignOn.ENOUGH:
            events.sign_in_needed(client=asked.client_id, is_again=needed is SignOn.AGAIN)
            return needed
        user = session.module_key
        if not self._is_welcome(user):
            events.person_refused(user=user, client=asked.client_id, session=session.ref)
            return _sent_back(asked, Reason.PERSON)
        code = Code(
            client_id=asked.client_id,
            redirect_uri=asked.redirect_uri,
            challenge=asked.challenge,
            user=user,
            sign_on_ref=session.ref,
            auth_time=_auth_time(session),
            methods=tuple(session.metadata.get(METHODS, "").split()),
            nonce=asked.nonce,
            scope=asked.scope,
            expires_at=now + self._settings.code_lifetime.total_seconds(),
            assurance=held,
        )
        text = await self._codes.issue(code, now=now)
        events.code_generated(user=user, client=asked.client_id, session=session.ref)
        return text

    async def redeem(self, code: str, *, verifier: str, client_id: str, redirect_uri: str) -> Grant | Refused:
        """What a code stands for. Whatever comes of it, the code is spent when this returns."""
        client = client_id if client_id in self.clients else "unknown"
        try:
            found = await self._codes.spend(code)
        except StoreUnavailable as problem:
            events.exchange_unavailable(client=client, error=describe(problem))
            return Refused(Reason.UNAVAILABLE)
        if found is None:
            events.code_invalid(client=client, reason=Reason.CODE_UNKNOWN)
            return Refused(Reason.CODE_UNKNOWN)
        use, kept = found
        ref = rules.fingerprint(code)[:32]
        if use is Use.LATER:
            ended = await self._end_descendants(kept.user, ref)
            events.code_reused(user=kept.user, client=client, ended=ended)
            return Refused(Reason.CODE_REUSED)
        reason = self._judge(kept, client_id, redirect_uri, verifier)
        if reason is not None:
            _say_refused(kept, client, reason)
            return Refused(reason)
        events.code_exchanged(user=kept.user, client=client, session=kept.sign_on_ref)
        return Grant(
            user=kept.user,
            sign_on_ref=kept.sign_on_ref,
            auth_time=kept.auth_time,
            methods=kept.methods,
            nonce=kept.nonce,
            scope=kept.scope,
            code_ref=ref,
            assurance=kept.assurance,
        )

    def _judge(self, code: Code, client_id: str, redirect_uri: str, verifier: str) -> Reason | None:
        now = self._clock.now()
        if code.client_id not in self.clients:
            return Reason.UNKNOWN_CLIENT
        reason = rules.judge_code(
            code, client_id=client_id, redirect_uri=redirect_uri, verifier=verifier, now=now
        )
        if reason in {None, Reason.VERIFIER_WRONG, Reason.VERIFIER_MALFORMED}:
            events.pkce_result(client=code.client_id, is_right=reason is None)
        if reason is None and not self._is_welcome(code.user):
            return Reason.PERSON
        if reason is None and all(live.ref != code.sign_on_ref for live in self._sessions.live(code.user)):
            return Reason.SIGN_ON_ENDED
        return reason

    def _is_welcome(self, user: str) -> bool:
        person = self._directory.person(user)
        return person is not None and not person.is_disabled

    async def _end_descendants(self, user: str, code_ref: str) -> int:
        """End the sessions that were made from a code; how many ended."""
        ended = 0
        for session in self._sessions.live(user):
            if session.metadata.get(CODE_REF) == code_ref:
                ended += await self._sessions.revoke(session.ref)
        return ended


def _auth_time(session: Session) -> float:
    """When the person proved who they are; the beginning of time where nobody had to be there for it.

    Otherwise who finds somebody's browser could sign out and in again, and pass for fresh.
    """
    return session.created_at if shows_presence(session.metadata) else 0.0


def _sent_back(asked: Asked, reason: Reason) -> SentBack:
    return SentBack(reason, asked.client_id, asked.redirect_uri, asked.state)


def _say_refused(code: Code, client: str, reason: Reason) -> None:
    """Record why a code of ours gave no grant."""
    match reason:
        case Reason.VERIFIER_WRONG:
            events.pkce_failed(client=client)
        case Reason.VERIFIER_MALFORMED:
            events.verifier_malformed(client=client)
        case Reason.OTHER_CLIENT | Reason.OTHER_REDIRECT_URI:
            events.client_mismatch(client=client, issued_to=code.client_id, reason=reason)
        case Reason.PERSON | Reason.SIGN_ON_ENDED:
            events.sign_on_ended(user=code.user, client=client, reason=reason)
        case _:
            events.code_invalid(client=client, reason=reason)
