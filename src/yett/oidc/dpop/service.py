"""Proofs of possession, from the header field to the verdict.

It fails closed: when nobody knows whether a proof was shown before, it was.
"""

from starlette.requests import Request

from yett.events import describe
from yett.kernel import Clock
from yett.oidc.dpop import events, rules
from yett.oidc.dpop.config import LONGEST, DPoPSettings
from yett.oidc.dpop.model import DPoPFault, Proof, Reason
from yett.oidc.dpop.nonces import Nonces
from yett.oidc.dpop.rules import Shown, Wanted
from yett.oidc.jose import ALGORITHMS, Once
from yett.store import Records, StoreUnavailable


class Proofs:
    """Checks what clients sign with each request."""

    def __init__(self, records: Records, settings: DPoPSettings, clock: Clock) -> None:
        self._once = Once(records, "dpop")
        self._nonces = Nonces(records, clock, settings.nonce_lifetime.total_seconds())
        self._clock = clock
        self.apply(settings)

    def apply(self, settings: DPoPSettings) -> None:
        """Go by other settings from now on."""
        self._settings = settings
        self._nonces.lifetime = settings.nonce_lifetime.total_seconds()

    async def check(
        self,
        request: Request,
        *,
        url: str,
        access_token: str = "",
        jkt: str = "",
        algorithms: tuple[str, ...] = ALGORITHMS,
    ) -> Proof | DPoPFault | None:
        """The proof that comes with a request to `url`; None when none does.

        With an `access_token` it has to be about that one. With `jkt`, another key's is refused before it is
        remembered.
        """
        shown = request.headers.getlist("dpop")
        if not shown:
            return None
        if len(shown) > 1:
            return self._refused(Reason.SEVERAL)
        now = self._clock.now()
        verdict = rules.judge(
            shown[0],
            Wanted(request.method, url, access_token, jkt, algorithms),
            now=now,
            lifetime=self._settings.proof_lifetime.total_seconds(),
            skew=self._settings.clock_skew.total_seconds(),
        )
        if isinstance(verdict, Reason):
            return self._refused(verdict)
        try:
            return await self._judge_memory(verdict, now)
        except StoreUnavailable as problem:
            events.unavailable(error=describe(problem))
            return DPoPFault(Reason.UNAVAILABLE)

    async def _judge_memory(self, shown: Shown, now: float) -> Proof | DPoPFault:
        nonce = ""
        if self._settings.require_nonce:
            nonce = await self._nonces.current()
            if not shown.nonce:
                # Every client begins like this; it is told what to repeat, and that is no failure.
                return DPoPFault(Reason.NONCE, nonce)
            if not await self._nonces.accepts(shown.nonce):
                events.nonce_refused()
                return DPoPFault(Reason.NONCE, nonce)
            events.nonce_validated()
        # A longer lifetime that is set tomorrow does not make yesterday's proofs good again.
        left = shown.issued_at + LONGEST.total_seconds() - now
        if not await self._once.is_first(shown.jkt, shown.ident, lifetime=left + 1.0):
            events.replayed()
            return DPoPFault(Reason.REPLAYED, nonce)
        return Proof(shown.jkt, nonce if nonce != shown.nonce else "")

    @staticmethod
    def _refused(reason: Reason) -> DPoPFault:
        events.refused(reason=reason)
        return DPoPFault(reason)
