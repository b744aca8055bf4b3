"""How an answer travels to a client: in the address, or in the body of a form.

Every answer names the issuer, so that a client of several providers cannot be confused (RFC 9207).
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.net.pages import Page, PageResponse, redirect, render
from yett.oidc import rules
from yett.oidc.model import ResponseMode

SCRIPT = "/oidc/form_post.js"
_HERE = Path(__file__).parent
_OUR_FORMS = b"form-action 'self'"
_FORMS_OF_WEB = b"form-action https:"
_FORMS_OF_MACHINE = b"form-action https: http:"


class Answers:
    """Sends them. Making one reads the script; OSError when it is not there."""

    def __init__(self, *, issuer: str, folder: Path = _HERE) -> None:
        self._issuer = issuer
        self._site = urlsplit(issuer).netloc
        self._code = (folder / "form_post.js").read_bytes()
        self._script = f"{SCRIPT}?{hashlib.sha256(self._code).hexdigest()[:16]}"
        self.routes = [Route(SCRIPT, self._serve, methods=["GET"])]

    def complete(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """An answer with what every one of them says."""
        return {**parameters, "iss": self._issuer}

    def send(
        self,
        redirect_uri: str,
        mode: ResponseMode,
        parameters: Mapping[str, str],
        *,
        is_after_form: bool = False,
    ) -> Response:
        """The answer. After a form of ours it goes over a page: Chromium applies form-action to redirects too."""
        full = self.complete(parameters)
        if mode is ResponseMode.FORM_POST:
            return PageResponse(self._form_page(redirect_uri, full))
        to = rules.answer_to(redirect_uri, full)
        if is_after_form:
            return PageResponse(render("oidc/onward.html", site=self._site, to=to))
        return redirect(to)

    def _form_page(self, redirect_uri: str, parameters: Mapping[str, str]) -> Page:
        page = render(
            "oidc/form_post.html",
            has_script=True,
            site=self._site,
            script=self._script,
            to=redirect_uri,
            fields=[(name, value) for name, value in parameters.items() if value],
        )
        # The client's address may redirect its form anywhere, and browsers hold that against the page. The
        # page has one form, whose address was registered.
        wider = _FORMS_OF_WEB if redirect_uri.startswith("https:") else _FORMS_OF_MACHINE
        return Page(page.body, page.headers.replace(_OUR_FORMS, wider))

    async def _serve(self, _: Request) -> Response:
        """The script. Its address names its content, so that browsers may keep it."""
        return Response(
            self._code,
            headers={
                "Content-Type": "text/javascript; charset=utf-8",
                "Cache-Control": "public, max-age=86400, immutable",
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "default-src 'none'",
                "Cross-Origin-Resource-Policy": "same-origin",
            },
        )
