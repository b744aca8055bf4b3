"""The interface, from outside."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from tests.tokens.conftest import ADDRESS, ORIGIN, ROOT, SETTINGS

from yett.tokens import Delegation, parse
from yett.tokens.config import QuotaSettings, ServiceQuotaSettings

API = "/auth/api/v1"
TOKENS = f"{API}/users/ada/tokens"


@pytest.fixture
async def ada(place):
    """A program of Ada's."""
    actor = await place.actor()
    async with place.client(
        await place.user_token(actor, "program", scopes=("user:token", "read:all"))
    ) as client:
        yield client


@pytest.fixture
async def root(place):
    """A program of an administrator's."""
    actor = await place.actor(ROOT)
    scopes = ("admin:token", "admin:userinfo", "admin:oidc")
    async with place.client(await place.user_token(actor, "program", scopes=scopes)) as client:
        yield client


async def test_a_token_is_made_shown_changed_and_deleted(place, ada, root):
    until = int(place.clock.now()) + 86400
    wanted = {"token_name": "laptop", "scopes": ["read:all"], "expires": until}
    made = await ada.post(TOKENS, json=wanted)
    assert made.status_code == 201
    key = parse(made.json()["token"]).key
    path = made.headers["location"]
    assert path == f"{TOKENS}/{key}"

    shown = {
        "token": key,
        "username": "ada",
        "token_type": "user",
        "token_name": "laptop",
        "scopes": ["read:all"],
        "created": int(place.clock.now()),
        "expires": until,
    }
    assert (await ada.get(path)).json() == shown
    assert shown in (await ada.get(TOKENS)).json()
    async with place.client(made.json()["token"]) as program:
        used = {**shown, "last_used": int(place.clock.now())}
        assert (await program.get(f"{API}/token-info")).json() == used

    assert (await ada.post(TOKENS, json=wanted)).json()["detail"] == [
        {"msg": "Token name already used", "type": "duplicate_token_name", "loc": ["body", "token_name"]}
    ]
    assert (await ada.patch(path, json={"token_name": "x"})).status_code == 403
    edited = await root.patch(path, json={"token_name": "desk", "scopes": [], "expires": None})
    assert edited.status_code == 200
    assert (await ada.get(path)).json() == edited.json()
    assert "expires" not in edited.json()

    assert (await ada.delete(path)).status_code == 204
    assert (await ada.delete(path)).status_code == 404
    assert (await ada.get(path)).json() == {
        "detail": [{"msg": "Token not found", "type": "not_found", "loc": ["path", "key"]}]
    }
    history = (await ada.get(f"{path}/change-history")).json()
    common = {"token": key, "username": "ada", "token_type": "user", "event_time": int(place.clock.now())}
    common["ip_address"] = ADDRESS
    assert history == [
        {
            **common,
            "token_name": "desk",
            "scopes": [],
            "expires": None,
            "actor": "ada",
            "action": "revoke",
        },
        {
            **common,
            "token_name": "desk",
            "scopes": [],
            "expires": None,
            "actor": "root",
            "action": "edit",
            "old_token_name": "laptop",
            "old_scopes": ["read:all"],
            "old_expires": until,
        },
        {
            **common,
            "token_name": "laptop",
            "scopes": ["read:all"],
            "expires": until,
            "actor": "ada",
            "action": "create",
        },
    ]


async def test_what_is_not_sent_stays_as_it_is(ada, root):
    made = await ada.post(TOKENS, json={"token_name": "laptop", "scopes": ["read:all"]})

    edited = (await root.patch(made.headers["location"], json={"token_name": "desk"})).json()

    assert (edited["scopes"], edited["token_name"]) == (["read:all"], "desk")


