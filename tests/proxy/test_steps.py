import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.net.http import Attempt, Forward, Reply, Upstream
from yett.proxy.steps import Call, Step, chain

SENT = Forward(Upstream("10.0.0.1", 80))


class Held:
    """Marks what goes through it, and holds the last byte back until the end."""

    def __init__(self, mark):
        self.mark = mark
        self.held = b""

    def feed(self, data):
        data, self.held = (self.held + data)[:-1], (self.held + data)[-1:]
        return data.replace(b"|", self.mark + b"|")

    def end(self):
        return self.held + self.mark


def test_a_step_that_overrides_nothing_changes_nothing():
    step, call = Step(), Call(None, "Wiki", None, None)
    reply = Reply(200, [b"X-One: 1"], 5)
    assert step.prepare(call, SENT, b"body") is SENT
    step.reply(call, Attempt(1, SENT), reply)
    assert (reply.status, reply.lines, reply.filter, step.whole_body) == (200, [b"X-One: 1"], None, 0)


def through(filters, pieces):
    reply = Reply(200, [], -1)
    for each in filters:
        chain(reply, each)
    return b"".join(reply.filter.feed(piece) for piece in pieces) + reply.filter.end()


def test_filters_follow_one_another_in_the_order_of_their_steps():
    assert through([Held(b"a"), Held(b"b"), Held(b"c")], [b"x|y"]) == b"xabc|yabc"


@given(st.lists(st.binary(max_size=5), max_size=8))
@pytest.mark.parametrize("count", [1, 2, 3])
def test_nothing_is_lost_between_them_however_the_body_is_cut(count, pieces):
    marks = [b"%d" % number for number in range(count)]
    whole = b"".join(pieces)
    assert through([Held(mark) for mark in marks], pieces) == through([Held(mark) for mark in marks], [whole])
