"""Bytes that are almost right: pieces of grammar put together by dice, then damaged.

Everything comes from one `random.Random`, so a seed brings back an input.
"""

import itertools
import random  # noqa: TID251 - seeded by whoever calls, so that a failure can be repeated
from typing import Final

METHODS: Final = [
    b"GET",
    b"POST",
    b"PUT",
    b"HEAD",
    b"DELETE",
    b"OPTIONS",
    b"get",
    b"G T",
    b"TRACE",
    b"PRI",
    b"X" * 40,
    b"",
]
TARGETS: Final = [
    b"/", b"/a", b"/a?b=c", b"//b", b"/%0d%0a", b"/a b", b"*", b"http://a.example/x", b"http://b.example",
    b"/\\", b"/a#b",
    b"/\x00", b"/\xff", b"", b"a", b"http://u@a.example/", b"/" + b"x" * 300,
]  # fmt: skip
VERSIONS: Final = [b"HTTP/1.1"] * 6 + [
    b"HTTP/1.0",
    b"HTTP/1.2",
    b"HTTP/2.0",
    b"http/1.1",
    b"HTTP/1.1 ",
    b"",
    b"HTTP/1.10",
]
ENDS: Final = [b"\r\n"] * 30 + [
    b"\n",
    b"\r",
    b"\r\r\n",
    b"\n\r",
    b" \r\n",
    b"\r\n ",
    b"\r\n\t",
    b"\x00\r\n",
    b"",
]
NAMES: Final = [
    b"Host", b"Content-Length", b"Transfer-Encoding", b"Connection", b"Cookie", b"Authorization", b"Expect", b"Upgrade",
    b"TE", b"Trailer", b"Keep-Alive", b"Forwarded", b"X-Forwarded-For", b"X-Yett-User", b"X-A", b"X-A-B", b"X_A",
    b"Content_Length", b"Transfer_Encoding", b"Content-Length ", b" Transfer-Encoding", b"X A", b"", b"X-\x80",
]  # fmt: skip
SEPARATORS: Final = [b": "] * 12 + [b":", b":\t", b" : ", b"=", b":\x0b", b": \x00", b"\t:", b":\r\n "]
VALUES: Final = [
    b"a.example", b"5", b"0", b"chunked", b"close", b"keep-alive", b"100-continue", b"upgrade", b"websocket",
    b"h2c", b"gzip",
    b"5, 5", b"+5", b"0x5", b"identity", b"chunked, identity", b"x", b"x-a", b"content-length", b"a=1; b=2", b"a=1;;=;",
    b"\xff", b"\x7f", b"a\tb", b"", b" ", b"10", b"18446744073709551616", b"Chunked ", b"\x0bchunked", b"Bearer x",
]  # fmt: skip
BODIES: Final = [
    b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"0\r\n\r\n", b"5;a=b\r\nhello\r\n0\r\nA: 1\r\n\r\n", b"5\nhello\n0\n\n",
    b"05\r\nhello\r\n00\r\n\r\n", b"5 \r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n",
    b"6\r\nhello\r\n0\r\n\r\n", b"\r\n",
    b"fffffffffffffffff\r\nhello\r\n", b"GET /inner HTTP/1.1\r\nHost: a.example\r\n\r\n", b"\r\n\r\n",
]  # fmt: skip
EDGES: Final = [
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n\r\n",
    b"\x00",
    b" ",
    b"\t",
    b":",
    b";",
    b",",
    b"0",
    b"\xff",
    b"\x80",
    b'"',
    b"\\",
    b"%",
]


