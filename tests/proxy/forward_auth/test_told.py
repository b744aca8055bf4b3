"""What a proxy is told, on the wire."""

from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.forward_auth.model import Limited
from yett.proxy.forward_auth.told import Told, quota_fields, value_of


def test_fields_become_lines():
    answer = Told(200, [(b"A", b"1"), (b"B", b"")], b"x").to_answer()
    assert (answer.status, answer.headers, answer.body) == (200, b"A: 1\r\nB: \r\n", b"x")


@given(st.text(max_size=50))
def test_no_text_ends_its_line(text):
    assert not set(value_of(text)) & {0, 10, 13, 127}


def test_a_quota_in_fields():
    found = dict(quota_fields(Limited(10, 3, 7, 60.9, "tap")))
    assert found[b"X-RateLimit-Remaining"] == b"7"
    assert found[b"X-RateLimit-Reset"] == b"60"
