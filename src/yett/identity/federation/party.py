"""The gateway as a relying party of one provider: everything that the two say to one another."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from yett.identity.federation import checking, events, rules, trades
from yett.identity.federation.asking import Asking
from yett.identity.federation.config import PAR, ProviderSettings
from yett.identity.federation.discovery import Described, Discovery
from yett.identity.federation.id_token import Expected, judge_claims
from yett.identity.federation.keys import ProviderKeys
from yett.identity.federation.model import Given, Metadata, Reason, Refused, TokenSet, Trade, Wrong
from yett.kernel import Clock
from yett.net.fetching import Fetched, FetchFailed

_NOTHING: Final[Mapping[str, Any]] = {}


class RelyingParty:
    """One provider."""

    def __init__(
        self,
        provider: ProviderSettings,
        asking: Asking,
        discovery: Discovery,
        keys: ProviderKeys,
        clock: Clock,
        *,
        redirect_uri: str,
        signed_out_uri: str,
    ) -> None:
        """`redirect_uri` is where people come back to who sign in, `signed_out_uri` those who sign out."""
        self.settings = provider
        self.redirect_uri = redirect_uri
        self._signed_out_uri = signed_out_uri
        self.discovery = discovery
        self._asking = asking
        self._keys = keys
        self._clock = clock

    @property
    def name(self) -> str:
        """What it is called in addresses."""
        return self.settings.name

    async def look(self) -> dict[str, object] | Refused:
        """What can be said of the provider to an operator, asked for now."""
        described = await self.discovery.get()
        if isinstance(described, Refused):
            return described
        metadata = described.metadata
        # One that is only there for tokens need not publish any.
        keys = await self._keys.all(metadata.jwks_uri) if metadata.jwks_uri else checking.Keys(())
        if isinstance(keys, Refused):
            return keys
        return {
            "issuer": metadata.issuer,
            "as of": "earlier: it could not be asked now" if described.is_stale else "now",
            "keys": len(keys.keys),
            "unusable keys": keys.unusable,
            "proves itself by": rules.client_auth(self.settings, metadata.auth_methods).value,
            "takes pushed requests": bool(metadata.par_endpoint),
            "names itself in answers": metadata.names_issuer,
            "userinfo": bool(metadata.userinfo_endpoint),
            "signs people out": bool(metadata.end_session_endpoint),
            "takes tokens back": bool(metadata.revocation_endpoint),
            "introspection": bool(metadata.introspection_endpoint),
            "redirect address": self.redirect_uri,
        }

    # Going there.

    async def authorize(
        self, *, state: str, nonce: str, verifier: str, is_again: bool, client_address: str
    ) -> str | Refused:
        """Where to send a browser."""
        events.building(provider=self.name)
        described = await self.discovery.get()
        if isinstance(described, Refused):
            return described
        proofs = self._asking.proofs
        wanted = rules.authorization_parameters(
            self.settings,
            redirect_uri=self.redirect_uri,
            state=state,
            nonce=nonce,
            verifier=verifier,
            is_again=is_again,
            proof_key=proofs.thumbprint if proofs is not None else "",
        )
        metadata = described.metadata
        reference = await self._push(described, wanted)
        if isinstance(reference, Refused):
            return reference
        if reference:
            wanted = {"client_id": self.settings.client_id, "request_uri": reference}
            events.built_with_push(provider=self.name, client_address=client_address)
        else:
            events.built(provider=self.name, client_address=client_address)
        return rules.with_query(metadata.authorization_endpoint, wanted)

    async def _push(self, described: Described, wanted: Mapping[str, str]) -> str | Refused:
        """Hand the request over; what it is called then, empty where it goes through the browser."""
        metadata, wish = described.metadata, self.settings.par
        if wish is PAR.OFF and not metadata.requires_par:
            return ""
        may_fall_back = wish is PAR.FALLBACK and not metadata.requires_par
        if described.is_stale and may_fall_back:
            events.discovery_fallback(provider=self.name)
            return ""
        if not metadata.par_endpoint:
            if wish is PAR.REQUIRED or metadata.requires_par:
                return Refused(Reason.PAR_MISSING)
            events.push_unsupported(provider=self.name)
            return ""
        pushed = await self._hand_over(metadata, wanted)
        if isinstance(pushed, Refused) and may_fall_back:
            events.push_fallback(provider=self.name)
            return ""
        return pushed

    async def _hand_over(self, metadata: Metadata, wanted: Mapping[str, str]) -> str | Refused:
        events.pushing(provider=self.name)
        try:
            answer = await self._asking.post(metadata, metadata.par_endpoint, wanted, proves=True)
        except FetchFailed as problem:
            events.push_refused(provider=self.name, status=0, error=str(problem))
            return Refused(Reason.PAR, str(problem))
        if answer.status not in {200, 201}:
            error = rules.error_of(_object(answer))
            if error:
                events.push_refused(provider=self.name, status=answer.status, error=error)
            else:
                events.push_unreadable(provider=self.name, status=answer.status)
            return Refused(Reason.PAR, error)
        pushed = rules.read_pushed(_object(answer))
        if pushed is None:
            events.push_refused(provider=self.name, status=answer.status, error="no request_uri")
            return Refused(Reason.PAR)
        if not pushed.is_usual:
            events.push_uri_odd(provider=self.name)
        if not pushed.says_how_long:
            events.push_lifetime_missing(provider=self.name, seconds=pushed.seconds)
        elif not pushed.is_usually_long:
            events.push_lifetime_odd(provider=self.name, seconds=pushed.seconds)
        events.pushed(provider=self.name, seconds=pushed.seconds)
        return pushed.request_uri

    def farewell(self) -> str:
        """Where people sign out there; empty when that is not wanted, not offered, or not known now."""
        metadata = self.discovery.known if self.settings.sign_out else None
        return (
            ""
            if metadata is None
            else rules.farewell(metadata, self.settings.client_id, self._signed_out_uri)
        )

    # Coming back.

    async def exchange(self, metadata: Metadata, code: str, verifier: str) -> TokenSet | Refused:
        """Tokens for a code."""
        events.exchanging(provider=self.name)
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": verifier,
        }
        tokens = await self._tokens(metadata, fields)
        if isinstance(tokens, TokenSet) and not tokens.id_token:
            tokens = Refused(Reason.NO_ID_TOKEN)
        if isinstance(tokens, Refused):
            events.exchange_failed(provider=self.name, reason=tokens.reason, detail=tokens.detail)
            return tokens
        events.exchanged(provider=self.name)
        return tokens

    async def _tokens(self, metadata: Metadata, fields: Mapping[str, str]) -> TokenSet | Refused:
        try:
            answer = await self._asking.post(metadata, metadata.token_endpoint, fields, proves=True)
        except FetchFailed as problem:
            return Refused(Reason.UNREACHABLE, str(problem))
        if answer.status != 200:
            is_theirs = answer.status >= 500 or answer.status == 429
            error = rules.error_of(_object(answer)) or f"status {answer.status}"
            return Refused(Reason.UNREACHABLE if is_theirs else Reason.EXCHANGE, error)
        said = _object(answer)
        access_token = rules.token_of(said.get("access_token"))
        kind = said.get("token_type")
        if not access_token or not isinstance(kind, str):
            return Refused(Reason.EXCHANGE, "the answer holds no tokens")
        is_bound = kind.lower() == "dpop"
        if self._asking.proofs is not None and not is_bound:
            # Whoever gets hold of it could use it, which is what was to be ruled out.
            return Refused(Reason.NOT_BOUND)
        if self._asking.proofs is None and kind.lower() != "bearer":
            return Refused(Reason.TOKEN_TYPE)
        return TokenSet(
            access_token,
            kind,
            rules.token_of(said.get("id_token")),
            rules.token_of(said.get("refresh_token")),
        )

    async def validate(
        self,
        metadata: Metadata,
        tokens: TokenSet,
        *,
        nonce: str = "",
        code: str = "",
        asked_at: float | None = None,
        subject: str = "",
    ) -> Mapping[str, Any] | Refused:
        """The claims of an ID token that is good for just this."""
        events.validating(provider=self.name)
        outcome = await self._judge(metadata, tokens, nonce, code, asked_at, subject)
        if isinstance(outcome, Refused):
            events.invalid_token(provider=self.name, reason=outcome.reason)
        return outcome

    async def _judge(
        self,
        metadata: Metadata,
        tokens: TokenSet,
        nonce: str,
        code: str,
        asked_at: float | None,
        subject: str,
    ) -> Mapping[str, Any] | Refused:
        opened = checking.open_token(tokens.id_token, self.settings.algorithms)
        if isinstance(opened, Reason):
            return Refused(opened)
        keys = await self._keys.find(metadata.jwks_uri, opened.key_id, opened.algorithm)
        if isinstance(keys, Refused):
            return keys
        if not keys:
            return Refused(Reason.UNKNOWN_KEY)
        claims = checking.verify(opened, keys)
        if isinstance(claims, Reason):
            return Refused(claims)
        wrong = judge_claims(
            claims,
            opened.algorithm,
            Expected(
                issuer=metadata.issuer,
                client_id=self.settings.client_id,
                now=self._clock.now(),
                leeway=self.settings.leeway.total_seconds(),
                nonce=nonce,
                asked_at=asked_at,
                access_token=tokens.access_token,
                code=code,
                subject=subject,
            ),
        )
        return claims if wrong is None else Refused(wrong)

    async def userinfo(
        self, metadata: Metadata, access_token: str, subject: str
    ) -> Mapping[str, Any] | Refused:
        """What the provider adds about somebody; nothing where it is not asked or has no such endpoint."""
        if not self.settings.userinfo or not metadata.userinfo_endpoint:
            return _NOTHING
        events.userinfo_wanted(provider=self.name)
        host = urlsplit(metadata.userinfo_endpoint).netloc
        events.userinfo_asked(provider=self.name, host=host)
        try:
            answer = await self._asking.get(metadata.userinfo_endpoint, access_token)
            claims = answer.expect(200).json()
        except FetchFailed as problem:
            events.userinfo_refused(provider=self.name, detail=str(problem))
            return Refused(Reason.UNREACHABLE, str(problem))
        if claims.get("sub") != subject:
            # Another person's (OpenID Connect Core, 5.3.4).
            events.userinfo_refused(provider=self.name, detail="it is about somebody else")
            return Refused(Reason.USERINFO)
        events.userinfo_fetched(provider=self.name)
        return claims

    # For applications.

    async def trade(self, metadata: Metadata, trade: Trade, token: str) -> Given | Wrong | Refused:
        """A token for one of ours. Whoever wanted it says what became of that."""
        try:
            answer = await self._asking.post(metadata, metadata.token_endpoint, trades.form_of(trade, token))
        except FetchFailed as problem:
            return Refused(Reason.UNREACHABLE, str(problem))
        return trades.judge(answer, trade.grant)

    # Later.

    async def refresh(self, metadata: Metadata, refresh_token: str) -> TokenSet | Refused:
        """Newer tokens; a reason that is not passing when the provider does not know the grant any more."""
        events.refreshing(provider=self.name)
        fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        tokens = await self._tokens(metadata, fields)
        if isinstance(tokens, Refused):
            events.refresh_failed(provider=self.name, detail=tokens.detail, is_final=is_final(tokens))
        else:
            events.refreshed(provider=self.name)
        return tokens

    async def revoke(self, metadata: Metadata, token: str, hint: str) -> None:
        """Give a token back (RFC 7009)."""
        if not metadata.revocation_endpoint:
            events.revoke_unsupported(provider=self.name)
            return
        fields = {"token": token, "token_type_hint": hint}
        try:
            answer = await self._asking.post(metadata, metadata.revocation_endpoint, fields)
            answer.expect(200)
        except FetchFailed as problem:
            events.revoke_failed(provider=self.name, detail=str(problem))
        else:
            events.revoked(provider=self.name)

    async def introspect(self, metadata: Metadata, token: str) -> bool | None:
        """Whether a token is still good there (RFC 7662); None when that could not be found out."""
        if not metadata.introspection_endpoint:
            return None
        fields = {"token": token, "token_type_hint": "access_token"}
        try:
            answer = await self._asking.post(metadata, metadata.introspection_endpoint, fields)
        except FetchFailed:
            return None
        active = _object(answer).get("active")
        if answer.status != 200 or not isinstance(active, bool):
            return None
        events.introspected(provider=self.name, is_active=active)
        return active


def is_final(refused: Refused) -> bool:
    """Whether a refresh that failed says that the provider does not know the grant any more."""
    return refused.reason is Reason.EXCHANGE and refused.detail == "invalid_grant"


def _object(answer: Fetched) -> Mapping[str, Any]:
    try:
        return answer.json()
    except FetchFailed:
        return _NOTHING
