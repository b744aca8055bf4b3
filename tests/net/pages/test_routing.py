"""Routes by their path: the same answers as from a router that asks each."""

import itertools

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, Router

from yett.net.pages import PathRouter


def told(name):
    async def answer(request):
        return PlainTextResponse(
            f"{name} {sorted(request.path_params.items())} {request.url_for('one').path}"
        )

    return answer


ROUTES = (
    Route("/a", told("one"), name="one"),
    Route("/a", told("two"), methods=["POST"]),
    Route("/{which}", told("three"), methods=["GET", "PUT"]),
    Route("/b", told("never")),
    Route("/b/c", told("four"), methods=["DELETE"]),
    Mount("/b", routes=[Route("/c", told("five")), Route("/d", told("six"))]),
    Route("/b/d", told("behind the mount")),
    Route("/deep/{rest:path}", told("seven")),
)
PATHS = (
    "/",
    "/a",
    "/a/",
    "/A",
    "/b",
    "/b/c",
    "/b/d",
    "/b/d/",
    "/x",
    "/deep/a/b",
    "/deep",
    "/no/such",
    "/%61",
    "//a",
)


def over(router):
    app = Starlette()
    app.router = router
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="https://login.example.test")


@pytest.mark.parametrize(
    ("method", "path"), [*itertools.product(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"), PATHS)]
)
async def test_each_request_is_answered_as_by_a_router_that_asks_every_route(method, path):
    async with over(PathRouter(ROUTES)) as ours, over(Router(ROUTES, redirect_slashes=False)) as theirs:
        mine, plain = await ours.request(method, path), await theirs.request(method, path)
    assert (mine.status_code, mine.text, mine.headers) == (plain.status_code, plain.text, plain.headers)


async def test_only_the_routes_that_can_match_are_asked(monkeypatch):
    asked = []
    matches = Route.matches
    monkeypatch.setattr(Route, "matches", lambda self, scope: asked.append(self.path) or matches(self, scope))
    async with over(
        PathRouter([*(Route(f"/p{number}", told("x")) for number in range(50)), ROUTES[0]])
    ) as ours:
        assert (await ours.get("/a")).status_code == 200
    assert asked == ["/a"]
