import re

import pytest

from yett.proxy.rewriting.attributes import ATTRIBUTE, Attributes
from yett.proxy.rewriting.model import Place
from yett.proxy.rewriting.translation import Patterns, Translation

WIKI = Attributes(
    Translation(Patterns([Place("wiki.internal", 8080)], "wiki.example.org", 443), "wiki.example.org", 443)
)
OLD = b"http://wiki.internal:8080"
WHOLE = re.compile(ATTRIBUTE)


def edits(text, *, is_meta=False, can_style=True):
    return [
        text[start:end]
        for start, end, _ in WIKI.edits(text, 0, len(text), is_meta=is_meta, can_style=can_style)
    ]


@pytest.mark.parametrize(
    ("text", "attribute"),
    [
        (b"a>", b"a"),
        (b"a b", b"a"),
        (b"a=b>", b"a=b"),
        (b"a = b>", b"a = b"),
        (b"a=>", b"a="),
        (b'a="b>c" d', b'a="b>c"'),
        (b"a='b'c", b"a='b'"),
        (b"=a=b ", b"=a=b"),
        (b"a=b=c'\" ", b"a=b=c'\""),
        (b"a/b", b"a"),
        (b"'a ", b"'a"),
    ],
)
def test_an_attribute_ends_where_a_browser_says(text, attribute):
    assert WHOLE.match(text)[0] == attribute


@pytest.mark.parametrize("text", [b'a="', b"a='b", b"a =", b"a= ", b"", b">", b" a", b"/a"])
def test_what_may_go_on_or_is_none_does_not_match(text):
    assert WHOLE.match(text) is None


def test_only_attributes_that_hold_addresses_are_touched():
    old = OLD
    assert edits(b"href=%b value=%b title='%b' data-x='%b/2' src" % (old, old, old, old)) == [
        old,
        old + b"/2",
    ]


def test_content_belongs_to_meta_elements():
    assert edits(b"content=" + OLD) == []
    assert edits(b"content=" + OLD, is_meta=True) == [OLD]


def test_styles_are_left_alone_when_somebody_vouches_for_them():
    text = b"style='a: url(%b)'" % OLD
    assert edits(text) == [text[7:-1]]
    assert edits(text, can_style=False) == []


def test_a_name_beside_its_value_is_no_other_attribute():
    assert edits(b"x='href=%b' y=href=%b" % (OLD, OLD)) == []
