import json

import pytest
from tests.events import samples
from tests.events.explain import stories
from tests.events.samples import SECOND, Reason

from yett.events import Native, Record, render, tell
from yett.events.declare import Declaration
from yett.events.levels import INFO, WARN
from yett.kernel import new_id


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


# What became of it, in a sentence.


def story_from(*records, request="r"):
    return tell(request, records)


def end(status, **fields):
    return story_from(stories.ended(0, "r", status, **fields))


def own(status, upstream):
    return story_from({**stories.ended(0, "r", status, rule="Wiki"), "upstream": upstream})


@pytest.mark.parametrize(
    ("story", "said", "is_refused"),
    [
        (
            end(200, rule="Wiki"),
            "Rule Wiki let the request through to Wiki, and it answered with 200.",
            False,
        ),
        (end(101, rule="Wiki"), "a connection was opened to it", False),
        (end(403, rule="Wiki"), "let the request through, and Wiki refused it with 403 itself", True),
        (end(500, rule="Wiki"), "and Wiki answered with 500 itself", True),
        (end(404, rule="Wiki"), "and Wiki answered with 404", False),
        (end(404, app="", host="nowhere"), "No mapping covers this address of nowhere.", True),
        (end(405, app=""), "not for this method", True),
        (end(303), "Nobody was signed in, so the sign-in page was shown", True),
        (end(401), "what asked was no page in a browser", True),
        (end(429), "takes no more requests", True),
        (end(503, app=""), "answered it itself, with 503", True),
        (end(0), "client left before there was an answer", False),
        (end(200, app="sign-in"), "answered it itself (sign-in), with 200", False),
        (end(303, user="bob"), "answered it itself (Wiki), with 303", False),
        # A reader who may not see who it was is not told that it was nobody.
        (end(303, session="s"), "answered it itself (Wiki), with 303", False),
        # Our own pages send people on, and are asked wrongly, without anybody being kept out.
        (end(303, app="sign-in"), "answered it itself (sign-in), with 303", False),
        (end(303, path="/_yett/callback"), "answered it itself (Wiki), with 303", False),
        (end(429, app="sign-in"), "answered it itself, with 429 (sign-in)", True),
        # What the mapping answers is not the application's word, and neither is what never got there.
        (own(503, "page"), "answered in the place of Wiki, with 503 (its mapping says so: page)", True),
        (own(302, "redirect to /x"), "the gateway answered it itself (redirect to /x), with 302", False),
        (own(404, "files in /srv"), "in the place of Wiki, with 404", True),
        (own(503, ""), "in the place of Wiki, with 503 (it could not be sent on)", True),
        (own(429, ""), "The pool of Wiki takes no more requests", True),
        (end(0, rule="Wiki"), "client left before there was an answer", False),
    ],
)
def test_the_end_of_a_request_alone_tells_much(story, said, is_refused):
    assert said in story.sentence
    assert story.is_refused is is_refused


def test_what_decided_is_told_before_what_contributed():
    story = story_from(
        stories.entry(0, "geoaccess.check.country_denied", request="r", country="ZZ", asn=0),
        stories.entry(1, "listener.geo.geo_blocked", request="r", reason="country_denied"),
        stories.ended(2, "r", 403, app=""),
    )
    assert story.decided_by.code == "listener.geo.geo_blocked"
    assert [cause.code for cause in story.causes] == [
        "geoaccess.check.country_denied",
        "listener.geo.geo_blocked",
    ]
    assert "deny_countries" in story.sentence


def test_a_request_that_was_tried_again_and_answered_is_not_refused():
    story = story_from(
        stories.entry(0, "proxy.retry.retrying", request="r", cause="reset", backend="b"),
        stories.ended(1, "r", 200, rule="Wiki"),
    )
    assert not story.is_refused
    assert story.sentence.startswith(
        "Rule Wiki let the request through to Wiki, and it answered with 200. On the way:"
    )


@pytest.mark.parametrize(
    "junk", [{"status": "many"}, {"status": True}, {"rule": 7}, {"reason": {"a": 1}}, {"app": None}]
)
def test_fields_of_strange_types_do_no_harm(junk):
    story = story_from({**stories.ended(0, "r", 403), **junk})
    assert story.sentence


@pytest.mark.parametrize("time", [None, 5, "", "yesterday", "2026-01-01T99:00:00Z"])
def test_a_damaged_line_without_its_time_is_passed_over(time):
    damaged = {**stories.denied(0, "r"), "time": time}
    assert story_from(damaged) is None
    assert story_from(damaged, stories.ended(1, "r", 200, rule="Wiki")).decision == "allowed"
