"""The token endpoint behind HTTP: who asks, whether they may, what their tokens are bound to, then the grant."""

from collections.abc import Callable, Mapping
from typing import Protocol

from starlette.requests import Request

from yett.authn.guessing import Allowance
from yett.kernel import Clock
from yett.net.pages import client_address, client_certificate
from yett.oidc.client_auth import AuthFault, algorithms_for
from yett.oidc.clients import Client, GrantType
from yett.oidc.dpop import DPoPFault, Proof
from yett.oidc.exchange import events, rules
from yett.oidc.exchange.config import ExchangeSettings
from yett.oidc.exchange.grants import TOKEN, Grants
from yett.oidc.exchange.model import Ask, Error, Given, Refused
from yett.oidc.mtls import thumbprint
from yett.oidc.tokens import Confirmation, TokenAnswer

_MINUTE = 60.0


class ClientAuth(Protocol):
    """Who tells which client a request comes from."""

    async def authenticate(
        self, request: Request, form: Mapping[str, str], *, endpoint: str
    ) -> Client | AuthFault: ...


class Proofs(Protocol):
    """Who checks proofs of possession."""

    async def check(
        self, request: Request, *, url: str, algorithms: tuple[str, ...]
    ) -> Proof | DPoPFault | None: ...


class Exchange:
    """What clients have, for tokens."""

    def __init__(
        self,
        auth: ClientAuth,
        proofs: Proofs,
        grants: Grants,
        settings: ExchangeSettings,
        clock: Clock,
        *,
        issuer: str,
        has_clients: Callable[[], bool],
    ) -> None:
        """`has_clients` tells whether anybody but the device grant's own programs may come at all."""
        self._auth = auth
        self._proofs = proofs
        self._grants = grants
        self._clock = clock
        self._url = f"{issuer}{TOKEN}"
        self._has_clients = has_clients
        self._allowance = Allowance(settings.max_per_client, _MINUTE)

    def apply(self, settings: ExchangeSettings) -> None:
        """Go by other settings from now on."""
        self._allowance.use(settings.max_per_client, _MINUTE)
        self._grants.apply(settings)

    @property
    def is_enabled(self) -> bool:
        """Whether there is anything to exchange here."""
        return self.has_devices or self._has_clients()

    @property
    def has_devices(self) -> bool:
        """Whether there are device codes."""
        return self._grants.devices.is_enabled

    @property
    def grants(self) -> tuple[GrantType, ...]:
        """What may be exchanged, as things are set."""
        return self._grants.offered

    async def token(
        self, request: Request, form: Mapping[str, str]
    ) -> Given | Refused | AuthFault | DPoPFault:
        """What comes of a request whose body was `form`."""
        grant = rules.read_grant(form)
        if isinstance(grant, Refused):
            return grant
        if grant is GrantType.DEVICE and self._grants.devices.is_program(form.get("client_id", "")):
            return _given(await self._grants.devices.give_program(form), "")
        client = await self._auth.authenticate(request, form, endpoint=TOKEN)
        if isinstance(client, AuthFault):
            return client
        refusal = self._judge(request, client, grant, form)
        if refusal is not None:
            return refusal
        proof = await self._proofs.check(request, url=self._url, algorithms=algorithms_for(client))
        if isinstance(proof, DPoPFault):
            return proof
        confirmation = _confirmation(request, client, proof)
        if client.must_bind and not confirmation.claim:
            events.unbound(client=client.label, grant=grant)
            return rules.refused(Error.INVALID_PROOF, "the tokens of this client have to be bound")
        nonce = "" if proof is None else proof.nonce
        return _given(await self._grants.give[grant](Ask(client, form, confirmation)), nonce)

    def _judge(
        self, request: Request, client: Client, grant: GrantType, form: Mapping[str, str]
    ) -> Refused | None:
        address = client_address(request)
        # Anybody can speak for a public client: one of them is not to use up what belongs to all.
        key = f"{client.client_id} {address}" if client.is_public else client.client_id
        wait = self._allowance.take(key, self._clock.monotonic())
        if wait:
            events.throttled(client=client.label, wait_seconds=wait)
            return Refused(Error.SLOW_DOWN.value, "", 429, wait)
        refusal = rules.judge_request(grant, client, form)
        if refusal is not None:
            events.refused(client=client.label, reason=Error(refusal.error), client_address=address)
        return refusal


def _confirmation(request: Request, client: Client, proof: Proof | None) -> Confirmation:
    """What the tokens will be bound to. A certificate counts where binding was agreed on: browsers show some too."""
    if proof is not None:
        return Confirmation(jkt=proof.jkt)
    certificate = client_certificate(request) if client.must_bind else b""
    return Confirmation(x5t=thumbprint(certificate)) if certificate else Confirmation()


def _given(outcome: TokenAnswer | Refused, nonce: str) -> Given | Refused:
    return outcome if isinstance(outcome, Refused) else Given(rules.members_of(outcome), nonce)
