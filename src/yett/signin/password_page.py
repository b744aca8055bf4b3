"""The page on which somebody changes a password that has run out, `/signin/password`.

Its session is good for nothing else. Afterwards it is over, and the person signs in anew.
"""

from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.net.pages import PageResponse, redirect, render
from yett.sessions import Session, SessionType
from yett.signin import answers, events, rules
from yett.signin.exchange import PENDING_COOKIE, drop_cookie, pending_token
from yett.signin.forms import TOO_OLD, Forms, Notice
from yett.signin.model import Turned, TurnedAway, Use
from yett.signin.pending import Missing, Pending

_EMPTY = Notice("Fill in all three fields.", marks=True)
_DIFFERENT = Notice("The new passwords are not the same.", "Enter the new one twice.", marks=True)
_SAME = Notice("The new password is the old one.", "Choose another.", marks=True)


class NewPassword(Protocol):
    """What became of a change."""

    @property
    def is_changed(self) -> bool: ...
    @property
    def sentence(self) -> str:
        """What the person may read if it was not; empty for a general sentence."""
        ...


class Changing(Protocol):
    """Changes passwords of people whose own may run out."""

    async def change(self, name: str, old: str, new: str) -> NewPassword: ...


class PasswordChange:
    """Changes a password that has run out, without HTTP."""

    def __init__(self, pending: Pending, changing: Changing | None) -> None:
        self._pending = pending
        self._changing = changing

    async def find(self, token: str) -> Session | TurnedAway:
        """Whoever has to change their password."""
        found = await self._pending.find(token, SessionType.PASSWORD_EXPIRED)
        return _missing(found) if isinstance(found, Missing) else found

    async def change(self, token: str, old: str, new: str) -> Notice | TurnedAway | None:
        """Change it; None when it is changed, else what to tell the person."""
        session = await self.find(token)
        if isinstance(session, TurnedAway):
            return session
        if self._changing is None:
            return TurnedAway(Turned.UNAVAILABLE)
        left = await self._pending.count_try(session)
        if isinstance(left, Missing):
            await self._pending.end(session)
            return _missing(left)
        changed = await self._changing.change(session.module_key, old, new)
        if not changed.is_changed:
            events.password_not_changed(user=session.module_key)
            return Notice("Your password was not changed.", changed.sentence or _GENERAL, marks=True)
        # Whoever came in with the old one is out.
        await self._pending.end_all(session)
        events.password_changed(user=session.module_key)
        return None


_GENERAL = "Check the old one, and choose a new one that is longer and was not used before."


class PasswordPage:
    """Shows and reads the form for a new password."""

    def __init__(self, change: PasswordChange, forms: Forms) -> None:
        self._change = change
        self._forms = forms
        self.routes = [
            Route(answers.PASSWORD_PAGE, self._show),
            Route(answers.PASSWORD_PAGE, self._submit, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        to = rules.wanted_next(request.scope["query_string"])
        session = await self._change.find(pending_token(request))
        if isinstance(session, TurnedAway):
            return answers.back_to_the_beginning(request, session, to=to)
        return self._page(session, to)

    def _page(
        self, session: Session, to: str, *, status: int = 200, notice: Notice | None = None
    ) -> Response:
        page = render(
            "signin/password.html",
            site=self._forms.site,
            sealed=self._forms.seal(Use.PASSWORD, session.ref, next=to),
            name=session.module_key,
            notice=notice,
        )
        return PageResponse(page, status)

    async def _submit(self, request: Request) -> Response:
        token = pending_token(request)
        session = await self._change.find(token)
        if isinstance(session, TurnedAway):
            return answers.back_to_the_beginning(request, session)
        posted = await self._forms.read(request, Use.PASSWORD, session.ref, answers.PASSWORD_PAGE)
        if isinstance(posted, Response):
            return posted
        old, new = posted.fields.get("old", ""), posted.fields.get("new", "")
        notice = TOO_OLD if posted.is_expired else judge(old, new, posted.fields.get("again", ""))
        if notice is not None:
            return self._page(session, posted.to, status=422, notice=notice)
        outcome = await self._change.change(token, old, new)
        if isinstance(outcome, TurnedAway):
            return answers.back_to_the_beginning(request, outcome, to=posted.to)
        if outcome is not None:
            return self._page(session, posted.to, status=422, notice=outcome)
        response = redirect(rules.with_next("/signin?changed=1", posted.to))
        drop_cookie(response, PENDING_COOKIE)
        return response


def judge(old: str, new: str, again: str) -> Notice | None:
    """What is wrong with what was typed, before anybody is asked."""
    if not old or not new or not again:
        return _EMPTY
    if new != again:
        return _DIFFERENT
    return _SAME if new == old else None


def _missing(why: Missing) -> TurnedAway:
    return TurnedAway(Turned.OVER if why is Missing.OVER else Turned.UNAVAILABLE)
