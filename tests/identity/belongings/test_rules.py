"""Whose a datum is: by the entry that it names, and by nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.identity import Person
from yett.identity.belongings import rules
from yett.identity.belongings.model import BELONGS_TO, GONE_AT, Fate

ADA = Person("ada", "Ada", "", (), is_disabled=False, source="local", id="1")
NEXT = replace(ADA, id="2")
HERS = {"n": 1, BELONGS_TO: "local:1"}
NOW, MONTH = 1_800_000_000.0, 30 * 86400.0

VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(max_size=9)
DATA = st.dictionaries(st.sampled_from([BELONGS_TO, GONE_AT, "n", "m"]), VALUES, max_size=4)


@pytest.mark.parametrize(
    ("datum", "person", "is_hers"),
    [
        (HERS, ADA, True),
        (HERS, replace(ADA, is_disabled=True, groups=("x",)), True),
        (HERS, NEXT, False),
        (HERS, replace(ADA, source="ldap"), False),
        (HERS, None, False),
        ({"n": 1}, ADA, False),
        ({"n": 1}, replace(ADA, id=""), False),
        ({"n": 1, BELONGS_TO: "local:"}, replace(ADA, id=""), True),
        ({"n": 1, BELONGS_TO: "local:"}, ADA, False),
        ({"n": 1, BELONGS_TO: b"local:1"}, ADA, False),
    ],
)
def test_a_datum_is_its_person_s_and_nobody_else_s(datum, person, is_hers):
    assert rules.is_theirs(datum, person) is is_hers


@pytest.mark.parametrize(
    ("datum", "person", "fate"),
    [
        (HERS, ADA, Fate.STAYS),
        ({**HERS, GONE_AT: NOW - 5}, ADA, Fate.IS_BACK),
        (HERS, None, Fate.IS_LEFT),
        (HERS, NEXT, Fate.IS_LEFT),
        ({**HERS, GONE_AT: NOW}, None, Fate.STAYS),
        ({**HERS, GONE_AT: NOW - MONTH + 1}, NEXT, Fate.STAYS),
        ({**HERS, GONE_AT: NOW - MONTH}, NEXT, Fate.GOES),
        ({**HERS, GONE_AT: NOW - MONTH}, None, Fate.GOES),
        ({**HERS, GONE_AT: NOW - MONTH}, ADA, Fate.IS_BACK),
        # A clock that was ahead, and what nobody wrote.
        ({**HERS, GONE_AT: NOW + 5}, None, Fate.IS_LEFT),
        ({**HERS, GONE_AT: "long ago"}, None, Fate.IS_LEFT),
        ({**HERS, GONE_AT: True}, None, Fate.IS_LEFT),
        ({**HERS, GONE_AT: float("nan")}, None, Fate.IS_LEFT),
    ],
)
def test_what_becomes_of_a_datum(datum, person, fate):
    assert rules.fate(datum, person, now=NOW, forget_after=MONTH) is fate


@pytest.mark.parametrize(("person", "fate"), [(ADA, Fate.STAYS), (NEXT, Fate.GOES), (None, Fate.GOES)])
def test_where_nothing_is_to_be_kept_it_goes_at_once(person, fate):
    assert rules.fate(HERS, person, now=NOW, forget_after=0) is fate


@given(DATA, st.sampled_from([ADA, NEXT, None]), st.floats(0, 1e10), st.floats(0, 1e9))
def test_nothing_of_whoever_is_there_is_ever_marked_or_wiped(datum, person, now, forget_after):
    verdict = rules.fate(datum, person, now=now, forget_after=forget_after)
    if rules.is_theirs(datum, person):
        assert verdict in {Fate.STAYS, Fate.IS_BACK}
    else:
        assert verdict is not Fate.IS_BACK
    if verdict in {Fate.IS_LEFT, Fate.IS_BACK}:
        # Once noted, it is noted: nothing is written again and again.
        noted = rules.noted(datum, verdict, now=now)
        assert rules.fate(noted, person, now=now, forget_after=forget_after or 1.0) is Fate.STAYS or (
            verdict is Fate.IS_LEFT and forget_after == 0
        )
        assert rules.opened(noted) == rules.opened(datum)


@given(DATA)
def test_what_was_made_for_one_person_is_theirs_alone_and_comes_back_as_it_was(datum):
    kept = rules.made_for(ADA, datum)
    assert rules.is_theirs(kept, ADA)
    assert not rules.is_theirs(kept, NEXT)
    assert rules.opened(kept) == {k: v for k, v in datum.items() if k not in {BELONGS_TO, GONE_AT}}
