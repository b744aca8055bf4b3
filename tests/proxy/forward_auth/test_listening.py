"""A listener where proxies ask and nothing else is to be had."""

import httpx2
import pytest
from tests.proxy.forward_auth.conftest import APP

from yett.net.http import HTTPServer
from yett.proxy.forward_auth import QuestionGate, parse_listen


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("127.0.0.1:9180", ("127.0.0.1", 9180, "")),
        ("[::1]:9180", ("::1", 9180, "")),
        ("unix:/run/yett.sock", ("", 0, "/run/yett.sock")),
    ],
)
def test_where_it_listens(text, found):
    assert parse_listen(text) == found


@pytest.fixture
async def client(place):
    server = HTTPServer(QuestionGate(place.questions.answer), spawn=place.tasks.run)
    (port,) = await server.start("127.0.0.1")
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as made:
        yield made
    await server.drain(1)


async def test_it_answers_for_any_host(place, client, heard):
    token = await place.session()
    headers = {
        "Host": "app.example.test", "X-Original-Method": "GET", "X-Original-URL": f"{APP}/x",
        "X-Forwarded-For": "203.0.113.9", "Authorization": f"Bearer {token}",
    }  # fmt: skip
    for _ in range(3):
        reply = await client.get("/ingress/auth?scope=read:all", headers=headers)
        assert (reply.status_code, reply.headers["x-auth-request-user"]) == (200, "ada")
    records = [fields for event, fields in heard("http.access")]
    assert len(records) == 3
    assert records[0]["app"] == "forward auth"
    assert records[0]["path"] == "/ingress/auth"


@pytest.mark.parametrize(
    "path", ["/", "/login", "/signin", "/auth/api/v1/login", "/oidc/token", "/_yett/signout"]
)
async def test_there_is_nothing_else(client, path):
    assert (await client.get(path)).status_code == 404


async def test_a_body_does_not_matter(client):
    reply = await client.request("GET", "/ingress/anonymous", content=b"x" * 100, headers={"Cookie": "a=1"})
    assert reply.status_code == 200
    assert (await client.get("/ingress/anonymous")).status_code == 200


async def test_what_breaks_the_rules_of_http_is_refused(client):
    assert (await client.request("TRACE", "/ingress/auth")).status_code == 405
