import pytest
from tests.events.explain.stories import denied, ended, entry

from yett.events.explain import Chapter, tell_person, tell_session
from yett.events.explain.lives import makers_of, parent_of


def created(at, session, **fields):
    return entry(
        at, "sessions.create.created", session=session, module_key="bob", type="sign_on", ttl=60, **fields
    )


def test_a_session_that_ran_out_silently_says_so():
    story = tell_session("s", [created(0, "s", host="yett.example")])
    assert story.ended == ""
    assert "no end is recorded" in story.end


@pytest.mark.parametrize(
    ("last", "end"),
    [
        (
            entry(9, "sessions.revoke.revoked", session="s", reason="superseded"),
            "as many sessions as are allowed",
        ),
        (entry(9, "sessions.expire.expired", session="s", reason="expired"), "its time ran out"),
        (entry(9, "sessions.extend.certificate_expired", session="s"), "the certificate it rests on ran out"),
        (entry(9, "sessions.revoke.ended_elsewhere", session="s"), "another node"),
    ],
)
def test_each_end_is_told(last, end):
    story = tell_session("s", [last, created(0, "s")])
    assert story.ended == last["time"]
    assert end in story.end


def test_the_first_end_counts():
    ends = [entry(at, "sessions.revoke.revoked", session="s", reason="revoked") for at in (3, 5)]
    assert tell_session("s", [created(0, "s"), *reversed(ends)]).ended == ends[0]["time"]


def test_wrong_tries_are_no_proof():
    story = tell_session(
        "s",
        [
            entry(0, "signin.mfa.otp.otp_failed", request="q", user="bob", reason="wrong"),
            entry(1, "otp.validate.validated", request="q", user="bob"),
            created(2, "s", request="q"),
        ],
    )
    assert story.how == ("bob gave the code that was mailed.",)


def test_extensions_and_new_tokens_are_part_of_the_life():
    story = tell_session(
        "s",
        [
            created(0, "s"),
            entry(1, "sessions.extend.extended", session="s"),
            entry(2, "sessions.regenerate.regenerated", session="s"),
        ],
    )
    assert [note.code for note in story.notes][1:] == [
        "sessions.extend.extended",
        "sessions.regenerate.regenerated",
    ]


def test_nobody_is_told_of_without_records():
    assert tell_session("s", [created(0, "other")]) is None
    assert tell_person("bob", [denied(0, "q", user="ada")]) is None


def test_the_makers_and_the_parent_of_a_session_are_found():
    entries = [created(0, "s", request="q", parent="p"), created(1, "p", request="o")]
    assert makers_of("s", entries) == {"q"}
    assert parent_of("s", entries) == "p"
    assert parent_of("p", entries) == ""


def test_a_person_is_told_of_by_chapters():
    story = tell_person(
        "bob",
        [
            entry(0, "authn.password.rejected", user="bob", reason="wrong", address="198.51.100.7"),
            entry(1, "authn.password.throttled", user="bob", failures=10, wait_seconds=30.0),
            entry(2, "signin.success.signed_in", user="bob", session="s", method="password"),
            entry(3, "totp.enroll.confirm.added", user="bob"),
            denied(4, "q"),
            ended(5, "q", 403, user="bob"),
            entry(6, "identity.local.person_disabled", user="bob"),
        ],
    )
    assert [note.code for note in story.of(Chapter.LOCK)] == ["authn.password.throttled"]
    assert [note.code for note in story.of(Chapter.DEVICE)] == ["totp.enroll.confirm.added"]
    assert [note.code for note in story.of(Chapter.ACCESS)] == ["access.denied"]
    assert "was switched off" in story.of(Chapter.PERSON)[0].sentence
    assert story.reached[0].refused == 1


def test_a_name_is_compared_whole():
    assert tell_person("bob", [denied(0, "q", user="bobby")]) is None


def test_many_sessions_take_bounded_memory():
    story = tell_person("bob", (created(at, f"s{at}") for at in range(2_000)))
    assert len(story.sessions) == 200
    assert len(story.notes) == 500
    assert story.left_out == 1_500
