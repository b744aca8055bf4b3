import gzip
import zlib

import brotli
import pytest
from backports import zstd
from tests.proxy.replying import answer, ask, attempt, through

from yett.proxy.compression import Coding, CompressionSettings, CompressionStep, events
from yett.proxy.fields import joined

PAGE = b"<p>Hello, world. </p>" * 500
HTML = {"content_type": "text/html", "length": len(PAGE)}
DECODERS = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstd.decompress}


def run(call, reply, **settings):
    CompressionStep(CompressionSettings(**settings)).reply(call, attempt(), reply)
    return reply


def field(reply, name):
    value = joined(reply.lines, name)
    return value.decode() if value is not None else None


@pytest.mark.parametrize("name", ["gzip", "br", "zstd"])
def test_a_page_is_compressed_and_its_head_says_so(heard, name):
    reply = run(ask(accept_encoding=name), answer(**HTML, etag='"v1"', accept_ranges="bytes", digest="x"))
    encoded = through(reply, PAGE[:100], PAGE[100:])

    assert DECODERS[name](encoded) == PAGE
    assert reply.content_length == -1
    assert field(reply, b"content-encoding") == name
    assert field(reply, b"vary") == "Accept-Encoding"
    assert field(reply, b"etag") == 'W/"v1"'
    assert field(reply, b"accept-ranges") is field(reply, b"digest") is None
    (said,) = heard("listener.compression")
    assert said == (
        events.compressed,
        {"app": "Wiki", "coding": Coding(name), "bytes_in": len(PAGE), "bytes_out": len(encoded)},
    )


def test_the_record_is_that_of_the_request(heard):
    call = ask(accept_encoding="gzip")
    through(run(call, answer(**HTML)), PAGE)
    assert [record.request_id for record in heard.records] == [call.request.scope.request_id]


def test_a_client_that_cannot_read_it_gets_it_as_it_is_and_caches_are_told(heard):
    reply = run(ask(), answer(**HTML, etag='"v1"', vary="Cookie"))

    assert reply.filter is None
    assert reply.content_length == len(PAGE)
    assert field(reply, b"vary") == "Cookie, Accept-Encoding"
    assert field(reply, b"etag") == '"v1"'
    assert heard() == []


def test_a_page_that_another_page_may_have_asked_for_is_not_compressed():
    reply = run(ask(accept_encoding="gzip", cookie="a=b", sec_fetch_site="cross-site"), answer(**HTML))
    assert reply.filter is None
    assert field(reply, b"vary") == "Accept-Encoding"


def test_a_page_that_nobody_gets_compressed_depends_on_nothing():
    reply = run(ask(accept_encoding="gzip"), answer(content_type="image/png", length=5000))
    assert reply.filter is field(reply, b"vary") is None


@pytest.mark.parametrize("vary", ["*", "accept-encoding", "Cookie, Accept-Encoding"])
def test_what_varies_already_is_not_said_twice(vary):
    assert field(run(ask(accept_encoding="gzip"), answer(**HTML, vary=vary)), b"vary") == vary


def test_a_response_of_unknown_length_arrives_piece_by_piece():
    reply = run(ask(accept_encoding="gzip"), answer(content_type="text/html"))
    first = reply.filter.feed(b"<p>first</p>")

    assert zlib.decompressobj(31).decompress(first) == b"<p>first</p>"


def test_the_answer_to_a_head_request_looks_like_that_to_a_get():
    fields = dict(**HTML, etag='"v1"')
    got = run(ask(accept_encoding="gzip"), answer(**fields))
    head = run(ask("HEAD", accept_encoding="gzip"), answer(**fields))
    assert head.lines == got.lines
    assert head.content_length == -1


@pytest.mark.parametrize(
    ("known", "etag"), [('W/"v1"', 'W/"v1"'), ('"v0", W/"v1"', 'W/"v1"'), ('"v1"', '"v1"'), ("*", '"v1"')]
)
def test_a_304_names_the_tag_that_the_client_knows(known, etag):
    reply = run(ask(accept_encoding="gzip", if_none_match=known), answer(304, etag='"v1"'))
    assert field(reply, b"etag") == etag
    assert field(reply, b"vary") == "Accept-Encoding"
    assert reply.filter is None


@pytest.mark.parametrize("etag", ['W/"v1"', "v1", '"v1', '"a"b"'])
def test_a_tag_that_is_weak_or_none_stays(etag):
    assert field(run(ask(accept_encoding="gzip"), answer(**HTML, etag=etag)), b"etag") == etag


def test_settings_say_what_is_offered():
    call = ask(accept_encoding="gzip, br, zstd")
    reply = run(call, answer(**HTML), codings=(Coding.GZIP, Coding.BROTLI), gzip_level=9)
    assert field(reply, b"content-encoding") == "gzip"
    assert run(call, answer(**HTML), minimum=len(PAGE) + 1).filter is None
    assert run(call, answer(**HTML), types=("text/plain",)).filter is None
