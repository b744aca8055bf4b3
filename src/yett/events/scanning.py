"""Reading a file of lines fast: in blocks of whole lines, from either end, only where the time fits.

Whole blocks are searched for bytes that every match holds; only lines that hold them are looked at.
"""

import os
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from yett.events.conditions import Sieve
from yett.events.dialects.native import TIME_AT
from yett.events.query import Query, stamp

BLOCK = 1 << 19
"""Small enough that whoever shares the interpreter hardly notices that one is searched."""
SLACK = 2.0
"""How far (in seconds) a line may stand from its place in the order of time."""

Select = Callable[[bytes], Iterator[bytes]]

TIME = re.compile(rb'\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"')
"""How a line of ours begins."""


# Which lines of a block are worth decoding.


def prefilter(query: Query) -> Select:
    """What picks the lines of a block that may match; only for lines written as we write them."""
    needles = query.needles()
    rare, usual, words, sieves = needles.rare, needles.usual, needles.words, needles.sieves
    if rare:
        return lambda block: _narrowed(_holding(block, block, rare[0]), (*rare[1:], *usual), words, sieves)
    if words and all(word == word.upper() for word in words):
        # Digits and marks stand in a line as they are.
        return lambda block: _narrowed(_holding(block, block, words), usual, (), sieves)
    if words:
        return lambda block: _narrowed(_holding(block.lower(), block, words), usual, (), sieves)
    if sieves:
        return lambda block: _narrowed(_sifted(block, sieves[0]), usual, (), sieves[1:])
    if usual:
        return lambda block: _narrowed(_holding(block, block, usual[0]), usual[1:], (), ())
    return lambda block: iter(block.splitlines())


def _narrowed(
    lines: Iterator[bytes],
    clauses: tuple[tuple[bytes, ...], ...],
    words: tuple[bytes, ...],
    sieves: tuple[Sieve, ...],
) -> Iterator[bytes]:
    for line in lines:
        for clause in clauses:
            if not any(needle in line for needle in clause):
                break
        else:
            if (not words or _says(line.lower(), words)) and all(_sifts(line, sieve) for sieve in sieves):
                yield line


def _says(line: bytes, words: tuple[bytes, ...]) -> bool:
    return any(word in line for word in words)


def _sifts(line: bytes, sieve: Sieve) -> bool:
    # A field may stand twice in a line that others wrote; any of the two may be the one that counts.
    return any(map(sieve.passes, sieve.pattern.findall(line)))


def _sifted(block: bytes, sieve: Sieve) -> Iterator[bytes]:
    """The lines of a block that a sieve lets through."""
    stop = 0
    for found in sieve.pattern.finditer(block):
        if found.start() >= stop and sieve.passes(found[1]):
            start = block.rfind(b"\n", 0, found.start()) + 1
            stop = block.find(b"\n", found.start())
            stop = stop if stop >= 0 else len(block)
            yield block[start:stop]


def _holding(haystack: bytes, block: bytes, needles: tuple[bytes, ...]) -> Iterator[bytes]:
    """The lines of a block that hold one of the needles, found without looking at the others one by one."""
    if len(needles) > 1:
        # A search for each is faster than one pattern for all.
        starts = {start for needle in needles for start in _starts(haystack, needle)}
        ordered: Iterator[int] = iter(sorted(starts))
    else:
        ordered = _starts(haystack, needles[0])
    for start in ordered:
        stop = block.find(b"\n", start)
        yield block[start : stop if stop >= 0 else len(block)]


def _starts(haystack: bytes, needle: bytes) -> Iterator[int]:
    """Where the lines begin that hold a needle."""
    at = haystack.find(needle)
    while at >= 0:
        yield haystack.rfind(b"\n", 0, at) + 1
        stop = haystack.find(b"\n", at)
        if stop < 0:
            return
        at = haystack.find(needle, stop)


# Blocks of whole lines.


def blocks(file: BinaryIO, begin: int, end: int, *, is_backwards: bool) -> Iterator[bytes]:
    """The part of a file between two beginnings of lines; what stands behind its last line break is left out."""
    return _backwards(file, begin, end) if is_backwards else _forwards(file, begin, end)


def _forwards(file: BinaryIO, begin: int, end: int) -> Iterator[bytes]:
    file.seek(begin)
    rest: list[bytes] = []
    left = end - begin
    while left > 0:
        block = file.read(min(BLOCK, left))
        if not block:
            break
        left -= len(block)
        cut = block.rfind(b"\n") + 1
        if not cut:
            rest.append(block)
            continue
        yield b"".join((*rest, block[:cut]))
        rest = [block[cut:]]
    # What is left at the very end is a line that is just being written.


def _backwards(file: BinaryIO, begin: int, end: int) -> Iterator[bytes]:
    rest: list[bytes] = []
    place = end
    is_last = True
    while place > begin:
        size = min(BLOCK, place - begin)
        place -= size
        file.seek(place)
        block = file.read(size)
        if is_last:
            block = block[: block.rfind(b"\n") + 1]
            is_last = not block
        # The first line may have begun in the block before.
        cut = block.find(b"\n") + 1 if place > begin else -1
        if not cut:
            rest.append(block)
            continue
        whole = b"".join((block[max(cut, 0) :], *reversed(rest)))
        rest = [block[:cut]] if cut > 0 else []
        if whole:
            yield whole


# Finding a range of time.


def range_of(file: BinaryIO, query: Query) -> tuple[int, int]:
    """The part of a file that may hold what is looked for."""
    size = file.seek(0, os.SEEK_END)
    begin = 0 if query.since is None else _first_at(file, size, stamp(query.since - SLACK).encode())
    end = size if query.until is None else _first_at(file, size, stamp(query.until + SLACK).encode())
    return begin, max(begin, end)


def _first_at(file: BinaryIO, size: int, moment: bytes) -> int:
    """The offset of the first line that is not before the moment, in the order of the file."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        start, time = _line_after(file, middle, high)
        if time is None or time >= moment:
            high = middle
        else:
            low = start + 1
    return _start_of_line(file, low, size)


def _line_after(file: BinaryIO, offset: int, end: int) -> tuple[int, bytes | None]:
    """Where the first readable line that begins at or behind the offset begins, and its time."""
    place = _start_of_line(file, offset, end)
    while place < end:
        file.seek(place)
        line = file.readline()
        if TIME.match(line):
            return place, line[TIME_AT]
        place += len(line) or 1
    return end, None


def _start_of_line(file: BinaryIO, offset: int, size: int) -> int:
    """The offset itself when a line begins there, else that of the next line."""
    if offset <= 0 or offset >= size:
        return max(offset, 0)
    file.seek(offset - 1)
    return offset - 1 + len(file.readline())
