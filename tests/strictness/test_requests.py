"""Malformed, ambiguous and smuggling requests over HTTP/1.1, each with its only right reading.

Every row is sent to a running server, with one more request behind it. A row that passes has to
reach the upstream as exactly the bytes that it says, and the request behind it as one of its own. A row that is
refused has to end the connection, and nothing of what follows is read as HTTP.
"""

import random  # noqa: TID251 - seeded, so that a failure can be repeated

import pytest
from tests.strictness import chunks, fields, framing, lines
from tests.strictness.case import SENTINEL

CASES = [*framing.CASES, *chunks.CASES, *lines.CASES, *fields.CASES]

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def test_there_are_many_rows_and_each_has_a_name_of_its_own():
    assert len(CASES) >= 200
    assert len({case.name for case in CASES}) == len(CASES)


def sent(case):
    return case.sent if case.is_cut else case.sent + SENTINEL


@each_case
async def test_it_has_one_reading(stage, case):
    came = await stage.say(sent(case), then_stop=case.is_cut)
    assert came.statuses == case.statuses, came.said
    assert came.requests == case.expected
    assert not stage.recorder.broken


@each_case
async def test_it_has_the_same_reading_in_pieces(stage, case):
    data = sent(case)
    dice = random.Random(case.name)
    cuts = dice.sample(range(1, len(data)), min(4, len(data) - 1))
    came = await stage.say(data, cuts=cuts, then_stop=case.is_cut)
    assert came.statuses == case.statuses, came.said
    assert [heads_and_payload(request) for request in came.requests] == [
        heads_and_payload(request) for request in case.expected
    ]
    assert not stage.recorder.broken


def heads_and_payload(request):
    """A request without the sizes of its chunks, which depend on how it was cut."""
    head, _, body = request.partition(b"\r\n\r\n")
    if b"\r\nTransfer-Encoding: chunked" not in head:
        return head, body
    payload = b""
    while not body.startswith(b"0\r\n"):
        size, _, body = body.partition(b"\r\n")
        payload += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
    return head, payload, body
