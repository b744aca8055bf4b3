"""What must be true of every parser that sees bytes from outside, whatever they are.

Each function throws dice for one input, has it read, and asserts. None of them may raise anything else, and
none takes longer for a byte because of the bytes before it: `__main__` watches over that.
"""

import base64
import contextlib
import gzip
import itertools
import re
from collections.abc import Callable
from typing import Final

import msgspec
import pylsqpack
from aioquic.quic.events import QuicEvent, StreamDataReceived
from tests.fuzz.grammar import Dice, chunks, damage, line, pieces, request, response
from tests.oidc.foreign import Signer, text_of

from yett.authn.letters import fold
from yett.authn.otp import rules as mailed
from yett.authn.totp import rules as shown
from yett.authn.totp.codes import code_at
from yett.keys.threshold.policy import Improper, judged
from yett.net.http import BrokenBody, Forward, Limits, Upstream
from yett.net.http.chunked import ChunkedDecoder, frame
from yett.net.http.h2 import huffman
from yett.net.http.h2.connection import Machine, Stream
from yett.net.http.h2.head import FieldReader, Malformed
from yett.net.http.h2.hpack import BadBlock, Decoder, encode_field
from yett.net.http.h3 import connection as h3
from yett.net.http.h3.frames import Frames, integer
from yett.net.http.h3.frames import frame as h3_frame
from yett.net.http.head import Fields, Refused, RequestParser, Target, cut_cookies
from yett.net.http.response import ResponseParser
from yett.net.http.trailers import permitted_from_client
from yett.net.proxy_protocol import SIGNATURE, BadHeader, Incomplete, Introduction, compose, parse
from yett.net.trust import Networks
from yett.net.trust import forwarded as trust
from yett.net.trust.certificate import certificate_of
from yett.net.trust.model import Claim
from yett.oidc.client_auth.model import Reason, Secret
from yett.oidc.client_auth.reading import read as read_client
from yett.oidc.dpop.rules import Shown, Wanted
from yett.oidc.dpop.rules import judge as judge_proof
from yett.oidc.jose import read
from yett.oidc.signing import compact
from yett.oidc.signing.material import unbase64url
from yett.proxy.compression.negotiation import accepts, preferred, weights
from yett.proxy.cookies import csrf_of, session_token
from yett.proxy.rewriting.attributes import Attributes
from yett.proxy.rewriting.gzipped import Gunzip
from yett.proxy.rewriting.headers import rewrite_cookie
from yett.proxy.rewriting.html import Rewriter
from yett.proxy.rewriting.model import Place
from yett.proxy.rewriting.translation import Patterns, Translation

LIMITS: Final = Limits()
FORWARD: Final = Forward(Upstream("127.0.0.1", 1))
_WARM: Final = RequestParser(LIMITS)
"""One that remembers what it has seen, as a server's does."""
_WARM_RESPONSES: Final = ResponseParser(LIMITS)
_WARM_READER: Final = FieldReader()


# HTTP/1.1


def _read_head(parser: RequestParser, head: bytes) -> tuple[Target, Fields] | Refused:
    first, _, block = head.partition(b"\r\n")
    target = parser.line(first, len(first))
    if isinstance(target, Refused):
        return target
    fields = parser.fields(block, target[3], target[4])
    return fields if isinstance(fields, Refused) else (target, fields)


def _facts(fields: Fields) -> tuple[object, ...]:
    return (
        fields.kept, fields.names, fields.authority, fields.host, fields.port, fields.cookie, fields.authorization,
        fields.content_length, fields.is_chunked, fields.framing, fields.upgrade, fields.expectation,
        fields.wants_close, fields.keep_alive, fields.lines, fields.block(FORWARD, b"X-Forwarded-For: ::1\r\n"),
    )  # fmt: skip


