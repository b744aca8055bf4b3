import pytest
from tests.events import samples  # noqa: F401 - declares events that are looked up
from tests.ops.console.log import denied, entry

from yett.ops.console.masking import hidden, is_public, masked


def test_what_says_who_somebody_is_is_left_out():
    whole = denied()
    kept = masked(whole)
    assert kept["reason"] == "no_group"
    assert kept["session.ref"] == "s-1"
    assert kept["msg"] == "Access denied"
    assert set(hidden(whole, kept)) == {
        "auth.user_id",
        "server.request.client_ip",
        "server.request.path",
        "groups_needed",
        "groups_held",
    }


def test_of_what_is_not_ours_only_the_frame_is_left():
    strange = entry(code="other.system", msg="alice signed in", session__ref="s", mail="a@example.org")
    kept = masked(strange)
    assert set(kept) == {"time", "level", "component", "code"}


def test_a_field_of_ours_in_an_event_that_has_none_such_is_left_out():
    assert "reason" not in masked(denied(code="sample.plain.plain"))


def test_what_keeps_the_record_whole_is_not_called_hidden():
    assert hidden({"chain": "x", "seq": 3, "a": 1}, {}) == ("a",)


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("level", True),
        ("msg", True),
        ("server.request.id", True),
        ("status", True),
        ("auth.user_id", False),
        ("server.request.client_ip", False),
        ("groups_held", False),
        ("error", False),
        ("module_key", False),
        ("no.such.field", False),
        ("chain", False),
    ],
)
def test_only_what_is_public_everywhere_may_be_asked_for(name, verdict):
    assert is_public(name) is verdict
