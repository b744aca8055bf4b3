"""Decisions of the token endpoint, row by row."""

import pytest
from tests.oidc.exchange.house import client

from yett.identity.access import Assurance
from yett.oidc.clients import AuthMethod, GrantType
from yett.oidc.exchange import rules
from yett.oidc.exchange.model import Error, Refused
from yett.oidc.model import Reason
from yett.oidc.model import Refused as CodeRefused
from yett.oidc.tokens import Confirmation, TokenAnswer, Unissued

SHOP = client("shop", scopes=frozenset({"openid", "read", "write"}))
PUBLIC = client("app", AuthMethod.NONE)


@pytest.mark.parametrize("grant", GrantType)
def test_each_grant_is_known_by_its_name(grant):
    assert rules.read_grant({"grant_type": grant.value}) is grant


@pytest.mark.parametrize(
    ("grant", "form", "error"),
    [
        (GrantType.CODE, {"code": "x"}, None),
        (GrantType.CODE, {"code": ""}, Error.INVALID_REQUEST),
        (GrantType.REFRESH, {}, Error.INVALID_REQUEST),
        (GrantType.ASSERTION, {}, Error.INVALID_REQUEST),
        (GrantType.DEVICE, {}, Error.INVALID_REQUEST),
        (GrantType.CLIENT, {}, None),
        (GrantType.CLIENT, {"x": "y" * 4097}, Error.INVALID_REQUEST),
        (GrantType.ASSERTION, {"assertion": "y" * 8000}, None),
        (GrantType.CLIENT, {"scope": "a b"}, None),
        (GrantType.CLIENT, {"scope": "a  b"}, Error.INVALID_SCOPE),
        (GrantType.CLIENT, {"scope": 'a"'}, Error.INVALID_SCOPE),
        (GrantType.CLIENT, {"scope": "é"}, Error.INVALID_SCOPE),
        (GrantType.CLIENT, {"scope": " ".join("a" * 33)}, Error.INVALID_SCOPE),
    ],
)
def test_a_request_says_everything_that_it_takes(grant, form, error):
    refused = rules.judge_request(grant, SHOP, form)
    assert (None if refused is None else refused.error) == (None if error is None else error.value)


def test_a_public_client_cannot_act_for_itself():
    assert rules.judge_request(GrantType.CLIENT, PUBLIC, {}).error == "unauthorized_client"
    assert rules.judge_request(GrantType.ASSERTION, PUBLIC, {"assertion": "x"}).error == "unauthorized_client"
    assert rules.judge_request(GrantType.CODE, client("a", grants=frozenset()), {"code": "x"}) is not None


def test_scopes_are_those_wanted_or_all():
    assert rules.narrowed("", SHOP, rules.OF_PEOPLE) == "read write"
    assert rules.narrowed("write write", SHOP, rules.OF_PEOPLE) == "write"
    assert isinstance(rules.narrowed("openid", SHOP, rules.OF_PEOPLE), Refused)
    assert isinstance(rules.narrowed("admin", SHOP, rules.OF_SIGN_ONS), Refused)


def test_a_code_may_be_bound_to_one_key():
    assert rules.judge_key("", Confirmation())
    assert rules.judge_key("", Confirmation(jkt="a"))
    assert rules.judge_key("a", Confirmation(jkt="a"))
    assert not rules.judge_key("a", Confirmation(jkt="b"))
    assert not rules.judge_key("a", Confirmation(x5t="a"))


@pytest.mark.parametrize(
    ("outcome", "error", "status"),
    [
        (Unissued.KEY, "temporarily_unavailable", 503),
        (Unissued.UNAVAILABLE, "temporarily_unavailable", 503),
        (Unissued.SCOPE, "invalid_scope", 400),
        (Unissued.NAMESAKE, "unauthorized_client", 400),
        *(
            (each, "invalid_grant", 400)
            for each in Unissued
            if each.name not in {"KEY", "UNAVAILABLE", "SCOPE", "NAMESAKE"}
        ),
    ],
)
def test_why_there_are_no_tokens_is_told_in_the_standards_words(outcome, error, status):
    refused = rules.refusal_of_tokens(outcome)
    assert (refused.error, refused.status) == (error, status)


@pytest.mark.parametrize("reason", Reason)
def test_why_a_code_gave_nothing_is_the_logs(reason):
    refused = rules.refusal_of_code(CodeRefused(reason))
    error = "temporarily_unavailable" if reason is Reason.UNAVAILABLE else "invalid_grant"
    assert refused.error == error
    assert reason.value not in refused.description


def test_an_answer_has_what_there_is():
    bare = rules.members_of(TokenAnswer("a", 60, "Bearer", ""))
    assert bare == {"access_token": "a", "token_type": "Bearer", "expires_in": 60}
    whole = rules.members_of(TokenAnswer("a", 60, "DPoP", "openid", "r", "i"))
    assert (whole["scope"], whole["refresh_token"], whole["id_token"]) == ("openid", "r", "i")


@pytest.mark.parametrize(("text", "instant"), [("12.5", 12.5), ("", 0.0), ("now", 0.0)])
def test_when_somebody_signed_in_is_read_back(text, instant):
    assert rules.instant_of(text) == instant


def test_how_well_somebody_was_known_is_read_back():
    assert rules.assurance_of(Assurance.PHISHING_RESISTANT.value) is Assurance.PHISHING_RESISTANT
    assert rules.assurance_of("whatever") is Assurance.SINGLE