def request_heads(dice: Dice) -> None:
    """A memory changes nothing, no line end hides, and what is forwarded reads the same again."""
    head = request(dice).partition(b"\r\n\r\n")[0]
    read = _read_head(RequestParser(LIMITS), head)
    again = _read_head(_WARM, head)
    if isinstance(read, Refused):
        assert isinstance(again, Refused)
        assert read == again
        return
    assert not isinstance(again, Refused)
    assert read[0] == again[0]
    assert _facts(read[1]) == _facts(again[1])
    (method, target, path, _, _, is_even), fields = read
    assert is_even <= (re.fullmatch(r"/[a-z0-9/._~-]*", path) is not None)
    assert all(0x20 < byte < 0x7F for byte in method + target)
    assert target.startswith(path.encode())
    block = fields.block(FORWARD, b"")
    assert b"\0" not in block
    assert block.count(b"\r") == block.count(b"\n") == block.count(b"\r\n")
    assert sum(map(block.lower().count, (b"\r\ncontent-length:", b"\r\ntransfer-encoding:"))) <= 1
    lower = b"\r\n" + block.lower().replace(b"_", b"-")
    assert b"\r\nx-yett-" not in lower
    assert b"\r\nx-forwarded-" not in lower
    assert b"\r\nconnection:" not in lower
    if fields.authority is None:
        return
    there = RequestParser(LIMITS).fields(block.removesuffix(b"\r\n"), 1)
    assert not isinstance(there, Refused)
    assert there.block(FORWARD, b"") == block
    assert (there.content_length, there.is_chunked) == (fields.content_length, fields.is_chunked)
    assert (there.host, there.port) == (fields.host, fields.port)


def following_heads(dice: Dice) -> None:
    """A head that follows another one means what it would mean by itself."""
    lines = [b"Host: a.example", *(line(dice).strip(b"\r\n") for _ in range(dice.number(1, 5)))]
    before = b"\r\n".join(lines)
    fields = RequestParser(LIMITS).fields(before, 1)
    if isinstance(fields, Refused):
        return
    for _ in range(3):
        lines = before.split(b"\r\n")
        place = dice.number(0, len(lines) - 1)
        name = lines[place].partition(b":")[0]
        lines[place] = name + b": " + dice.noise(6) if dice.chance(0.6) else damage(dice, lines[place])
        after = b"\r\n".join(lines)
        alone = RequestParser(LIMITS).fields(after, 1)
        if fields.follow(after):
            assert not isinstance(alone, Refused)
            assert _facts(fields) == _facts(alone)
            before = after


def chunked_bodies(dice: Dice) -> None:
    """Payload, end and trailers do not depend on how the bytes arrive; framed anew they stay the same."""
    body = chunks(dice) + dice.noise(5)
    whole = ChunkedDecoder()
    payload = whole.feed(body)
    for cuts in (dice.cuts(len(body)), list(range(1, len(body)))):
        other = ChunkedDecoder()
        got: list[bytes] = []
        rest = b""
        for piece in pieces(body, cuts):
            if other.done:
                rest += piece
                continue
            part = other.feed(piece)
            if part is None:
                break
            got.append(part)
            rest = other.rest
        assert (other.done, bool(other.problem)) == (whole.done, bool(whole.problem))
        if payload is not None:
            assert b"".join(got) == payload
            assert other.trailers == whole.trailers
            if whole.done:
                assert rest == whole.rest
    if payload is None:
        assert whole.feed(b"0\r\n\r\n") is None
        return
    for kept in permitted_from_client(whole.trailers, _WARM):
        name = kept.partition(b":")[0].lower().replace(b"_", b"-")
        assert not name.startswith((b"x-yett-", b"x-forwarded-"))
    if whole.done:
        back = ChunkedDecoder()
        assert back.feed(frame(payload, last=True)) == payload
        assert back.done


def response_heads(dice: Dice) -> None:
    """A memory changes nothing, and what is passed on reads the same again."""
    block = response(dice)
    if b"\r\n\r\n" in block:
        return
    read = ResponseParser(LIMITS).head(block)
    again = _WARM_RESPONSES.head(block)
    if isinstance(read, Refused):
        assert read == again
        return
    assert not isinstance(again, Refused)
    out = read.compose(b"", frozenset(), read.length_line, b"")
    assert out == again.compose(b"", frozenset(), read.length_line, b"")
    assert b"\0" not in out
    assert out.count(b"\r") == out.count(b"\n") == out.count(b"\r\n")
    assert b"\r\n\r\n" not in out[:-4]
    assert re.search(rb"\r\n(?i:set-cookie):[ \t]*__Host-yett", out) is None
    there = ResponseParser(LIMITS).head(out[:-4])
    assert not isinstance(there, Refused)
    assert (there.status, there.content_length, there.kept) == (read.status, read.content_length, read.kept)


