import pytest
from tests.proxy.conftest import WIKI, mapping, request_for

from yett.proxy import BadMapping, Miss, compile_routes
from yett.proxy.conditions import Comparison, Condition, WrongMethod, allowed
from yett.proxy.config import FieldSettings
from yett.proxy.routes import Variants


def asked(target="/x", method="GET", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return request_for(method, target, {"Host": WIKI, **named})


def table(*mappings):
    return compile_routes(mappings, "id.example")


def chosen(made, request):
    there = made.find(request.host, request.path)
    found = there.choose(request) if isinstance(there, Variants) else there
    return getattr(found, "app", found)


@pytest.mark.parametrize(
    ("condition", "values", "verdict"),
    [
        (Condition("x", Comparison.PRESENT), [""], True),
        (Condition("x", Comparison.PRESENT), [], False),
        (Condition("x", Comparison.ABSENT), [], True),
        (Condition("x", Comparison.ABSENT), [""], False),
        (Condition("x", Comparison.EQUALS, "a"), ["a"], True),
        (Condition("x", Comparison.EQUALS, "a"), ["a", "a"], True),
        (Condition("x", Comparison.EQUALS, "a"), ["a", "b"], False),
        (Condition("x", Comparison.EQUALS, "a"), ["ab"], False),
        (Condition("x", Comparison.EQUALS, "a"), [], False),
        (Condition("x", Comparison.PREFIX, "a"), ["ab"], True),
        (Condition("x", Comparison.PREFIX, "a"), ["ab", "c"], False),
    ],
)
def test_a_condition_holds_for_every_value_or_not_at_all(condition, values, verdict):
    assert condition.holds(values) is verdict


API = (
    mapping("read", path="/x", methods=("GET",)),
    mapping("write", path="/x", methods=("POST", "PUT")),
    mapping("beta", path="/x", methods=("GET",), header=(FieldSettings(name="X-Beta", equals="1"),)),
    mapping("all"),
)


@pytest.mark.parametrize(
    ("request_", "app"),
    [
        (asked(), "read"),
        (asked(method="HEAD"), "read"),
        (asked(method="POST"), "write"),
        (asked(X_Beta="1"), "beta"),
        (asked(X_Beta="2"), "read"),
        (asked(x_beta="1"), "beta"),
        (asked(method="POST", X_Beta="1"), "write"),
        (asked("/y", method="DELETE"), "all"),
    ],
)
def test_whoever_asks_for_more_is_asked_first(request_, app):
    assert chosen(table(*API), request_) == app


def test_a_method_that_is_not_taken_goes_nowhere_else():
    """A mapping with a shorter path may have a laxer rule."""
    found = chosen(table(*API), asked(method="DELETE"))
    assert found == WrongMethod(b"GET, HEAD, POST, PUT")


def test_a_condition_that_fails_goes_nowhere_else_either():
    made = table(mapping("beta", path="/x", header=(FieldSettings(name="X-Beta"),)), mapping("all"))
    assert chosen(made, asked()) is Miss.NO_PATH
    assert chosen(made, asked(method="DELETE")) is Miss.NO_PATH


def test_a_field_that_is_there_twice_or_under_an_alias_has_to_fit_each_time():
    made = table(mapping("beta", header=(FieldSettings(name="X-Beta", equals="1"),)))
    request = asked(X_Beta="1")
    assert chosen(made, request) == "beta"
    request.lines = [*request.lines, b"X_BETA: 2"]
    assert chosen(made, request) is Miss.NO_PATH


@pytest.mark.parametrize(
    ("target", "app"),
    [
        ("/x?v=2", "two"),
        ("/x?a=b&v=2", "two"),
        ("/x?v=%32", "two"),
        ("/x?v=2&v=2", "two"),
        ("/x?v=2&v=1", Miss.NO_PATH),
        ("/x?V=2", Miss.NO_PATH),
        ("/x", Miss.NO_PATH),
        ("/x?" + "&" * 3000, Miss.NO_PATH),
        ("/x?" + "v=2&" * 1500, Miss.NO_PATH),
    ],
)
def test_a_query_is_read_as_applications_read_it(target, app):
    made = table(mapping("two", query=(FieldSettings(name="v", equals="2"),)))
    assert chosen(made, asked(target)) == app


def test_what_has_to_be_absent_must_not_be_there():
    made = table(mapping("plain", query=(FieldSettings(name="debug", present=False),)))
    assert chosen(made, asked()) == "plain"
    assert chosen(made, asked("/x?debug")) is Miss.NO_PATH


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (FieldSettings(name="Cookie", prefix="a"), "credentials"),
        (FieldSettings(name="authorization"), "credentials"),
        (FieldSettings(name="X", equals="a", prefix="a"), "one of"),
        (FieldSettings(name="X", equals="a", present=False), "one of"),
    ],
)
def test_a_condition_that_cannot_be_meant_is_refused(field, words):
    with pytest.raises(BadMapping, match=words):
        table(mapping(header=(field,)))


def test_allow_names_every_method_once_in_order():
    assert allowed(frozenset({b"PUT", b"GET"})) == b"GET, PUT"
