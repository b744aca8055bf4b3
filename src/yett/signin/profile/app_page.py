"""The authenticator app of one's own and its recovery codes: `/profile/app`."""

from datetime import UTC, datetime

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.authn.totp import Enrolment
from yett.net.pages import PageResponse, redirect, render
from yett.signin.forms import Notice
from yett.signin.profile.authenticator import FAILED, OwnApp
from yett.signin.profile.entry import Entry, again, turn, unavailable
from yett.signin.profile.model import App, Owner, Way
from yett.signin.profile.overview import Looking
from yett.signin.steps import Forms
from yett.store import StoreUnavailable

PAGE = "/profile/app"


class AppPage:
    """Shows the app, sets it up, replaces it, removes it."""

    def __init__(self, entry: Entry, looking: Looking, app: OwnApp, forms: Forms, *, site: str) -> None:
        self._entry = entry
        self._looking = looking
        self._app = app
        self._forms = forms
        self._site = site
        self.routes = [Route(PAGE, self._show), Route(PAGE, self._change, methods=["POST"])]

    async def _show(self, request: Request) -> Response:
        owner = await self._entry.open(request)
        return owner if isinstance(owner, Response) else await self._page(request, owner)

    async def _page(
        self,
        request: Request,
        owner: Owner,
        *,
        enrolment: Enrolment | None = None,
        is_begun: bool = False,
        notice: Notice | None = None,
    ) -> Response:
        try:
            app: App | None = await self._looking.app(owner.person.name)
        except StoreUnavailable:
            return unavailable(request, PAGE)
        page = render(
            "signin/profile_app.html",
            site=self._site,
            person=owner.person,
            app=app,
            since=datetime.fromtimestamp(app.since, UTC) if app is not None and app.since else None,
            fresh=self._entry.is_fresh(owner),
            again=again(PAGE),
            qr=Markup(enrolment.qr) if enrolment else "",  # noqa: S704 - drawn by us, of numbers only
            secret=enrolment.secret if enrolment else "",
            is_begun=is_begun or enrolment is not None,
            notice=notice,
            sealed=self._forms.seal(owner.session.ref),
        )
        return PageResponse(page, _status(notice))

    async def _change(self, request: Request) -> Response:
        owner = await self._entry.open(request)
        if isinstance(owner, Response):
            return owner
        received = await self._forms.read(request, owner.session.ref, back=PAGE)
        if isinstance(received, Response):
            return received
        action = received.fields.get("action", "")
        is_new = action in {"begin", "confirm"}
        way = await self._entry.way_to_add(owner) if is_new else self._entry.way_to_change(owner)
        if way is not Way.OPEN:
            return turn(request, way, PAGE)
        match action:
            case "begin":
                return await self._begin(request, owner)
            case "confirm":
                return await self._confirm(request, owner, received.fields.get("code", ""))
            case "renew":
                return await self._renew(request, owner)
            case "remove":
                notice = await self._app.remove(owner.person.name)
                return redirect(PAGE) if notice is None else await self._page(request, owner, notice=notice)
        return redirect(PAGE)

    async def _begin(self, request: Request, owner: Owner) -> Response:
        begun = await self._app.begin(owner.person.name)
        if isinstance(begun, Notice):
            return await self._page(request, owner, notice=begun)
        return await self._page(request, owner, enrolment=begun)

    async def _confirm(self, request: Request, owner: Owner, code: str) -> Response:
        codes = await self._app.confirm(owner.person.name, code)
        if isinstance(codes, Notice):
            # The picture is not drawn again: the app has it, and a page with it in the history is one too many.
            return await self._page(request, owner, is_begun=codes.marks, notice=codes)
        return self._codes(codes)

    async def _renew(self, request: Request, owner: Owner) -> Response:
        codes = await self._app.renew_recovery(owner.person.name)
        if isinstance(codes, Notice):
            return await self._page(request, owner, notice=codes)
        return self._codes(codes)

    def _codes(self, codes: tuple[str, ...]) -> Response:
        return PageResponse(render("signin/recovery.html", site=self._site, codes=codes, to=PAGE))


def _status(notice: Notice | None) -> int:
    if notice is None:
        return 200
    return 503 if notice is FAILED else 422
