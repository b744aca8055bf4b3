from tests.proxy.replying import BACKEND, answer, ask, attempt

from yett.net.http import Forward
from yett.proxy.timing import TimingStep, timed


def run(call, there):
    step, forward = TimingStep(), Forward(BACKEND)
    assert step.prepare(call, forward, None) is forward
    call.notes["timing"] = 10.002
    reply = answer(server_timing="db;dur=1")
    step.reply(call, there, reply)
    step.ended(call, there)
    return reply


def test_each_part_of_a_round_trip_is_recorded_and_told_to_the_client(heard):
    call = ask()
    call.request.started_at = 10.0
    there = attempt(status=200, started_at=10.002, connected_at=10.005, answered_at=10.045, ended_at=10.1)
    reply = run(call, there)

    assert reply.lines == [
        b"Server-Timing: db;dur=1",
        b"Server-Timing: decide;dur=2.0, connect;dur=3.0, wait;dur=40.0",
    ]
    assert heard("proxy.debug_timing") == [
        (
            timed,
            {
                "app": "Wiki",
                "backend": "wiki.internal:8080",
                "attempt": 1,
                "status": 200,
                "decide_ms": 2.0,
                "connect_ms": 3.0,
                "wait_ms": 40.0,
                "body_ms": 55.0,
                "total_ms": 100.0,
            },
        )
    ]
    assert heard.records[0].request_id == call.request.scope.request_id


def test_what_did_not_happen_took_no_time(heard):
    call = ask()
    call.request.started_at = 10.0
    run(call, attempt(number=2, started_at=10.002, ended_at=10.1))
    said = heard("proxy.debug_timing")[0][1]
    assert (said["connect_ms"], said["wait_ms"], said["body_ms"]) == (0.0, 0.0, 0.0)
    assert (said["attempt"], said["total_ms"]) == (2, 100.0)


def test_an_attempt_that_was_given_up_is_not_recorded(heard):
    TimingStep().ended(ask(), attempt(is_cancelled=True, started_at=1.0, ended_at=2.0))
    assert heard() == []
