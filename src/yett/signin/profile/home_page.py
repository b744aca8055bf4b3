"""The first page of one's account, `/profile`, and the one for the language of mails."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.net.pages import PageResponse, redirect, render
from yett.signin.forms import Forms as SignInForms
from yett.signin.model import Use
from yett.signin.profile import rules
from yett.signin.profile.entry import HOME, Entry, unavailable
from yett.signin.profile.language import OwnLanguage
from yett.signin.profile.overview import Looking
from yett.signin.steps import Forms
from yett.store import StoreUnavailable

LANGUAGE = "/profile/language"
SOURCES = {
    "local": "This gateway",
    "ldap": "The directory of your organisation",
    "federated": "Another provider",
}
"""Where people come from, in their own words."""


class HomePage:
    """Shows what a person has, and takes the language they choose."""

    def __init__(
        self,
        entry: Entry,
        looking: Looking,
        language: OwnLanguage,
        forms: Forms,
        sign_in_forms: SignInForms,
        *,
        site: str,
    ) -> None:
        """`sign_in_forms` make the form that signs out, which leads to the sign-in's own page."""
        self._entry = entry
        self._looking = looking
        self._language = language
        self._forms = forms
        self._sign_in_forms = sign_in_forms
        self._site = site
        self.routes = [
            Route(HOME, self._show),
            Route(LANGUAGE, self._show_language),
            Route(LANGUAGE, self._choose, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        owner = await self._entry.open(request)
        if isinstance(owner, Response):
            return owner
        overview = await self._looking.overview(owner)
        app = overview.app
        page = render(
            "signin/profile.html",
            site=self._site,
            person=owner.person,
            source=SOURCES.get(owner.person.source, owner.person.source),
            overview=overview,
            links=self._entry.links,
            app_since=datetime.fromtimestamp(app.since, UTC) if app is not None and app.since else None,
            language=rules.LANGUAGES.get(overview.language, ""),
            sealed=self._sign_in_forms.seal(Use.SIGN_OUT, owner.session.ref),
            is_saved=request.url.query == "saved=1",
        )
        return PageResponse(page)

    async def _show_language(self, request: Request) -> Response:
        owner = await self._entry.open(request)
        if isinstance(owner, Response):
            return owner
        try:
            chosen = await self._language.chosen(owner.person.name)
        except StoreUnavailable:
            return unavailable(request, LANGUAGE)
        page = render(
            "signin/profile_language.html",
            site=self._site,
            person=owner.person,
            chosen=chosen,
            languages=rules.LANGUAGES.items(),
            sealed=self._forms.seal(owner.session.ref),
        )
        return PageResponse(page)

    async def _choose(self, request: Request) -> Response:
        owner = await self._entry.open(request)
        if isinstance(owner, Response):
            return owner
        received = await self._forms.read(request, owner.session.ref, back=LANGUAGE)
        if isinstance(received, Response):
            return received
        try:
            is_chosen = await self._language.choose(owner.person.name, received.fields.get("language", ""))
        except StoreUnavailable:
            return unavailable(request, LANGUAGE)
        return redirect(f"{HOME}?saved=1" if is_chosen else LANGUAGE)
