"""What came of an import, in words: numbers, and what somebody has to look at."""

import textwrap

from yett.ops.importing.model import Draft, Leftover, Table

_WIDTHS = (34, 30, 50, 50)
_LONGEST_KEY = 136
_HEAD = ("setting", "value", "why it is not taken over", "what to do")


def told(draft: Draft, *, wrote: list[str]) -> str:
    """The report."""
    settled = [each for each in draft.leftovers if each.is_settled]
    lines = []
    if draft.open_ends:
        lines += [*_table(draft.open_ends), ""]
    if settled:
        names = ", ".join(sorted({each.key[:_LONGEST_KEY] for each in settled}))
        lines += [*textwrap.wrap(f"Needs no setting here: {names}", 118, subsequent_indent="  "), ""]
    number = sum(_count(table) for table in draft.tables)
    parts = [
        f"{number} settings of ours made",
        f"{len(settled)} need none",
        f"{len(draft.open_ends)} to look at",
    ]
    lines.append(", ".join(parts) + (f"; wrote {', '.join(wrote)}" if wrote else ""))
    return "\n".join(lines)


def _count(table: Table) -> int:
    return len(table.lines) + sum(_count(each) for each in table.inner)


def _table(leftovers: list[Leftover]) -> list[str]:
    """Four columns; long texts go on in further lines."""
    rows = [_HEAD, *((each.key[:_LONGEST_KEY], each.value, each.why, each.advice) for each in leftovers)]
    widths = [min(most, max(len(row[column]) for row in rows)) for column, most in enumerate(_WIDTHS)]
    lines = []
    for row in rows:
        cells = [
            textwrap.wrap(_shown(text), width, break_long_words=True) or [""]
            for text, width in zip(row, widths, strict=True)
        ]
        for number in range(max(len(cell) for cell in cells)):
            parts = [
                (cell[number] if number < len(cell) else "").ljust(width)
                for cell, width in zip(cells, widths, strict=True)
            ]
            lines.append("  ".join(parts).rstrip())
    return lines


def _shown(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)