async def test_others_tokens_are_for_administrators(ada, root, said):
    bob = f"{API}/users/bob/tokens"
    said.forget()
    for answer in (
        await ada.get(bob),
        await ada.post(bob, json={"token_name": "x"}),
        await ada.get(f"{bob}/{'k' * 21}A"),
        await ada.delete(f"{bob}/{'k' * 21}A"),
        await ada.patch(f"{bob}/{'k' * 21}A", json={}),
        await ada.get(f"{bob}/{'k' * 21}A/change-history"),
        await ada.get(f"{API}/users/bob/token-change-history"),
        await ada.get(f"{API}/users/bob/token-auth-history"),
        await ada.get(f"{API}/users/bob"),
        await root.post(bob, json={"token_name": "x"}),
    ):
        assert (answer.status_code, answer.json()["detail"][0]["type"]) == (403, "permission_denied")
    assert [each["event"] for each in said()] == ["Permission denied"] * 10
    assert (said()[0]["severity"], said()[0]["error"]) == ("warning", "Cannot act on tokens for user bob")
    assert (await root.get(bob)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/history/token-changes"),
        ("POST", "/tokens"),
        ("GET", "/users"),
        ("GET", "/groups"),
        ("PUT", "/quota-overrides"),
        ("DELETE", "/quota-overrides"),
        ("GET", "/oidc-clients"),
        ("GET", "/oidc-clients/wiki"),
    ],
)
async def test_what_is_for_administrators_is_for_nobody_else(ada, method, path):
    answer = await ada.request(method, API + path, json={})

    assert (answer.status_code, answer.json()["detail"][0]["type"]) == (403, "permission_denied")


async def test_administrators_make_tokens_for_anybody(place, root):
    said = {
        "name": "Carol",
        "email": "carol@example.test",
        "uid": 5,
        "gid": 6,
        "groups": [{"name": "staff", "id": 7}, {"name": "lab"}],
    }
    wanted = {"username": "carol", "token_type": "user", "token_name": "x", "scopes": ["read:all"]}
    made = await root.post(f"{API}/tokens", json={**wanted, **said})

    assert made.status_code == 201
    assert made.headers["location"].startswith(f"{API}/users/carol/tokens/")
    async with place.client(made.json()["token"]) as carol:
        assert (await carol.get(f"{API}/user-info")).json() == {"username": "carol", **said}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"username": "carol", "token_type": "session"}, 422, ["body", "token_type"]),
        ({"username": "carol", "token_type": "user"}, 422, ["body", "token_name"]),
        ({"username": "bot-x", "token_type": "service", "token_name": "x"}, 422, ["body", "token_name"]),
        ({"username": "carol", "token_type": "service"}, 403, ["body", "username"]),
        ({"username": "Carol!", "token_type": "user", "token_name": "x"}, 403, ["body", "username"]),
        ({"username": "bot-x", "token_type": "service", "name": "a\nb"}, 422, ["body", "name"]),
        ({"username": "bot-x", "token_type": "service", "uid": -1}, 422, ["body", "uid"]),
        ({"username": "bot-x", "token_type": "service", "scopes": ["x"]}, 422, ["body", "scopes"]),
        ({"username": "bot-x", "token_type": "service", "expires": 1}, 422, ["body", "expires"]),
    ],
)
async def test_administrators_are_told_what_is_wrong(root, body, status, field):
    answer = await root.post(f"{API}/tokens", json=body)

    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (status, field)


async def test_a_browser_is_told_who_it_is(place):
    async with place.client(cookie=await place.session()) as browser:
        told = (await browser.get(f"{API}/login")).json()
    async with place.client(await place.user_token(await place.actor())) as program:
        assert (await program.get(f"{API}/login")).status_code == 401

    assert told["username"] == "ada"
    assert told["scopes"] == ["exec:admin", "read:all", "user:token"]
    assert {"name": "read:all", "description": "Read everything"} in told["config"]["scopes"]