def cookies(dice: Dice) -> None:
    """Ours are found or not, and cut out for certain."""
    names = [
        b"__Host-yett",
        b"__Host-yett-login",
        b"a",
        b"__Host-yett ",
        b" __Host-yett",
        b"",
        b"__host-yett",
    ]
    token = b"A" * 43
    parts = [
        dice.one(names)
        + dice.one([b"=", b" =", b"", b"=="])
        + dice.one([token, b"x", b"", token[1:], b'"' + token + b'"'])
        for _ in range(dice.number(0, 5))
    ]
    value = dice.one([b";", b"; ", b" ;\t", b",", b";;"]).join(parts)
    value = damage(dice, value) if dice.chance(0.5) else value
    found = session_token(value)
    assert len(found) in {0, 43}
    csrf_of(value)
    left = cut_cookies(value, frozenset({b"__Host-yett", b"__Host-yett-login"}))
    assert session_token(left) == b""
    assert csrf_of(left) == ""


# Proxies in front.


def proxy_protocol(dice: Dice) -> None:
    """A header is taken whole or not at all, and nothing is asked for that does not belong to it."""
    addresses = ["192.0.2.1", "::1", "::ffff:192.0.2.1", "2001:db8::1", "x", ""]
    choice = dice.random.choice
    data = compose(
        dice.number(1, 2), choice(addresses), dice.number(0, 65535), choice(addresses), dice.number(0, 65535)
    )
    if dice.chance(0.3):
        extra = dice.noise(3) + bytes((dice.number(0, 0x30), 0, dice.number(0, 6))) + dice.noise(6)
        length = min(65535, len(data) - 16 + len(extra)) if data.startswith(SIGNATURE) else 0
        data = data[:14] + length.to_bytes(2) + data[16:] + extra if length else data
    if dice.chance(0.7):
        data = damage(dice, data)
    verdicts = [parse(data[:end]) for end in range(len(data) + 1)]
    final = verdicts[-1]
    first = next((at for at, verdict in enumerate(verdicts) if not isinstance(verdict, Incomplete)), None)
    if first is None:
        return
    assert all(type(verdict) is type(final) for verdict in verdicts[first:])
    if isinstance(final, Introduction):
        assert final.size == first
        assert all(verdict == final for verdict in verdicts[first:])
        if final.source:
            assert Networks(["0.0.0.0/0", "::/0"])._look(final.source)
    else:
        assert isinstance(final, BadHeader)


def forwarded_fields(dice: Dice) -> None:
    """Whoever is named is an address, and what stands left of the first stranger changes nothing."""
    entries = [
        b"192.0.2.1", b"10.0.0.1", b"10.0.0.2:80", b"[2001:db8::1]:443", b"::1", b"[::1", b"unknown", b"_x",
        b"a.example", b"010.0.0.1", b"1.2.3", b"::ffff:10.0.0.3", b"fe80::1%eth0", b"", b"10.0.0.1:99999", b"\xff",
    ]  # fmt: skip
    trusted = Networks(["10.0.0.0/8", "::1/128"])
    values = [
        b", ".join(dice.one(entries) for _ in range(dice.number(1, 4))) for _ in range(dice.number(0, 3))
    ]
    values = [damage(dice, value) if dice.chance(0.3) else value for value in values]
    claim = trust.from_list(values, trusted)
    if isinstance(claim, Claim) and claim.client is not None:
        assert trusted._look(claim.client.address) in {True, False}
        assert all(proxy in trusted for proxy in claim.proxies)
        if claim.client.address not in trusted:
            more = trust.from_list([dice.noise(20).replace(b",", b"") or b"x", *values], trusted)
            assert more == claim
    trust.from_single(values)
    pairs = [
        dice.one([b"for=", b"For=", b"by=", b"host=", b"proto=", b"x="])
        + dice.one([*entries, b'"[::1]:80"', b'"a,b"', b'"\\"', b"https"])
        for _ in range(dice.number(1, 5))
    ]
    forwarded = dice.one([b";", b",", b"; ", b", "]).join(pairs)
    forwarded = damage(dice, forwarded) if dice.chance(0.4) else forwarded
    claim = trust.from_forwarded([forwarded, *values[:1]], trusted)
    if isinstance(claim, Claim):
        with_all = trust.with_scheme_and_host(claim, values[:1], [dice.noise(8)], [dice.noise(3)])
        if isinstance(with_all, Claim) and with_all.host:
            assert trust.host_and_port(with_all.host)[0]
    certificate_of(
        [
            dice.one([b":", b"-----BEGIN CERTIFICATE-----", b"%2D", b""])
            + dice.noise(30)
            + dice.one([b":", b"", b"="])
        ]
    )


