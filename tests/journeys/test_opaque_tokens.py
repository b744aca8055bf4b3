"""Applications whose access tokens say nothing: scoped tokens that the provider and their owner may both end."""

import base64
import json

import pytest
from tests.journeys.gateway import SIGN_IN, Gateway, until
from tests.journeys.test_oidc_provider import CALLBACK, SECRET, Application, Person

from yett.tokens import parse

SETTINGS = f"""\
[tokens]
enabled = true

[[tokens.scope]]
name = "read:all"
groups = ["staff"]

[[oidc.client]]
id = "closed"
secret = "{SECRET}"
redirect_uris = ["{CALLBACK}"]
scopes = ["openid", "profile", "offline_access"]
consent = "implicit"
token_format = "opaque"

[[oidc.client]]
id = "guard"
secret = "{SECRET}"
redirect_uris = ["{CALLBACK}"]
may_introspect = true
"""


@pytest.fixture(scope="module")
def provider(tmp_path_factory, heard_folder):
    gateway = Gateway(tmp_path_factory.mktemp("opaque"), SETTINGS, heard=heard_folder)
    gateway.people()
    gateway.start()
    yield gateway
    gateway.stop()


def tokens_for(provider, scope="openid profile"):
    """A person who is signed in, an application, and what it got."""
    person, application = Person(provider), Application(provider, "closed")
    person.ask(**application.request(scope=scope))
    status, tokens = application.redeem(person.answer)
    assert status == 200, tokens
    assert parse(tokens["access_token"]) is not None
    return person, application, tokens


def worth(provider, tokens):
    return Application(provider, "guard").post("/oidc/introspect", token=tokens["access_token"])[1]


def refresh(application, tokens):
    return application.post("/oidc/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"])


def listed(provider, tokens):
    return parse(tokens["access_token"]).key in provider.run("admin", "tokens", "list", "--user", "alice")


def assert_over(provider, application, tokens):
    assert worth(provider, tokens) == {"active": False}
    assert application.user_info(tokens["access_token"])[0] == 401
    until(lambda: not listed(provider, tokens), what="the end of the scoped token")


def test_it_is_good_at_the_provider_and_nowhere_else(provider):
    _, application, tokens = tokens_for(provider)
    assert application.user_info(tokens["access_token"]) == (
        200,
        {"sub": "alice", "name": "Alice", "preferred_username": "alice"},
    )
    said = worth(provider, tokens)
    assert (said["active"], said["username"], said["client_id"]) == (True, "alice", "closed")
    assert listed(provider, tokens)
    page = provider.fetch(
        "GET",
        SIGN_IN,
        "/auth/api/v1/token-info",
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    )
    assert page.status == 401
    assert json.loads(page.body)["detail"]["type"] == "invalid_token"


@pytest.mark.parametrize("what", ["access_token", "refresh_token"])
def test_what_the_application_gives_back_is_over(provider, what):
    _, application, tokens = tokens_for(provider, "openid offline_access")
    assert application.user_info(tokens["access_token"])[0] == 200
    revoke(application, tokens[what])
    assert_over(provider, application, tokens)


def revoke(application, token):
    pair = base64.b64encode(f"{application.client_id}:{SECRET}".encode()).decode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {pair}"}
    page = application.gateway.fetch("POST", SIGN_IN, "/oidc/revoke", headers=headers, body=f"token={token}")
    assert page.status == 200


def test_a_refresh_token_that_comes_twice_ends_every_access_token(provider):
    _, application, first = tokens_for(provider, "openid offline_access")
    status, second = refresh(application, first)
    assert status == 200
    assert refresh(application, first)[0] == 400
    for each in (first, second):
        assert_over(provider, application, each)


def test_what_is_for_afterwards_outlives_the_session(provider):
    _, application, lasting = tokens_for(provider, "openid offline_access")
    _, _, bound = tokens_for(provider, "openid")
    provider.run("admin", "sessions", "revoke-all", "alice")
    assert_over(provider, application, bound)
    assert application.user_info(lasting["access_token"])[0] == 200
    status, later = refresh(application, lasting)
    assert status == 200
    assert application.user_info(later["access_token"])[0] == 200


def test_its_owner_may_delete_it(provider):
    _, application, tokens = tokens_for(provider)
    provider.run("admin", "tokens", "delete", parse(tokens["access_token"]).key)
    assert_over(provider, application, tokens)


def test_both_outlive_a_kill_and_end_together(provider):
    _, application, kept = tokens_for(provider, "openid offline_access")
    _, _, ended = tokens_for(provider, "openid offline_access")
    revoke(application, ended["refresh_token"])
    provider.kill()
    provider.start()
    assert application.user_info(kept["access_token"])[0] == 200
    assert application.user_info(ended["access_token"])[0] == 401
    provider.run("admin", "oidc", "tokens", "revoke", "alice")
    assert_over(provider, application, kept)


def test_with_scoped_tokens_switched_off_the_provider_makes_its_own(provider):
    _, application, before = tokens_for(provider)
    text = provider.config.read_text()
    provider.config.write_text(text.replace("[tokens]\nenabled = true", "[tokens]\nenabled = false"))
    provider.run("admin", "config", "reload")
    assert application.user_info(before["access_token"])[0] == 401
    person, application = Person(provider), Application(provider, "closed")
    person.ask(**application.request(scope="openid profile"))
    own = application.redeem(person.answer)[1]["access_token"]
    assert own.startswith("yo.")
    assert application.user_info(own)[0] == 200

    provider.config.write_text(text)
    provider.run("admin", "config", "reload")
    _, application, again = tokens_for(provider)
    for each in (own, again["access_token"]):
        assert application.user_info(each)[0] == 200
