import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.events.dialects import Unreadable
from yett.events.dialects.names import Names, nested, put
from yett.events.dialects.reading import flattened

NAMES = Names({"auth.user_id": "user", "code": "code"}, understood={"remote": "client"}, reserved=("event",))


@given(
    st.sampled_from(["auth.user_id", "user", "remote", "event", "yett.user", "yett.", "x", "time", "code"])
    | st.text()
)
def test_the_way_back_leads_to_where_one_came_from(name):
    assert NAMES.inward(NAMES.outward(name)) == name


def test_a_name_that_means_something_else_over_there_is_told_apart():
    assert NAMES.outward("user") == "yett.user"
    assert NAMES.outward("event") == "yett.event"
    assert NAMES.inward("remote") == "client"
    assert NAMES.inward("msg") == "event.msg"


def test_saying_a_thing_twice_is_unreadable():
    entry = {}
    put(entry, "a", 1)
    with pytest.raises(Unreadable):
        put(entry, "a", 1)


def test_objects_are_built_again():
    flat = {
        "quota.limit": 5,
        "token_userinfo.groups.0.name": "a",
        "token_userinfo.groups.1.name": "b",
        "x.y": 1,
    }
    assert nested(flat, ("quota", "token_userinfo")) == {
        "quota": {"limit": 5},
        "token_userinfo": {"groups": [{"name": "a"}, {"name": "b"}]},
        "x.y": 1,
    }


@pytest.mark.parametrize(
    "flat",
    [
        {"quota": 1, "quota.limit": 2},
        {"quota.a": 1, "quota.a.b": 2},
        {"quota.a.b": 1, "quota.a": 2},
        {"quota.": 1},
        {"quota.a": {}},
        {"quota.0": 1},
    ],
)
def test_what_could_not_be_taken_apart_again_stays_flat(flat):
    assert flattened(nested(flat, ("quota",))) == flattened(flat)
