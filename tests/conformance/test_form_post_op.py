"""Form Post OP: OAuth 2.0 Form Post Response Mode. The tests of Basic OP, each with its answer posted."""

import re

import pytest
from tests.conformance.suite import CALLBACK
from tests.journeys.test_oidc_provider import hidden


def posted(suite, client, **changed):
    """The answer that the page posts to the client; it works without a script, by a button."""
    page = client.ask(suite.person(), response_mode="form_post", **changed)
    assert page.status == 200
    assert page.header("content-type").startswith("text/html")
    assert page.header("cache-control") == "no-store"
    form = re.search(rb"<form[^>]*>", page.body)[0].decode()
    assert 'method="post"' in form
    assert f'action="{CALLBACK}"' in form
    assert re.search(rb"<button", page.body)
    assert "'unsafe-inline'" not in page.header("content-security-policy")
    return hidden(page)


def test_server(suite):
    client = suite.client()
    answer = posted(suite, client)
    assert answer["iss"] == suite.issuer
    status, tokens = client.redeem(answer)
    assert status == 200
    assert client.identity(tokens)["nonce"] == client.nonce


def test_prompt_none_not_logged_in(suite):
    client = suite.client()
    answer = posted(suite, client, prompt="none")
    assert answer["error"] in {"login_required", "interaction_required"}
    assert answer["state"] == client.state


@pytest.mark.parametrize("state", ['"><script>alert(1)</script>', "a&b=c", "'", " "])
def test_a_state_comes_back_as_it_was(suite, state):
    client = suite.client()
    assert posted(suite, client, state=state)["state"] == state


def test_ensure_request_with_valid_pkce_succeeds(suite):
    client = suite.client()
    assert client.redeem(posted(suite, client, pkce=True))[0] == 200


def test_codereuse(suite):
    client = suite.client()
    answer = posted(suite, client)
    assert client.redeem(answer)[0] == 200
    assert client.redeem(answer)[1]["error"] == "invalid_grant"
