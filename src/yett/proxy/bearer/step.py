"""Puts a token into requests. With one at hand, that is two lookups and no waiting."""

from collections.abc import Awaitable
from dataclasses import replace

from yett.identity import Person
from yett.net.http import Answer, Forward
from yett.net.pages import error_page
from yett.oidc import Wanted
from yett.proxy.bearer import events
from yett.proxy.bearer.service import Bearers
from yett.proxy.steps import Call, Step
from yett.sessions import Session

AUTHORIZATION = frozenset({b"authorization"})


class BearerStep(Step):
    """Sends a token in place of whatever the client sent as Authorization."""

    def __init__(self, wanted: Wanted, bearers: Bearers) -> None:
        self._wanted = wanted
        self._bearers = bearers

    def prepare(
        self,
        call: Call,
        forward: Forward,
        body: bytes | None,  # noqa: ARG002 - the hook's signature
    ) -> Forward | Answer | Awaitable[Forward | Answer]:
        session, person = call.session, call.person
        if session is None or person is None:
            events.nobody(app=call.app)
            return replace(forward, drop=forward.drop | AUTHORIZATION)
        held = self._bearers.peek(session, person, self._wanted)
        if held is None:
            return self._later(call, forward, session, person)
        return replace(forward, add=forward.add + held.line, drop=forward.drop | AUTHORIZATION)

    async def _later(
        self, call: Call, forward: Forward, session: Session, person: Person
    ) -> Forward | Answer:
        held = await self._bearers.obtain(session, person, self._wanted)
        if held is None:
            return _no_token(call.request.scope.request_id)
        return replace(forward, add=forward.add + held.line, drop=forward.drop | AUTHORIZATION)


def _no_token(request_id: str) -> Answer:
    page = error_page(
        502,
        heading="The application could not be told who you are",
        sentence="Your request was not passed on. Try again in a moment.",
        request_id=request_id,
    )
    return Answer(502, page.body, headers=page.headers)
