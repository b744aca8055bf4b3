import json

import pytest
from tests.events import samples
from tests.events.samples import SECOND, Reason

from yett.events import Journal, Limits, Native, Record, records_of, render, story_of, tell
from yett.events.declare import Declaration
from yett.events.levels import INFO, WARN
from yett.kernel import new_id, time_of


def declared(code, like, *, level, audit):
    """A declaration with a code of the proxy's, which is a room above this one."""
    known = like.declaration
    return Declaration(code, code.rpartition(".")[0], level, audit, known.message, known.fields, "", "", "")


DENIED = declared("access.denied", samples.denied, level=WARN, audit=True)
ALLOWED = declared("access.allowed", samples.denied, level=INFO, audit=True)
SERVED = declared("http.access.completed", samples.served, level=INFO, audit=False)
NEEDED, HELD = ("ops", "admins"), ("staff",)


def said(declaration, at, request, *values, user=""):
    return Record(declaration, at, request, "", "s-1" if user else "", user, "203.0.113.7", values)


def denied_request(request, at):
    return [
        said(samples.plain.declaration, at, request, "x", 1),
        said(
            DENIED,
            at + 2_000_000,
            request,
            "wiki",
            "wiki.example",
            "/secret",
            "wiki-ops",
            Reason.NO_GROUP,
            NEEDED,
            HELD,
            user="ada",
        ),
        said(SERVED, at + 3_500_000, request, "GET", "wiki.example", "/secret", 403, 3.5, user="ada"),
    ]


def entries(records):
    return [json.loads(Native("n").line(record)) for record in records]


def test_a_refusal_is_told_with_its_rule_and_groups():
    request = new_id()
    story = tell(request, reversed(entries(denied_request(request, samples.START))))
    assert (story.decision, story.rule, story.reason) == ("denied", "wiki-ops", "no_group")
    assert (story.groups_needed, story.groups_held) == (NEEDED, HELD)
    assert (story.user, story.session, story.client_address) == ("ada", "s-1", "203.0.113.7")
    assert (story.method, story.host, story.path, story.app) == ("GET", "wiki.example", "/secret", "wiki")
    assert (story.status, story.duration_ms, story.is_ended) == (403, 3.5, True)
    assert [line.after for line in story.lines] == [0, 0.002, 0.0035]
    assert story.lines[1].is_audit


def test_the_text_answers_why():
    request = new_id()
    text = render(tell(request, entries(denied_request(request, samples.START))))
    assert f"Request {request}, 2027-01-15T08:00:00.000000Z" in text
    assert "decision       denied by rule wiki-ops: no_group" in text
    assert "groups needed  ops, admins" in text
    assert "groups held    staff" in text
    assert "answer         403 after 3.5 ms" in text
    assert "asked for      GET wiki.example/secret" in text


def test_of_two_decisions_the_last_one_counts():
    request = new_id()
    later = said(
        ALLOWED,
        samples.START + SECOND,
        request,
        "wiki",
        "wiki.example",
        "/",
        "wiki-ops",
        Reason.NO_GROUP,
        NEEDED,
        NEEDED,
    )
    story = tell(request, entries([*denied_request(request, samples.START), later]))
    assert story.decision == "allowed"
    assert story.groups_held == NEEDED


def test_a_request_that_no_rule_was_asked_about_is_undecided_and_unfinished():
    request = new_id()
    story = tell(request, entries(denied_request(request, samples.START))[:1])
    assert (story.decision, story.is_ended, story.status, story.user) == ("undecided", False, None, "")
    text = render(story)
    assert "not finished" in text
    assert "nobody who had signed in" in text


def test_records_of_other_requests_do_not_matter():
    assert tell(new_id(), entries(denied_request(new_id(), samples.START))) is None


def test_what_came_from_outside_cannot_command_the_terminal():
    request = new_id()
    evil = said(SERVED, samples.START, request, "GET", "h", "/\x1b[2J", 200, 1.0)
    assert "\x1b" not in render(tell(request, entries([evil])))


@pytest.fixture
def write(tmp_path):
    def write(records):
        journal = Journal(tmp_path, Limits())
        journal.open()
        for record in sorted(records, key=lambda record: record.at):
            if record.declaration.audit:
                journal.audit.append(record)
            else:
                journal.records.write([record])
        journal.close()
        return tmp_path

    return write


def test_a_story_is_found_in_the_store_by_the_time_in_its_id(write):
    request = new_id()
    began = int(time_of(request) * 1e9)
    noise = [
        said(samples.plain.declaration, began + index * SECOND, new_id(), "x", index)
        for index in range(-50, 50)
    ]
    directory = write([*denied_request(request, began), *noise])
    assert story_of(directory, request).decision == "denied"
    assert len(records_of(directory, request)[0]) == 3
    assert story_of(directory, new_id()) is None


def test_a_request_that_took_hours_is_followed_to_its_end(write):
    request = new_id()
    began = int(time_of(request) * 1e9)
    start, decision, end = denied_request(request, began)
    end = end._replace(at=began + 5 * 3600 * SECOND)
    story = story_of(write([start, decision, end]), request)
    assert story.is_ended
    assert len(story.lines) == 3


@pytest.mark.parametrize(
    "request_id",
    ["", "from-elsewhere", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "ffffffff-ffff-7fff-bfff-ffffffffffff"],
)
def test_ids_of_another_kind_are_looked_for_everywhere(write, request_id):
    directory = write(denied_request(request_id, samples.START))
    assert len(records_of(directory, request_id)[0]) == (3 if request_id else 4)