# HTTP/2.

_NAMES: Final = [
    b":method", b":path", b":scheme", b":authority", b":protocol", b":status", b"host", b"cookie", b"x-a",
    b"X-A", b"te",
    b"content-length", b"transfer-encoding", b"connection", b"x_a", b"", b"x a", b"x-yett-user",
]  # fmt: skip
_VALUES: Final = [
    b"GET", b"POST", b"CONNECT", b"/", b"/a b", b"*", b"http", b"https", b"a.example", b"b.example", b"5",
    b"trailers", b"a\r\nb",
    b"websocket", b"", b" a", b"a=1", b"chunked", b"\0",
]  # fmt: skip
_GOOD: Final = [(b":method", b"GET"), (b":scheme", b"http"), (b":path", b"/"), (b":authority", b"a.example")]


def _fields(dice: Dice) -> list[tuple[bytes, bytes]]:
    fields = [*_GOOD] if dice.chance(0.8) else []
    for _ in range(dice.number(0, 4)):
        fields.insert(dice.number(0, len(fields)), (dice.one(_NAMES), dice.one(_VALUES)))
    if fields and dice.chance(0.2):
        place = dice.number(0, len(fields) - 1)
        fields[place] = (damage(dice, fields[place][0]), damage(dice, fields[place][1]))
    return fields


def h2_heads(dice: Dice) -> None:
    """A memory changes nothing, and what goes to the parser of HTTP/1.1 is lines of its grammar."""
    fields, end = _fields(dice), dice.chance(0.5)
    read = FieldReader().request(fields, end=end)
    assert read == _WARM_READER.request(fields, end=end)
    if isinstance(read, Malformed):
        return
    everything = b"\n".join((read.line, *read.lines))
    assert not {b"\r"[0], 0} & set(everything)
    assert everything.count(b"\n") == len(read.lines)
    target = _WARM.line(read.line, len(read.line))
    block = _WARM.fields(b"\r\n".join(read.lines), 1)
    if isinstance(target, Refused) or isinstance(block, Refused):
        return
    said = dict(fields)
    if not read.is_websocket:
        assert target[0] == said[b":method"]
        assert target[1] == said[b":path"]
    assert len(block.lines) == len(read.lines)


def hpack_blocks(dice: Dice) -> None:
    """Whatever a block says, it costs no more than its length and the table allow; what we write reads the same."""
    fields = [(name.lower(), value) for name, value in _fields(dice)]
    fields += [(dice.noise(8), dice.noise(300))]
    block = b"".join(itertools.starmap(encode_field, fields))
    assert Decoder().decode(block) == fields
    decoder = Decoder(max_list=2000)
    for _ in range(3):
        if dice.chance(0.5):
            block = damage(dice, block)
        if dice.chance(0.3):
            block = b"".join(
                dice.one(
                    [
                        b"\x40",
                        b"\x00",
                        b"\x10",
                        b"\xbe",
                        b"\xbf",
                        b"\x82",
                        b"\x3f\xe1\x1f",
                        b"\x20",
                        b"\xff\x80\x01",
                    ]
                )
                + dice.noise(4)
                for _ in range(6)
            )
        try:
            read = decoder.decode(block)
        except BadBlock:
            return
        if read is not None:
            assert sum(len(name) + len(value) + 32 for name, value in read) <= 2000


def huffman_code(dice: Dice) -> None:
    """Reading undoes writing, and of each string there is one writing."""
    text = dice.noise(40)
    assert huffman.decode(huffman.encode(text)) == text
    code = dice.noise(12)
    read = huffman.decode(code)
    assert read is None or huffman.encode(read) == code


class _Listener(Stream):
    """A stream that writes down what it hears."""

    def __init__(self, machine: Machine, number: int, heard: list[object]) -> None:
        super().__init__(machine, number)
        self._heard = heard

    def head(self, fields: object, *, end: bool) -> None:
        self._heard.append((self.id, "head", fields, end))

    def data(self, payload: bytes, *, end: bool) -> None:
        # How many pieces a payload comes in is nobody's business.
        if payload or end:
            self._heard.append((self.id, "data", payload, end))

    def lost(self, code: int, _detail: str) -> None:
        self._heard.append((self.id, "lost", code))

    def blocked(self) -> None:
        pass

    def unblocked(self) -> None:
        pass


