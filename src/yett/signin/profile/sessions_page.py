"""Where somebody is signed in, and was lately: `/profile/sessions`."""

from datetime import UTC, datetime
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.net.pages import SIGN_ON_COOKIE, PageResponse, once, parse_fields, redirect, render
from yett.sessions import Session
from yett.signin.exchange import PENDING_COOKIE, drop_cookie
from yett.signin.forms import Notice
from yett.signin.model import Visit
from yett.signin.profile import rules
from yett.signin.profile.entry import Entry
from yett.signin.profile.model import ShownSession
from yett.signin.profile.sessions import OwnSessions
from yett.signin.rules import signed_out
from yett.signin.steps import Forms

PAGE = "/profile/sessions"
_DONE = {
    "one": Notice("The session is ended.", is_good=True),
    "others": Notice("You are signed out everywhere else.", is_good=True),
    "gone": Notice("This session had ended already.", is_good=True),
}


class Memory(Protocol):
    """What is remembered of sign-ins."""

    async def visits(self, user: str) -> tuple[Visit, ...]: ...


class SessionsPage:
    """Shows and ends sessions."""

    def __init__(
        self, entry: Entry, sessions: OwnSessions, memory: Memory, forms: Forms, *, site: str
    ) -> None:
        self._entry = entry
        self._sessions = sessions
        self._memory = memory
        self._forms = forms
        self._site = site
        self.routes = [Route(PAGE, self._show), Route(PAGE, self._end, methods=["POST"])]

    async def _show(self, request: Request) -> Response:
        owner = await self._entry.open(request)
        if isinstance(owner, Response):
            return owner
        fields = once(parse_fields(request.scope["query_string"]) or ()) or {}
        visits = await self._memory.visits(owner.person.name)
        page = render(
            "signin/profile_sessions.html",
            site=self._site,
            person=owner.person,
            sessions=[_shown(each) for each in self._sessions.shown(owner)],
            visits=[(datetime.fromtimestamp(each.at, UTC), each.address) for each in visits],
            notice=_DONE.get(fields.get("done", "")),
            sealed=self._forms.seal(owner.session.ref),
        )
        return PageResponse(page)

    async def _end(self, request: Request) -> Response:
        owner = await self._entry.open(request)
        if isinstance(owner, Response):
            return owner
        received = await self._forms.read(request, owner.session.ref, back=PAGE)
        if isinstance(received, Response):
            return received
        match received.fields.get("which", ""):
            case "others":
                await self._sessions.end_others(owner)
                return redirect(f"{PAGE}?done=others")
            case "all":
                await self._sessions.end_all(owner)
                return _signed_out(owner.session)
        ref = rules.ref_of(received.fields.get("session", ""))
        is_ended = await self._sessions.end(owner, ref)
        if ref == owner.session.ref:
            return _signed_out(owner.session)
        return redirect(f"{PAGE}?done={'one' if is_ended else 'gone'}")


def _signed_out(session: Session) -> Response:
    response = redirect(signed_out(session))
    drop_cookie(response, SIGN_ON_COOKIE)
    drop_cookie(response, PENDING_COOKIE)
    return response


def _shown(session: ShownSession) -> dict[str, Any]:
    return {
        "ref": session.ref,
        "host": session.host,
        "browser": session.browser or "Unknown browser",
        "address": session.address,
        "since": datetime.fromtimestamp(session.since, UTC),
        "used": datetime.fromtimestamp(session.used, UTC),
        "is_this": session.is_this,
        "applications": session.applications,
    }
