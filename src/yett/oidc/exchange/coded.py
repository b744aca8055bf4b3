"""Tokens for authorization codes (RFC 6749, section 4.1.3; RFC 7636, section 4.5) and refresh tokens (section 6)."""

import contextlib
from typing import Protocol

from yett.oidc.clients import Client, GrantType
from yett.oidc.exchange import events, rules
from yett.oidc.exchange.model import Ask, Error, Refused
from yett.oidc.model import Grant, Reason
from yett.oidc.model import Refused as CodeRefused
from yett.oidc.tokens import Basis, Confirmation, TokenAnswer, Unissued
from yett.store import StoreUnavailable


class Provider(Protocol):
    """Whoever made the codes."""

    async def examine(
        self, code: str, *, verifier: str, client_id: str, redirect_uri: str
    ) -> Grant | CodeRefused: ...
    def exchanged(self, grant: Grant, client_id: str) -> None: ...
    async def give_up(self, code: str, client_id: str) -> None: ...
    async def reused(self, grant: Grant, client_id: str) -> CodeRefused: ...
    async def still_stands(self, grant: Grant, client_id: str) -> bool: ...


class Tokens(Protocol):
    """Whoever makes tokens and keeps them."""

    async def issue(
        self, client: Client, basis: Basis, *, with_refresh: bool, with_identity: bool, code: str = ""
    ) -> TokenAnswer | Unissued: ...
    async def refresh(
        self, client: Client, text: str, scope: str, confirmation: Confirmation
    ) -> TokenAnswer | Unissued: ...
    async def revoke_family(self, grant_ref: str, user: str) -> int: ...


class Coded:
    """What a person's browser brought to the client, and what came of it before."""

    def __init__(self, provider: Provider, tokens: Tokens) -> None:
        self._provider = provider
        self._tokens = tokens

    async def give(self, ask: Ask) -> TokenAnswer | Refused:
        """Tokens for a code, which is spent whatever comes of it."""
        client, form = ask.client, ask.form
        code = form["code"]
        grant = await self._provider.examine(
            code,
            verifier=form.get("code_verifier", ""),
            client_id=client.client_id,
            redirect_uri=form.get("redirect_uri", ""),
        )
        if isinstance(grant, CodeRefused):
            return rules.refusal_of_code(grant)
        if not rules.judge_key(grant.jkt, ask.confirmation):
            events.other_key(client=client.label)
            await self._provider.give_up(code, client.client_id)
            return rules.refused(Error.INVALID_GRANT, "the code is bound to another key")
        issued = await self._tokens.issue(
            client,
            rules.basis_of(grant, client, ask.confirmation),
            with_refresh=GrantType.REFRESH in client.grants,
            with_identity=rules.has_scope(grant.scope, "openid"),
            code=code,
        )
        if issued is Unissued.REUSED:
            # Somebody else was faster with the same code: their tokens end, too.
            return rules.refusal_of_code(await self._provider.reused(grant, client.client_id))
        if isinstance(issued, Unissued):
            await self._provider.give_up(code, client.client_id)
            return rules.refusal_of_tokens(issued)
        self._provider.exchanged(grant, client.client_id)
        if not await self._provider.still_stands(grant, client.client_id):
            # Without the store they are refused here, and ended as soon as it is back.
            with contextlib.suppress(StoreUnavailable):
                await self._tokens.revoke_family(grant.code_ref, grant.user)
            return rules.refusal_of_code(CodeRefused(Reason.CONSENT_REQUIRED))
        return issued

    async def refresh(self, ask: Ask) -> TokenAnswer | Refused:
        """New tokens for those that are about to end."""
        text, scope = ask.form["refresh_token"], ask.form.get("scope", "")
        issued = await self._tokens.refresh(ask.client, text, scope, ask.confirmation)
        return rules.refusal_of_tokens(issued) if isinstance(issued, Unissued) else issued
