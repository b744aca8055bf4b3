"""The two well-known addresses, for programs and for scripts of any page."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yett.net.pages import plain_problem
from yett.oidc.discovery.document import Facts, document, own_facts

OPENID = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"
_FRESH = 300
_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": f"public, max-age={_FRESH}",
    "X-Content-Type-Options": "nosniff",
}


class Discovery:
    """Serves the document. It is put together at each request: parts come and go with the settings."""

    def __init__(self, *, issuer: str, is_enabled: Callable[[], bool], can_push: Callable[[], bool]) -> None:
        self._is_enabled = is_enabled
        self._parts: list[Callable[[], Facts]] = [lambda: own_facts(issuer, can_push=can_push())]
        self.routes = [Route(path, self._serve, methods=["GET"]) for path in (OPENID, OAUTH)]

    def join(self, part: Callable[[], Facts]) -> None:
        """Let another part of the provider say what it does."""
        self._parts.append(part)

    async def _serve(self, request: Request) -> Response:
        if not self._is_enabled():
            return plain_problem(request, 404)
        return JSONResponse(document(part() for part in self._parts), headers=_HEADERS)
