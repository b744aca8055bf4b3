from yett.kernel import Signal, events


def test_every_listener_is_told_in_the_order_of_connection():
    told = []
    signal = Signal("sessions.ended")
    signal.connect(lambda value: told.append(("first", value)))
    signal.connect(lambda value: told.append(("second", value)))
    signal.send(7)
    assert told == [("first", 7), ("second", 7)]


def test_a_signal_that_nobody_listens_to_may_be_sent():
    Signal("x").send(None)


def test_a_listener_that_fails_is_recorded_and_the_others_are_told(heard):
    told = []

    def fails(_):
        raise ValueError("no such thing")

    signal = Signal("sessions.ended")
    signal.connect(fails)
    signal.connect(told.append)
    signal.send(1)
    assert told == [1]
    assert heard("kernel") == [
        (events.listener_failed, {"signal": "sessions.ended", "error": "ValueError: no such thing"})
    ]


def test_a_listener_connected_while_others_are_told_hears_from_the_next_time_on():
    told = []
    signal = Signal("x")
    signal.connect(lambda _: signal.connect(told.append))
    signal.send(1)
    assert told == []
    signal.send(2)
    assert told == [2]
