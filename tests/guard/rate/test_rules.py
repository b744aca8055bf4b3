import ipaddress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.guard.rate import EntityLimit, RateSettings
from yett.guard.rate.model import Type
from yett.guard.rate.rules import (
    admit,
    client_network,
    compile_settings,
    entity_for,
    is_within,
    limit_of,
    name_of,
    parse_network,
    refusal_headers,
)

MINUTE = timedelta(minutes=1)


def entity(name, *, host="", path="", requests=10):
    return EntityLimit(name=name, host=host, path=path, requests=requests)


@pytest.mark.parametrize(
    ("moments", "passed"),
    [
        ([0, 0, 0, 0], [True, True, True, False]),  # three at once
        ([0, 0, 0, 19.9, 20, 20], [True, True, True, False, True, False]),  # one comes back in 20 s
        ([0, 20, 40, 60, 80], [True] * 5),  # at the rate for ever
        ([0, 0, 0, 60, 60, 60, 60], [True, True, True, True, True, True, False]),  # drained in between
        ([0, 0, 0, -3600], [True, True, True, True]),  # the clock stepped back by an hour
    ],
)
def test_a_client_has_its_burst_and_gets_back_its_rate(moments, passed):
    limit, at, seen = limit_of("x", 3, MINUTE, 3), float("-inf"), []
    for moment in moments:
        moved = admit(at, moment, limit)
        seen.append(moved is not None)
        at = at if moved is None else moved
    assert seen == passed


@given(
    requests=st.integers(1, 1000),
    burst=st.integers(1, 50),
    gaps=st.lists(st.floats(0, 120, allow_nan=False), max_size=200),
)
def test_in_no_stretch_of_time_does_anybody_get_more_than_burst_and_rate(requests, burst, gaps):
    limit = limit_of("x", requests, MINUTE, burst)
    now, at, let_through = 1_800_000_000.0, float("-inf"), []
    for gap in gaps:
        now += gap
        moved = admit(at, now, limit)
        if moved is not None:
            at = moved
            let_through.append(now)
    for first, began in enumerate(let_through):
        for last in range(first, len(let_through)):
            most = burst + requests / 60 * (let_through[last] - began)
            assert last - first + 1 <= most + 1e-3


@given(requests=st.integers(1, 1000), burst=st.integers(1, 50))
def test_whoever_keeps_to_the_rate_is_never_refused(requests, burst):
    limit = limit_of("x", requests, MINUTE, burst)
    at, now = float("-inf"), 0.0
    for _ in range(100):
        moved = admit(at, now, limit)
        assert moved is not None
        at, now = moved, now + limit.interval * 1.000001


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("", None),
        ("localhost", None),
    ],
)
def test_a_client_is_an_address_or_its_network(address, client):
    network = client_network(address)
    assert (None if network is None else name_of(network)) == client


@given(st.text(max_size=50))
def test_any_text_is_an_address_or_none(text):
    client_network(text)


@given(st.ip_addresses())
def test_the_name_of_a_client_names_the_same_client(address):
    network = client_network(str(address))
    assert client_network(name_of(network)) == network


def test_a_network_lies_within_itself_and_larger_ones_of_its_kind():
    inner, outer = parse_network("10.1.0.0/16"), parse_network("10.0.0.0/8")
    assert is_within(inner, (outer,))
    assert is_within(outer, (outer,))
    assert not is_within(outer, (inner,))
    assert not is_within(parse_network("::a00:0/104"), (outer,))


def test_settings_that_are_wrong_are_left_out_and_named():
    compiled = compile_settings(
        RateSettings(
            rate_limit_type="IP ",
            exempt=("10.0.0.0/8", "everybody"),
            entity=(
                entity("good", path="/a"),
                entity("good", path="/b"),
                entity("nowhere"),
                entity("crooked", path="a"),
                entity("general", path="/c"),
            ),
        )
    )
    assert compiled.type is Type.IP
    assert compiled.exempt == (ipaddress.ip_network("10.0.0.0/8"),)
    assert [each.limit.name for each in compiled.entities[""]] == ["good"]
    assert [problem.partition(":")[0] for problem in compiled.problems] == [
        "exempt",
        "entity 'good'",
        "entity 'nowhere'",
        "entity 'crooked'",
        "entity 'general'",
    ]


@pytest.mark.parametrize(
    ("host", "path", "name"),
    [
        ("a.example", "/", "host"),
        ("a.example", "/login", "host-login"),
        ("a.example", "/login/now", "host-login"),
        ("a.example", "/loginx", "host"),
        ("a.example", "/api", "api"),
        ("b.example", "/login", "login"),
        ("b.example", "/%6cogin", "login"),
        ("b.example", "/", None),
        ("c.example", "/api/v1", "api"),
    ],
)
def test_the_longest_path_wins_and_then_the_host(host, path, name):
    entities = compile_settings(
        RateSettings(
            entity=(
                entity("login", path="/login"),
                entity("host", host="A.example"),
                entity("host-login", host="a.example", path="/login/"),
                entity("api", path="/api"),
            )
        )
    ).entities
    found = entity_for(entities, host, path)
    assert (None if found is None else found.limit.name) == name


def test_a_refusal_says_when_to_come_back_and_what_the_limit_is():
    limit = limit_of("general", 100, MINUTE, 0)
    assert refusal_headers(limit, 7) == (
        b'Retry-After: 7\r\nRateLimit-Policy: "general";q=100;w=60\r\nRateLimit: "general";r=0;t=7\r\n'
    )
    assert refusal_headers(None, 1) == b"Retry-After: 1\r\n"