class _Server(Machine):
    def __init__(self) -> None:
        super().__init__(is_server=True, max_list=4000, max_streams=8)
        self.heard: list[object] = []

    def open(self, number: int) -> Stream:
        return _Listener(self, number, self.heard)


def h2_frames(dice: Dice) -> None:
    """The machine hears and says the same however its bytes are cut, and says no more than it was asked."""
    frames = []
    for _ in range(dice.number(1, 8)):
        kind = dice.number(0, 10) if dice.chance(0.4) else dice.random.choice([0, 1, 1, 1, 9, 3, 8, 4])
        number = dice.random.choice([0, 1, 1, 1, 3, 3, 5, 2])
        if kind == 1:
            payload = b"".join(itertools.starmap(encode_field, _fields(dice)))
        elif kind == 4:
            payload = b"".join(
                bytes((0, dice.number(0, 9))) + dice.number(0, 2**32 - 1).to_bytes(4)
                for _ in range(dice.number(0, 2))
            )
        elif kind in {3, 8}:
            payload = dice.random.choice([1, 0, 8, 2**31 - 1, 2**32 - 1]).to_bytes(4)
        else:
            payload = dice.noise(30)
        flags = dice.random.choice([0, 1, 4, 5, 5, 8, 0x2D, 0xFF])
        frames.append(len(payload).to_bytes(3) + bytes((kind, flags)) + number.to_bytes(4) + payload)
    data = b"".join(frames)
    data = damage(dice, data) if dice.chance(0.4) else data
    whole = _Server()
    whole.receive(data)
    for cuts in (dice.cuts(len(data)), list(range(1, len(data)))):
        other = _Server()
        for piece in pieces(data, cuts):
            other.receive(piece)
        assert other.heard == whole.heard
        assert b"".join(other.out) == b"".join(whole.out)
        assert other.is_closed == whole.is_closed
    assert len(b"".join(whole.out)) <= 40 * len(frames) + 200


class _Quic:
    """What the machine of HTTP/3 sees of QUIC, with the bytes of streams and nothing below them."""

    def __init__(self) -> None:
        self.events: list[QuicEvent] = []
        self.held: set[int] = set()
        self.code: int | None = None

    def next_event(self) -> QuicEvent | None:
        return self.events.pop(0) if self.events else None

    def get_next_available_stream_id(self) -> int:
        return 0

    def reset_stream(self, _number: int, _code: int) -> None:
        pass

    stop_stream = reset_stream

    def close(self, code: int, *, reason_phrase: str) -> None:
        assert reason_phrase
        self.code = code


class _Waiting:
    """A request that waits for its answer; what it hears does not tell how the answer was cut."""

    def __init__(self, frames: Frames) -> None:
        self.frames = frames
        self.remote_ended = False
        self.heard: list[object] = []

    def head(self, fields: object, *, end: bool) -> None:
        self.heard.append(fields)
        self.data(b"", end=end)

    def data(self, payload: bytes, *, end: bool) -> None:
        if payload and self.heard and isinstance(self.heard[-1], bytes):
            self.heard[-1] += payload
        elif payload:
            self.heard.append(payload)
        if end:
            self.heard.append("end")

    def stopped(self) -> None:
        pass

    def lost(self, _code: int, _detail: str) -> None:
        self.heard.append("lost")


class _H3Client:
    """A machine with one request in progress."""

    def __init__(self) -> None:
        self.quic = _Quic()
        self.machine = h3.Machine(self.quic, self, 2000)  # type: ignore[arg-type]  # as much of QUIC as it uses
        self.stream = _Waiting(self.machine.frames())
        self.machine.open(self.stream)

    def greeted(self) -> None:
        assert self.machine.is_greeted

    def going_away(self) -> None:
        pass

    has_room = going_away

    def hear(self, number: int, parts: list[bytes], *, end: bool) -> None:
        for left, part in zip(range(len(parts) - 1, -1, -1), parts, strict=True):
            self.quic.events.append(StreamDataReceived(part, end and not left, number))
            self.machine.hear()


