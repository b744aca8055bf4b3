import threading

import pytest
from tests.events.outputs.lines import audit, line, some
from tests.journeys.gateway import until

from yett.events.outputs import Output, Pace, Refused, Spool, State, Unreachable, notices

FAST = Pace(first_pause=0.001, longest_pause=0.01)


class Destination:
    """A carrier that keeps what it is given, and fails when told to."""

    address = "somewhere:1"

    def __init__(self):
        self.lines = []
        self.calls = 0
        self.problem = None
        self.is_open = threading.Event()
        self.is_open.set()
        self.poison = b"\xff"
        self.is_entered = threading.Event()
        self.is_closed = False

    def carry(self, lines):
        self.calls += 1
        if lines:
            self.is_entered.set()
        assert self.is_open.wait(20)
        if self.problem is not None:
            raise self.problem
        if any(self.poison in each for each in lines):
            raise Refused("poison")
        self.lines += lines

    def close(self):
        self.is_closed = True


@pytest.fixture
def destination():
    made = Destination()
    yield made
    made.is_open.set()


@pytest.fixture
def build(destination, tmp_path):
    made = []

    def make(*, spool=1 << 20, pace=FAST, start=True, **more):
        output = Output(
            "siem",
            destination,
            spool=Spool(tmp_path / "siem", spool) if spool else None,
            pace=pace,
            **more,
        )
        made.append(output)
        if start:
            output.start()
        return output

    yield make
    destination.is_open.set()
    for output in made:
        output.stop()


def settled(output):
    until(lambda: output.waiting == 0 and output.state is State.WORKING, what="everything sent")


def codes(heard):
    return [said.declaration.function for said, _ in heard("telemetry.output")]


def test_lines_arrive_in_their_order(build, destination, heard):
    output = build()
    for begin in range(0, 1000, 100):
        output.offer(some(100, begin=begin))
    settled(output)
    assert destination.lines == some(1000)
    assert (output.counters.sent, output.counters.bytes) == (1000, sum(map(len, some(1000))))
    assert heard("telemetry.output") == [(notices.connected, {"output": "siem", "address": "somewhere:1"})]


def test_batches_keep_to_their_limits(build, destination):
    sizes = []
    carry = destination.carry
    destination.carry = lambda lines: sizes.append((len(lines), sum(map(len, lines)))) or carry(lines)
    output = build(pace=Pace(batch=10, batch_bytes=1000), start=False)
    output.offer([*some(50), b"x" * 5000, *some(50, begin=50)])
    output.start()
    settled(output)
    assert destination.lines == [*some(50), b"x" * 5000, *some(50, begin=50)]
    assert max(count for count, _ in sizes) <= 10
    assert all(size <= 1000 or count == 1 for count, size in sizes)


def test_what_is_said_while_the_destination_is_away_arrives_when_it_is_back(build, destination, heard):
    destination.problem = Unreachable("nobody there")
    states = []
    output = build(on_state=lambda *state: states.append(state))
    for begin in range(0, 500, 10):
        output.offer(some(10, begin=begin))
    until(lambda: output.counters.retried > 3)
    assert output.trouble == "nobody there"
    assert output.state is State.UNREACHABLE
    assert output.waiting == output.spooled == 500
    destination.problem = None
    settled(output)
    output.offer(some(10, begin=500))
    settled(output)
    assert destination.lines == some(510)
    assert output.counters.spooled == 500
    assert output.trouble == ""
    assert codes(heard).count("unreachable") == codes(heard).count("recovered") == 1
    assert states[0] == ("siem", "nobody there")
    assert states[-1] == ("siem", None)


def test_a_destination_that_comes_and_goes_is_not_reported_each_time(build, destination, heard):
    """What is said goes to outputs, too: a report for each break would cause the next one."""
    output = build()
    output.offer(some(1))
    settled(output)
    for turn in range(1, 5):
        destination.problem = Unreachable("gone")
        output.offer(some(1, begin=turn))
        until(lambda: output.trouble)
        destination.problem = None
        settled(output)
    assert destination.lines == some(5)
    assert codes(heard) == ["connected", "unreachable", "recovered"]


def test_only_lines_that_did_not_arrive_are_sent_again(build, destination):
    seen = []

    def carry(lines):
        seen.append(list(lines))
        if len(seen) == 2:
            destination.lines += lines[:3]
            raise Unreachable("broke", taken=3)
        destination.lines += lines

    destination.carry = carry
    output = build(start=False)
    output.offer(some(10))
    output.start()
    # The first try is an empty one only when there is nothing to be sent.
    settled(output)
    output.offer(some(5, begin=10))
    settled(output)
    assert destination.lines == some(15)


