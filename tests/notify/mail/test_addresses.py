"""What counts as a mail address, and what of one the log may know."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.notify.mail.addresses import Mailbox, mask, parse_address, parse_sender


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("alice@example.org", "alice@example.org"),
        ("a.b+c=d@EXAMPLE.org", "a.b+c=d@example.org"),
        ("alice@localhost", "alice@localhost"),
        ("alice@bücher.example", "alice@xn--bcher-kva.example"),
        ("jürgen@example.org", "jürgen@example.org"),
        ("用户@example.org", "用户@example.org"),
    ],
)
def test_a_plain_address_is_taken(text, wire):
    assert str(parse_address(text)) == wire


@pytest.mark.parametrize(
    "text",
    [
        "", "alice", "@example.org", "alice@", "alice@@example.org", "a@b@example.org",
        "alice@example.org\r\nBcc: eve@example.org", "alice\n@example.org", "alice@example.org\n",
        "alice@example.org, eve@example.org", "alice@example.org;eve@example.org",
        "Alice <alice@example.org>", "<alice@example.org>", '"alice"@example.org', "alice(eve)@example.org",
        "alice@[127.0.0.1]", "alice@127.0.0.1", "alice@-example.org", "alice@example..org", ".alice@example.org",
        "alice.@example.org", "al ice@example.org", "alice@exam ple.org", "alice@example.org> SIZE=1",
        "alice\u202e@example.org", "alice\u200b@example.org", "ju\u0308rgen@example.org", "alice\ud800@example.org",
        "a" * 65 + "@example.org", "alice@" + "a" * 64 + ".org", "alice@" + "abc." * 70 + "org",
    ],
)  # fmt: skip
def test_whatever_could_be_read_as_more_than_one_address_is_none(text):
    assert parse_address(text) is None


@given(st.text())
def test_any_text_gets_an_answer_without_line_ends(text):
    for candidate in (text, f"{text}@example.org", f"alice@{text}"):
        found = parse_address(candidate)
        assert found is None or not set(str(found)) & set('\r\n <>,;"\\')
        assert "\n" not in mask(candidate)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("yett@example.org", Mailbox("yett", "example.org")),
        ("Yett <yett@example.org>", Mailbox("yett", "example.org", "Yett")),
        ('"Zugang, nicht" <yett@example.org>', None),
        ('"Zugang Süd" <yett@example.org>', Mailbox("yett", "example.org", "Zugang Süd")),
        ("Yett\r\nBcc: x <yett@example.org>", None),
        ("Yett <yett@example.org", None),
        ("<a@example.org> <b@example.org>", None),
    ],
)
def test_a_sender_may_have_a_name(text, found):
    assert parse_sender(text) == found


@pytest.mark.parametrize(
    ("address", "shown"),
    [("alice@example.org", "a***@example.org"), ("@example.org", "***@example.org"), ("alice", "***"),
     ("a@b\n.org", "a***@b?.org")],
)  # fmt: skip
def test_an_address_is_masked(address, shown):
    assert mask(address) == shown
