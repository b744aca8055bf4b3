from hypothesis import given
from hypothesis import strategies as st

from yett.ops.importing.model import Draft
from yett.ops.importing.source import Note, Source

NAMES = st.sampled_from(["a", "b", "name", "list", "x.y", "odd key"])
TREES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=12,
)


def source(table):
    return Source(table, Draft())


def told(given):
    return [(each.key, each.value, each.is_settled) for each in given.draft.leftovers]


def test_what_nobody_took_is_left_over():
    given = source({"a": 1, "b": {"c": "x", "d": [{"e": 2}]}, "f": None, "g": []})
    assert given.number("a") == 1
    given.sub("b").each("d")[0].text("e")
    given.rest({}, unknown="?")
    assert told(given) == [("b.c", "x", False)]


def test_a_note_speaks_of_everything_below_its_key_once():
    given = source({"redis": {"host": "h", "port": 1}, "list": [{"odd": 1}, {"odd": 2}], "fine": False})
    notes = {
        "redis": Note("kept here"),
        "list.odd": Note("no", "change it"),
        "fine": Note("no", "x", (False,)),
    }
    given.rest(notes, unknown="?")
    assert told(given) == [("redis", "h", True), ("list[0].odd", "1", False), ("list[1].odd", "2", False)]


def test_values_of_the_wrong_kind_are_left_over_and_count_as_absent():
    given = source(
        {"text": {"a": 1}, "flag": "perhaps", "number": "many", "texts": [{"a": 1}], "sub": 5, "each": 7}
    )
    assert given.text("text", "default") == "default"
    assert given.flag("flag", default=True) is True
    assert given.number("number") is None
    assert given.texts("texts") == []
    assert given.sub("sub").table == {}
    assert given.each("each") == []
    assert [key for key, _, _ in told(given)] == ["text", "flag", "number", "texts", "sub", "each"]


def test_secrets_are_not_shown():
    given = source(
        {"client_secret": "hunter2", "url": "redis://user:hunter2@h/", "deep": {"password": ["hunter2"]}}
    )
    given.rest({}, unknown="?")
    assert "hunter2" not in str(given.draft.leftovers)
    assert "redis://user:…@h/" in str(given.draft.leftovers)


@given(TREES, st.lists(NAMES, max_size=4))
def test_nothing_raises_and_nothing_is_lost(tree, keys):
    given = source({"root": tree})
    inner = given.sub("root")
    for key in keys:
        inner.text(key)
        inner.flag(key)
        inner.number(key)
        inner.texts(key)
        inner.each(key)
        inner.sub(key)
    given.rest({}, unknown="?")
    assert all(isinstance(each.value, str) for each in given.draft.leftovers)