def test_a_slow_destination_costs_disk_and_not_lines(build, destination, heard):
    output = build(pace=Pace(queue=100, first_pause=0.001, longest_pause=0.01))
    settled(output)
    destination.is_open.clear()
    output.offer(some(1))
    assert destination.is_entered.wait(10)
    for begin in range(1, 2001, 50):
        output.offer(some(50, begin=begin))
    assert output.spooled == 1900
    assert output.counters.dropped == 0
    destination.is_open.set()
    settled(output)
    assert destination.lines == some(2001)
    assert "spool_begun" in codes(heard)


def test_without_a_spool_memory_is_the_limit_and_what_is_dropped_is_counted(build, destination, heard):
    output = build(spool=0, pace=Pace(queue=100, first_pause=0.001, longest_pause=0.01))
    settled(output)
    destination.is_open.clear()
    output.offer(some(1))
    assert destination.is_entered.wait(10)
    output.offer(some(100, begin=1))
    output.offer([*some(50, begin=101), audit(), audit()])
    assert output.waiting == 101
    assert (output.counters.dropped, output.counters.dropped_audit) == (52, 2)
    destination.is_open.set()
    settled(output)
    assert destination.lines == some(101)
    until(lambda: "dropped" in codes(heard))
    assert (notices.dropped, {"output": "siem", "dropped": 52, "dropped_audit": 2}) in heard(
        "telemetry.output"
    )


def test_memory_is_limited_in_bytes_as_well(build):
    output = build(spool=0, pace=Pace(queue_bytes=1000), start=False)
    output.offer([b"x" * 300] * 5)
    assert (output.waiting, output.counters.dropped) == (3, 2)


def test_a_full_spool_drops_the_oldest(build, destination, heard):
    destination.problem = Unreachable("away")
    output = build(spool=64 << 10)
    until(lambda: output.trouble)
    for begin in range(0, 3000, 10):
        output.offer(some(10, begin=begin))
    assert output.waiting + output.counters.dropped == 3000
    destination.problem = None
    settled(output)
    assert destination.lines == sorted(set(destination.lines))
    assert destination.lines[-300:] == some(300, begin=2700)
    assert output.counters.sent + output.counters.dropped == 3000
    until(lambda: {"spool_full", "dropped"} <= set(codes(heard)))


def test_a_spool_that_cannot_be_used_leaves_memory(build, destination, tmp_path, heard):
    (tmp_path / "siem").write_text("a file where a folder should be")
    destination.problem = Unreachable("away")
    output = build(pace=Pace(queue=50, first_pause=0.001, longest_pause=0.01))
    output.offer(some(80))
    until(lambda: output.counters.retried > 2)
    assert (output.waiting, output.counters.dropped) == (50, 30)
    until(lambda: "spool_failed" in codes(heard))
    (tmp_path / "siem").unlink()
    until(lambda: output.spooled == 50, what="the spool, once its folder can be made")
    output.offer(some(10, begin=50))
    assert output.counters.dropped == 30
    destination.problem = None
    settled(output)
    assert destination.lines == [*some(50), *some(10, begin=50)]


def test_what_is_not_sent_at_the_end_is_sent_first_by_the_next_run(build, destination, heard):
    destination.problem = Unreachable("away")
    first = build()
    first.offer(some(20))
    until(lambda: first.trouble)
    first.offer(some(20, begin=20))
    first.stop(5)
    destination.problem = None
    second = build(start=False)
    second.offer(some(5, begin=40))
    second.start()
    settled(second)
    assert destination.lines == some(45)
    assert (notices.spool_left, {"output": "siem", "records": 40}) in heard("telemetry.output")


def test_a_stop_waits_for_what_can_be_sent(build, destination):
    output = build(start=False)
    output.offer(some(5000))
    output.start()
    output.stop(20)
    assert destination.lines == some(5000)
    assert destination.is_closed
    assert output.state is State.STOPPED


def test_a_stop_does_not_wait_for_a_destination_that_hangs_and_loses_nothing(build, destination):
    output = build()
    settled(output)
    destination.is_open.clear()
    output.offer(some(3))
    assert destination.is_entered.wait(10)
    output.offer(some(3, begin=3))
    output.stop(0.1)
    assert output.counters.dropped == 0
    output.offer(some(1, begin=99))
    assert output.counters.dropped == 1
    destination.is_open.set()
    again = build()
    settled(again)
    # The batch that hung arrives, before or after the others: it is sent once more.
    until(lambda: len(destination.lines) == 9)
    assert some(6) in (destination.lines[:6], destination.lines[-6:])


def test_without_a_spool_a_stop_tries_once_more(build, destination):
    destination.problem = Unreachable("away")
    output = build(spool=0, pace=Pace(first_pause=60, longest_pause=60))
    output.offer(some(3))
    until(lambda: output.trouble)
    destination.problem = None
    output.stop(10)
    assert destination.lines == some(3)


