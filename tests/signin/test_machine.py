"""Every way from one state of a sign-in to the next."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.identity.access import Assurance
from yett.signin.machine import (
    Demand,
    Policy,
    Standing,
    State,
    after_code,
    after_first,
    amr,
    assurance,
    has_own,
    lifting,
    offers,
)
from yett.signin.model import Factor, Method, Purpose

NOTHING = Standing()
MAIL = Standing(can_mail=True)
APP = Standing(frozenset({Factor.TOTP, Factor.RECOVERY}), can_mail=True)
CODES_ONLY = Standing(frozenset({Factor.RECOVERY}))
KEY = Standing(frozenset({Factor.PASSKEY}))
LAPSED = Standing(has_lapsed=True)
ALWAYS, ENROLLED, NEVER = (Policy(demand) for demand in (Demand.ALWAYS, Demand.ENROLLED, Demand.NEVER))
REQUIRED = Policy(Demand.NEVER, is_required=True)
HELPED = Policy(Demand.ALWAYS, may_enrol_first=False)


@pytest.mark.parametrize(
    ("policy", "standing", "state"),
    [
        (NEVER, NOTHING, State.SIGNED_IN),
        (NEVER, MAIL, State.SIGNED_IN),
        (NEVER, APP, State.SIGNED_IN),
        (ENROLLED, NOTHING, State.SIGNED_IN),
        (ENROLLED, MAIL, State.SIGNED_IN),
        (ENROLLED, APP, State.FACTOR),
        (ENROLLED, KEY, State.FACTOR),
        (ENROLLED, CODES_ONLY, State.SIGNED_IN),
        (ALWAYS, NOTHING, State.ENROL),
        (ALWAYS, MAIL, State.FACTOR),
        (ALWAYS, APP, State.FACTOR),
        (ALWAYS, CODES_ONLY, State.ENROL),
        (HELPED, NOTHING, State.NOWHERE),
        (HELPED, MAIL, State.FACTOR),
        (HELPED, KEY, State.FACTOR),
        (REQUIRED, NOTHING, State.ENROL),
        (REQUIRED, MAIL, State.SIGN_UP),
        (REQUIRED, APP, State.FACTOR),
        (REQUIRED, KEY, State.FACTOR),
        (NEVER, LAPSED, State.SIGNED_IN),
        (ENROLLED, LAPSED, State.ENROL),
        (ENROLLED, replace(LAPSED, can_mail=True), State.FACTOR),
        (REQUIRED, replace(LAPSED, can_mail=True), State.SIGN_UP),
        (HELPED, LAPSED, State.NOWHERE),
    ],
)
def test_where_one_factor_leads(policy, standing, state):
    assert after_first(policy, standing, is_two_factor=False) is state
    assert after_first(policy, standing, is_two_factor=True) is State.SIGNED_IN


OWN = [each for each in Factor if each is not Factor.EMAIL]
standings = st.builds(Standing, st.frozensets(st.sampled_from(OWN)), st.booleans())
policies = st.builds(Policy, st.sampled_from(Demand), st.booleans(), st.booleans(), st.booleans())


@given(policies, standings)
def test_nobody_whose_group_demands_a_factor_is_in_with_one(policy, standing):
    if policy.is_required or policy.demand is Demand.ALWAYS:
        assert after_first(policy, standing, is_two_factor=False) is not State.SIGNED_IN


@given(policies, standings)
def test_whoever_is_asked_for_a_factor_is_offered_one(policy, standing):
    if after_first(policy, standing, is_two_factor=False) in {State.FACTOR, State.SIGN_UP}:
        assert offers(standing, policy)


@given(policies, standings)
def test_mail_is_never_the_way_around_a_stronger_factor_unless_that_is_set(policy, standing):
    if has_own(standing) and not policy.email_besides:
        assert Factor.EMAIL not in offers(standing, policy)


@given(policies, standings)
def test_nobody_with_a_factor_of_their_own_is_sent_to_enrol_a_first_one(policy, standing):
    if has_own(standing):
        state = after_first(policy, standing, is_two_factor=False)
        assert state not in {State.ENROL, State.SIGN_UP, State.NOWHERE}


@pytest.mark.parametrize(
    ("standing", "besides", "offered"),
    [
        (NOTHING, False, set()),
        (MAIL, False, {Factor.EMAIL}),
        (APP, False, {Factor.TOTP, Factor.RECOVERY}),
        (APP, True, {Factor.TOTP, Factor.RECOVERY, Factor.EMAIL}),
        (KEY, True, {Factor.PASSKEY}),
        (CODES_ONLY, True, set()),
    ],
)
def test_what_is_offered(standing, besides, offered):
    assert offers(standing, Policy(Demand.ALWAYS, email_besides=besides)) == offered


@pytest.mark.parametrize(
    ("purpose", "state"),
    [
        (Purpose.SIGN_IN, State.SIGNED_IN),
        (Purpose.SIGN_UP, State.ENROL),
        (Purpose.ENROL, State.NOWHERE),
    ],
)
def test_where_a_right_code_leads(purpose, state):
    assert after_code(purpose) is state


def test_one_factor_is_single_whatever_it_is():
    for method, is_two_factor in itertools.product(Method, (False, True)):
        found = assurance(method, is_two_factor=is_two_factor)
        assert (found is Assurance.SINGLE) is not is_two_factor
        assert (found is Assurance.PHISHING_RESISTANT) is (is_two_factor and method.resists_phishing)


def test_methods_are_named_once_and_in_order():
    assert amr(["pwd", "otp"], is_two_factor=True) == "pwd otp mfa"
    assert amr(["otp", "otp"], is_two_factor=True) == "otp mfa"
    assert amr(["hwk"], is_two_factor=False) == "hwk"


EVERY = frozenset(Factor)


@pytest.mark.parametrize(
    ("method", "needed", "enough"),
    [
        (Method.PASSWORD, Assurance.SINGLE, EVERY),
        (Method.PASSWORD, Assurance.MFA, EVERY),
        (Method.PASSWORD, Assurance.PHISHING_RESISTANT, {Factor.PASSKEY}),
        (Method.MAGIC_LINK, Assurance.PHISHING_RESISTANT, {Factor.PASSKEY}),
        (Method.X509, Assurance.PHISHING_RESISTANT, EVERY),
        (Method.KERBEROS, Assurance.PHISHING_RESISTANT, EVERY),
    ],
)
def test_with_which_factors_somebody_gets_further(method, needed, enough):
    assert lifting(EVERY, method, needed) == enough
    assert lifting(frozenset(), method, needed) == frozenset()


def test_a_passkey_as_the_second_factor_resists_phishing():
    assert (
        assurance(Method.PASSWORD, is_two_factor=True, factor=Factor.PASSKEY) is Assurance.PHISHING_RESISTANT
    )
    assert assurance(Method.PASSWORD, is_two_factor=True, factor=Factor.TOTP) is Assurance.MFA
    assert assurance(Method.PASSWORD, is_two_factor=False, factor=Factor.PASSKEY) is Assurance.SINGLE
