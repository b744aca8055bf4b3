"""The provider: who may ask, codes for those who are signed in, grants for those codes.

It fails closed: without the store there is neither a code nor a grant.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from yett.events import describe
from yett.identity import Person
from yett.identity.access import METHODS, Assurance, assurance_of, shows_presence
from yett.kernel import Clock, new_secret
from yett.net.pages import parse_fields
from yett.oidc import events, rules
from yett.oidc.clients import Client, Clients, Flaw, flaw_in_client, has_weak_secret, origin_of
from yett.oidc.codes import Codes, NoRandomBytes
from yett.oidc.config import OIDCSettings
from yett.oidc.consent.rules import Standing, scopes_wanted, standing
from yett.oidc.consent.service import Consents
from yett.oidc.forms import Sealer
from yett.oidc.model import (
    Asked,
    Code,
    Grant,
    NeedsConsent,
    Reason,
    Refused,
    SentBack,
    Shown,
    SignOn,
    Weak,
)
from yett.oidc.par import Shelf
from yett.oidc.par import Use as PushedUse
from yett.oidc.rates import Rates
from yett.oidc.redeeming import Redeeming
from yett.oidc.routes import Authorization, Outcome
from yett.oidc.standing import Directory, Sessions, Who
from yett.sessions import Session
from yett.store import Records, StoreUnavailable

_SCOPES = frozenset({"openid", "profile", "email", "groups"})
_REASONS = {
    Flaw.NAME: Reason.UNKNOWN_CLIENT,
    Flaw.ADDRESS: Reason.REDIRECT_URI,
    Flaw.WILDCARD: Reason.WILDCARD,
}

Verify = Callable[[str], Mapping[str, Any] | None]
"""Tells what an ID token of ours says, however old it is; None for any other text."""
OnReuse = Callable[[str, str], Awaitable[object]]
"""Told of a code that came twice, by its public handle, and whose it was."""


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
        sealer: Sealer | None = None,
        consents: Consents | None = None,
        new_secret: Callable[[], str] = new_secret,
    ) -> None:
        """`issuer` is the origin of the sign-in host: "https://name", with the port unless it is 443.

        Without `sealer` and `consents` nobody can be asked for consent, and only applications that need none get codes.
        """
        self.issuer = issuer
        self.clients = Clients()
        self.shelf = Shelf(records, new_secret=new_secret)
        self.rates = Rates(settings, clock)
        self.consents = consents
        self.on_reuse: OnReuse | None = None
        self.is_begun: Callable[[str, str], bool] | None = None
        """Whether there are tokens for a code already, by its public handle, and whose it is."""
        self.verify_hint: Verify = _nothing_verified
        self._codes = Codes(records, new_secret=new_secret)
        self._who = Who(sessions, directory, self.clients, audience=urlsplit(issuer).hostname or "")
        self._redeeming = Redeeming(
            self._codes, self._who, sessions, consents, clock, self._tell_reuse, self._was_used
        )
        self._settings = settings
        self._are_others_served = True
        self._clock = clock
        self.routes = Authorization(self, clock, sealer).routes
        events.initializing(issuer=issuer)
        self._know_clients()

    def apply(self, settings: OIDCSettings) -> None:
        """Use other settings from now on; codes that are out keep the time they have."""
        self._settings = settings
        self.rates.apply(settings)
        self._know_clients()

    def _know_clients(self) -> None:
        settings = self._settings
        self.clients.configure(settings.client, are_others_served=settings.enabled)
        if not settings.enabled and self._are_others_served:
            events.disabled()
        self._are_others_served = settings.enabled
        for each in settings.client:
            if has_weak_secret(each):
                events.entropy_low(client=each.id, what=Weak.SECRET)

    # Who may ask.

    def register_client(
        self, client_id: str, redirect_uris: Iterable[str], *, scopes: Iterable[str] = _SCOPES
    ) -> Client | Refused:
        """Let a client ask for codes, in place of what was registered under its id before."""
        client = Client(client_id, frozenset(redirect_uris), frozenset(scopes))
        flaw = flaw_in_client(client)
        if flaw is None:
            self.clients[client_id] = client
            return client
        reason = _REASONS[flaw]
        if flaw is Flaw.WILDCARD:
            events.wildcard_rejected(client=client_id)
        else:
            events.registration_refused(client=client_id, reason=reason)
        return Refused(reason)

    def find_clients(self, find: Callable[[str], tuple[str, ...]]) -> None:
        """Ask this for the redirect addresses of a client that nobody registered; with none it is unknown.

        For clients that are too many to register, such as the hosts of a wildcard.
        """

        def known(client_id: str) -> Client | None:
            redirect_uris = find(client_id)
            client = Client(client_id, frozenset(redirect_uris), _SCOPES)
            return client if redirect_uris and flaw_in_client(client) is None else None

        self.clients.find = known

    def forget_client(self, client_id: str) -> bool:
        """Let a client ask no more; codes it has already are refused. Whether it was known."""
        return self.clients.pop(client_id, None) is not None

    def application_of(self, query: bytes) -> str:
        """The origin that a proper request for a code would be answered to; empty for any other query."""
        asked = rules.read_request(parse_fields(query), self.clients)
        return origin_of(asked.redirect_uri) if isinstance(asked, Asked) else ""

    # Codes.

    async def signed_on(self, token: str) -> Session | None:
        """The sign-on session that a token proves, of somebody who is there; None without one."""
        session = await self._who.session(token)
        return session if session is not None and self._who.is_welcome(session.module_key) else None

    def person(self, name: str) -> Person | None:
        """Who somebody is, now."""
        return self._who.person(name)

    async def authorize(self, asked: Asked, token: str, *, has_consent: bool = False) -> Outcome:
        """A code for whoever's sign-on session `token` proves, or what stands in the way of it."""
        label = self._who.label(asked.client_id)
        try:
            return await self._authorize(asked, token, label, has_consent=has_consent)
        except StoreUnavailable as problem:
            events.authorize_unavailable(client=label, error=describe(problem))
            return _sent_back(asked, Reason.UNAVAILABLE)
        except NoRandomBytes as problem:
            events.random_failed(client=label, error=describe(problem))
            return _sent_back(asked, Reason.RANDOM)

    async def _authorize(self, asked: Asked, token: str, label: str, *, has_consent: bool) -> Outcome:
        session = await self._who.session(token)
        now = self._clock.now()
        if session is not None and asked.pushed and session.created_at >= asked.pushed_at:
            # Whoever signed in since the request was pushed has met its demand for a fresh sign-in.
            asked = replace(asked, must_sign_in=False, max_age=None)
        held = Assurance.SINGLE if session is None else assurance_of(session.metadata)
        signed_in_at = None if session is None else _auth_time(session)
        needed = rules.judge_sign_on(asked, signed_in_at, now, held)
        if needed is SignOn.IMPOSSIBLE:
            events.login_required(client=label)
            is_in = session is not None and not held.reaches(asked.assurance)
            return _sent_back(asked, Reason.INTERACTION_REQUIRED if is_in else Reason.LOGIN_REQUIRED)
        if session is not None and needed is SignOn.STEP_UP:
            events.more_proof_needed(user=session.module_key, client=label, needed=asked.assurance, held=held)
            return needed
        if session is None or needed is not SignOn.ENOUGH:
            events.sign_in_needed(client=label, is_again=needed is SignOn.AGAIN)
            return needed
        reason = self._judge_person(asked, session, label)
        if reason is not None:
            return _sent_back(asked, reason)
        if not has_consent:
            consent = await self._consent_needed(asked, session)
            if consent is not None:
                return consent
        if asked.pushed and await self.shelf.spend(asked.pushed, now=now) is not PushedUse.FIRST:
            return Shown(Reason.PUSHED_SPENT, label)
        return await self._issue(asked, session, held, now, label)

    def _judge_person(self, asked: Asked, session: Session, label: str) -> Reason | None:
        """Why the client does not hear of whoever is signed in."""
        user = session.module_key
        if not self._who.is_welcome(user):
            events.person_refused(user=user, client=label, session=session.ref)
            return Reason.PERSON
        if asked.hint or asked.subject:
            reason = self._judge_expected(asked, user)
            if reason is Reason.OTHER_PERSON:
                events.other_person(user=user, client=label, session=session.ref)
            if reason is not None:
                return reason
        if not self._who.may_use(asked.client_id, user):
            events.group_refused(user=user, client=label, session=session.ref)
            return Reason.GROUPS
        return None

    def _judge_expected(self, asked: Asked, user: str) -> Reason | None:
        """Whether the person is the one that the client expects (OpenID Connect Core, section 3.1.2.2)."""
        if asked.hint:
            said = self.verify_hint(asked.hint)
            audience = None if said is None else said.get("aud")
            is_for_it = audience == asked.client_id or (
                isinstance(audience, (list, tuple)) and asked.client_id in audience
            )
            if said is None or not is_for_it:
                return Reason.HINT
            if said.get("sub") != user:
                return Reason.OTHER_PERSON
        return Reason.OTHER_PERSON if asked.subject not in {"", user} else None

    async def _consent_needed(self, asked: Asked, session: Session) -> NeedsConsent | None:
        client = self.clients.get(asked.client_id)
        if client is None:
            return None
        found, scopes = standing(client, asked), scopes_wanted(asked.scope, asked.claims)
        if found is Standing.COVERED:
            return None
        consents = self.consents if found is Standing.LOOK else None
        if consents is not None and await consents.covers(session.module_key, client.client_id, scopes):
            return None
        return NeedsConsent(session.module_key, session.ref, scopes)

    async def _issue(self, asked: Asked, session: Session, held: Assurance, now: float, label: str) -> str:
        user = session.module_key
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
            assurance=rules.stated_assurance(held, asked.acceptable),
            jkt=asked.jkt,
            claims=dict(asked.claims),
        )
        text = await self._codes.issue(code, now=now)
        events.code_generated(user=user, client=label, session=session.ref)
        return text

    async def redeem(self, code: str, *, verifier: str, client_id: str, redirect_uri: str) -> Grant | Refused:
        """What a code stands for. Whatever comes of it, the code is spent when this returns."""
        return await self._redeeming.redeem(
            code, verifier=verifier, client_id=client_id, redirect_uri=redirect_uri
        )

    async def examine(
        self, code: str, *, verifier: str, client_id: str, redirect_uri: str
    ) -> Grant | Refused:
        """The same for whoever keeps something under the grant's handle, which can be done once; see `Redeeming`."""
        return await self._redeeming.examine(
            code, verifier=verifier, client_id=client_id, redirect_uri=redirect_uri
        )

    def exchanged(self, grant: Grant, client_id: str) -> None:
        """Tokens for an examined code were kept."""
        self._redeeming.exchanged(grant, client_id)

    async def give_up(self, code: str, client_id: str) -> None:
        """There are no tokens for an examined code, and will not be."""
        await self._redeeming.give_up(code, client_id)

    async def reused(self, grant: Grant, client_id: str) -> Refused:
        """There were tokens for an examined code already."""
        return await self._redeeming.reused(grant, client_id)

    async def still_stands(self, grant: Grant, client_id: str) -> bool:
        """Whether the person still allows what a grant says. Ask once more when its tokens are kept."""
        return await self._redeeming.still_stands(grant, client_id)

    def _was_used(self, ref: str, user: str) -> bool:
        return self.is_begun is not None and self.is_begun(ref, user)

    async def _tell_reuse(self, ref: str, user: str) -> None:
        if self.on_reuse is not None:
            await self.on_reuse(ref, user)


def _auth_time(session: Session) -> float:
    """When the person proved who they are; the beginning of time where nobody had to be there for it.

    Otherwise who finds somebody's browser could sign out and in again, and pass for fresh.
    """
    return session.created_at if shows_presence(session.metadata) else 0.0


def _sent_back(asked: Asked, reason: Reason) -> SentBack:
    return SentBack(reason, asked.client_id, asked.redirect_uri, asked.state, asked.response_mode)


def _nothing_verified(_text: str) -> None:
    return None
