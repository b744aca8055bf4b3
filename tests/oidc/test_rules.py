"""What an authorization request and a code have to satisfy, as tables."""

from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oidc.conftest import ASKED, CALLBACK, CHALLENGE, VERIFIER

from yett.identity.access import Assurance
from yett.net.pages import parse_fields
from yett.oidc import rules
from yett.oidc.clients import Client
from yett.oidc.model import Asked, Code, Reason, SentBack, Shown, SignOn
from yett.signin.rules import local_path

WIKI = Client(
    "wiki", frozenset({CALLBACK, "https://wiki.example.test/other?a=1"}), frozenset({"openid", "email"})
)
CLIENTS = {"wiki": WIKI}


def read(*more, **changed):
    asked = {name: value for name, value in {**ASKED, **changed}.items() if value is not None}
    return rules.read_request((*asked.items(), *more), CLIENTS)


def test_a_proper_request_is_understood():
    assert read(scope="openid email", prompt="login", max_age="600", whatever="x") == Asked(
        client_id="wiki",
        redirect_uri=CALLBACK,
        state="s/t a+te",
        challenge=CHALLENGE,
        nonce="n-0S6",
        scope="openid email",
        must_not_show=False,
        must_sign_in=True,
        max_age=600,
    )


def test_a_state_that_holds_a_long_address_has_room():
    asked = read(state="x" * 4096)
    assert isinstance(asked, Asked)
    to = "/oidc/authorize?" + rules.without_demands(tuple({**ASKED, "state": asked.state}.items()))
    assert local_path(to) == to


def test_what_may_be_left_out_may_be_left_out():
    asked = read(nonce=None)
    assert (asked.nonce, asked.scope, asked.max_age, asked.must_not_show) == ("", "", None, False)
    assert read(prompt="none").must_not_show
    assert read(response_mode="query") == read()
    assert read(scope="") == read()


@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        ({"client_id": None}, Shown(Reason.UNKNOWN_CLIENT, "")),
        ({"client_id": "evil"}, Shown(Reason.UNKNOWN_CLIENT, "")),
        ({"client_id": ""}, Shown(Reason.UNKNOWN_CLIENT, "")),
        ({"redirect_uri": None}, Shown(Reason.REDIRECT_URI, "wiki")),
        ({"redirect_uri": "https://evil.test/"}, Shown(Reason.REDIRECT_URI, "wiki")),
        ({"redirect_uri": CALLBACK + "/"}, Shown(Reason.REDIRECT_URI, "wiki")),
        ({"redirect_uri": CALLBACK + "?a=1"}, Shown(Reason.REDIRECT_URI, "wiki")),
        ({"redirect_uri": CALLBACK.upper()}, Shown(Reason.REDIRECT_URI, "wiki")),
        ({"redirect_uri": "https://wiki.example.test/%5Fyett/callback"}, Shown(Reason.REDIRECT_URI, "wiki")),
    ],
)
def test_nothing_is_sent_anywhere_before_client_and_address_belong_together(changed, shown):
    assert read(**changed) == shown


def test_a_repeated_client_or_address_is_not_sent_anywhere_either():
    assert read(("client_id", "wiki")) == Shown(Reason.UNKNOWN_CLIENT, "")
    assert read(("redirect_uri", CALLBACK)) == Shown(Reason.REDIRECT_URI, "wiki")
    assert rules.read_request(None, CLIENTS) == Shown(Reason.MALFORMED, "")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"response_type": None}, Reason.RESPONSE_TYPE),
        ({"response_type": "token"}, Reason.RESPONSE_TYPE),
        ({"response_type": "code id_token"}, Reason.RESPONSE_TYPE),
        ({"response_mode": "fragment"}, Reason.RESPONSE_MODE),
        ({"code_challenge": None}, Reason.PKCE_MISSING),
        ({"code_challenge": ""}, Reason.PKCE_MISSING),
        ({"code_challenge_method": None}, Reason.PKCE_PLAIN),
        ({"code_challenge_method": "plain"}, Reason.PKCE_PLAIN),
        ({"code_challenge_method": "s256"}, Reason.PKCE_MALFORMED),
        ({"code_challenge": CHALLENGE + "="}, Reason.PKCE_MALFORMED),
        ({"code_challenge": "a" * 42}, Reason.PKCE_MALFORMED),
        ({"code_challenge": CHALLENGE + "\n"}, Reason.PKCE_MALFORMED),
        ({"scope": "openid admin"}, Reason.SCOPE),
        ({"scope": "openid  email"}, Reason.SCOPE),
        ({"scope": " ".join(["openid"] * 33)}, Reason.SCOPE),
        ({"prompt": "none login"}, Reason.PROMPT),
        ({"prompt": "consent"}, Reason.PROMPT),
        ({"max_age": "-1"}, Reason.MAX_AGE),
        ({"max_age": "1e3"}, Reason.MAX_AGE),
        ({"max_age": "\u0663"}, Reason.MAX_AGE),
        ({"max_age": "1" * 10}, Reason.MAX_AGE),
        ({"nonce": "x" * 513}, Reason.NONCE),
        ({"nonce": "a\nb"}, Reason.NONCE),
        ({"request": "eyJ"}, Reason.REQUEST_OBJECT),
        ({"request_uri": "urn:x"}, Reason.REQUEST_ADDRESS),
        ({"state": "%" * 4096}, Reason.TOO_LONG),
    ],
)
def test_other_faults_are_answered_to_the_client_with_its_state(changed, reason):
    state = changed.get("state", "s/t a+te")
    assert read(**changed) == SentBack(reason, "wiki", CALLBACK, state)