async def test_pages_of_a_history_lead_to_one_another(place, ada):
    for number in range(7):
        place.clock.advance(1)
        await ada.post(TOKENS, json={"token_name": f"t{number}"})
    first = await ada.get(f"{API}/users/ada/token-change-history?limit=4&token_type=user")
    assert first.headers["x-total-count"] == "8"

    def links(answer):
        found = {}
        for link in answer.headers["link"].split(", "):
            address, _, relation = link.partition("; ")
            found[relation] = address.strip("<>")
        return found

    assert links(first).keys() == {'rel="first"', 'rel="next"'}
    assert all(address.startswith(ORIGIN + API) for address in links(first).values())
    parts = urlsplit(links(first)['rel="next"'])
    second = await ada.get(f"{parts.path}?{parts.query}")
    assert links(second).keys() == {'rel="first"', 'rel="prev"'}
    names = [each["token_name"] for each in (*first.json(), *second.json())]
    assert names == ["t6", "t5", "t4", "t3", "t2", "t1", "t0", "program"]
    parts = urlsplit(links(second)['rel="prev"'])
    assert (await ada.get(f"{parts.path}?{parts.query}")).json() == first.json()
    assert "link" not in (await ada.get(f"{API}/users/ada/token-change-history")).headers


async def test_a_history_is_filtered(place, ada, root):
    parent = place.tokens.look((await ada.post(TOKENS, json={"token_name": "x"})).json()["token"])
    await place.tokens.delegate(parent, Delegation(), address="2001:db8::1")

    async def count(client, path, **query):
        return len((await client.get(API + path, params=query)).json())

    mine = "/users/ada/token-change-history"
    assert await count(ada, mine, key=parent.key) == 2
    assert await count(ada, mine, token_type="notebook") == 1
    assert await count(ada, mine, ip_address="2001:db8::/32") == 1
    assert await count(ada, mine, ip_address="192.0.2.0/24") == 3
    assert await count(ada, mine, since=int(place.clock.now()) + 1) == 0
    assert await count(ada, mine, until="2020-01-01T00:00:00Z") == 0
    assert await count(root, "/history/token-changes", username="root") == 2
    assert await count(root, "/history/token-changes", actor="ada") == 4
    assert await count(root, "/history/token-changes") == 6


async def test_uses_can_be_read(place, ada):
    await ada.get(f"{API}/token-info")
    await place.tokens.tick()

    (use,) = (await ada.get(f"{API}/users/ada/token-auth-history?limit=5")).json()

    assert (use["ip_address"], use["token_name"], use["event_time"]) == (
        ADDRESS,
        "program",
        int(place.clock.now()),
    )


async def test_people_and_groups(root, ada):
    users = (await root.get(f"{API}/users")).json()
    assert [user["username"] for user in users] == ["ada", "bob", "root"]
    assert users[0] == (await ada.get(f"{API}/users/ada")).json()
    assert users[0]["uid"] == 4711
    assert (await root.get(f"{API}/users/nobody")).status_code == 404
    groups = (await root.get(f"{API}/groups")).json()
    assert [group["name"] for group in groups["user"]] == ["admins", "engineers", "guests", "wiki"]
    assert groups["system"] == []


async def test_groups_in_lines(ada):
    answer = await ada.get("/auth/gms")
    assert answer.text == "engineers\r\nwiki\r\n"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["expires"] == "Fri, 15 Jan 2027 08:05:00 GMT"
    assert (await ada.get("/auth/gms?group=wiki&group=other")).text == "wiki\r\n"
    assert (await ada.get("/auth/gms?group=other")).text == ""


async def test_quotas_can_be_overridden_for_a_while(place, ada, root, said):
    limits = (ServiceQuotaSettings(service="portal", amount=10),)
    place.tokens.apply(replace(SETTINGS, quota=(QuotaSettings(api=limits),)))
    path = f"{API}/quota-overrides"
    assert (await ada.get(path)).json()["detail"][0]["type"] == "not_found"
    assert (await ada.get(f"{API}/user-info")).json()["quota"] == {"api": {"portal": 10}}
    said.forget()

    new = {"default": {"api": {"portal": 1}}, "groups": {}, "bypass": ["admins"]}
    put = await root.put(path, json=new)

    assert put.status_code == 200
    assert put.json() == {"default": {"api": {"portal": 1}}, "bypass": ["admins"]}
    assert (await ada.get(f"{API}/user-info")).json()["quota"] == {"api": {"portal": 1}}
    assert (await ada.get(path)).json() == put.json()
    assert (await root.put(path, json={"default": {"api": {"x": -1}}})).status_code == 422
    assert (await root.delete(path)).status_code == 204
    assert (await root.delete(path)).status_code == 404
    assert [each["event"] for each in said()] == ["Updated quota overrides", "Deleted quota overrides"]
    assert said()[0]["quota_overrides"] == {"default": {"api": {"portal": 1}}, "bypass": ["admins"]}


