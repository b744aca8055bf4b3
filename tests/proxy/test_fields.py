import pytest
from tests.proxy.replying import answer

from yett.proxy.fields import (
    add_to_vary,
    changed_body,
    joined,
    media_type,
    members,
    weaken_known_tag,
    without,
)


def test_fields_of_one_name_are_one_list():
    lines = [b"Vary: a", b"vary:\tb ", b"Varyx: c", b"VARY:"]
    assert joined(lines, b"vary") == b"a, b, "
    assert joined(lines, b"var") is None


def test_members_are_compared_in_lower_case():
    assert members(b"No-Store , MAX-AGE=1") == [b"no-store", b"max-age=1"]
    assert members(None) == []


@pytest.mark.parametrize(
    ("value", "kind"), [(b"Text/HTML ; charset=x", b"text/html"), (b"a/b", b"a/b"), (b"", b""), (None, b"")]
)
def test_the_type_stands_before_its_parameters(value, kind):
    assert media_type(value) == kind


def test_fields_are_removed_whatever_their_case():
    reply = answer(a="1", b=["2", "3"], c="4")
    without(reply, frozenset({b"b"}))
    assert reply.lines == [b"A: 1", b"C: 4"]


@pytest.mark.parametrize(
    ("known", "after"),
    [
        ({}, b"Accept-Encoding"),
        ({"vary": "Cookie"}, b"Cookie, Accept-Encoding"),
        ({"vary": "ACCEPT-ENCODING"}, b"ACCEPT-ENCODING"),
        ({"vary": ["Cookie", "*"]}, b"Cookie, *"),
    ],
)
def test_what_a_response_depends_on_is_said_once(known, after):
    reply = answer(**known)
    add_to_vary(reply, b"Accept-Encoding")
    assert joined(reply.lines, b"vary") == after


def test_a_changed_body_has_another_length_tag_and_digest():
    reply = answer(length=5, etag='"a"', content_md5="x", repr_digest="y", content_digest="z", digest="w")
    changed_body(reply)
    assert (reply.lines, reply.content_length) == ([b'ETag: W/"a"'], -1)


def test_a_tag_that_the_client_does_not_know_as_weak_stays_strong():
    reply = answer(304, etag='"a"')
    weaken_known_tag(reply, b'"a"')
    weaken_known_tag(reply, None)
    assert reply.value(b"etag") == b'"a"'
