from tests.events.outputs.lines import some
from tests.journeys.gateway import until

from yett.events.dialects import DIALECTS
from yett.events.outputs import FileCarrier, Output, StreamCarrier, Words
from yett.ops import OutputCommands

WORDS = Words(DIALECTS["native"])


def test_the_table_says_how_each_output_is(tmp_path):
    good = Output("file", FileCarrier(tmp_path / "log", WORDS))
    away = Output("siem", StreamCarrier("127.0.0.1", 1, WORDS))
    for each in (good, away):
        each.start()
        each.offer(some(3))
    until(lambda: good.counters.sent == 3 and away.trouble)
    table = OutputCommands(lambda: (good, away)).outputs()
    one, two = (dict(zip(table.columns, row, strict=True)) for row in table.rows)
    assert (one["state"], one["sent"], one["waiting"], one["trouble"]) == ("working", 3, 0, "")
    assert (two["state"], two["sent"], two["waiting"]) == ("unreachable", 0, 3)
    assert "ConnectionRefused" in two["trouble"]
    for each in (good, away):
        each.stop(1)
    assert OutputCommands(tuple).outputs().rows == ()
