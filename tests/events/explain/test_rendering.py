import msgspec
import pytest
from tests.events.explain.stories import START, denied, ended, entry

from yett.events.explain import (
    Question,
    answer,
    render,
    render_answer,
    render_person,
    render_session,
    tell,
    tell_person,
    tell_session,
)

EVIL = "\x1b[2J\u202e\nForged: line"
RECORDS = [
    entry(
        0,
        "signin.success.signed_in",
        request="q",
        user="bob",
        session="s",
        method=EVIL,
        address="198.51.100.7",
    ),
    entry(
        1,
        "sessions.create.created",
        request="q",
        session="s",
        module_key="bob",
        type="sign_on",
        ttl=1.5,
        host=EVIL,
    ),
    denied(2, "r", session="s", path=EVIL, address=EVIL),
    ended(3, "r", 403, user="bob", session="s", path=EVIL),
    entry(4, "webauthn.enroll.enrolled", user="bob", device=EVIL),
]
QUESTION = Question(at=START, within=60.0, user="bob")
TOLD = [
    (tell("r", RECORDS), render),
    (tell_session("s", RECORDS), render_session),
    (tell_person("bob", RECORDS), render_person),
    (answer(QUESTION, RECORDS), render_answer),
]


@pytest.mark.parametrize(("story", "written"), TOLD, ids=lambda each: getattr(each, "__name__", ""))
def test_what_came_from_outside_cannot_command_the_terminal(story, written):
    text = written(story)
    assert "bob" in text
    assert all(line.isprintable() for line in text.split("\n"))
    assert not any(line.startswith("Forged") for line in text.split("\n"))


@pytest.mark.parametrize("story", [story for story, _ in TOLD], ids=lambda story: type(story).__name__)
def test_every_story_can_be_json(story):
    assert msgspec.json.decode(msgspec.json.encode(story))


def test_a_request_says_in_short_what_decided_and_what_to_do():
    text = render(tell("r", RECORDS))
    assert "in short       Rule Wiki keeps bob out" in text
    assert "what to do     A signed-in person asked for something" in text


def test_a_person_is_told_of_under_headings():
    text = render_person(tell_person("bob", RECORDS))
    for heading in (
        "Sign-ins",
        "Refused, or in trouble",
        "Sessions of theirs",
        "What they sign in with",
        "Reached",
    ):
        assert heading in text


def test_an_answer_has_the_stories_below_it():
    text = render_answer(answer(QUESTION, RECORDS))
    assert text.index("What kept them away") < text.index("Request r,")
    assert "Next" in text


def test_a_session_tells_how_its_person_signed_in():
    text = render_session(tell_session("s", RECORDS))
    assert "How its person signed in" in text
    assert "how it ended   no end is recorded" in text
