from tests.events import samples
from tests.events.samples import Reason, record

from yett.events import Level, Native
from yett.events.outputs import Filter, Output, Outputs

RECORDS = [
    record(samples.plain, "x", 1),
    record(samples.audited, "ada", Reason.NO_GROUP),
    record(samples.odd, object()),
    record(samples.quiet),
]


class Never:
    address = "nowhere"

    def carry(self, lines):
        """Not reached: the outputs of these tests are not started."""

    def close(self):
        """Nothing to let go of."""


def held(output):
    return list(output._backlog._queue)


def test_each_output_gets_the_lines_that_it_wants_in_their_order(capsys):
    native = Native("n")
    sink = Outputs(native)
    everything, audits, warnings, nothing = (
        Output(name, Never(), wanted)
        for name, wanted in (
            ("a", Filter()),
            ("b", Filter(audit_only=True)),
            ("c", Filter(level=Level.INFO, components=("sample.plain", "sample.audited"))),
            ("d", Filter(user="nobody")),
        )
    )
    sink.use((everything, audits, warnings, nothing))
    sink.write(RECORDS)
    lines = [native.line(each) for each in RECORDS if each.declaration.function != "odd"]
    assert held(everything) == lines
    assert held(audits) == [lines[1]]
    assert held(warnings) == lines[:2]
    assert held(nothing) == []
    sink.close()
    # Written once for all, so it is complained of once.
    assert capsys.readouterr().err.count("Failed to marshal") == 1


def test_lines_are_made_once_for_several_outputs(monkeypatch):
    native = Native()
    calls = []
    real = native.line
    monkeypatch.setattr(native, "line", lambda each: calls.append(each) or real(each))
    sink = Outputs(native)
    sink.use([Output(name, Never(), Filter(audit_only=True)) for name in "abc"])
    sink.write(RECORDS)
    assert len(calls) == 1
    sink.close()


def test_without_outputs_nothing_is_made():
    sink = Outputs(Native())
    sink.write(RECORDS)
    sink.close()
    sink.close()
    assert sink.outputs == ()