async def test_clients_of_the_provider_can_be_looked_at(root):
    assert (await root.get(f"{API}/oidc-clients")).json() == [
        {
            "client_id": "wiki",
            "return_uri": "https://wiki/cb",
            "description": "Wiki",
            "return_uris": ["https://wiki/cb"],
        }
    ]
    assert (await root.get(f"{API}/oidc-clients/wiki")).json()["client_id"] == "wiki"
    assert (await root.get(f"{API}/oidc-clients/other")).status_code == 404


async def test_a_store_that_fails_is_no_refusal(place, ada):
    place.records.is_down = True

    for answer in (
        await ada.post(TOKENS, json={"token_name": "x"}),
        await ada.get(f"{API}/users/ada/token-change-history"),
    ):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_while_there_are_none_there_is_nothing(place, ada):
    place.tokens.apply(replace(SETTINGS, enabled=False))

    for path in (f"{API}/token-info", "/auth/openapi.json", "/auth/gms", "/auth/tokens"):
        assert (await ada.get(path)).status_code == 404


async def test_the_interface_describes_itself(ada):
    answer = await ada.get("/auth/openapi.json")

    assert answer.json()["openapi"] == "3.1.0"
    assert TOKENS.replace("ada", "{username}") in answer.json()["paths"]


async def test_a_token_made_of_one_that_says_who_its_user_is_says_the_same(place, root):
    wanted = {
        "username": "carol",
        "token_type": "user",
        "token_name": "x",
        "scopes": ["user:token"],
        "uid": 9,
    }
    made = await root.post(f"{API}/tokens", json=wanted)
    async with place.client(made.json()["token"]) as carol:
        own = await carol.post(f"{API}/users/carol/tokens", json={"token_name": "y"})
    data = place.tokens.look(own.json()["token"])

    assert data.identity.uid == 9
    assert place.tokens.user_info(data).groups == ()


@pytest.mark.parametrize(
    ("method", "path", "status", "kind", "allowed"),
    [
        ("GET", "/auth/api/v1/nothing", 404, "not_found", None),
        ("PUT", "/auth/api/v1/tokens", 405, "method_not_allowed", "POST"),
        ("PUT", "/auth/api/v1/users/ada/tokens", 405, "method_not_allowed", "GET, HEAD, POST"),
        ("POST", "/auth/api/v1/oidc-clients", 404, "not_supported", None),
        ("DELETE", "/auth/api/v1/oidc-clients/wiki", 404, "not_supported", None),
    ],
)
async def test_programs_are_told_in_json_that_there_is_no_such_thing(
    place, method, path, status, kind, allowed
):
    async with place.client() as client:
        answer = await client.request(method, path)

    assert answer.status_code == status
    assert answer.json()["detail"][0]["type"] == kind
    assert answer.headers.get("allow") == allowed
    assert answer.headers["cache-control"] == "no-store"


async def test_what_happened_in_the_last_second_asked_for_is_found(place):
    place.clock.advance(0.6)
    ada = await place.actor()
    async with place.client(await place.user_token(ada, scopes=("user:token",))) as client:
        path = "/auth/api/v1/users/ada/token-change-history"
        at = (await client.get(path)).json()[0]["event_time"]
        found = (await client.get(path, params={"since": at, "until": at})).json()

    assert [each["event_time"] for each in found] == [at, at]