def h3_frames(dice: Dice) -> None:
    """An answer by HTTP/3 is the same however it is cut, and so is whether the connection survives it."""
    encoder = pylsqpack.Encoder()
    frames = []
    for _ in range(dice.number(1, 6)):
        kind = dice.random.choice([0, 0, 1, 1, 1, 4, 7, 3, 5, 2, 0xD, 0x21, 2**40])
        if kind == 1:
            payload = encoder.encode(0, [field for field in _fields(dice) if field[0]])[1]
            if dice.chance(0.2):
                payload = damage(dice, payload)
        elif kind == 4:
            payload = b"".join(
                integer(dice.number(0, 9)) + integer(dice.random.choice([0, 5, 2**20, 2**61]))
                for _ in range(dice.number(0, 3))
            )
        elif kind == 7:
            payload = integer(dice.random.choice([0, 1, 4, 2**61]))
        else:
            payload = dice.noise(30)
        frames.append(h3_frame(kind, payload))
    data = b"".join(frames)
    number = dice.random.choice([0, 0, 0, 3, 7])
    if number:
        data = integer(dice.random.choice([0, 0, 0, 1, 2, 3, 0x21])) + data
    data = damage(dice, data) if dice.chance(0.4) else data
    end = dice.chance(0.7)
    whole = _H3Client()
    whole.hear(number, [data], end=end)
    for cuts in (dice.cuts(len(data)), list(range(1, len(data)))):
        other = _H3Client()
        other.hear(number, pieces(data, cuts), end=end)
        # Of two faults, the one that is seen first depends on what came together.
        assert (other.quic.code is None) == (whole.quic.code is None)
        assert other.machine.is_closed == (other.quic.code is not None)
        if whole.quic.code is None:
            assert other.machine.is_greeted == whole.machine.is_greeted
            assert other.stream.heard == whole.stream.heard


# Bodies and fields of responses.

_PUBLIC: Final = "wiki.example.org"
_ATTRIBUTES: Final = Attributes(
    Translation(Patterns([Place("wiki.internal", 8080)], _PUBLIC, 443), _PUBLIC, 443)
)
_PAGE: Final = [
    b"<a href=http://wiki.internal:8080/>", b'<img src="//wiki.internal:8080/x">', b"<!--", b"-->", b"--",
    b"!>", b"<script>", b"</script>",
    b"<style>", b"</style>", b"url(http://wiki.internal:8080/)", b"<", b">", b"/", b'"', b"'", b"=", b" ",
    b"<svg>", b"<![CDATA[", b"]]>",
    b"<title>", b"</title>", b"<plaintext>", b"<!doctype html>", b"&#47;", b"http://wiki.internal:8080",
    b"\x00", b"\x1b", b"</", b"<a",
    b" srcset='http://wiki.internal:8080/a 1x, //wiki.internal:8080/b 2x'",
    b"<meta http-equiv=refresh content='0;url=http://wiki.internal:8080/'>",
    b"\xff\xfe", b"text", b"\xc3\xa9", b" style='background:url(//wiki.internal:8080/)'",
]  # fmt: skip


def pages(dice: Dice) -> None:
    """A page comes out the same however it is cut; without our places in it, to the byte as it went in."""
    page = b"".join(dice.one(_PAGE) for _ in range(dice.number(0, 14)))
    page = damage(dice, page) if dice.chance(0.3) else page
    is_xml, limit = dice.chance(0.2), dice.random.choice([1 << 20, 40])
    whole = _rewritten(page, [], is_xml=is_xml, limit=limit)
    assert _rewritten(page, dice.cuts(len(page)), is_xml=is_xml, limit=limit) == whole
    assert _rewritten(page, list(range(1, len(page))), is_xml=is_xml, limit=limit) == whole
    plain = re.sub(rb"internal", b"elsewhere", page, flags=re.IGNORECASE)
    assert _rewritten(plain, dice.cuts(len(plain)), is_xml=is_xml, limit=limit) == plain
    rewrite_cookie(page, host=b"wiki.example.org", hosts={b"wiki.internal"}, is_tls=True)


def _rewritten(page: bytes, cuts: list[int], *, is_xml: bool, limit: int) -> bytes:
    rewriter = Rewriter(_ATTRIBUTES, limit=limit, is_xml=is_xml, gave_up=lambda _why: None)
    return b"".join([*(rewriter.feed(piece) for piece in pieces(page, cuts)), rewriter.end()])


