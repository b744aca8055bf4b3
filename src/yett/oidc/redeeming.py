"""Codes redeemed: what they stand for, or why they stand for nothing.

A code is good for one use, and there are two ways to see to that. For our own proxy it is spent first (`redeem`). For
clients its one use is that the grant of its tokens is kept under its handle, which can be done once: that is one
write where there would be two. They call `examine`, keep the tokens, then say `exchanged`; or `give_up` when there
are none, and `reused` when the grant was there already.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from yett.events import describe
from yett.kernel import Clock
from yett.oidc import events, rules
from yett.oidc.codes import Codes, Use
from yett.oidc.consent.rules import is_revocable, scopes_wanted
from yett.oidc.consent.service import Consents
from yett.oidc.model import CODE_REF, Code, Grant, Reason, Refused
from yett.oidc.standing import Sessions, Who
from yett.store import StoreUnavailable


class Redeeming:
    """Redeems them. It fails closed: without the store there is no grant."""

    def __init__(
        self,
        codes: Codes,
        who: Who,
        sessions: Sessions,
        consents: Consents | None,
        clock: Clock,
        tell_reuse: Callable[[str, str], Awaitable[object]],
        was_used: Callable[[str, str], bool],
    ) -> None:
        """`tell_reuse` is told of a code that came twice, by its public handle, and whose it was.

        `was_used` knows whether tokens were given for one, by the same two.
        """
        self._was_used = was_used
        self._codes = codes
        self._who = who
        self._sessions = sessions
        self._consents = consents
        self._clock = clock
        self._tell_reuse = tell_reuse

    async def redeem(self, code: str, *, verifier: str, client_id: str, redirect_uri: str) -> Grant | Refused:
        """What a code stands for. Whatever comes of it, the code is spent when this returns."""
        client = self._who.label(client_id)
        try:
            found = await self._codes.spend(code)
        except StoreUnavailable as problem:
            events.exchange_unavailable(client=client, error=describe(problem))
            return Refused(Reason.UNAVAILABLE)
        if found is None:
            events.code_invalid(client=client, reason=Reason.CODE_UNKNOWN)
            return Refused(Reason.CODE_UNKNOWN)
        use, kept = found
        ref = _ref(code)
        if use is Use.LATER:
            return await self._refuse_reuse(kept.user, client, ref)
        reason = await self._find_fault(kept, client_id, redirect_uri, verifier)
        if reason is not None:
            _say_refused(kept, client, reason)
            return Refused(reason)
        events.code_exchanged(user=kept.user, client=client, session=kept.sign_on_ref)
        return _grant(kept, ref)

    async def examine(
        self, code: str, *, verifier: str, client_id: str, redirect_uri: str
    ) -> Grant | Refused:
        """The same for whoever keeps something under the grant's handle that can be kept there once.

        A code that is refused is spent. One that is not has to be given up, or the grant kept.
        """
        client = self._who.label(client_id)
        try:
            found = await self._codes.look(code)
            if found is None:
                events.code_invalid(client=client, reason=Reason.CODE_UNKNOWN)
                return Refused(Reason.CODE_UNKNOWN)
            use, kept = found
            ref = _ref(code)
            if use is Use.LATER or self._was_used(ref, kept.user):
                return await self._refuse_reuse(kept.user, client, ref)
            reason = await self._find_fault(kept, client_id, redirect_uri, verifier)
            if reason is None:
                return _grant(kept, ref)
            spent = await self._codes.spend(code)
        except StoreUnavailable as problem:
            events.exchange_unavailable(client=client, error=describe(problem))
            return Refused(Reason.UNAVAILABLE)
        if spent is not None and spent[0] is Use.LATER:
            return await self._refuse_reuse(kept.user, client, ref)
        _say_refused(kept, client, reason)
        return Refused(reason)

    def exchanged(self, grant: Grant, client_id: str) -> None:
        """Tokens for a grant were kept."""
        events.code_exchanged(user=grant.user, client=self._who.label(client_id), session=grant.sign_on_ref)

    async def give_up(self, code: str, client_id: str) -> None:
        """Spend a code for which there are no tokens."""
        try:
            await self._codes.spend(code)
        except StoreUnavailable as problem:
            events.exchange_unavailable(client=self._who.label(client_id), error=describe(problem))

    async def reused(self, grant: Grant, client_id: str) -> Refused:
        """Tokens for a grant were kept before."""
        return await self._refuse_reuse(grant.user, self._who.label(client_id), grant.code_ref)

    async def _find_fault(
        self, kept: Code, client_id: str, redirect_uri: str, verifier: str
    ) -> Reason | None:
        reason = self._judge(kept, client_id, redirect_uri, verifier)
        if reason is None and not await self._is_allowed(kept.client_id, kept.user, kept.scope, kept.claims):
            reason = Reason.CONSENT_REQUIRED
        return reason

    def _judge(self, code: Code, client_id: str, redirect_uri: str, verifier: str) -> Reason | None:
        now = self._clock.now()
        if code.client_id not in self._who.clients:
            return Reason.UNKNOWN_CLIENT
        reason = rules.judge_code(
            code, client_id=client_id, redirect_uri=redirect_uri, verifier=verifier, now=now
        )
        if code.challenge and reason in {None, Reason.VERIFIER_WRONG, Reason.VERIFIER_MALFORMED}:
            events.pkce_result(client=self._who.label(code.client_id), is_right=reason is None)
        if reason is None and not (
            self._who.is_welcome(code.user) and self._who.may_use(client_id, code.user)
        ):
            return Reason.PERSON
        if reason is None and not self._sessions.is_live(code.sign_on_ref):
            return Reason.SIGN_ON_ENDED
        return reason

    async def still_stands(self, grant: Grant, client_id: str) -> bool:
        """Whether the person allows the client still what a grant says. Ask when its tokens are kept.

        Who takes their consent back ends the tokens that are there: those that came a moment later would go on.
        """
        if await self._is_allowed(client_id, grant.user, grant.scope, grant.claims):
            return True
        events.consent_gone(user=grant.user, client=self._who.label(client_id))
        return False

    async def _is_allowed(self, client_id: str, user: str, scope: str, claims: Mapping[str, Any]) -> bool:
        """Whether the person allows the client still what they did when the code was made."""
        client = self._who.clients.get(client_id)
        if client is None or not is_revocable(client):
            return client is not None
        scopes = scopes_wanted(scope, claims)
        return self._consents is not None and await self._consents.covers(user, client_id, scopes)

    async def _refuse_reuse(self, user: str, client: str, ref: str) -> Refused:
        """End everything that came of a code which somebody has twice (RFC 6749, section 4.1.2)."""
        events.code_invalid(client=client, reason=Reason.CODE_REUSED)
        try:
            await self._tell_reuse(ref, user)
            ended = await self._end_descendants(user, ref)
        except StoreUnavailable as problem:
            events.exchange_unavailable(client=client, error=describe(problem))
            return Refused(Reason.UNAVAILABLE)
        events.code_reused(user=user, client=client, ended=ended)
        return Refused(Reason.CODE_REUSED)

    async def _end_descendants(self, user: str, code_ref: str) -> int:
        """End the sessions that were made from a code; how many ended."""
        ended = 0
        for session in self._sessions.live(user):
            if session.metadata.get(CODE_REF) == code_ref:
                ended += await self._sessions.revoke(session.ref)
        return ended


def _ref(code: str) -> str:
    """The public handle of a code."""
    return rules.fingerprint(code)[:32]


def _grant(kept: Code, ref: str) -> Grant:
    return Grant(
        user=kept.user,
        sign_on_ref=kept.sign_on_ref,
        auth_time=kept.auth_time,
        methods=kept.methods,
        nonce=kept.nonce,
        scope=kept.scope,
        code_ref=ref,
        assurance=kept.assurance,
        jkt=kept.jkt,
        claims=kept.claims,
    )


def _say_refused(code: Code, client: str, reason: Reason) -> None:
    """Record why a code of ours gave no grant."""
    match reason:
        case Reason.VERIFIER_WRONG:
            events.pkce_failed(client=client)
        case Reason.VERIFIER_MALFORMED:
            events.verifier_malformed(client=client)
        case Reason.OTHER_CLIENT | Reason.OTHER_REDIRECT_URI:
            events.client_mismatch(client=client, issued_to=code.client_id[:80], reason=reason)
        case Reason.CONSENT_REQUIRED:
            events.consent_gone(user=code.user, client=client)
        case Reason.PERSON | Reason.SIGN_ON_ENDED:
            events.sign_on_ended(user=code.user, client=client, reason=reason)
        case _:
            events.code_invalid(client=client, reason=reason)
