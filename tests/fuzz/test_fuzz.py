"""A short look at every parser that sees bytes from outside; `make fuzz SECONDS=600` takes a long one."""

import pytest
from tests.fuzz.engine import several
from tests.fuzz.grammar import Dice
from tests.fuzz.parsers import PARSERS
from tests.strictness.stage import Stage

INPUTS = 300


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.__name__)
def test_a_parser_keeps_its_promises_whatever_it_reads(parser):
    for number in range(INPUTS):
        parser(Dice(f"{parser.__name__}:{number}"))


async def test_a_server_makes_the_same_of_bytes_however_they_arrive():
    stage = await Stage().start()
    try:
        await several(stage, [f"engine:{number}" for number in range(60)])
    finally:
        await stage.stop()


def test_a_seed_brings_back_its_input():
    first, second = Dice("x"), Dice("x")
    assert [first.noise() for _ in range(9)] == [second.noise() for _ in range(9)]
