import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.identity.federation.id_token import Expected, half_hash, judge_claims
from yett.identity.federation.model import Reason

NOW = 1_800_000_000.0
EXPECTED = Expected("https://idp.example", "us", NOW, 60.0, nonce="n")
GOOD = {"iss": "https://idp.example", "sub": "ada", "aud": "us", "iat": NOW, "exp": NOW + 300, "nonce": "n"}


def test_a_good_token_is_good():
    assert judge_claims(GOOD, "ES256", EXPECTED) is None


def test_the_left_half_of_a_hash_is_that_of_openid_connect_core_appendix_a():
    # The access token and its hash of appendix A.3 (RS256).
    assert half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"
    # The code and its hash of appendix A.4.
    assert (
        half_hash("Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk", "RS256")
        == "LDktKdoQak3Pk0cnXxCltA"
    )


def test_each_algorithm_has_its_hash():
    lengths = {"ES256": 22, "PS384": 32, "ES512": 43, "EdDSA": 43, "Ed25519": 43}
    assert {each: len(half_hash("x", each)) for each in lengths} == lengths


def test_a_nonce_is_asked_for_where_one_was_sent():
    without = {name: value for name, value in GOOD.items() if name != "nonce"}
    assert judge_claims(without, "ES256", EXPECTED) is Reason.NONCE
    assert judge_claims(without, "ES256", Expected("https://idp.example", "us", NOW, 60.0)) is None


@given(
    st.dictionaries(
        st.sampled_from(
            ["iss", "sub", "aud", "azp", "iat", "exp", "nbf", "nonce", "auth_time", "at_hash", "c_hash"]
        ),
        st.one_of(
            st.none(),
            st.booleans(),
            st.floats(),
            st.integers(),
            st.text(),
            st.lists(st.text()),
            st.just("us"),
        ),
    )
)
def test_any_claims_get_a_verdict(claims):
    expected = Expected("https://idp.example", "us", NOW, 60.0, "n", NOW, "access", "code", "ada")
    for each in (claims, {**GOOD, **claims}):
        assert judge_claims(each, "ES256", expected) in {None, *Reason}


@pytest.mark.parametrize(
    ("seconds", "wrong"), [(-1, None), (59, None), (60, Reason.EXPIRED), (1e9, Reason.EXPIRED)]
)
def test_a_token_ends_when_it_says_with_a_little_leeway(seconds, wrong):
    assert judge_claims({**GOOD, "exp": NOW - seconds}, "ES256", EXPECTED) is wrong
