import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.identity import Person
from yett.identity.access import Allowed, Denied, Reason, Rule, SignInFirst, events, judge

ADA = Person("ada", "Ada", "ada@example.org", ("dev", "ops"), is_disabled=False, source="local")
OFF = dataclasses.replace(ADA, is_disabled=True)
ANYONE = Rule("anyone", frozenset())
PUBLIC = Rule("public", frozenset(), is_public=True)
OPS = Rule("ops", frozenset({"ops", "root"}))
FINANCE = Rule("finance", frozenset({"money", "board"}))


@pytest.mark.parametrize(
    ("rule", "name", "person", "verdict"),
    [
        (PUBLIC, None, None, Allowed(PUBLIC)),
        (PUBLIC, "ada", ADA, Allowed(PUBLIC)),
        (ANYONE, None, None, SignInFirst(ANYONE)),
        (ANYONE, "ada", ADA, Allowed(ANYONE)),
        (OPS, None, None, SignInFirst(OPS)),
        (OPS, "ada", ADA, Allowed(OPS)),
        (FINANCE, "ada", ADA, Denied(FINANCE, Reason.NO_GROUP, ("board", "money"), ("dev", "ops"))),
        (OPS, "ada", OFF, Denied(OPS, Reason.DISABLED, ("ops", "root"), ("dev", "ops"))),
        (PUBLIC, "ada", OFF, Denied(PUBLIC, Reason.DISABLED, (), ("dev", "ops"))),
        (OPS, "ada", None, Denied(OPS, Reason.UNKNOWN_PERSON, ("ops", "root"), ())),
        (PUBLIC, "ada", None, Denied(PUBLIC, Reason.UNKNOWN_PERSON, (), ())),
        (ANYONE, "bob", ADA, Denied(ANYONE, Reason.UNKNOWN_PERSON, (), ())),  # a mix-up
        (ANYONE, None, ADA, SignInFirst(ANYONE)),  # a person without a session
        (ANYONE, "", None, Denied(ANYONE, Reason.UNKNOWN_PERSON, (), ())),
    ],
)
def test_who_may_pass(rule, name, person, verdict):
    assert judge(rule, name, person) == verdict


GROUPS = st.frozensets(st.sampled_from(["a", "b", "c", "d"]))
RULES = st.builds(Rule, st.just("rule"), GROUPS, st.booleans())
NAMES = st.sampled_from(["ada", "bob"])
PEOPLE = st.builds(
    Person,
    NAMES,
    st.just("x"),
    st.just(""),
    GROUPS.map(lambda g: tuple(sorted(g))),
    st.booleans(),
    st.just("s"),
)


@given(RULES, NAMES, st.none() | PEOPLE)
def test_a_session_is_allowed_only_for_a_live_person_in_one_of_the_groups(rule, name, person):
    verdict = judge(rule, name, person)
    is_live = person is not None and person.name == name and not person.is_disabled
    is_named = rule.is_public or not rule.groups or bool(person and rule.groups & set(person.groups))
    assert isinstance(verdict, Allowed) == (is_live and is_named)
    assert not isinstance(verdict, SignInFirst)


@given(RULES, PEOPLE, GROUPS)
def test_more_groups_never_take_a_right_away(rule, person, more):
    richer = dataclasses.replace(person, groups=tuple(sorted({*person.groups, *more})))
    if isinstance(judge(rule, person.name, person), Allowed):
        assert isinstance(judge(rule, person.name, richer), Allowed)


@given(RULES, st.none() | PEOPLE)
def test_without_a_session_only_public_things_are_open(rule, person):
    assert isinstance(judge(rule, None, person), Allowed) == rule.is_public


def test_a_denial_carries_everything_the_record_needs(heard):
    verdict = judge(FINANCE, "ada", ADA)
    assert isinstance(verdict, Denied)
    events.denied(
        app="ledger",
        host="ledger.example.org",
        path="/",
        rule=verdict.rule.name,
        reason=verdict.reason,
        groups_needed=verdict.groups_needed,
        groups_held=verdict.groups_held,
    )
    [record] = heard.records
    assert (record.declaration.code, record.declaration.audit) == ("access.denied", True)
    assert record.declaration.message == "Access denied"
