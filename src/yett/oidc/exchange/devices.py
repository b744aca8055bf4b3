"""Tokens for devices that somebody confirmed in a browser (RFC 8628, section 3.4).

Programs of `[[oidc.device.client]]` get the one that was made at the confirmation; clients of the provider get
what any other grant would give them, made now.
"""

from collections.abc import Mapping
from typing import Protocol

from yett.authn.device_code import Granted
from yett.kernel import new_id
from yett.oidc.clients import Client, GrantType
from yett.oidc.device.model import Refused as DeviceRefused
from yett.oidc.device.model import Token
from yett.oidc.exchange import rules
from yett.oidc.exchange.coded import Tokens
from yett.oidc.exchange.model import Ask, Error, Refused
from yett.oidc.tokens import Basis, TokenAnswer, Unissued


class Grant(Protocol):
    """The device grant."""

    @property
    def is_enabled(self) -> bool: ...
    def is_program(self, client_id: str) -> bool: ...
    async def redeem(self, fields: Mapping[str, str]) -> Token | DeviceRefused: ...
    async def collect(self, client: Client, device_code: str) -> Granted | DeviceRefused: ...
    def handed_over(self, granted: Granted, outcome: TokenAnswer | Unissued) -> None: ...


class Devices:
    """What devices fetch."""

    def __init__(self, grant: Grant, tokens: Tokens) -> None:
        self._grant = grant
        self._tokens = tokens

    @property
    def is_enabled(self) -> bool:
        """Whether there are device codes at all."""
        return self._grant.is_enabled

    def is_program(self, client_id: str) -> bool:
        """Whether that is a program of the device grant's own settings, which proves nothing."""
        return self._grant.is_program(client_id)

    async def give_program(self, form: Mapping[str, str]) -> TokenAnswer | Refused:
        """The token that was made for a program when it was confirmed."""
        outcome = await self._grant.redeem(form)
        if isinstance(outcome, DeviceRefused):
            return _refusal(outcome)
        return TokenAnswer(outcome.text, outcome.expires_in, "Bearer", outcome.scope)

    async def give(self, ask: Ask) -> TokenAnswer | Refused:
        """Tokens for a client of the provider, once somebody said yes."""
        if not self._grant.is_enabled:
            return rules.refused(Error.UNSUPPORTED_GRANT_TYPE)
        client = ask.client
        granted = await self._grant.collect(client, ask.form["device_code"])
        if isinstance(granted, DeviceRefused):
            return _refusal(granted)
        basis = Basis(
            client_id=client.client_id,
            user=granted.user,
            scope=granted.scope,
            grant_ref=new_id(),
            sign_on_ref=granted.sign_on,
            auth_time=rules.instant_of(granted.answer.get("auth_time", "")),
            methods=tuple(granted.answer.get("methods", "").split()),
            assurance=rules.assurance_of(granted.answer.get("assurance", "")),
            confirmation=ask.confirmation,
        )
        issued = await self._tokens.issue(
            client,
            basis,
            with_refresh=GrantType.REFRESH in client.grants,
            with_identity=rules.has_scope(granted.scope, "openid"),
        )
        self._grant.handed_over(granted, issued)
        return rules.refusal_of_tokens(issued) if isinstance(issued, Unissued) else issued


def _refusal(outcome: DeviceRefused) -> Refused:
    return Refused(outcome.fault.value, "", outcome.fault.status, outcome.retry_after)
