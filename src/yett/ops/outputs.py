"""How the outputs of the log are."""

from collections.abc import Callable, Sequence

from yett.events.outputs import Output
from yett.kernel import Table, command


class OutputCommands:
    """The command that looks at outputs."""

    def __init__(self, outputs: Callable[[], Sequence[Output]]) -> None:
        self._outputs = outputs

    @command("telemetry outputs")
    def outputs(self) -> Table:
        """Show where records go: how each output is, what it sent, what waits, and what was lost."""
        return Table(
            (
                "output",
                "address",
                "state",
                "sent",
                "waiting",
                "on disk",
                "dropped",
                "refused",
                "retried",
                "bytes",
                "trouble",
            ),
            tuple(_row(each) for each in self._outputs()),
            empty="Records go to the journal only.",
        )


def _row(output: Output) -> tuple[str | int, ...]:
    counters = output.counters
    return (
        output.name,
        output.carrier.address,
        output.state.value,
        counters.sent,
        output.waiting,
        output.spooled,
        counters.dropped,
        counters.refused,
        counters.retried,
        counters.bytes,
        output.trouble,
    )
