"""What personal access tokens do: they count where there is no session, and the route takes them."""

from collections.abc import Callable

from yett.net.http import Request
from yett.proxy.programs import token_of
from yett.proxy.rehearsal.model import Step, Turn
from yett.proxy.routes import Route
from yett.sessions import Session

Tokens = Callable[[str, str, str], Session | None]
"""As the gate asks for them, but nothing is noted by it: text, the scope that is needed, and the host."""


def shown(request: Request, route: Route, tokens: Tokens) -> tuple[Step, Session | None]:
    """What the gate would say to the token of a request without a session, and what stands for its session."""
    text, scope = token_of(request), route.token_scope
    if not text:
        return Step(
            "token", Turn.OFF, f"A program may show a personal token with scope {scope}; none is"
        ), None
    session = tokens(text, scope, request.host)
    if session is None:
        sentence = f"The token is none that is good now, or it is without scope {scope}"
        return Step("token", Turn.REFUSED, sentence, "token_refused", 401), None
    sentence = f"A token of {session.module_key} with scope {scope} stands for a session ({session.ref})"
    return Step("token", Turn.PASSES, sentence), session


def nobody(_text: str, _scope: str, _host: str) -> None:
    """Where there are no tokens at all."""
