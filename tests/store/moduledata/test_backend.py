"""Where module data stand among the records, and in which form."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from yett.store import MemoryRecords
from yett.store.moduledata.backend import Backend, encode, part


async def test_the_person_stands_before_the_module(clock):
    records = MemoryRecords(clock)
    await Backend(records).set("totp", "ada@example.org", {"n": 1})

    [(key, record)] = await records.list("")
    assert key == "moduledata/ada@example.org/totp"
    assert msgspec.msgpack.decode(record.value) == {"n": 1}


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_name_is_one_part_of_a_key_and_no_other_names_part(name):
    assert "/" not in part(name)
    assert part(name).isascii()
    assert part(name).isprintable()


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=2, max_size=2, unique=True
    )
)
def test_different_names_are_different_parts(names):
    assert part(names[0]) != part(names[1])


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | TEXT
    | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=50)
@given(st.dictionaries(TEXT, VALUES, max_size=3))
def test_a_map_comes_back_as_it_was(value):
    assert msgspec.msgpack.decode(encode(value)) == value
