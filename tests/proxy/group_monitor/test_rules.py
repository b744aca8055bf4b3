from dataclasses import replace

import pytest
from tests.signin.conftest import ADA

from yett.identity.access import Rule
from yett.proxy.group_monitor.model import Change
from yett.proxy.group_monitor.rules import change, may_stay, written


def person(*groups):
    return replace(ADA, groups=groups)


def test_the_order_of_groups_is_no_change():
    assert written(person("b", "a")) == written(person("a", "b")) == "a,b"
    assert change("a,b", person("b", "a")) is None


@pytest.mark.parametrize(
    ("kept", "groups", "added", "removed"),
    [
        ("", ("a",), ("a",), ()),
        ("a", (), (), ("a",)),
        ("a,b", ("b", "c"), ("c",), ("a",)),
        ("a%2Cb", ("a", "b"), ("a", "b"), ("a,b",)),
    ],
)
def test_a_change_tells_what_came_and_what_went(kept, groups, added, removed):
    assert change(kept, person(*groups)) == Change(added, removed)


def test_nobody_has_no_groups():
    assert written(None) == written(person()) == ""


@pytest.mark.parametrize(
    ("rule", "who", "stays"),
    [
        (Rule("Wiki", frozenset({"wiki"})), person("wiki"), True),
        (Rule("Wiki", frozenset({"wiki"})), person("ops"), False),
        (Rule("Wiki", frozenset()), person(), True),
        (Rule("Wiki", frozenset()), None, False),
        (Rule("Wiki", frozenset(), is_public=True), person(), True),
        (Rule("Wiki", frozenset(), is_public=True), replace(ADA, is_disabled=True), False),
    ],
)
def test_what_is_open_stays_open_while_it_could_be_opened(rule, who, stays):
    assert may_stay(rule, "ada", who) is stays
