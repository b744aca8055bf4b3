import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ops.console.log import REQUEST, denied, entry

from yett.ops.console.form import Asked, asked_of
from yett.ops.console.masking import masked
from yett.ops.console.showing import is_name, show, story_at


def value(shown, name):
    return next(each for each in shown.fields if each.name == name)


def test_an_entry_says_what_it_means_and_leads_on():
    shown = show(denied(), Asked(q="x"))
    assert (shown.level, shown.is_audit, shown.message) == ("WARN", True, "Access denied")
    assert shown.advice.startswith("A signed-in person asked for something")
    assert [each.name for each in shown.chips] == [
        "auth.user_id",
        "server.request.client_ip",
        "session.ref",
        "server.request.id",
    ]
    user = shown.chips[0]
    assert asked_of(user.narrow.partition("?")[2].encode()) == Asked(q="x", user="bob")
    assert user.story == "/console/people/bob"
    assert shown.chips[3].story == f"/console/requests/{REQUEST}"
    assert shown.chips[3].short == f"{REQUEST[:18]}…"
    assert "reason=no_group" in shown.brief
    assert value(shown, "groups_needed").text == "staff"
    assert value(shown, "groups_needed").narrow == ""
    assert asked_of(value(shown, "reason").narrow.partition("?")[2].encode()).where == ("reason=no_group",)


def test_what_is_hidden_is_named():
    whole = denied()
    shown = show(masked(whole), Asked(), whole=whole)
    assert "auth.user_id" in shown.hidden
    assert "bob" not in repr(shown)
    assert "192.0.2.9" not in repr(shown)


@pytest.mark.parametrize(
    "name",
    [
        "../admin",
        "a/b",
        "a?b",
        "a#b",
        ".",
        "..",
        "%2e",
        "a b",
        "",
        "x" * 129,
        "a\nb",
        "\u202eevil",
        "javascript:x",
        "//x",
    ],
)
def test_what_a_stranger_called_themselves_leads_nowhere(name):
    assert story_at("auth.user_id", name) == ""
    assert not is_name(name)
    shown = show(denied(user=name), Asked())
    assert all(each.story == "" for each in shown.chips if each.name == "auth.user_id")


@pytest.mark.parametrize("text", ["two\nlines", " blank", "\u202ex", "x" * 300, "ü"])
def test_what_cannot_be_typed_is_not_searched_for(text):
    assert value(show(entry(detail=text), Asked()), "detail").narrow == ""


def test_fields_with_odd_names_are_shown_and_not_searched_for():
    odd = entry(**{"a=b\n": "x", 'q"': 1})
    shown = show(odd, Asked())
    assert [each.name for each in shown.fields] == ["a=b␊", 'q"']
    assert not any(each.narrow for each in shown.fields)


def test_an_entry_of_thousands_of_fields_stays_readable():
    shown = show(entry(**{f"f{number}": "y" * 5000 for number in range(5000)}), Asked())
    assert len(shown.fields) < 64
    assert all(len(each.text) < 2100 for each in shown.fields)


@given(
    st.dictionaries(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=5,
        ),
    )
)
def test_whatever_stands_in_a_line_can_be_shown(fields):
    shown = show({"time": "x", **fields}, Asked())
    assert all(each.text.isprintable() for each in shown.fields)
    show(masked({"time": "x", **fields}), Asked(), whole=fields)
