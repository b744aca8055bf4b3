import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.balancing import encoding
from yett.proxy.balancing.circuit import CircuitState
from yett.proxy.balancing.encoding import (
    HEALTH,
    StoredCircuit,
    StoredConnections,
    StoredHealth,
    StoredLimit,
    StoredOutlier,
    Unreadable,
    bucket_name,
    parts_of,
    state_key,
)
from yett.proxy.balancing.health import HealthState

KINDS = [
    StoredHealth("n", 1.5, HealthState(is_healthy=False, consecutive_fails=3, problem="gone")),
    StoredCircuit("n", 1.5, CircuitState.OPEN, 31.5),
    StoredOutlier("n", 1.5, 31.5, 1, 2, 30, 4),
    StoredConnections({"a": 3}),
    StoredLimit("n", 1.5, -2.0),
]


@pytest.mark.parametrize("stored", KINDS, ids=lambda stored: type(stored).__name__)
def test_states_survive_being_written_down(stored):
    assert encoding.decode(encoding.encode(stored), type(stored)) == stored


@pytest.mark.parametrize("kind", [type(stored) for stored in KINDS])
@given(value=st.binary(max_size=60))
def test_any_bytes_are_a_state_or_unreadable(kind, value):
    with contextlib.suppress(Unreadable):
        assert isinstance(encoding.decode(value, kind), kind)


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), min_size=1, max_size=3))
def test_keys_hold_any_names(names):
    key = state_key(HEALTH, *names)
    assert key.isprintable()
    assert parts_of(key, HEALTH) == tuple(names)


def test_people_are_not_named_in_keys():
    assert "ada" not in bucket_name("ada@example.test")
    assert bucket_name("ada") != bucket_name("bob")
    assert bucket_name("") == "all"
    assert len(bucket_name("x" * 10_000)) == 32