@pytest.mark.parametrize("state", [None, "", "a\r\nb", "\u00fc", "x" * 4097])
def test_without_a_proper_state_there_is_no_code_and_no_state_in_the_answer(state):
    assert read(state=state) == SentBack(Reason.STATE, "wiki", CALLBACK, "")


@pytest.mark.parametrize("name", ["state", "scope", "nonce", "code_challenge", "whatever"])
def test_a_parameter_that_comes_twice_is_refused(name):
    verdict = read((name, "x"), (name, "x"))
    assert verdict == SentBack(
        Reason.REPEATED_PARAMETER, "wiki", CALLBACK, "" if name == "state" else "s/t a+te"
    )


@given(st.lists(st.tuples(st.sampled_from([*ASKED, "prompt", "max_age", "scope"]), st.text())))
def test_any_parameters_get_a_verdict(fields):
    assert isinstance(rules.read_request(tuple(fields), CLIENTS), (Asked, Shown, SentBack))


ANY = read()
MORE = replace(ANY, assurance=Assurance.MFA)


@pytest.mark.parametrize(
    ("demands", "auth_time", "needed"),
    [
        ({}, None, SignOn.FIRST),
        ({}, 0, SignOn.ENOUGH),
        ({"must_sign_in": True}, 999, SignOn.AGAIN),
        ({"must_sign_in": True}, None, SignOn.FIRST),
        ({"max_age": 100}, 900, SignOn.ENOUGH),
        ({"max_age": 100}, 899, SignOn.AGAIN),
        ({"max_age": 0}, 999.5, SignOn.AGAIN),
        ({"max_age": 100}, 1001, SignOn.ENOUGH),  # a clock that stepped back
        ({"must_not_show": True}, None, SignOn.IMPOSSIBLE),
        ({"must_not_show": True}, 0, SignOn.ENOUGH),
        ({"must_not_show": True, "max_age": 100}, 0, SignOn.IMPOSSIBLE),
    ],
)
def test_a_sign_on_is_enough_unless_the_client_asks_for_more(demands, auth_time, needed):
    assert rules.judge_sign_on(replace(ANY, **demands), auth_time, 1000) is needed


@pytest.mark.parametrize(
    ("asked", "auth_time", "held", "needed"),
    [
        (ANY, 990, Assurance.SINGLE, SignOn.ENOUGH),
        (MORE, None, Assurance.SINGLE, SignOn.FIRST),
        (MORE, 990, Assurance.SINGLE, SignOn.STEP_UP),
        (MORE, 990, Assurance.MFA, SignOn.ENOUGH),
        (MORE, 990, Assurance.PHISHING_RESISTANT, SignOn.ENOUGH),
        # First a fresh sign-in, then what that one lacks.
        (replace(MORE, max_age=5), 990, Assurance.SINGLE, SignOn.AGAIN),
        (replace(MORE, max_age=5), 996, Assurance.SINGLE, SignOn.STEP_UP),
        (replace(MORE, must_sign_in=True), 990, Assurance.MFA, SignOn.AGAIN),
        (replace(MORE, must_not_show=True), 990, Assurance.SINGLE, SignOn.IMPOSSIBLE),
        (replace(MORE, must_not_show=True), 990, Assurance.MFA, SignOn.ENOUGH),
    ],
)
def test_more_proof_is_asked_for_on_top_of_a_sign_in(asked, auth_time, held, needed):
    assert rules.judge_sign_on(asked, auth_time, 1000, held) is needed


