"""A small application that shows what the gateway tells it about the caller, and checks the signature."""

import time
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.net.pages import PageResponse, render
from yett.proxy import verify_headers

Keys = Callable[[], Mapping[str, list[dict[str, str]]]]


class DemoApplication:
    """One page: who you are, as the headers say, and whether they are genuine."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self.app = Starlette(routes=[Route("/{rest:path}", self._page)])

    async def _page(self, request: Request) -> Response:
        headers = dict(request.headers)
        host = headers.get("host", "").partition(":")[0]
        genuine = verify_headers(headers, self._keys(), host=host, now=time.time())
        return PageResponse(
            render(
                "ops/demo.html",
                name=unquote(headers.get("x-yett-name", "")) or headers.get("x-yett-user", ""),
                user=headers.get("x-yett-user", ""),
                email=unquote(headers.get("x-yett-email", "")),
                groups=[unquote(group) for group in headers.get("x-yett-groups", "").split(",") if group],
                genuine=genuine,
                method=request.method,
                path=request.url.path,
                headers=sorted((name, value) for name, value in headers.items() if name != "cookie"),
            )
        )
