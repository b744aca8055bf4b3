import itertools

from tests.events.explain.stories import START, denied, ended, entry

from yett.events.explain import Closeness, Question, answer

ASKED = Question(at=START + 100, within=60.0, user="bob", host="wiki.example", path="/secret")


def ask(*entries, question=ASKED, addresses=()):
    return answer(question, entries, addresses=addresses)


def refused(at=100, request="q", **fields):
    return [
        denied(at, request, path="/secret/1", **fields),
        ended(at + 0.5, request, 403, user="bob", path="/secret/1"),
    ]


def test_a_refusal_there_and_then_is_the_answer():
    found = ask(*refused())
    assert found.findings[0].closeness is Closeness.EXACT
    assert "bob asked for GET wiki.example/secret/1. Rule Wiki keeps bob out of Wiki" in found.conclusion
    assert "add them to one of the groups" in found.next_steps[0]
    assert "access test --user bob --url https://wiki.example/secret" in " ".join(found.next_steps)


def test_the_nearest_in_time_comes_first_and_how_many_there_were_is_said():
    found = ask(*refused(50, "a"), *refused(99, "b"), *refused(150, "c"))
    assert [each.story.request for each in found.findings] == ["b", "a", "c"]
    assert found.conclusion.endswith("(3 times in all)")


def test_what_happened_at_another_time_does_not_count():
    assert ask(*refused(10)).findings == ()


def test_another_path_is_near_and_another_person_is_nothing():
    found = ask(
        denied(100, "a", path="/secretary"), ended(100, "a", 403, user="bob", path="/secretary"),
        denied(100, "b", user="ada", path="/secret"), ended(100, "b", 403, user="ada", path="/secret"),
    )  # fmt: skip
    assert [(each.closeness, each.story.request) for each in found.findings] == [(Closeness.NEAR, "a")]
    assert "Nearby:" in found.conclusion


def test_somebody_who_was_not_signed_in_is_known_by_the_address_perhaps():
    record = ended(100, "a", 303, path="/secret", address="198.51.100.7")
    assert ask(record).findings == ()
    found = ask(record, addresses=("198.51.100.7",))
    assert found.findings[0].closeness is Closeness.PERHAPS
    assert "was not signed in, as far as the log knows" in found.conclusion
    assert "the sign-in page was shown" in found.conclusion


def test_a_signed_in_person_behind_the_same_address_is_somebody_else():
    record = ended(100, "a", 403, path="/secret", address="198.51.100.7", user="ada")
    assert ask(record, addresses=("198.51.100.7",)).findings == ()


def test_requests_that_got_through_are_told():
    found = ask(ended(100, "a", 200, rule="Wiki", user="bob", path="/secret"))
    assert found.findings == ()
    assert "bob did get through to wiki.example/secret" in found.conclusion


def test_a_refusal_by_the_application_is_told_as_such():
    found = ask(ended(100, "a", 403, rule="Wiki", user="bob", path="/secret"))
    assert "Wiki refused it with 403 itself" in found.conclusion
    assert "application's own log" in found.next_steps[0]


def test_what_was_done_to_the_person_before_is_the_background():
    found = ask(entry(20, "identity.local.person_disabled", user="bob", level="WARN"))
    assert found.findings == ()
    assert "Before that: bob was switched off." in found.conclusion
    assert [note.code for note in found.background] == ["identity.local.person_disabled"]


def test_a_sign_in_that_failed_is_found_although_the_end_of_the_request_names_nobody():
    found = ask(
        entry(100, "authn.password.rejected", request="a", user="bob", reason="wrong"),
        ended(100, "a", 422, host="yett.example", app="sign-in", path="/signin"),
    )
    assert found.findings[0].closeness is Closeness.NEAR
    assert "the password was wrong" in found.conclusion


def test_nothing_says_what_would_be_recorded_and_where_to_look():
    found = ask()
    assert found.conclusion == "Nothing is recorded of bob and wiki.example/secret in that time."
    steps = " ".join(found.next_steps)
    assert "http.access" in steps
    assert "telemetry.retention" in steps
    assert "yett explain bob" in steps


def test_a_client_address_that_is_asked_for_has_to_be_that_one():
    question = Question(at=START + 100, within=60.0, client_address="198.51.100.7")
    theirs = ended(100, "a", 403, app="", address="198.51.100.7")
    other = ended(100, "b", 403, app="", address="198.51.100.8")
    found = ask(theirs, other, question=question)
    assert [each.story.request for each in found.findings] == ["a"]


def test_the_order_of_records_does_not_matter():
    records = [
        *refused(50, "a"),
        *refused(99, "b"),
        ended(80, "c", 200, rule="Wiki", user="bob", path="/secret"),
    ]
    first = ask(*records)
    assert all(ask(*order) == first for order in itertools.permutations(records))
