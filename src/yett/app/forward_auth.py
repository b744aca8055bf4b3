"""Answering other proxies: the questions, the pages of browsers, and a listener of its own."""

from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.routing import BaseRoute

from yett.app.people import People
from yett.config import Snapshot
from yett.kernel import Clock, Lifecycle, Supervisor
from yett.net.http import HTTPServer, Limits
from yett.proxy import ProxyGate
from yett.proxy.forward_auth import (
    AccessTokens,
    Browser,
    ForwardAuth,
    ForwardAuthSettings,
    Holders,
    PersonalTokens,
    QuestionGate,
    Settings,
    parse_listen,
)
from yett.sessions import SessionSettings
from yett.tokens import TokensSettings


class ForOtherProxies:
    """Everything about them. Nobody is answered unless that is switched on; /login is for the page of tokens, too."""

    def __init__(
        self,
        people: People,
        snapshot: Snapshot,
        clock: Clock,
        tasks: Supervisor,
        lifecycle: Lifecycle,
        *,
        origin: str,
        limits: Limits,
        refuse_unrecorded: Callable[[], bool],
    ) -> None:
        self._own = own = snapshot[ForwardAuthSettings]
        self._listen = own.listen
        self._server: HTTPServer | None = None
        self._questions: ForwardAuth | None = None
        tokens, directory = people.scoped.tokens, people.directory
        self._browser = Browser(people.flow, tokens, own, origin=origin)
        self.routes: list[BaseRoute] = [*self._browser.routes]
        if not own.enabled:
            return
        self._questions = questions = ForwardAuth(
            tokens,
            Holders(
                tokens,
                people.sessions,
                directory,
                PersonalTokens(
                    people.personal.tokens.look, tokens.scopes_for, lambda: self._own.personal_tokens
                ),
                AccessTokens(
                    people.oidc.tokens.peek,
                    directory.person,
                    tokens.scopes_for,
                    lambda: self._own.access_tokens,
                ),
            ),
            _settings(snapshot),
            clock,
            origin=origin,
            sign_in_host=urlsplit(origin).hostname or "",
            refuse_unrecorded=refuse_unrecorded,
        )
        if self._listen:
            self._server = HTTPServer(QuestionGate(questions.answer), limits, spawn=tasks.run)
            lifecycle.add("forward-auth listener", self._start, self._stop)

    def join(self, gate: ProxyGate) -> None:
        """Have the sign-in host answer questions."""
        if self._questions is not None:
            gate.answer_with(self._questions.on_sign_in_host)

    def apply(self, new: Snapshot) -> None:
        """Go by other settings from now on."""
        self._own = new[ForwardAuthSettings]
        self._browser.apply(self._own)
        if self._questions is not None:
            self._questions.apply(_settings(new))

    async def _start(self) -> None:
        host, port, path = parse_listen(self._listen)
        if self._server is not None:
            await self._server.start(host or None, port, unix_path=path)

    async def _stop(self) -> None:
        if self._server is not None:
            await self._server.drain(5)


def _settings(snapshot: Snapshot) -> Settings:
    return Settings(snapshot[ForwardAuthSettings], snapshot[TokensSettings], snapshot[SessionSettings])
