from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.proxy.conftest import BOB, WIKI, request_for
from tests.signin.conftest import ADA

from yett.identity import Person
from yett.proxy.config import HeaderSettings
from yett.proxy.edits import NO_EDITS, BadEdit, compile_edits
from yett.sessions import Session, SessionType

SESSION = Session("ref-1", SessionType.AUTHENTICATED, "ada", WIKI, 0, 1, 1, 0)


def edits(*, is_response=False, is_public=False, **changes):
    return compile_edits(HeaderSettings(**changes), is_response=is_response, is_public=is_public)


def test_without_settings_nothing_changes():
    assert compile_edits(None, is_response=False, is_public=False) is NO_EDITS
    assert not NO_EDITS


def test_what_is_set_takes_the_place_of_what_the_client_sent():
    made = edits(set=("X-Env: production",), add=("X-Tag:a",), remove=("X-Old",))
    assert made.drop == {b"x-env", b"x-old"}
    assert made.lines("Wiki", None, None) == b"X-Env: production\r\nX-Tag: a\r\n"


def test_places_are_filled_with_what_is_known():
    made = edits(set=("X-Who: {app}/{user} <{email}>", "X-Groups: {groups}", "X-Session: {session}"))
    assert made.lines("Wiki", SESSION, ADA) == (
        b"X-Who: Wiki/ada %3Cada@example.test%3E\r\n".replace(b"%3C", b"<").replace(b"%3E", b">")
        + b"X-Groups: engineers,wiki\r\nX-Session: ref-1\r\n"
    )


def test_how_much_is_known_of_somebody_can_be_told():
    made = edits(set=("X-Assurance: {assurance}",))
    assert made.lines("Wiki", replace(SESSION, metadata={"assurance": "mfa"}), ADA) == b"X-Assurance: mfa\r\n"
    assert (
        made.lines("Wiki", replace(SESSION, metadata={"assurance": "all\r\nX-A: b"}), ADA)
        == b"X-Assurance: single\r\n"
    )
    with pytest.raises(BadEdit, match="public"):
        edits(is_public=True, set=("X-Assurance: {assurance}",))


def test_what_belongs_to_one_request_is_written_for_each():
    made = edits(set=("X-Id: {request_id}", "X-Real-IP: {client_address}", "X-Host: {host}", "X-App: {app}"))
    assert made.lines("Wiki", None, None) == b"X-App: Wiki\r\n"
    request = request_for("GET", "/", {"Host": WIKI})
    assert made.lines_for(request, "Wiki", None, None) == (
        b"X-Id: 0199-request\r\nX-Real-IP: 192.0.2.7\r\nX-Host: wiki.example.test\r\n"
    )


def test_a_field_whose_place_nobody_can_fill_is_taken_out_and_not_put_in():
    made = edits(set=("X-Groups: {groups}",))
    assert made.drop == {b"x-groups"}
    assert made.lines("Wiki", SESSION, BOB) == b""


def test_other_braces_are_text():
    assert edits(set=('NEL: {"report_to": "x"}',), is_response=True).lines("a", None, None) == (
        b'NEL: {"report_to": "x"}\r\n'
    )


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_name_of_a_person_breaks_out_of_its_line(name, group):
    made = edits(set=("X-Who: {name};{groups};{email}",))
    person = Person("ada", name, name, (group,), is_disabled=False, source="t")
    lines = made.lines("Wiki", SESSION, person)
    assert lines.isascii()
    assert lines.count(b"\r\n") == lines.count(b"\n") == lines.count(b"\r") == (1 if lines else 0)


@pytest.mark.parametrize(
    "name",
    ["Host", "Connection", "Content-Length", "Transfer-Encoding", "TE", "Upgrade", "Trailer", "Expect",
     "X-Yett-User", "x_yett_user", "X-Forwarded-For", "Content_Length", "Keep-Alive", "Proxy-Connection"],
)  # fmt: skip
def test_what_is_the_gateways_business_stays_so_in_requests(name):
    for changes in ({"set": (f"{name}: x",)}, {"add": (f"{name}: x",)}, {"remove": (name,)}):
        with pytest.raises(BadEdit, match="own business"):
            edits(**changes)


@pytest.mark.parametrize(
    "name", ["Set-Cookie", "Date", "Strict-Transport-Security", "Content-Length", "X-Yett-A"]
)
def test_and_in_responses(name):
    with pytest.raises(BadEdit, match="own business"):
        edits(set=(f"{name}: x",), is_response=True)


def test_an_application_may_be_kept_from_setting_cookies_or_reading_them():
    assert edits(remove=("Set-Cookie",), is_response=True).drop == {b"set-cookie"}
    assert edits(remove=("Cookie",)).drop == {b"cookie"}
    with pytest.raises(BadEdit, match="only be removed"):
        edits(set=("Cookie: a=b",))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"set": ("X: {usr}",)}, "nothing is known under the name {usr}"),
        ({"set": ("X: {user}",), "is_public": True}, "does not know who asks"),
    ],
)
def test_a_place_that_can_never_be_filled_is_refused(changes, words):
    with pytest.raises(BadEdit, match=words):
        edits(**changes)
