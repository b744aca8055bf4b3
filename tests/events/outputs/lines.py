"""Stored lines, for tests of outputs."""

from tests.events import samples
from tests.events.samples import START, record

from yett.events import Native

_native = Native("node-1")


def line(count, said=samples.plain, *values):
    """One line; `count` tells it from the others."""
    values = values or (("x", count) if said is samples.plain else ("ada",))
    return _native.line(record(said, *values, at=START + count * 1000))


def some(count, begin=0):
    return [line(number) for number in range(begin, begin + count)]


def audit(number=0):
    return _native.line(record(samples.audited, "ada", samples.Reason.NO_GROUP, at=START + number * 1000))
