"""RP-Initiated Logout OP: OpenID Connect RP-Initiated Logout 1.0."""

import re
import time
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from tests.conformance.suite import AFTER, new_key
from tests.journeys.gateway import SIGN_IN
from tests.journeys.test_oidc_provider import hidden


@pytest.fixture
def signed_in(suite):
    person = suite.person()
    tokens, claims = suite.client().flow(person)
    return person, tokens, claims


def end(person, **asked):
    """Go to the end_session_endpoint; the page, and where the browser is if it was sent elsewhere."""
    before = len(person.gateway.arrived)
    page = person.get(f"/oidc/logout?{urlencode(asked)}" if asked else "/oidc/logout", SIGN_IN)
    there = person.gateway.arrived[before:]
    return page, f"https://{there[-1][1]}{there[-1][2]}" if there else ""


def is_signed_in(suite, person):
    answer = suite.client().ask(person, prompt="none")
    return "code" in answer


def test_discovery_endpoint_verification(suite):
    assert suite.metadata["end_session_endpoint"] == f"{suite.issuer}/oidc/logout"


def test_rp_initiated_logout(suite, signed_in):
    person, tokens, _ = signed_in
    _, there = end(
        person, id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTER, state="some-state"
    )
    assert there == f"{AFTER}?state=some-state"
    assert not is_signed_in(suite, person)
    assert suite.user_info(tokens["access_token"]).status == 401


def test_no_state(suite, signed_in):
    person, tokens, _ = signed_in
    _, there = end(person, id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTER)
    assert there == AFTER
    assert not is_signed_in(suite, person)


def test_no_post_logout_redirect_uri(suite, signed_in):
    person, tokens, _ = signed_in
    page, there = end(person, id_token_hint=tokens["id_token"], state="some-state")
    assert (page.status, there) == (200, "")
    assert not is_signed_in(suite, person)


@pytest.mark.parametrize("asked", [{}, {"state": "some-state"}])
def test_no_params_and_only_state(suite, signed_in, asked):
    person, _, _ = signed_in
    page, there = end(person, **asked)
    # Nothing says that the person wants it: any page could have sent them (section 6). So they are asked.
    assert (page.status, there) == (200, "")
    assert is_signed_in(suite, person)
    action = re.search(rb'<form[^>]*method="post" action="([^"]+)"', page.body)[1].decode()
    person.go("POST", SIGN_IN, action, form=hidden(page))
    assert not is_signed_in(suite, person)


def test_no_id_token_hint(signed_in):
    person, _, _ = signed_in
    _, there = end(person, post_logout_redirect_uri=AFTER, state="x")
    assert there == ""


def test_bad_logout_redirect_uri(signed_in):
    person, tokens, _ = signed_in
    page, there = end(
        person, id_token_hint=tokens["id_token"], post_logout_redirect_uri=f"{AFTER}/other", state="x"
    )
    assert there == ""
    assert page.status in {200, 400}


def test_query_added_to_logout_redirect_uri(signed_in):
    person, tokens, _ = signed_in
    _, there = end(
        person, id_token_hint=tokens["id_token"], post_logout_redirect_uri=f"{AFTER}?foo=bar", state="x"
    )
    assert there == ""


def test_modified_id_token_hint(suite, signed_in):
    person, tokens, _ = signed_in
    head, body, signature = tokens["id_token"].split(".")
    changed = ("A" if signature[9] != "A" else "B").join((signature[:9], signature[10:]))
    _, there = end(
        person, id_token_hint=f"{head}.{body}.{changed}", post_logout_redirect_uri=AFTER, state="x"
    )
    assert there == ""
    assert is_signed_in(suite, person)


def test_bad_id_token_hint(suite, signed_in):
    person, _, claims = signed_in
    now = int(time.time())
    made = jwt.encode({"alg": "ES256"}, {**claims, "iat": now, "exp": now + 60}, new_key())
    _, there = end(person, id_token_hint=made, post_logout_redirect_uri=AFTER, state="x")
    assert there == ""
    assert is_signed_in(suite, person)
