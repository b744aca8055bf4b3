import datetime
import enum
import json
import math

import pytest
from tests.ops.reference.samples import EVERY_KIND, declaration
from tests.ops.reference.validating import faults, of_record

from yett.events import INFO, Native, Record, catalogue, event
from yett.events import fields as f
from yett.ops.reference import log_of, schema_of, this_version


class Why(enum.Enum):
    WRONG = "wrong"


class Step(enum.IntEnum):
    FIRST = 1


@pytest.fixture(scope="module")
def said():
    """An event with every type of field."""

    @event("test.schema", INFO, "Everything said", audit=True)
    def everything(
        user: f.User,
        names: f.Names,
        why: Why,
        step: Step,
        count: int,
        seconds: float,
        ok: bool,
        not_after: f.NotAfter,
        time: int,
    ) -> None:
        """Only a test says this."""

    yield everything.declaration
    del catalogue.events["test.schema.everything"]


def written(declaration, *values, **scope):
    names = ("request_id", "trace_id", "session", "user", "client_address")
    record = Record(declaration, 1_700_000_000_000_000_000, *(scope.get(name, "") for name in names), values)
    return json.loads(Native("node").line(record))


WELL = ("ada", ("a", "b"), Why.WRONG, Step.FIRST, 1, 0.5, True, datetime.datetime.now(datetime.UTC), 7)


@pytest.mark.parametrize(
    "values",
    [
        WELL,
        (*WELL[:5], math.inf, *WELL[6:]),
        (*WELL[:5], 3, *WELL[6:]),
        ("\udc80", (), *WELL[2:]),
    ],
)
def test_what_the_program_writes_keeps_to_the_schema_that_it_prints(said, values):
    schema = schema_of(log_of("1", [said, declaration("a.b.c", fields=EVERY_KIND)]))
    for scope in ({}, {"request_id": "r", "trace_id": "t", "session": "s", "client_address": "::1"}):
        entry = written(said, *values, **scope)
        assert faults(schema, schema, entry) == []
        assert of_record(schema, entry) == []


@pytest.mark.parametrize(
    "change",
    [
        {"level": "WARN"},
        {"audit": False},
        {"component": "test"},
        {"msg": "Else"},
        {"code": "test.schema.else"},
        {"why": "other"},
        {"step": "1"},
        {"step": True},
        {"count": 1.5},
        {"count": True},
        {"ok": 1},
        {"names": "a"},
        {"names": [1]},
        {"certauth.x509.not_after": "yesterday"},
        {"time": 5},
        {"novelty": 1},
    ],
)
def test_a_record_that_says_something_else_is_refused(said, change):
    schema = schema_of(log_of("1", [said]))
    assert faults(schema, schema, written(said, *WELL) | change)


@pytest.mark.parametrize(
    "name", ["time", "level", "audit", "component", "msg", "code", "why", "auth.user_id"]
)
def test_a_record_that_leaves_something_out_is_refused(said, name):
    schema = schema_of(log_of("1", [said]))
    entry = written(said, *WELL)
    del entry[name]
    assert faults(schema, schema, entry)


def test_each_event_has_a_definition_and_each_definition_is_one_choice():
    schema = schema_of(this_version())
    codes = {each["$ref"].removeprefix("#/$defs/") for each in schema["oneOf"]}
    assert codes == schema["$defs"].keys() - {"record"}
    assert all(schema["$defs"][code]["properties"]["code"] == {"const": code} for code in codes)
    # RFC 6901: these would have to be written in another way inside a pointer.
    assert not any(mark in code for code in codes for mark in "~/%#")