@pytest.mark.parametrize(
    ("acr_values", "wanted"),
    [
        ("", Assurance.SINGLE),
        ("mfa", Assurance.MFA),
        ("phishing_resistant", Assurance.PHISHING_RESISTANT),
        ("phishing_resistant mfa", Assurance.MFA),
        ("urn:mace:incommon:iap:silver", Assurance.SINGLE),
        ("urn:mace:incommon:iap:silver mfa", Assurance.MFA),
        ("MFA", Assurance.SINGLE),
        ("  mfa  mfa ", Assurance.MFA),
        ("single phishing_resistant", Assurance.SINGLE),
    ],
)
def test_any_of_the_values_that_a_client_names_will_do(acr_values, wanted):
    assert rules.assurance_wanted(acr_values) is wanted
    asked = read(acr_values=acr_values)
    assert asked.assurance is wanted


def test_a_demand_for_proof_is_no_way_to_hide_things():
    assert read(acr_values="mfa\x00").reason is Reason.ACR
    assert read(acr_values="m\u017fa").reason is Reason.ACR
    assert read(("acr_values", "single"), acr_values="mfa").reason is Reason.REPEATED_PARAMETER
    assert read(acr_values="x" * 9000).reason is Reason.TOO_LONG


def test_the_demand_for_proof_stays_when_a_sign_in_was_fresh():
    fields = parse_fields(urlencode({**ASKED, "prompt": "login", "acr_values": "mfa"}).encode())
    assert dict(parse_fields(rules.without_demands(fields).encode())) == {**ASKED, "acr_values": "mfa"}


def test_the_request_comes_back_from_a_sign_in_without_the_demand_for_it():
    fields = parse_fields(urlencode({**ASKED, "prompt": "login", "max_age": "0", "junk": "x"}).encode())

    back = parse_fields(rules.without_demands(fields).encode())

    assert dict(back) == ASKED


@given(st.dictionaries(st.sampled_from(["code", "state", "iss"]), st.text(min_size=1)))
def test_an_answer_arrives_as_it_was_sent(parameters):
    location = rules.answer_to("https://wiki.example.test/other?a=1", parameters)
    arrived = parse_qs(urlsplit(location).query, keep_blank_values=True)

    assert arrived == {"a": ["1"], **{name: [value] for name, value in parameters.items()}}


def test_verifier_and_challenge_fit_as_in_rfc_7636_appendix_b():
    assert rules.fits(VERIFIER, CHALLENGE)
    assert not rules.fits(VERIFIER[:-1] + "l", CHALLENGE)


KEPT = Code(
    client_id="wiki",
    redirect_uri=CALLBACK,
    challenge=CHALLENGE,
    user="ada",
    sign_on_ref="ref",
    auth_time=900,
    methods=("pwd",),
    nonce="",
    scope="",
    expires_at=1000,
)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, None),
        ({"now": 999.9}, None),
        ({"now": 1000}, Reason.CODE_EXPIRED),
        ({"client_id": "other"}, Reason.OTHER_CLIENT),
        ({"redirect_uri": CALLBACK + "/"}, Reason.OTHER_REDIRECT_URI),
        ({"verifier": ""}, Reason.VERIFIER_MALFORMED),
        ({"verifier": "a" * 42}, Reason.VERIFIER_MALFORMED),
        ({"verifier": "a" * 129}, Reason.VERIFIER_MALFORMED),
        ({"verifier": VERIFIER + "\n"}, Reason.VERIFIER_MALFORMED),
        ({"verifier": "\u00fc" * 43}, Reason.VERIFIER_MALFORMED),
        ({"verifier": CHALLENGE}, Reason.VERIFIER_WRONG),
    ],
)
def test_a_code_gives_a_grant_only_to_whoever_asked_for_it(changed, reason):
    given = {"client_id": "wiki", "redirect_uri": CALLBACK, "verifier": VERIFIER, "now": 950} | changed
    assert rules.judge_code(KEPT, **given) is reason


def test_what_the_store_holds_does_not_redeem():
    assert rules.fingerprint("code") != "code"
    assert len(rules.fingerprint("\ud800")) == 64
