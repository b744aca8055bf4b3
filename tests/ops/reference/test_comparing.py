import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ops.reference.samples import event, field, reference

from yett.ops.reference import ConsoleEntry, What, compare
from yett.ops.reference.comparing import EVERY_RECORD
from yett.ops.reference.model import Severity

USER, REASON = event().fields


def kinds(old, new):
    return [(change.what, change.code) for change in compare(reference(*old), reference(*new))]


@pytest.mark.parametrize(
    ("changes", "what", "before", "after"),
    [
        ({"component": "a.z"}, What.MOVED, "a.b", "a.z"),
        ({"message": "Other"}, What.REWORDED, "Message of a.b.c", "Other"),
        ({"level": Severity.ERROR}, What.LEVEL, "WARN", "ERROR"),
        ({"level": Severity.DEBUG}, What.LEVEL, "WARN", "DEBUG"),
        ({"audit": False}, What.AUDIT_LOST, "", ""),
        ({"fields": (REASON,)}, What.FIELD_REMOVED, "user", ""),
        (
            {"fields": (field("user", "list of text", secret=True), REASON)},
            What.FIELD_RETYPED,
            "user: text",
            "user: list of text",
        ),
        ({"fields": (field("user"), REASON)}, What.RECLASSED, "user: sensitive", "user: public"),
        (
            {"fields": (USER, field("reason", "choice", values=("wrong",)))},
            What.VALUES_REMOVED,
            "reason: spent",
            "",
        ),
        (
            {"fields": (USER, field("reason", "choice", values=("wrong", "spent", "late")))},
            What.VALUES_ADDED,
            "",
            "reason: late",
        ),
        ({"fields": (USER, REASON, field("count", "integer"))}, What.FIELD_ADDED, "", "count: integer"),
    ],
)
def test_each_kind_of_change_is_told_apart(changes, what, before, after):
    (change,) = compare(reference(event()), reference(event(**changes)))
    assert (change.what, change.before, change.after) == (what, before, after)
    assert change.code == "a.b.c"


def test_the_order_of_fields_and_values_and_the_advice_are_nobodys_concern():
    other = event(fields=(field("reason", "choice", values=("spent", "wrong")), USER), meaning="Otherwise.")
    assert compare(reference(event()), reference(other)) == ()


def test_an_event_that_goes_on_under_another_code_is_not_taken_for_lost():
    old, new = event("a.b.old", message="Same"), event("a.b.new", message="Same", level=Severity.INFO)
    assert kinds([old], [new]) == [(What.RECODED, "a.b.old"), (What.LEVEL, "a.b.old")]


def test_where_two_could_be_the_heir_none_is_guessed():
    old = [event("a.b.old", message="Same")]
    new = [event("a.b.one", message="Same"), event("a.b.two", message="Same")]
    assert [what for what, _ in kinds(old, new)] == [What.REMOVED, What.ADDED, What.ADDED]


def test_a_code_that_two_events_exchanged_is_two_changes():
    one, two = event("a.b.one", message="One"), event("a.b.two", message="Two")
    swapped = [event("a.b.one", message="Two"), event("a.b.two", message="One")]
    assert kinds([one, two], swapped) == [(What.REWORDED, "a.b.one"), (What.REWORDED, "a.b.two")]


def test_breaking_changes_come_first_and_graver_events_before_others():
    old = [event("a.b.info", level=Severity.INFO), event("a.b.error", level=Severity.ERROR), event()]
    new = [event(audit=False, fields=(USER, REASON, field("more"))), event("a.b.new")]
    assert kinds(old, new) == [
        (What.REMOVED, "a.b.error"),
        (What.REMOVED, "a.b.info"),
        (What.AUDIT_LOST, "a.b.c"),
        (What.FIELD_ADDED, "a.b.c"),
        (What.ADDED, "a.b.new"),
    ]
    breaking = [change.is_breaking for change in compare(reference(*old), reference(*new))]
    assert breaking == [True, True, True, False, False]


def test_what_every_record_carries_is_compared_too():
    old = reference(common=(field("time", "instant"), field("session.ref")))
    new = reference(common=(field("time", "instant"),))
    (change,) = compare(old, new)
    assert (change.what, change.code, change.before) == (What.FIELD_REMOVED, EVERY_RECORD, "session.ref")


def test_printed_lines_are_compared_by_their_text():
    old = reference(console=(ConsoleEntry("Old %s", "stderr", ""),))
    new = reference(console=(ConsoleEntry("New %s", "stderr", ""),))
    assert [(each.what, each.before, each.after) for each in compare(old, new)] == [
        (What.LINE_REMOVED, "Old %s", ""),
        (What.LINE_ADDED, "", "New %s"),
    ]


EVENTS = st.lists(
    st.builds(
        event,
        st.sampled_from(["a.b.c", "a.b.d", "a.b.e"]),
        level=st.sampled_from(Severity),
        audit=st.booleans(),
        message=st.sampled_from(["One", "Two"]),
        fields=st.lists(
            st.sampled_from([USER, REASON]), max_size=2, unique_by=lambda each: each.name
        ).map(tuple),
    ),
    max_size=3,
    unique_by=lambda each: each.code,
)  # fmt: skip


@given(EVENTS, EVENTS)
def test_no_change_is_missed_and_none_is_invented(old, new):
    def relied_on(events):
        return {(e.code, e.component, e.level, e.audit, e.message, frozenset(e.fields)) for e in events}

    assert (compare(reference(*old), reference(*new)) == ()) is (relied_on(old) == relied_on(new))