def test_one_line_that_is_refused_does_not_take_its_neighbours_with_it(build, destination, heard):
    output = build(start=False)
    bad = b'{"time":"\xff"}'
    output.offer([*some(100), bad, *some(100, begin=100)])
    output.start()
    settled(output)
    assert destination.lines == some(200)
    assert (output.counters.sent, output.counters.refused) == (200, 1)
    until(lambda: "refused" in codes(heard))
    (said,) = [fields for event, fields in heard("telemetry.output") if event is notices.refused]
    assert said == {"output": "siem", "address": "somewhere:1", "refused": 1, "error": "poison"}


def test_many_lines_that_are_refused_do_not_take_their_neighbours_with_them(build, destination):
    output = build(start=False)
    waiting = some(2000)
    for place in range(100, 2000, 200):
        waiting[place] = b'{"time":"\xff"}'
    output.offer(waiting)
    output.start()
    settled(output)
    assert destination.lines == [each for each in waiting if b"\xff" not in each]
    assert (output.counters.sent, output.counters.refused) == (1990, 10)


def test_a_destination_works_when_it_took_something_and_not_before(build, destination, heard):
    """Not every protocol has a way to ask whether somebody is there."""
    output = build()
    until(lambda: output.state is State.WORKING)
    destination.problem = Unreachable("nobody there")
    output.offer(some(1))
    until(lambda: output.trouble)
    assert codes(heard) == ["unreachable"]
    destination.problem = None
    settled(output)
    assert codes(heard) == ["unreachable", "recovered"]


def test_a_destination_that_refuses_everything_is_not_asked_for_ever(build, destination):
    output = build(start=False)
    destination.poison = b""
    output.offer(some(1000))
    destination.poison = b"time"
    output.start()
    until(lambda: output.counters.refused == 1000)
    assert destination.calls <= 40


def test_what_was_taken_of_a_refused_batch_counts(build, destination):
    output = build(start=False)

    def carry(lines):
        if lines:
            raise Refused("two of them", taken=len(lines) - 2)

    destination.carry = carry
    output.offer(some(10))
    output.start()
    until(lambda: output.waiting == 0)
    assert (output.counters.sent, output.counters.refused) == (8, 2)


def test_a_carrier_with_a_fault_of_its_own_does_not_end_the_output(build, destination):
    destination.problem = RuntimeError("a bug")
    output = build()
    output.offer(some(3))
    until(lambda: output.counters.retried > 1)
    assert output.trouble == "RuntimeError: a bug"
    destination.problem = None
    settled(output)
    assert destination.lines == some(3)


def test_a_destination_may_ask_to_be_left_alone(build, destination):
    destination.problem = Unreachable("busy", after=3600)
    output = build()
    output.offer(some(1))
    until(lambda: output.trouble)
    calls = destination.calls
    output.stop(5)
    assert destination.calls == calls


def test_many_threads_may_hand_over(build, destination):
    output = build(pace=Pace(queue=50, batch=7))
    settled(output)
    threads = [
        threading.Thread(
            target=lambda begin=begin: [
                output.offer(some(5, begin=begin + each)) for each in range(0, 100, 5)
            ]
        )
        for begin in range(0, 5000, 100)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    settled(output)
    assert sorted(destination.lines) == sorted(some(5000))


def test_what_is_given_up_and_what_arrives_adds_up_in_any_weather(build, destination):
    output = build(spool=100 << 10, pace=Pace(queue=40, batch=9, first_pause=0.001, longest_pause=0.002))
    for number in range(3000):
        if number % 100 == 0:
            destination.problem = Unreachable("rain", taken=0) if number % 300 else None
        output.offer([line(number)])
    destination.problem = None
    settled(output)
    assert output.counters.sent + output.counters.dropped == 3000
    numbers = [
        int(each.split(b'"count":')[1].rstrip(b"}")) for each in destination.lines if b'"count":' in each
    ]
    assert numbers == sorted(set(numbers))


def test_a_folder_that_vanishes_under_the_spool_stops_nothing(build, destination, tmp_path):
    destination.problem = Unreachable("away")
    output = build()
    output.offer(some(5))
    until(lambda: output.spooled == 5)
    for file in (tmp_path / "siem").iterdir():
        file.unlink()
    output.offer(some(5, begin=5))
    destination.problem = None
    output.offer(some(5, begin=10))
    until(lambda: output.state is State.WORKING and output.waiting == 0)
    output.offer(some(5, begin=15))
    settled(output)
    assert destination.lines[-5:] == some(5, begin=15)
    assert output.counters.sent + output.counters.dropped == 20