def gzip_bodies(dice: Dice) -> None:
    """What is no gzip is broken off, and how it is cut changes nothing."""
    text = dice.noise(40) * dice.number(0, 20)
    body = gzip.compress(text, 1, mtime=0)
    if dice.chance(0.3):
        body += gzip.compress(dice.noise(5), 1, mtime=0) + dice.noise(3)
    if dice.chance(0.6):
        body = damage(dice, body)
    whole, is_whole = _unzipped(body, [])
    for cuts in (dice.cuts(len(body)), list(range(1, len(body)))):
        other, is_other = _unzipped(body, cuts)
        assert is_other == is_whole
        assert not is_whole or other == whole


def _unzipped(body: bytes, cuts: list[int]) -> tuple[bytes, bool]:
    decoder, out = Gunzip(), b""
    try:
        for piece in pieces(body, cuts):
            out += b"".join(decoder.pieces(piece))
        decoder.check_end()
    except BrokenBody:
        return out, False
    return out, True


def accepted_codings(dice: Dice) -> None:
    """A field that says nothing sound chooses nothing."""
    value = dice.one([b",", b", ", b";"]).join(
        dice.one([b"gzip", b"br", b"zstd", b"*", b"identity", b"x-gzip", b"GZIP", b""])
        + dice.one(
            [
                b"",
                b";q=0",
                b";q=1",
                b";q=0.5",
                b"; q=0.001",
                b";q=1.001",
                b";q=-1",
                b";q=nan",
                b";q=1e9",
                b";Q=0.",
            ]
        )
        for _ in range(dice.number(0, 5))
    )
    value = damage(dice, value) if dice.chance(0.3) else value
    stated = weights(value)
    chosen = preferred(value, (b"br", b"gzip"))
    assert chosen in {b"", b"br", b"gzip"}
    if stated is None:
        assert not chosen
        return
    assert all(0 <= weight <= 1000 for weight in stated.values())
    assert not chosen or accepts(value, chosen)


# Codes that people type, and addresses that codes are sent to.

_TYPED: Final = [
    b"BCDF", b"-", b" ", b"GHJK", b"ghjk", b"123", b"456",
    b"\xc2\xa0", b"\xe2\x80\x91", b"\xc5\xbf", b"\xe2\x84\xaa",
    b"\xd9\xa1", b"\xef\xbc\x91", b"\x00", b"\r\n", b"A", b"x" * 60,
]  # fmt: skip
_MAIL: Final = [
    b"ada", b"@", b"example", b".", b"org", b"EXAMPLE", b"+x", b"'", b'"', b"<", b">", b",", b";", b" ",
    b"\r\nBcc: ", b"\n",
    b"\x00", b"xn--a", b"-", b"_", b"\xe2\x84\xaa", b"[127.0.0.1]", b"(c)", b"%", b"!", b"a" * 64,
]  # fmt: skip
_SECRET: Final = bytes(range(20))


def typed_codes(dice: Dice) -> None:
    """What is typed is folded to capitals and digits or to nothing, and only the right code is right."""
    data = b"".join(dice.one(_TYPED) for _ in range(dice.number(0, 6)))
    typed = (damage(dice, data) if dice.chance(0.3) else data).decode("utf-8", "surrogateescape")
    folded = fold(typed)
    assert folded is None or (folded.isascii() and folded == folded.upper() and fold(folded) == folded)
    assert folded is None or not {" ", "-"} & set(folded)
    code = shown.recovery_code(typed)
    assert code is None or (len(code) == shown.RECOVERY_LENGTH and code == folded)
    right = mailed.digest_of(b"key", "device", "ada", "BCDFGHJK")
    assert (mailed.typed_digest(b"key", "device", "ada", typed) == right) is (folded == "BCDFGHJK")
    step = dice.number(0, 2**40)
    verdict = shown.judge(_SECRET, typed, step=step, window=0, last_step=-1)
    assert (verdict == shown.Matched(step)) is (folded == code_at(_SECRET, step))


def mail_addresses(dice: Dice) -> None:
    """An address that is taken is one mailbox: no second one, no header, no other spelling of its domain."""
    data = b"".join(dice.one(_MAIL) for _ in range(dice.number(0, 8)))
    text = (damage(dice, data) if dice.chance(0.3) else data).decode("utf-8", "surrogateescape")
    address = mailed.parse_email(text)
    if address is None:
        return
    assert address.isascii()
    assert address.isprintable()
    assert address.count("@") == 1
    assert not set(address) & set(' ,;:<>()[]"\\')
    assert address.lower() == text.lower()
    assert mailed.parse_email(address) == address
    assert mailed.is_allowed(address, (address.rpartition("@")[2],))
    assert not mailed.is_allowed(address, ("other.example",)) or address.endswith("@other.example")


