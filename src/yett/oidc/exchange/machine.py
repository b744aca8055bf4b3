"""Tokens for clients that act for themselves (RFC 6749, section 4.4)."""

from yett.kernel import new_id
from yett.oidc.exchange import events, rules
from yett.oidc.exchange.coded import Tokens
from yett.oidc.exchange.model import Ask, Refused
from yett.oidc.tokens import Basis, TokenAnswer, Unissued


class Machine:
    """Nobody signs in; the client's own proof is all there is."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def give(self, ask: Ask) -> TokenAnswer | Refused:
        """An access token, and nothing to renew it with: the client can ask again (section 4.4.3)."""
        client = ask.client
        scope = rules.narrowed(ask.form.get("scope", ""), client, rules.OF_PEOPLE)
        if isinstance(scope, Refused):
            return scope
        basis = Basis(client.client_id, "", scope, new_id(), confirmation=ask.confirmation)
        issued = await self._tokens.issue(client, basis, with_refresh=False, with_identity=False)
        if isinstance(issued, Unissued):
            return rules.refusal_of_tokens(issued)
        events.client_served(client=client.label, scope=issued.scope, lifetime=float(issued.expires_in))
        return issued
