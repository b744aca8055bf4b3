import json

import pytest
from tests.events.outputs.lines import audit, line, some

from yett.events.outputs.bodies import BODIES, Body, judged


def pairs(lines):
    return [(each, each) for each in lines]


def test_lines_are_a_record_on_each():
    assert BODIES[Body.LINES](pairs(some(3))).splitlines() == some(3)


def test_elasticsearch_gets_each_record_under_an_identifier_of_its_own():
    parts = BODIES[Body.BULK](pairs(some(3))).splitlines()
    assert parts[1::2] == some(3)
    names = [json.loads(each)["create"]["_id"] for each in parts[::2]]
    assert len(set(names)) == 3
    # Sent again it is the same one, so that it is stored once.
    assert BODIES[Body.BULK](pairs(some(1))).splitlines()[0] == parts[0]


def test_loki_gets_streams_with_few_labels():
    body = json.loads(BODIES[Body.LOKI](pairs([*some(2), audit(5)])))
    streams = {each["stream"]["level"]: each for each in body["streams"]}
    assert streams["info"]["stream"] == {"service_name": "yett", "level": "info", "node": "node-1"}
    assert streams["info"]["values"] == [
        ["1800000000000000000", line(0).decode()],
        ["1800000000000001000", line(1).decode()],
    ]
    assert streams["warn"]["values"] == [["1800000000000005000", audit(5).decode()]]


def test_splunk_gets_events_with_their_time():
    body = BODIES[Body.SPLUNK]([(line(1), line(1)), (line(2), b"<14>1 text")]).splitlines()
    first, second = map(json.loads, body)
    assert first == {
        "time": 1800000000.000001,
        "host": "node-1",
        "source": "yett",
        "sourcetype": "_json",
        "event": json.loads(line(1)),
    }
    assert (second["sourcetype"], second["event"]) == ("syslog", "<14>1 text")


def item(status, kind="x"):
    return {"create": {"status": status, "error": {"type": kind}}}


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ({"errors": False, "items": []}, (0, 0, "")),
        ({"errors": True, "items": [item(201), item(409), item(400, "mapper")]}, (1, 0, "mapper")),
        ({"errors": True, "items": [item(429, "busy"), item(503), item(200)]}, (0, 2, "busy")),
        ({"errors": True, "items": [{}, {"create": 1}, {"create": {"status": "x"}}, None]}, (0, 0, "")),
        ({"errors": True, "items": [item(400)] * 9}, (4, 0, "x")),
        ({"errors": True, "items": "no"}, (0, 0, "")),
    ],
)
def test_elasticsearch_says_what_became_of_each(answer, verdict):
    assert judged(Body.BULK, json.dumps(answer).encode(), 4) == verdict


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[" * 100_000, b"[]", b"\xff"])
def test_an_answer_that_is_none_refuses_nothing(answer):
    assert judged(Body.BULK, answer, 4) == (0, 0, "")
    assert judged(Body.LINES, answer, 4) == (0, 0, "")