class Dice:
    """Chooses; a thin dress over a seeded generator."""

    def __init__(self, seed: object) -> None:
        self.random = random.Random(str(seed))

    def one(self, choices: list[bytes]) -> bytes:
        """One of them."""
        return self.random.choice(choices)

    def chance(self, of: float) -> bool:
        """Whether it happens this time."""
        return self.random.random() < of

    def number(self, low: int, high: int) -> int:
        """A number, both ends included."""
        return self.random.randint(low, high)

    def noise(self, most: int = 12) -> bytes:
        """Any bytes."""
        return self.random.randbytes(self.number(0, most))

    def cuts(self, length: int, most: int = 6) -> list[int]:
        """Places at which to cut that many bytes."""
        return (
            sorted(self.random.sample(range(1, length), min(length - 1, self.number(0, most))))
            if length > 1
            else []
        )


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """The bytes, cut at those places."""
    edges = [0, *cuts, len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


def damage(dice: Dice, data: bytes) -> bytes:
    """A few bytes changed, put in, left out, doubled or moved."""
    for _ in range(dice.number(1, 3)):
        at = dice.number(0, len(data))
        upto = min(len(data), at + dice.number(0, 8))
        kind = dice.number(0, 5)
        if kind == 0:
            data = data[:at] + dice.one(EDGES) + data[at:]
        elif kind == 1:
            data = data[:at] + data[upto:]
        elif kind == 2:
            data = data[:at] + data[at:upto] * 2 + data[upto:]
        elif kind == 3:
            data = data[:at] + dice.noise(4) + data[upto:]
        elif kind == 4:
            data = data[:at] + dice.one(EDGES) + data[upto:]
        elif data:
            place = min(at, len(data) - 1)
            data = data[:place] + bytes([data[place] ^ (1 << dice.number(0, 7))]) + data[place + 1 :]
    return data


def line(dice: Dice) -> bytes:
    """A header line, its end included."""
    return dice.one(NAMES) + dice.one(SEPARATORS) + dice.one(VALUES) + dice.one(ENDS)


def request(dice: Dice) -> bytes:
    """A request that is right, or nearly."""
    if dice.chance(0.5):
        # A sound frame with one or two unsound things in it says more than a heap of them.
        parts = [
            dice.one([b"GET", b"POST", b"PUT"]),
            b" ",
            dice.one([b"/", b"/a?b", b"/a"]),
            b" HTTP/1.1\r\n",
            b"Host: a.example\r\n",
        ]
        framing = dice.number(0, 3)
        body = b""
        if framing == 1:
            body = dice.noise(9)
            parts.append(b"Content-Length: %d\r\n" % len(body))
        elif framing == 2:
            body = chunks(dice)
            parts.append(b"Transfer-Encoding: chunked\r\n")
        elif framing == 3:
            parts.append(line(dice))
            body = dice.one(BODIES)
        parts.insert(dice.number(4, len(parts)), line(dice) if dice.chance(0.5) else b"")
        data = b"".join([*parts, b"\r\n", body])
    else:
        first = dice.one(METHODS) + b" " + dice.one(TARGETS) + b" " + dice.one(VERSIONS) + dice.one(ENDS)
        lines = [line(dice) for _ in range(dice.number(0, 5))]
        data = b"".join(
            [
                first,
                b"Host: a.example\r\n" if dice.chance(0.8) else b"",
                *lines,
                dice.one(ENDS),
                dice.one(BODIES),
            ]
        )
    return damage(dice, data) if dice.chance(0.4) else data


def chunks(dice: Dice) -> bytes:
    """A body in chunks that is right, or nearly."""
    if dice.chance(0.2):
        return dice.one(BODIES)
    parts = []
    for _ in range(dice.number(0, 3)):
        data = dice.noise(20) or b"x"
        size = (
            b"%x" % len(data)
            if dice.chance(0.9)
            else dice.one([b"%X", b"0%x", b"%x ", b"+%x", b"0x%x"]) % len(data)
        )
        extension = (
            b"" if dice.chance(0.7) else dice.one([b";a", b";a=b", b';a="b"', b"; a", b";", b';a="', b";a\n"])
        )
        parts += [size, extension, dice.one(ENDS), data, dice.one(ENDS)]
    parts += [b"0", dice.one(ENDS)]
    if dice.chance(0.2):
        parts.append(line(dice))
    parts.append(dice.one(ENDS))
    body = b"".join(parts)
    return damage(dice, body) if dice.chance(0.2) else body


def response(dice: Dice) -> bytes:
    """A response head that is right, or nearly, without its empty line."""
    status = dice.one(
        [
            b"HTTP/1.1 200 OK",
            b"HTTP/1.1 204",
            b"HTTP/1.0 301 Moved",
            b"HTTP/1.1 101 x",
            b"HTTP/1.1 99 x",
            b"HTTP/2 200",
            b"HTTP/1.1  200",
            b"ICY 200 OK",
            b"HTTP/1.1 200\x00",
        ]
    )
    names = [*NAMES, b"Set-Cookie", b"Location", b"Content-Type", b"Server"]
    lines = [
        dice.one(names) + dice.one(SEPARATORS) + dice.one([*VALUES, b"__Host-yett=1", b"a=b; Path=/"])
        for _ in range(dice.number(0, 5))
    ]
    data = b"\r\n".join([status, *lines])
    return damage(dice, data) if dice.chance(0.4) else data
