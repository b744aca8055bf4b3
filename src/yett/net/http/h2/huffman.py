"""The Huffman code of header strings (RFC 7541, 5.2 and appendix B).

The code is canonical, so the lengths of its words are all there is to know. Reading walks the
tree a byte at a time: a row says for each state and byte which symbols were completed, and where
in the tree that leaves us. Rows are made when first needed; ordinary text needs few of them.
"""

from typing import Final

_LENGTHS: Final = (
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
)  # fmt: skip
"""Bits of each symbol's word; the last symbol is the end of the string, which is never sent whole."""

_END: Final = 256

_Step = tuple[int, bytes] | None
"""Where a byte leads from a state, and what it completed; None where no string can go."""


def _words() -> list[int]:
    """The words in the order of their symbols: counted up, shorter ones first."""
    words = [0] * len(_LENGTHS)
    word = length = 0
    for size, symbol in sorted((size, symbol) for symbol, size in enumerate(_LENGTHS)):
        word <<= size - length
        length = size
        words[symbol] = word
        word += 1
    return words


def _tree(words: list[int]) -> list[list[int]]:
    """The inner nodes, the root first. A branch is another node's number, or ~symbol."""
    nodes = [[0, 0]]
    for symbol, word in enumerate(words):
        at = 0
        for shift in range(_LENGTHS[symbol] - 1, 0, -1):
            bit = word >> shift & 1
            if not nodes[at][bit]:
                nodes[at][bit] = len(nodes)
                nodes.append([0, 0])
            at = nodes[at][bit]
        nodes[at][word & 1] = ~symbol
    return nodes


_WORDS: Final = _words()
_NODES: Final = _tree(_WORDS)
_ROWS: Final[list[list[_Step] | None]] = [None] * len(_NODES)


def _endings() -> frozenset[int]:
    """The states a string may end in: after a symbol, or after up to seven bits of padding, all ones."""
    states, at = {0}, 0
    for _ in range(7):
        at = _NODES[at][1]
        states.add(at)
    return frozenset(states)


_ENDINGS: Final = _endings()


def _row(state: int) -> list[_Step]:
    """All that can follow in a state."""
    row: list[_Step] = []
    for byte in range(256):
        at, symbols, is_good = state, bytearray(), True
        for shift in range(7, -1, -1):
            at = _NODES[at][byte >> shift & 1]
            if at < 0:
                if ~at == _END:
                    is_good = False
                    break
                symbols.append(~at)
                at = 0
        row.append((at, bytes(symbols)) if is_good else None)
    _ROWS[state] = row
    return row


def decode(data: bytes) -> bytes | None:
    """The string behind `data`; None when it is no such string."""
    state = 0
    pieces: list[bytes] = []
    for byte in data:
        row = _ROWS[state]
        if row is None:
            row = _row(state)
        step = row[byte]
        if step is None:
            return None
        state, symbols = step
        pieces.append(symbols)
    return b"".join(pieces) if state in _ENDINGS else None


def encode(text: bytes) -> bytes:
    """`text` in the code, padded to whole bytes."""
    bits = size = 0
    for symbol in text:
        length = _LENGTHS[symbol]
        bits = bits << length | _WORDS[symbol]
        size += length
    padding = -size % 8
    return (bits << padding | (1 << padding) - 1).to_bytes((size + padding) // 8, "big")
