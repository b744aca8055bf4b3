"""All outputs together, as the pipeline sees them: one sink that only sorts and appends."""

from collections.abc import Sequence

from yett.events.dialects import Native, Unwritable
from yett.events.outputs.output import Output
from yett.events.pipeline import Record


class Outputs:
    """Hands each output the lines that its filter wants; each line is made once for all of them."""

    def __init__(self, native: Native, *, stop_within: float = 4.0) -> None:
        """`native` may be shared with other sinks of the pipeline's thread, so that lines are made once."""
        self.stop_within = stop_within
        self._native = native
        self._outputs: tuple[Output, ...] = ()
        self._is_closed = False

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Those in force, in their order."""
        return self._outputs

    def use(self, outputs: Sequence[Output]) -> None:
        """Hand records to these from now on. Starting and stopping them is for whoever made them."""
        self._outputs = tuple(outputs)

    def write(self, records: list[Record]) -> None:
        outputs = self._outputs
        if not outputs:
            return
        lines = _Lines(self._native, records)
        for output in outputs:
            wants = output.filter.wants
            picked = [place for place, record in enumerate(records) if wants(record)]
            if picked:
                chosen = lines.all() if len(picked) == len(records) else lines.some(picked)
                if chosen:
                    output.offer(chosen)

    def close(self) -> None:
        """Have all of them send what waits, side by side, and end."""
        if not self._is_closed:
            self._is_closed = True
            stop_all(self._outputs, self.stop_within)


def stop_all(outputs: Sequence[Output], seconds: float) -> None:
    """Stop outputs side by side, within so many seconds together."""
    for output in outputs:
        output.ask_to_stop(seconds)
    for output in outputs:
        output.stop()


class _Lines:
    """The lines of one batch, made when they are asked for. What has no JSON form is no line."""

    def __init__(self, native: Native, records: list[Record]) -> None:
        self._native = native
        self._records = records
        self._made: list[bytes | None] = [None] * len(records)
        self._all: list[bytes] | None = None

    def all(self) -> list[bytes]:
        if self._all is None:
            # Most likely another sink has had this very batch written already. A line holds no line break.
            self._all = self._native.lines(self._records).split(b"\n")[:-1]
            if len(self._all) == len(self._records):
                self._made = list(self._all)
        return self._all

    def some(self, places: Sequence[int]) -> list[bytes]:
        lines = [self._line(place) for place in places]
        return [line for line in lines if line]

    def _line(self, place: int) -> bytes:
        line = self._made[place]
        if line is None:
            try:
                line = self._native.line(self._records[place])
            except Unwritable:
                # Said by the sink that writes all of them.
                line = b""
            self._made[place] = line
        return line
