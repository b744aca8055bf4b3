"""The picture that an app scans, as SVG that stands in a page as it is: no script, no style, no other file."""

from html import escape

import segno

_MARGIN = 4
"""Light modules around, without which scanners fail (ISO/IEC 18004, section 9.1)."""


def draw_qr(text: str, title: str) -> str:
    """The text as a QR code with a title for whoever cannot see it; ValueError when it does not fit into one."""
    code = segno.make_qr(text, error="m")
    size = len(code.matrix) + 2 * _MARGIN
    path = "".join(
        f"M{left + _MARGIN} {top + _MARGIN}h{width}v1h-{width}z"
        for top, row in enumerate(code.matrix)
        for left, width in _runs(bytes(row))
    )
    # The ground is drawn, because a page may be dark.
    return (
        f'<svg class="qr" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" role="img" '
        f'aria-label="{escape(title)}" shape-rendering="crispEdges"><title>{escape(title)}</title>'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path fill="#000" d="{path}"/></svg>'
    )


def _runs(row: bytes) -> list[tuple[int, int]]:
    """Where dark modules begin in a row, and how many follow."""
    runs: list[tuple[int, int]] = []
    for place, module in enumerate(row):
        if not module:
            continue
        if runs and sum(runs[-1]) == place:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((place, 1))
    return runs
