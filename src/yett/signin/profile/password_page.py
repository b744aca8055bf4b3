"""The page on which somebody changes the password they have, `/profile/password`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.net.pages import SIGN_ON_COOKIE, PageResponse, plain_problem, redirect, render
from yett.sessions import Issued
from yett.signin.exchange import drop_cookie, set_cookie
from yett.signin.forms import Notice
from yett.signin.password_page import judge
from yett.signin.profile.entry import HOME, Entry, again, turn
from yett.signin.profile.model import Owner, Way
from yett.signin.profile.password import OwnPassword, status_of
from yett.signin.steps import Forms

PAGE = "/profile/password"


class OwnPasswordPage:
    """Shows and reads the form."""

    def __init__(self, entry: Entry, password: OwnPassword, forms: Forms, *, site: str) -> None:
        self._entry = entry
        self._password = password
        self._forms = forms
        self._site = site
        self.routes = [Route(PAGE, self._show), Route(PAGE, self._submit, methods=["POST"])]

    async def _open(self, request: Request) -> Owner | Response:
        owner = await self._entry.open(request)
        if isinstance(owner, Owner) and not self._password.is_offered(owner.person):
            return plain_problem(request, 404)
        return owner

    async def _show(self, request: Request) -> Response:
        owner = await self._open(request)
        return owner if isinstance(owner, Response) else self._page(owner)

    def _page(self, owner: Owner, notice: Notice | None = None) -> Response:
        page = render(
            "signin/profile_password.html",
            site=self._site,
            person=owner.person,
            fresh=self._entry.is_fresh(owner),
            again=again(PAGE),
            notice=notice,
            sealed=self._forms.seal(owner.session.ref),
        )
        return PageResponse(page, 200 if notice is None else status_of(notice))

    async def _submit(self, request: Request) -> Response:
        owner = await self._open(request)
        if isinstance(owner, Response):
            return owner
        received = await self._forms.read(request, owner.session.ref, back=PAGE)
        if isinstance(received, Response):
            return received
        way = self._entry.way_to_change(owner)
        if way is not Way.OPEN:
            return turn(request, way, PAGE)
        old, new = received.fields.get("old", ""), received.fields.get("new", "")
        notice = judge(old, new, received.fields.get("again", ""))
        outcome = notice or await self._password.change(owner, old, new)
        if isinstance(outcome, Issued):
            response = redirect(f"{HOME}?saved=1")
            set_cookie(response, SIGN_ON_COOKIE, outcome.token)
            return response
        if outcome.is_good:
            response = redirect("/signin?changed=1")
            drop_cookie(response, SIGN_ON_COOKIE)
            return response
        return self._page(owner, outcome)
