"""The picture that an app scans."""

import re
import xml.etree.ElementTree as ET

import pytest
import segno

from yett.authn.totp.qr import draw_qr

SVG = "{http://www.w3.org/2000/svg}"
URI = "otpauth://totp/yett.example.org:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=yett.example.org"


def modules(svg):
    """The dark modules that the path draws."""
    path = ET.fromstring(svg).findall(f"{SVG}path")[1].get("d")
    return {
        (int(x) + offset, int(y))
        for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", path)
        for offset in range(int(width))
    }


def test_what_is_drawn_is_the_code_with_a_margin():
    expected = {
        (x + 4, y + 4)
        for y, row in enumerate(segno.make_qr(URI, error="m").matrix)
        for x, module in enumerate(row)
        if module
    }
    assert modules(draw_qr(URI, "QR code")) == expected


def test_whoever_cannot_see_it_is_told_what_it_is():
    svg = ET.fromstring(draw_qr(URI, "QR code for <ada> & others"))
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == "QR code for <ada> & others"
    assert svg.find(f"{SVG}title").text == "QR code for <ada> & others"


def test_it_stands_in_a_page_without_style_or_script():
    svg = draw_qr(URI, 'a" onload="alert(1)')
    assert "style" not in svg
    assert "<script" not in svg
    assert ET.fromstring(svg).get("onload") is None


def test_the_longest_issuer_fits():
    draw_qr("otpauth://totp/" + "%F0%9F%8F%B0" * 128 + "a" * 63, "QR code")


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="too large"):
        draw_qr("x" * 5000, "QR code")