# What clients of the provider prove themselves with

_JSON: Final = [
    b"{", b"}", b"[", b"]", b":", b",", b'"', b"1", b"-", b"e9", b"1e999", b"NaN", b"null", b"true", b"\\ud800",
    b'"jti"', b'"iat":1800000000', b'"htm":"POST"', b'"htu":"https://a.test/t"', b'"alg":"ES256"',
    b'"typ":"dpop+jwt"', b'"crit":[]', b'"jwk":{"kty":"EC"}', b'"kid":"x"', b"\xff", b"\x00", b"{" * 300,
]  # fmt: skip
_PROVEN: Final = Signer()
_WANTED: Final = Wanted("POST", "https://a.test/t")
_NOW: Final = 1_800_000_000.0
_CREDENTIALS: Final = [
    b"app", b":", b"secret", b"%", b"%3A", b"%25", b"%zz", b"%ff", b"+", b" ", b"\xc3\xa9", b"\xff", b"\x00", b"", b"=",
]  # fmt: skip


def signed_tokens(dice: Dice) -> None:
    """Nothing but exactly a token is one, in one spelling, and what was changed is not signed any more."""
    claims = {"jti": "x", "iat": _NOW, "htm": "POST", "htu": _WANTED.url}
    if dice.chance(0.5):
        whole = _PROVEN.sign(claims, typ="dpop+jwt", jwk=_PROVEN.jwk).encode()
        text = damage(dice, whole).decode("utf-8", "surrogateescape")
        is_whole = text.encode("utf-8", "surrogateescape") == whole
    else:
        made = (b"".join(dice.one(_JSON) for _ in range(dice.number(0, 12))) for _ in range(3))
        text, is_whole = ".".join(text_of(each) for each in made), False
    token = read(text)
    assert token is None or text.split(".")[2] == text_of(token.signature)
    shown = judge_proof(text, _WANTED, now=_NOW, lifetime=60, skew=10)
    assert isinstance(shown, Shown) is is_whole


def client_secrets(dice: Dice) -> None:
    """A request proves its client in one way or not at all, however it is written."""
    data = b"".join(dice.one(_CREDENTIALS) for _ in range(dice.number(0, 6)))
    raw = base64.b64encode(data).decode() if dice.chance(0.8) else data.decode("latin-1")
    form = {"client_id": dice.one(_CREDENTIALS).decode("latin-1")} if dice.chance(0.3) else {}
    basic = read_client([f"Basic {raw}"], form)
    assert isinstance(basic, Reason) or (isinstance(basic, Secret) and basic.client_id)
    assert isinstance(read_client([f"Basic {raw}"], {**form, "client_secret": "x"}), Reason)
    if isinstance(basic, Secret):
        assert form.get("client_id", "") in {"", basic.client_id}


_CLAIMS: Final = {"iss": "https://a.test", "sub": "ada", "aud": ["shop"], "exp": _NOW + 60}


def cosigned_messages(dice: Dice) -> None:
    """A share is given to what can be read in one way only: exactly what its reading would be written as."""
    payload = msgspec.json.encode(_CLAIMS)
    if dice.chance(0.7):
        payload = damage(dice, payload)
    else:
        payload = b"".join(dice.one(_JSON) for _ in range(dice.number(0, 12)))
    message = f"{compact.head('EdDSA', 'k', 'JWT')}.{text_of(payload)}".encode()
    if dice.chance(0.3):
        message = damage(dice, message)
    with contextlib.suppress(Improper):
        judged(message, kid="k", issuer="https://a.test", longest=3600, now=_NOW)
        head, _, body = message.partition(b".")
        for part in (head, body):
            assert (
                text_of(msgspec.json.encode(msgspec.json.decode(unbase64url(part.decode())))) == part.decode()
            )


PARSERS: Final[tuple[Callable[[Dice], None], ...]] = (
    request_heads,
    following_heads,
    chunked_bodies,
    response_heads,
    cookies,
    proxy_protocol,
    forwarded_fields,
    h2_heads,
    hpack_blocks,
    huffman_code,
    h2_frames,
    pages,
    gzip_bodies,
    accepted_codings,
    typed_codes,
    mail_addresses,
    signed_tokens,
    cosigned_messages,
    h3_frames,
    client_secrets,
)
