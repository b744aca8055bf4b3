import string

import pytest

from yett.net.http import Limits, Refusal, Unimaginable, imagine


def imagined(url, **more):
    return imagine(url, limits=Limits(), **more)


def test_a_request_is_as_the_engine_would_make_it():
    request = imagined(
        "https://Wiki.example:8443/a/b?c=d#e",
        method="POST",
        headers=("Accept: text/html", "Origin: https://x.example"),
        client_address="192.0.2.1",
        body_size=5,
    )
    assert (request.method, request.target, request.path) == (b"POST", b"/a/b?c=d", "/a/b")
    assert (request.host, request.port, request.content_length) == ("wiki.example", 8443, 5)
    assert request.field(b"accept") == b"text/html"
    assert request.connection.is_tls
    assert request.scope.client_address == request.connection.client_address == "192.0.2.1"


def test_a_url_without_a_path_asks_for_the_root():
    assert imagined("http://wiki.example?x=1").target == b"/?x=1"
    assert not imagined("http://wiki.example").connection.is_tls


def test_what_everybody_reads_alike_is_known_to_be_so():
    assert imagined("https://wiki.example/plain").is_even
    assert not imagined("https://wiki.example/PL%41IN").is_even


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ({"url": "wiki.example"}, Refusal.MALFORMED),
        ({"url": "https://wiki.example/\r\nCookie: x"}, Refusal.MALFORMED),
        ({"url": "https://wiki.example/ü"}, Refusal.MALFORMED),
        ({"url": "https://wiki.example/a b"}, Refusal.MALFORMED),
        ({"url": "https://a@wiki.example/"}, Refusal.MALFORMED),
        ({"url": "https://wiki.example/", "method": "TRACE"}, Refusal.METHOD),
        ({"url": "https://wiki.example/", "method": "GET /x HTTP/1.1\r\nX: y"}, Refusal.MALFORMED),
        ({"url": "https://wiki.example/", "headers": ("A: b\r\nHost: evil",)}, Refusal.MALFORMED),
        ({"url": "https://wiki.example/", "headers": ("no colon",)}, Refusal.MALFORMED),
        ({"url": "https://wiki.example/", "headers": ("Host: other",)}, Refusal.MALFORMED),
        ({"url": "https://wiki.example/" + "a" * 100_000}, Refusal.TARGET_TOO_LONG),
        ({"url": "https://wiki.example/", "headers": ("A: b",) * 1000}, Refusal.TOO_MANY_FIELDS),
    ],
)
def test_what_a_client_would_be_refused_for_is_refused(words, refusal):
    with pytest.raises(Unimaginable) as caught:
        imagined(**words)
    assert caught.value.refusal is refusal


@pytest.mark.parametrize("character", [*map(chr, range(256)), "\ud800", "\u2028"])
def test_no_character_makes_it_raise_anything_else(character):
    for url in (
        f"https://wiki.example/{character}",
        f"https://w{character}.example/",
        f"https{character}://w/",
    ):
        try:
            request = imagined(url)
        except Unimaginable:
            continue
        assert set(request.path) <= set(string.printable)
