import os

from tests.events import samples
from tests.events.samples import Reason, record

from yett.events import Text, should_colour


def test_a_line_reads_from_left_to_right():
    lines = Text().lines(
        [record(samples.audited, "ada lovelace", Reason.NO_GROUP, at=samples.START + 123_456_789)]
    )
    assert lines.decode() == (
        "2027-01-15 08:00:00.123 WARN  AUDIT sample.audited Audited thing happened "
        'auth.user_id="ada lovelace" reason=no_group\n'
    )


def test_a_value_cannot_command_the_terminal_or_forge_a_line():
    text = Text().lines([record(samples.odd, "\x1b[2J\nERROR forged\u202e")]).decode()
    assert text.count("\n") == 1
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_colours_are_used_when_wanted():
    assert "\x1b[33m" in Text(colour=True).lines([record(samples.audited, "ada", Reason.NO_GROUP)]).decode()


def test_lists_and_empty_values_are_shown():
    entry = {
        "time": "2027-01-15T08:00:00.000000Z",
        "level": "INFO",
        "groups": ["a", "b c"],
        "x": "",
        "n": 1.5,
    }
    assert Text().render(entry).endswith('groups=[a,"b c"] x="" n=1.5')


def test_a_value_without_form_is_reported(capsys):
    assert Text().lines([record(samples.odd, object())]) == b""
    assert "Failed to marshal log entry" in capsys.readouterr().err


def test_only_a_terminal_gets_colours_and_only_if_its_owner_wants_them(monkeypatch):
    ours, theirs = os.openpty()
    try:
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.delenv("NO_COLOR", raising=False)
        assert should_colour(theirs)
        monkeypatch.setenv("NO_COLOR", "1")
        assert not should_colour(theirs)
        monkeypatch.delenv("NO_COLOR")
        monkeypatch.setenv("TERM", "dumb")
        assert not should_colour(theirs)
    finally:
        os.close(ours)
        os.close(theirs)
    assert not should_colour(theirs)
