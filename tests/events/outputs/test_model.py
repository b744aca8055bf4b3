import pytest
from tests.events import samples
from tests.events.samples import Reason, record

from yett.events import INFO, WARN, Level
from yett.events.outputs import Filter, Refused, Unreachable

PLAIN = record(samples.plain, "x", 1)
QUIET = record(samples.quiet)
AUDITED = record(samples.audited, "ada", Reason.NO_GROUP)
SERVED = record(samples.served, "GET", "h", "/", 200, 1.0, user="ada")


@pytest.mark.parametrize(
    ("wanted", "those"),
    [
        (Filter(), {PLAIN, QUIET, AUDITED, SERVED}),
        (Filter(level=INFO), {PLAIN, AUDITED, SERVED}),
        (Filter(level=Level.ERROR), {AUDITED}),
        (Filter(audit_only=True), {AUDITED}),
        (Filter(components=("sample",)), {PLAIN, QUIET, AUDITED, SERVED}),
        (Filter(components=("sample.plain", "sample.access")), {PLAIN, SERVED}),
        (Filter(components=("sample.access.served",)), {SERVED}),
        (Filter(components=("sample.pla",)), set()),
        (Filter(without=("sample.plain",)), {QUIET, AUDITED, SERVED}),
        (Filter(components=("sample",), without=("sample.audited", "sample.quiet")), {PLAIN, SERVED}),
        (Filter(level=WARN, without=("sample.audited",)), set()),
        (Filter(user="ada"), {AUDITED, SERVED}),
        (Filter(user="bob"), set()),
        (Filter(user="ada", audit_only=True), {AUDITED}),
    ],
)
def test_a_filter_lets_through_what_it_says(wanted, those):
    every = [PLAIN, QUIET, AUDITED, SERVED]
    for _ in range(2):  # the second time from memory
        assert [each for each in every if wanted.wants(each)] == [each for each in every if each in those]


def test_a_record_that_names_a_person_itself_is_about_nobody_else():
    theirs = record(samples.audited, "ada", Reason.NO_GROUP, user="bob")
    assert Filter(user="ada").wants(theirs)
    assert not Filter(user="bob").wants(theirs)


def test_what_a_carrier_raises_says_what_was_taken():
    assert (Unreachable("away").taken, Unreachable("away").after) == (0, 0.0)
    assert (Refused("bad").taken, Refused("bad").whole) == (0, False)
    assert str(Refused("bad", taken=2)) == "bad"
