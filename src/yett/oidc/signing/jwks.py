"""The public keys of everything that is signed here, at one address (RFC 7517, section 5)."""

from collections.abc import Callable, Iterable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yett.keys import NoKey
from yett.net.pages import once, parse_fields, problem
from yett.oidc.signing import events

JWKS = "/oidc/jwks"
FRESH_FOR = 300
"""Seconds that the set may be kept without looking again; new keys are in it for longer before they sign."""


class KeySet:
    """The set, put together when it is asked for."""

    def __init__(
        self,
        sources: Iterable[Callable[[], Iterable[Mapping[str, str]]]],
        *,
        is_client: Callable[[str], bool] = lambda _id: True,
    ) -> None:
        """Each source gives the public keys of one kind of token, or raises NoKey while it has none."""
        self._sources = tuple(sources)
        self._is_client = is_client
        self.routes = [Route(JWKS, self._answer, methods=["GET"])]

    def keys(self) -> list[dict[str, str]]:
        """All of them. Raises NoKey when a source has none: half a set would make good tokens look forged."""
        return [dict(key) for source in self._sources for key in source()]

    async def _answer(self, request: Request) -> Response:
        fields = parse_fields(request.scope["query_string"])
        asked_by = (once(fields or ()) or {}).get("client_id", "")
        if asked_by and not self._is_client(asked_by):
            events.jwks_for_unknown()
        events.jwks_requested()
        try:
            keys = self.keys()
        except NoKey:
            return problem(request, 503, "There are no keys at the moment", "Try again in a moment.")
        headers = {
            "Access-Control-Allow-Origin": "*",
            "Cache-Control": f"public, max-age={FRESH_FOR}",
            "X-Content-Type-Options": "nosniff",
        }
        return JSONResponse({"keys": keys}, headers=headers)
