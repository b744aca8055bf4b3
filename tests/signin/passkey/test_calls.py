import json

import pytest
from tests.signin.place import ORIGIN

BEGIN = "/signin/passkey/begin"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": ORIGIN}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Content-Type": "text/plain"}, 403),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 403),
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
    ],
)
async def test_only_our_own_pages_call(keyed, browser, headers, status):
    await keyed.form(browser)
    answer = await browser.post(BEGIN, content=b"{}", headers={**JSON, **headers})
    assert answer.status_code == status
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"7", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b'{"a":"\xff"}', 400),
        (b"[" * 30_000, 400),
        (b'{"a":' * 10_000, 400),
        (b" " * 70_000, 413),
    ],
    ids=lambda value: str(value)[:12],
)
async def test_what_is_no_call_is_refused(keyed, browser, content, status):
    await keyed.form(browser)
    answer = await browser.post(BEGIN, content=content, headers=JSON)
    assert answer.status_code == status
    assert json.loads(answer.content)["status"] == status


async def test_a_call_is_a_post(keyed, browser):
    await keyed.form(browser)
    assert (await browser.get(BEGIN)).status_code == 405
