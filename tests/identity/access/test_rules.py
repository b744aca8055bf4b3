import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.identity import Person
from yett.identity.access import (
    Allowed,
    Assurance,
    Demand,
    Denied,
    Reason,
    Rule,
    SignInFirst,
    StepUp,
    assurance_of,
    events,
    judge,
    needed_for,
    shows_presence,
)

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


SINGLE, MFA, RESISTANT = Assurance
VAULT = Rule(
    "vault", frozenset({"ops"}), demands=(Demand(MFA), Demand(RESISTANT, frozenset({"root", "dev"})))
)
OFFICE = Rule("office", frozenset(), demands=(Demand(MFA, frozenset({"finance"})),))


@pytest.mark.parametrize(
    ("rule", "person", "held", "verdict"),
    [
        (VAULT, ADA, RESISTANT, Allowed(VAULT)),
        (VAULT, ADA, MFA, StepUp(VAULT, RESISTANT, MFA)),  # she is in "dev": the strictest demand counts
        (VAULT, ADA, SINGLE, StepUp(VAULT, RESISTANT, SINGLE)),
        (VAULT, dataclasses.replace(ADA, groups=("ops",)), MFA, Allowed(VAULT)),
        (VAULT, dataclasses.replace(ADA, groups=("ops",)), SINGLE, StepUp(VAULT, MFA, SINGLE)),
        # Whoever may not pass at all is not asked to prove anything first.
        (
            VAULT,
            dataclasses.replace(ADA, groups=("dev",)),
            SINGLE,
            Denied(VAULT, Reason.NO_GROUP, ("ops",), ("dev",)),
        ),
        (VAULT, OFF, SINGLE, Denied(VAULT, Reason.DISABLED, ("ops",), ("dev", "ops"))),
        (OFFICE, ADA, SINGLE, Allowed(OFFICE)),
        (OFFICE, dataclasses.replace(ADA, groups=("finance",)), SINGLE, StepUp(OFFICE, MFA, SINGLE)),
        (ANYONE, ADA, SINGLE, Allowed(ANYONE)),
    ],
)
def test_how_well_somebody_has_to_have_proven_who_they_are(rule, person, held, verdict):
    assert judge(rule, "ada", person, held) == verdict


def test_who_says_nothing_of_how_much_is_known_knows_little():
    assert judge(OFFICE, "ada", dataclasses.replace(ADA, groups=("finance",))) == StepUp(OFFICE, MFA, SINGLE)
    for text in ("", "MFA", "mfa ", "everything", "3"):
        assert assurance_of({"assurance": text}) is SINGLE
    assert assurance_of({}) is SINGLE
    assert [assurance_of({"assurance": each.value}) for each in Assurance] == list(Assurance)


def test_of_nobody_in_particular_only_what_everybody_has_to_prove_is_asked():
    assert needed_for(VAULT, ()) is MFA
    assert needed_for(OFFICE, ()) is SINGLE


DEMANDS = st.lists(
    st.builds(Demand, st.sampled_from(Assurance), st.frozensets(st.sampled_from(["a", "b", "c"]))), max_size=4
).map(tuple)


@given(DEMANDS, st.frozensets(st.sampled_from(["a", "b", "c", "d"])), st.sampled_from(Assurance))
def test_more_proof_never_takes_a_right_away_and_enough_is_what_was_asked_for(demands, groups, held):
    rule = Rule("rule", frozenset(), demands=demands)
    person = dataclasses.replace(ADA, groups=tuple(sorted(groups)))
    verdict = judge(rule, "ada", person, held)
    if isinstance(verdict, StepUp):
        assert verdict.needed.rank > held.rank
        assert isinstance(judge(rule, "ada", person, verdict.needed), Allowed)
    else:
        assert all(
            isinstance(judge(rule, "ada", person, more), Allowed) for more in Assurance if more.reaches(held)
        )


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


@pytest.mark.parametrize(
    ("methods", "is_shown"),
    [
        ("pwd", True),
        ("hwk", True),
        ("x509", False),
        ("wia", False),
        ("x509 mfa", False),
        ("x509 otp mfa", True),
        ("", True),  # an older session that keeps no methods
    ],
)
def test_certificates_and_tickets_alone_show_nobody(methods, is_shown):
    assert shows_presence({"amr": methods}) is is_shown
    assert shows_presence({})
