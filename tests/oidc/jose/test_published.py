"""Keys that somebody publishes: kept, asked for again, never for the asking."""

import asyncio
import json

import pytest
from tests.oidc.foreign import Signer

from yett.net.fetching import Fetched, Fetcher, FetchFailed, FetchingSettings
from yett.oidc.jose import Published, events
from yett.oidc.jose.published import FRESH, PAUSE, STALE

URL = "https://client.example.test/jwks"
ONE, TWO = Signer(number=0, key_id="one"), Signer(number=1, key_id="two")


class Server:
    """What is published, and how often somebody asked."""

    def __init__(self, *signers):
        self.document = {"keys": [each.jwk for each in signers]}
        self.status = 200
        self.asked = 0
        self.gate = None
        self.was_asked = asyncio.Event()

    async def get(self, url, *, most):
        assert url == URL
        self.asked += 1
        self.was_asked.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.document is None:
            raise FetchFailed("no answer")
        body = self.document if isinstance(self.document, bytes) else json.dumps(self.document).encode()
        assert len(body) <= most
        return Fetched(self.status, {}, body)


async def find(published, key_id="one"):
    return [key.thumbprint for key in await published.find("app", URL, key_id)]


async def test_keys_are_asked_for_once_and_kept(clock, heard):
    server = Server(ONE, TWO)
    published = Published(server, clock)

    assert await find(published) == [ONE.thumbprint]
    assert await find(published, "two") == [TWO.thumbprint]
    assert await find(published, "") == [ONE.thumbprint, TWO.thumbprint]
    assert server.asked == 1
    assert heard("oidc") == [(events.fetched, {"owner": "app", "keys": 2})]


async def test_many_at_once_ask_once(clock):
    server = Server(ONE)
    server.gate = asyncio.Event()
    published = Published(server, clock)

    async def open_when_asked():
        await server.was_asked.wait()
        server.gate.set()

    *found, _ = await asyncio.gather(*(find(published) for _ in range(50)), open_when_asked())

    assert found == [[ONE.thumbprint]] * 50
    assert server.asked == 1


async def test_a_server_that_is_slow_holds_up_nobody_whose_key_is_known(clock):
    server = Server(ONE)
    published = Published(server, clock)
    await find(published)
    clock.advance(FRESH + 1)
    server.gate, server.was_asked = asyncio.Event(), asyncio.Event()

    async def meanwhile():
        await server.was_asked.wait()
        known = await find(published)
        server.gate.set()
        return known

    assert await asyncio.gather(find(published), meanwhile()) == [[ONE.thumbprint]] * 2
    assert server.asked == 2


async def test_a_new_key_is_found_at_once_but_made_up_ones_do_not_ask_again_and_again(clock):
    server = Server(ONE)
    published = Published(server, clock)
    await find(published)
    clock.advance(PAUSE)
    server.document["keys"].append(TWO.jwk)

    assert await find(published, "two") == [TWO.thumbprint]
    for number in range(100):
        assert await find(published, f"made-up-{number}") == []
    assert server.asked == 2


async def test_a_key_that_is_taken_back_is_gone_after_a_while(clock):
    server = Server(ONE, TWO)
    published = Published(server, clock)
    await find(published)
    del server.document["keys"][0]
    clock.advance(FRESH + 1)

    assert await find(published, "two") == [TWO.thumbprint]
    assert await find(published) == []


@pytest.mark.parametrize(
    ("document", "status"),
    [(None, 200), (b"<html>", 200), (b"[]", 200), ({"keys": []}, 200), ({"keys": [ONE.jwk]}, 404)],
)
async def test_what_cannot_be_fetched_leaves_what_was_known(clock, heard, document, status):
    server = Server(ONE)
    published = Published(server, clock)
    await find(published)
    server.document, server.status = document, status
    clock.advance(FRESH + 1)

    assert await find(published) == [ONE.thumbprint]
    assert heard("oidc")[-1][0] is events.not_fetched
    clock.advance(STALE)
    assert await find(published) == []


async def test_a_server_that_does_not_answer_is_not_asked_at_every_turn(clock):
    server = Server()
    server.document = None
    published = Published(server, clock)
    for _ in range(20):
        assert await find(published) == []
    assert server.asked == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/jwks",
        "https://[::1]/jwks",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/jwks",
        "https://localhost/jwks",
        "http://192.0.2.1/jwks",
        "file:///etc/passwd",
        "https://user:secret@192.0.2.1/",
    ],
)
async def test_keys_inside_our_own_networks_are_never_asked_for(clock, heard, url):
    published = Published(Fetcher(FetchingSettings()), clock)

    assert await published.find("app", url, "") == ()

    (said,) = heard("oidc")
    assert said[0] is events.not_fetched
    assert "secret" not in str(said)
