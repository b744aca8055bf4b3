from tests.ops.console.log import REQUEST, denied, entry

from yett.events.explain import tell
from yett.ops.console import telling
from yett.ops.console.telling import LENGTH


def test_steps_stand_where_they_happened_and_none_is_too_small_to_see():
    common = {"server__request__id": REQUEST}
    told = telling.request(
        tell(
            REQUEST,
            [
                denied(10),
                entry(9.9999, msg="At once", **common),
                entry(9, msg="Later", **common),
                entry(
                    8,
                    component="http.access",
                    code="http.access.completed",
                    msg="Request completed",
                    status=403,
                    duration_ms=2000.0,
                    **common,
                ),
            ],
        )
    )
    steps = told["steps"]
    assert [step.message for step in steps] == ["Access denied", "At once", "Later", "Request completed"]
    assert [step.x for step in steps] == [0, 0, 500, LENGTH - 4]
    assert all(step.width >= 4 and step.x + step.width <= LENGTH for step in steps)
    assert steps[2].took == "1000.0 ms"
    assert steps[3].took == ""
    assert steps[0].advice
    assert not steps[1].advice
    assert told["is_refused"]


def test_a_request_of_one_record_has_a_story_too():
    told = telling.request(tell(REQUEST, [entry(1, server__request__id=REQUEST)]))
    assert len(told["steps"]) == 1
    assert "not finished" in next(fact.text for fact in told["facts"] if fact.name == "answer")


def test_times_that_are_none_are_shown_as_they_are():
    assert telling._moment("never\n") == "never␊"
    assert telling._moment("") == ""
