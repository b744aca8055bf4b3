import pytest
from tests.proxy.replying import answer

from yett.proxy.rewriting.model import TooLarge, Untouched
from yett.proxy.rewriting.rules import can_change_styles, hindrance, is_gzipped

LIMIT = 10_000


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"length": LIMIT},
        {"status": 404},
        {"content_type": "TEXT/HTML;charset=UTF-8"},
        {"content_type": 'text/html; x=y; Charset="iso-8859-1"'},
        {"content_type": "text/html; charset=Shift_JIS"},
        {"content_type": "application/xhtml+xml"},
        {"content_encoding": "gzip"},
        {"content_encoding": "X-GZIP"},
        {"content_encoding": "identity"},
    ],
)
def test_a_page_is_rewritten(fields):
    fields = {"content_type": "text/html", **fields}
    assert hindrance(answer(**fields), LIMIT) is None


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"content_type": "text/plain"}, Untouched.TYPE),
        ({"content_type": "application/json"}, Untouched.TYPE),
        ({"content_type": "text/htmlx"}, Untouched.TYPE),
        ({"content_type": []}, Untouched.TYPE),
        ({"content_encoding": "br"}, Untouched.CODING),
        ({"content_encoding": "gzip, gzip"}, Untouched.CODING),
        ({"content_encoding": ["gzip", "br"]}, Untouched.CODING),
        ({"content_type": "text/html; charset=utf-16le"}, Untouched.CHARSET),
        ({"content_type": "text/html; charset=iso-2022-jp"}, Untouched.CHARSET),
        ({"content_type": "text/html; charset=utf-7"}, Untouched.CHARSET),
        ({"content_type": "text/html; charset=martian"}, Untouched.CHARSET),
        ({"content_type": "text/html; charset="}, Untouched.CHARSET),
        ({"status": 206}, Untouched.PART),
        ({"content_range": "bytes 0-1/2"}, Untouched.PART),
        ({"length": LIMIT + 1}, TooLarge.LENGTH),
    ],
)
def test_what_cannot_be_rewritten_has_a_reason(fields, why):
    fields = {"content_type": "text/html", **fields}
    assert hindrance(answer(**fields), LIMIT) is why


def test_a_body_in_several_codings_is_not_simply_gzip():
    assert is_gzipped(answer(content_encoding="gzip"))
    assert not is_gzipped(answer(content_encoding=["gzip", "gzip"]))
    assert not is_gzipped(answer())


def test_a_policy_with_hashes_vouches_for_style_sheets():
    assert can_change_styles(answer())
    assert can_change_styles(answer(content_security_policy="style-src 'self'"))
    assert not can_change_styles(
        answer(content_security_policy=["default-src *", "style-src 'SHA256-47DEQpj8HBSa=='"])
    )
