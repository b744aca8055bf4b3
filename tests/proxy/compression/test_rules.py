import pytest
from tests.proxy.replying import answer, ask

from yett.proxy.compression.rules import is_compressible, may_be_watched

TYPES = frozenset({b"text/html"})


def judged(**changes):
    fields = {"status": 200, "length": 5000, "content_type": "Text/HTML; charset=utf-8", **changes}
    return is_compressible(answer(fields.pop("status"), length=fields.pop("length"), **fields), TYPES, 1024)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"length": -1},
        {"length": 1024},
        {"status": 404},
        {"status": 500},
        {"content_encoding": "identity"},
        {"cache_control": "private, max-age=0"},
        {"set_cookie": "a=b"},
    ],
)
def test_a_long_text_may_be_compressed(changes):
    assert judged(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"length": 1023},
        {"length": 0},
        {"status": 204},
        {"status": 205},
        {"status": 206},
        {"status": 304},
        {"status": 101},
        {"content_type": "image/png"},
        {"content_type": "text/event-stream"},
        {"content_type": ""},
        {"content_encoding": "br"},
        {"content_encoding": ["gzip", "br"]},
        {"content_encoding": "unknown"},
        {"content_range": "bytes 0-99/5000"},
        {"cache_control": "no-transform"},
        {"cache_control": ["public", "No-Transform , max-age=1"]},
    ],
)
def test_everything_else_goes_on_as_it_is(changes):
    assert not judged(**changes)


@pytest.mark.parametrize(
    ("fields", "watched"),
    [
        ({}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"cookie": "session=1"}, True),
        ({"cookie": "session=1", "sec_fetch_site": "cross-site"}, True),
        ({"cookie": "session=1", "sec_fetch_site": "same-site"}, True),
        ({"cookie": "session=1", "sec_fetch_site": "SAME-ORIGIN"}, True),
        ({"cookie": "session=1", "sec_fetch_site": "same-origin"}, False),
        ({"cookie": "session=1", "sec_fetch_site": "none"}, False),
        ({"authorization": "Basic YTpi"}, True),
        ({"authorization": "Negotiate YII"}, True),
        ({"authorization": "Bearer abc"}, False),
        ({"authorization": "bearer abc", "cookie": "session=1"}, True),
    ],
)
def test_only_what_no_other_page_could_have_asked_for_in_somebodys_name_is_compressed(fields, watched):
    assert may_be_watched(ask(**fields).request) is watched


def test_a_client_certificate_proves_an_identity_as_well():
    request = ask().request
    request.connection.certificate = b"DER"
    assert may_be_watched(request)
