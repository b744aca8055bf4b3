import pytest
from tests.guard.asking import ask

from yett.guard.size import SizeException
from yett.guard.size.model import Exemption
from yett.guard.size.rules import compile_exception, find

KIB = 1024


def exception(name="x", *, max_body=KIB, **conditions):
    return SizeException(name=name, max_body=max_body, **conditions)


@pytest.mark.parametrize(
    ("conditions", "problem", "is_pattern"),
    [
        ({"path": "/a", "max_body": 0}, "max_body is 0", False),
        ({}, "no condition", False),
        ({"path": "/a", "pattern": "/a"}, "both", False),
        ({"path": "a"}, "slash", False),
        ({"pattern": "(a+)+"}, "too long", True),
        ({"pattern": "["}, "without its ]", True),
    ],
)
def test_an_exception_that_cannot_be_used_says_why(conditions, problem, is_pattern):
    skipped = compile_exception(exception(**conditions))
    assert problem in skipped.problem
    assert skipped.is_pattern is is_pattern


@pytest.mark.parametrize(
    ("conditions", "request_", "matches"),
    [
        ({"host": "App.Example"}, {}, True),
        ({"host": "other.example"}, {}, False),
        ({"methods": ("put", "PATCH")}, {"method": "PUT"}, True),
        ({"methods": ("put",)}, {"method": "POST"}, False),
        ({"path": "/up"}, {"path": "/up"}, True),
        ({"path": "/up/"}, {"path": "/up/load"}, True),
        ({"path": "/up"}, {"path": "/upload"}, False),
        ({"path": "/up"}, {"path": "/%75p/x"}, True),
        ({"path": "/"}, {"path": "/anything"}, True),
        ({"pattern": "/v[0-9]/.*"}, {"path": "/v2/blob"}, True),
        ({"pattern": "/v[0-9]/.*"}, {"path": "/v2"}, False),
        ({"pattern": "/.*"}, {"path": "/" + "a" * 1000}, False),
        ({"host": "app.example", "methods": ("PUT",), "path": "/up"}, {"path": "/up"}, False),
    ],
)
def test_an_exception_holds_when_all_its_conditions_are_met(conditions, request_, matches):
    compiled = compile_exception(exception(**conditions))
    assert isinstance(compiled, Exemption)
    assert (find((compiled,), ask(**request_)) is compiled) is matches


def test_the_first_that_matches_holds():
    first = compile_exception(exception("first", path="/a/b"))
    second = compile_exception(exception("second", path="/a"))
    assert find((first, second), ask(path="/a/b")) is first
    assert find((first, second), ask(path="/a")) is second
    assert find((first, second), ask(path="/")) is None
