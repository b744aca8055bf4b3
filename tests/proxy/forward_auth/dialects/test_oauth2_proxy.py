"""Answers as oauth2-proxy gives them."""

import pytest
from tests.proxy.forward_auth.conftest import ORIGIN

from yett.proxy.forward_auth.config import Level, RuleSettings
from yett.proxy.forward_auth.dialects.oauth2_proxy import narrowed
from yett.proxy.forward_auth.model import Demand, Malformed

TO = {"X-Original-Method": "GET", "X-Original-URL": "https://app.example.test/page"}


async def ask(place, query="", name="ada", **more):
    cookie = {"Cookie": place.cookie(await place.session(name))} if name else {}
    return await place.ask(f"/oauth2/auth{query}", {**TO, **cookie, **more})


@pytest.fixture(autouse=True)
def rules(place):
    place.apply(
        rule=(
            RuleSettings(paths=("/open",), level=Level.BYPASS),
            RuleSettings(groups=("engineers", "guests")),
        )
    )


async def test_somebody_who_may_is_accepted_and_named(place):
    reply = await ask(place)
    assert reply.status == 202
    assert reply["x-auth-request-user"] == reply["x-auth-request-preferred-username"] == "ada"
    assert reply["x-auth-request-email"] == "ada@example.test"
    assert reply["x-auth-request-groups"] == "engineers,wiki"


async def test_nobody_is_401(place):
    assert (await ask(place, name="")).status == 401


@pytest.mark.parametrize(
    ("query", "name", "status"),
    [
        ("?allowed_groups=wiki", "ada", 202),
        ("?allowed_groups=ops,wiki", "ada", 202),
        ("?allowed_groups=ops", "ada", 403),
        ("?allowed_groups=ops&allowed_groups=wiki", "ada", 202),
        ("?allowed_emails=ada@example.test", "ada", 202),
        ("?allowed_emails=bob@example.test", "ada", 403),
        ("?allowed_email_domains=EXAMPLE.test", "ada", 202),
        ("?allowed_email_domains=ample.test", "ada", 403),
        ("?allowed_emails=ada@example.test&allowed_groups=ops", "ada", 403),
        ("?allowed_emails=x", "bob", 403),
        ("?anything=else", "bob", 202),
        ("?allowed_groups=", "ada", 202),
        ("", "eve", 403),
    ],
)
async def test_groups_and_addresses_narrow_down_who_may(place, query, name, status):
    assert (await ask(place, query, name)).status == status


async def test_an_open_path_is_narrowed_as_well(place):
    other = {"X-Original-URL": "https://app.example.test/open/x"}
    assert (await ask(place, "", "", **other)).status == 202
    assert (await ask(place, "?allowed_groups=wiki", "", **other)).status == 401


async def test_a_question_cannot_widen():
    demand = Demand(groups=(frozenset({"ops"}),))
    assert narrowed(demand, b"allowed_groups=everybody").groups == (
        frozenset({"ops"}),
        frozenset({"everybody"}),
    )
    assert narrowed(Demand(is_closed=True), b"allowed_groups=x").is_closed
    assert isinstance(narrowed(demand, b"%zz"), Malformed)


async def test_its_pages_lead_to_ours(place):
    for path, page in (("start", "login"), ("sign_in", "login"), ("sign_out", "logout")):
        reply = await place.ask(
            f"/oauth2/{path}?rd=%2Fx%3Fa%3D1", host="app.example.test", peer="198.51.100.1"
        )
        assert reply.status == 302
        assert reply["location"] == f"{ORIGIN}/{page}?rd=https%3A%2F%2Fapp.example.test%2Fx%3Fa%3D1"
    reply = await place.ask("/oauth2/start?rd=https://evil.test/")
    assert reply["location"] == f"{ORIGIN}/login?rd=https%3A%2F%2Fevil.test%2F"  # judged there
    reply = await place.ask(
        "/oauth2/start", {"X-Auth-Request-Redirect": "/y", "X-Forwarded-Host": "b.example.test"}
    )
    assert reply["location"] == f"{ORIGIN}/login?rd=https%3A%2F%2Fb.example.test%2Fy"
    assert (await place.ask("/oauth2/sign_in"))["location"] == f"{ORIGIN}/login"


async def test_a_script_may_ask_who_is_there(place):
    cookie = {"Cookie": place.cookie(await place.session())}
    reply = await place.ask("/oauth2/userinfo", cookie)
    assert reply.json == {
        "user": "ada",
        "email": "ada@example.test",
        "groups": ["engineers", "wiki"],
        "preferredUsername": "ada",
    }
    assert reply["cache-control"] == "no-store"
    assert (await place.ask("/oauth2/userinfo")).status == 401


async def test_a_question_without_an_address_is_refused(place):
    assert (await place.ask("/oauth2/auth")).status == 400
