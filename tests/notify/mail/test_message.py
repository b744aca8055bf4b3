"""Messages are what they say, whatever goes into them."""

import email
import email.policy

from hypothesis import given
from hypothesis import strategies as st

from yett.notify.mail.addresses import Mailbox
from yett.notify.mail.message import compose, lines, one_line
from yett.notify.mail.model import Rendered

SENDER = Mailbox("yett", "example.org", "Yett")
ALICE = Mailbox("alice", "example.org")
NOW = 1_800_000_000.0


def made(subject="Hello", text="Text\n", html="<p>Text</p>", *, sender=SENDER, to=ALICE):
    envelope = compose(Rendered(subject, text, html), sender, to, message_id="1@yett.example.org", now=NOW)
    return envelope, email.message_from_bytes(envelope.data, policy=email.policy.default)


def test_a_message_has_what_programs_and_people_need():
    envelope, mail = made()
    assert (envelope.sender, envelope.recipient, envelope.is_utf8) == (
        "yett@example.org", "alice@example.org", False,
    )  # fmt: skip
    assert str(mail["From"]) == "Yett <yett@example.org>"
    assert str(mail["To"]) == "alice@example.org"
    assert mail["Message-ID"] == "<1@yett.example.org>"
    assert mail["Date"].datetime.timestamp() == NOW
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_body(("plain",)).get_content() == "Text\r\n"
    assert mail.get_body(("html",)).get_content().strip() == "<p>Text</p>"


def test_a_message_without_html_has_one_part():
    _, mail = made(html="")
    assert mail.get_content_type() == "text/plain"


def test_a_subject_cannot_become_more_fields():
    _, mail = made("Code\r\nBcc: eve@example.org\r\n\r\n<h1>Hi</h1>\u2028X: y\x00\x85")
    assert mail["Bcc"] is None
    assert str(mail["Subject"]) == "Code Bcc: eve@example.org <h1>Hi</h1> X: y"


@given(st.text(), st.text())
def test_any_subject_and_text_make_a_message_of_ascii_lines(subject, text):
    envelope, mail = made(subject, text + "\n", "")
    assert envelope.data.isascii()
    assert all(len(line) <= 998 and b"\r" not in line and b"\n" not in line
               for line in envelope.data.split(b"\r\n"))  # fmt: skip
    assert mail.keys() == [
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
        "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
    ]  # fmt: skip


def test_an_address_beyond_ascii_asks_for_smtputf8():
    envelope, mail = made(to=Mailbox("jürgen", "example.org"))
    assert envelope.is_utf8
    assert "jürgen@example.org".encode() in envelope.data
    assert str(mail["To"]) == "jürgen@example.org"


def test_long_lines_and_lone_dots_arrive_as_they_were():
    text = "https://yett.example.org/" + "x" * 3000 + "\n.\n..\nFrom here\n"
    _, mail = made(text=text, html="")
    assert mail.get_content().replace("\r\n", "\n") == text


def test_what_turns_the_direction_of_reading_is_taken_out():
    assert one_line(" a\u202eb\tc\u200dd\u0007 ") == "a b c\u200dd"
    assert lines("a\r\nb\u202e\x1b[31m\n") == "a\nb  [31m"
