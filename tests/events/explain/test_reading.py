import pytest
from tests.events import samples
from tests.events.explain.stories import START, denied, ended, entry
from tests.events.explain.test_requests import denied_request, said
from tests.events.samples import SECOND

from yett.events import Journal, Limits, records_of, story_of
from yett.events.explain import Closeness, Question, person_of, session_of, why_not
from yett.kernel import new_id, time_of


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


# By another way to look, as the console has it.


def look(*entries):
    """Finds among these, as a search of the stored log does."""

    def find(query):
        found = sorted(
            filter(query.matches, entries), key=lambda each: each["time"], reverse=query.is_newest_first
        )
        return iter(found[: query.limit or None])

    return find


SIGN_ON, SESSION = "0191a000-0000-7000-8000-000000000001", "0191a000-0000-7000-8000-000000000002"

LIFE = [
    entry(0, "authn.password.accepted", request="q1", user="bob", address="198.51.100.7"),
    entry(
        1,
        "sessions.create.created",
        request="q1",
        session=SIGN_ON,
        module_key="bob",
        type="sign_on",
        ttl=60,
        host="yett.example",
    ),
    entry(
        2,
        "signin.success.signed_in",
        request="q1",
        user="bob",
        session=SIGN_ON,
        method="password",
        address="198.51.100.7",
    ),
    entry(
        3,
        "sessions.create.created",
        request="q2",
        session=SESSION,
        module_key="bob",
        type="authenticated",
        ttl=60,
        host="wiki.example",
        parent=SIGN_ON,
    ),
    entry(
        4,
        "proxy.oidc.callback.sign_in_completed",
        request="q2",
        user="bob",
        session=SESSION,
        app="Wiki",
        host="wiki.example",
    ),
    ended(5, "q3", 200, rule="Wiki", user="bob", session=SESSION, address="198.51.100.7"),
    denied(6, "q4", session=SESSION, path="/secret"),
    ended(7, "q4", 403, user="bob", session=SESSION, path="/secret"),
    entry(8, "sessions.revoke.revoked", session=SESSION, module_key="bob", reason="parent_ended"),
    entry(9, "sessions.revoke.revoked", session=SIGN_ON, module_key="bob", reason="revoked"),
    entry(5, "authn.password.accepted", request="q9", user="ada"),
]


def test_the_life_of_a_session_takes_in_what_made_its_sign_on():
    story = session_of(look(*LIFE), SESSION)
    assert (story.user, story.type, story.host, story.parent) == (
        "bob",
        "authenticated",
        "wiki.example",
        SIGN_ON,
    )
    assert story.how[:2] == ("The password of bob was right.", "bob signed in by password from 198.51.100.7.")
    assert story.end == "the sign-on it came from ended"
    assert [(place.app, place.requests, place.refused) for place in story.reached] == [("Wiki", 2, 1)]


def test_no_record_is_told_twice():
    story = session_of(look(*LIFE), SIGN_ON)
    assert story.children == (SESSION,)
    assert len(story.how) == len(set(story.how))
    assert story.reached == ()


def test_a_session_that_nobody_knows_has_no_life():
    assert session_of(look(*LIFE), "somebody") is None


def test_a_person_is_told_of_by_both_fields_that_name_them():
    story = person_of(look(*LIFE), "bob", None, None)
    assert {life.session for life in story.sessions} == {SIGN_ON, SESSION}
    assert story.client_addresses == ("198.51.100.7",)
    assert person_of(look(*LIFE), "bob", START + 100, None) is None


def asked(**more):
    return Question(at=START + 6, within=600.0, user="bob", **more)


def test_why_not_finds_the_refusal_and_the_requests_before_the_sign_in():
    before = ended(2, "q0", 303, host="wiki.example", address="198.51.100.7")
    stranger = ended(2, "qx", 303, host="wiki.example", address="203.0.113.9")
    found = why_not(look(*LIFE, before, stranger), asked(host="wiki.example"))
    assert [(each.closeness, each.story.request) for each in found.findings] == [
        (Closeness.EXACT, "q4"),
        (Closeness.PERHAPS, "q0"),
    ]


def test_an_address_is_compared_whole():
    near = ended(2, "qx", 403, host="wiki.example", app="", address="198.51.100.71")
    found = why_not(look(near), Question(at=START, within=60.0, client_address="198.51.100.7"))
    assert found.findings == ()


def test_what_two_looks_find_is_told_once():
    found = why_not(look(*LIFE), asked())
    assert len([each for each in found.findings if each.story.request == "q4"]) == 1
    assert (
        len([line for each in found.findings for line in each.story.lines if line.code == "access.denied"])
        == 1
    )


def test_a_question_about_a_place_alone_finds_everybody_who_was_refused():
    found = why_not(look(*LIFE), Question(at=START + 6, within=60.0, host="wiki.example", path="/secret"))
    assert found.findings[0].story.request == "q4"


def test_there_is_a_limit_to_what_is_read(monkeypatch):
    monkeypatch.setattr("yett.events.explain.reading._MOST_OF_QUESTION", 5)
    assert why_not(look(*LIFE), asked()).is_cut
