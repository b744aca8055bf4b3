"""Requests that are not as they have to be."""

import pytest

TOKENS = "/auth/api/v1/users/ada/tokens"
HISTORY = "/auth/api/v1/users/ada/token-change-history"


@pytest.mark.parametrize(
    ("body", "kind", "place_of", "type_of"),
    [
        (b"", "application/json", ["body"], "json_invalid"),
        (b"{", "application/json", ["body"], "json_invalid"),
        (b"[" * 5000, "application/json", ["body"], "value_error"),
        (b"\xff", "application/json", ["body"], "json_invalid"),
        (b'{"token_name":"a\xff"}', "application/json", ["body"], "json_invalid"),
        (b"[]", "application/json", ["body"], "value_error"),
        (b"{}", "application/json", ["body"], "value_error"),
        (b'{"token_name":""}', "application/json", ["body", "token_name"], "value_error"),
        (b'{"token_name":7}', "application/json", ["body", "token_name"], "value_error"),
        (b'{"token_name":"a","scopes":"read:all"}', "application/json", ["body", "scopes"], "value_error"),
        (b'{"token_name":"a","scopes":[[]]}', "application/json", ["body", "scopes"], "value_error"),
        (b'{"token_name":"a","expires":"x"}', "application/json", ["body", "expires"], "invalid_expires"),
        (b'{"token_name":"a","expires":5}', "application/json", ["body", "expires"], "invalid_expires"),
        (b'{"token_name":"a","expires":1e300}', "application/json", ["body", "expires"], "invalid_expires"),
        (b'{"token_name":"a","expires":true}', "application/json", ["body", "expires"], "value_error"),
        (
            b'{"token_name":"a","expires":1' + b"0" * 400 + b"}",
            "application/json",
            ["body", "expires"],
            "invalid_expires",
        ),
        (b'{"token_name":"\\ud800"}', "application/json", ["body"], "json_invalid"),
        (b'{"token_name":"a","expires":-1}', "application/json", ["body", "expires"], "invalid_expires"),
        (b'{"token_name":"a","scopes":["x"]}', "application/json", ["body", "scopes"], "invalid_scopes"),
        (b'{"token_name":"a","more":1}', "application/json", ["body"], "value_error"),
        (b'{"token_name":"' + b"x" * 70_000 + b'"}', "application/json", ["body"], "value_error"),
        (b'{"token_name":"a\\u202e"}', "application/json", ["body", "token_name"], "invalid_token_name"),
        (b'{"token_name":"a"}', "text/plain", ["header", "Content-Type"], "value_error"),
        (b"token_name=a", "application/x-www-form-urlencoded", ["header", "Content-Type"], "value_error"),
    ],
)
async def test_bodies(place, body, kind, place_of, type_of):
    ada = await place.actor()
    text = await place.user_token(ada, scopes=("user:token",))
    async with place.client(text) as client:
        answer = await client.post(TOKENS, content=body, headers={"Content-Type": kind})

    assert answer.status_code == 422, answer.text
    (fault,) = answer.json()["detail"]
    assert (fault["loc"], fault["type"]) == (place_of, type_of)


@pytest.mark.parametrize(
    ("query", "place_of", "type_of"),
    [
        ("limit=0", ["query", "limit"], "value_error"),
        ("limit=-1", ["query", "limit"], "value_error"),
        ("limit=9999999", ["query", "limit"], "value_error"),
        ("limit=x", ["query", "limit"], "value_error"),
        ("cursor=x", ["query", "cursor"], "invalid_cursor"),
        ("since=x", ["query", "since"], "value_error"),
        ("until=99999999999999999999", ["query", "until"], "value_error"),
        ("key=short", ["query", "key"], "value_error"),
        ("token_type=x", ["query", "token_type"], "enum"),
        ("ip_address=x", ["query", "ip_address"], "invalid_ip_address"),
        ("limit=1&limit=2", ["query", "limit"], "value_error"),
        ("limit=%zz", ["query"], "value_error"),
    ],
)
async def test_queries(place, query, place_of, type_of):
    async with place.client(await place.user_token(await place.actor(), scopes=("user:token",))) as client:
        answer = await client.get(f"{HISTORY}?{query}")

    assert answer.status_code == 422, answer.text
    (fault,) = answer.json()["detail"]
    assert (fault["loc"], fault["type"]) == (place_of, type_of)


@pytest.mark.parametrize(
    ("path", "place_of"),
    [
        ("/auth/api/v1/users/A%0A/tokens", ["path", "username"]),
        ("/auth/api/v1/users/%3Cbootstrap%3E/tokens", ["path", "username"]),
        ("/auth/api/v1/users/ada/tokens/short", ["path", "key"]),
    ],
)
async def test_paths(place, path, place_of):
    async with place.client(await place.user_token(await place.actor(), scopes=("user:token",))) as client:
        answer = await client.get(path)

    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, place_of)
