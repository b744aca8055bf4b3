import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.canary import CanarySettings, Sticky, Version, Visitor, compile_canary, version_for

STABLE, CANARY = Version.STABLE, Version.CANARY


def rules(app="Wiki", **changes):
    return compile_canary(CanarySettings(**{"service": "http://10.0.0.1", **changes}), app)


ASKED = {"header": "X-Version", "cookie": "version", "groups": ("testers",)}


@pytest.mark.parametrize(
    ("weight", "visitor", "version"),
    [
        (0.0, Visitor("ada", header=b"canary"), CANARY),
        (0.0, Visitor("ada", header=b"Canary"), CANARY),
        (100.0, Visitor("ada", header=b"stable"), STABLE),
        (0.0, Visitor("ada", cookie=b"a=b; version=canary"), CANARY),
        (100.0, Visitor("ada", cookie=b"version=stable"), STABLE),
        (0.0, Visitor("ada", groups=("staff", "testers")), CANARY),
        # Asking beats belonging, and the header beats the cookie.
        (0.0, Visitor("ada", groups=("testers",), header=b"stable"), STABLE),
        (0.0, Visitor("ada", groups=("testers",), cookie=b"version=stable"), STABLE),
        (0.0, Visitor("ada", header=b"canary", cookie=b"version=stable"), CANARY),
        # Whatever is neither decides nothing.
        (0.0, Visitor("ada", header=b"1", cookie=b"version=1; canary; =canary; versio=canary"), STABLE),
        (100.0, Visitor("ada", header=b"", cookie=b";;;"), CANARY),
    ],
)
def test_asking_beats_belonging_and_belonging_beats_chance(weight, visitor, version):
    assert version_for(rules(weight=weight, **ASKED), visitor, 0.5) is version


def test_who_is_not_asked_has_no_say():
    visitor = Visitor("ada", header=b"canary", cookie=b"=canary; version=canary", groups=("testers",))
    assert version_for(rules(weight=0.0), visitor, 0.0) is STABLE


@given(st.text(max_size=20), st.floats(0, 100), st.floats(0, 1, exclude_max=True))
def test_nobody_changes_sides_from_one_request_to_the_next(user, weight, drawn):
    found = rules(weight=weight)
    assert version_for(found, Visitor(user), drawn) is version_for(found, Visitor(user), 0.0)


@given(st.text(max_size=20), st.floats(0, 100), st.floats(0, 100))
def test_who_has_the_canary_keeps_it_when_more_get_it(user, one, other):
    less, more = sorted((one, other))
    if version_for(rules(weight=less), Visitor(user), 0.0) is CANARY:
        assert version_for(rules(weight=more), Visitor(user), 0.0) is CANARY


@pytest.mark.parametrize("weight", [0.0, 10.0, 50.0, 100.0])
def test_the_weight_is_the_share_of_visitors(weight):
    found = rules(weight=weight)
    count = sum(version_for(found, Visitor(f"user{number}"), 0.0) is CANARY for number in range(2000))
    assert count == pytest.approx(20 * weight, abs=80)
    if weight in {0.0, 100.0}:
        assert count == 20 * weight


def test_each_application_tries_other_people():
    visitors = [Visitor(f"user{number}") for number in range(200)]
    one = [version_for(rules("Wiki", weight=50.0), visitor, 0.0) for visitor in visitors]
    other = [version_for(rules("Docs", weight=50.0), visitor, 0.0) for visitor in visitors]
    assert one != other


@pytest.mark.parametrize(
    ("sticky", "one", "other"),
    [
        (Sticky.USER, {"user": "ada"}, {"session": "x", "address": "y"}),
        (Sticky.SESSION, {"session": "s1"}, {"user": "x", "address": "y"}),
        (Sticky.ADDRESS, {"address": "192.0.2.1"}, {"user": "x", "session": "y"}),
        (Sticky.USER, {"address": "192.0.2.1"}, {"session": "y"}),
        (Sticky.SESSION, {"address": "192.0.2.1"}, {"user": "y"}),
    ],
)
def test_what_keeps_a_visitor_with_one_version_can_be_chosen(sticky, one, other):
    found = [
        version_for(rules(weight=weight, sticky=sticky), Visitor(**one), 0.0) for weight in range(0, 101, 5)
    ]
    assert found == [
        version_for(rules(weight=weight, sticky=sticky), Visitor(**{**other, **one}), 0.9)
        for weight in range(0, 101, 5)
    ]


def test_without_stickiness_each_request_is_drawn_anew():
    found = rules(weight=30.0, sticky=Sticky.NONE)
    assert version_for(found, Visitor("ada"), 0.29) is CANARY
    assert version_for(found, Visitor("ada"), 0.3) is STABLE
