"""Pages of ours: escaped, complete, and allowed to do nothing but show themselves."""

import base64
import hashlib
import re

import jinja2
import pytest

from yett.net.pages import Page, render
from yett.net.pages.page import headers


def error_page(**changed) -> Page:
    context = {"status": 404, "heading": "Gone", "sentence": "It is gone.", "request_id": "", "actions": ()}
    return render("error.html", **(context | changed))


def table(page: Page) -> dict[str, str]:
    lines = page.headers.decode("ascii").split("\r\n")
    assert lines.pop() == ""
    return dict(line.split(": ", 1) for line in lines)


def test_the_policy_allows_exactly_the_style_that_the_page_carries():
    page = error_page()

    style = re.search(rb"<style>(.*?)</style>", page.body, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()

    policy = table(page)["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "form-action 'self';" in policy
    assert "script" not in policy


def test_a_page_needs_nothing_that_the_policy_forbids():
    body = error_page().body.decode()

    assert "<script" not in body
    assert not re.search(r"\sstyle=|\son[a-z]+=|https?://(?!www\.w3\.org/)", body)
    assert body.startswith('<!doctype html>\n<html lang="en">')


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ],
)
def test_every_page_carries_the_headers_that_protect_it(name, value):
    assert table(error_page())[name] == value


def test_the_engine_names_type_and_length_itself():
    assert not {"Content-Type", "Content-Length"} & set(table(error_page()))


def test_whatever_is_printed_is_escaped():
    body = error_page(heading="<b>", sentence='"><script>alert(1)</script>').body

    assert b"<b>" not in body
    assert b"<script>" not in body
    assert b"&lt;script&gt;" in body


def test_a_name_that_was_not_given_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        render("error.html", status=404)


@pytest.mark.parametrize(
    "name", ["nowhere.html", "net/nowhere.html", "../page.py", "net/../base.html", "/etc/passwd"]
)
def test_templates_come_from_the_rooms_and_from_nowhere_else(name):
    with pytest.raises(jinja2.TemplateNotFound):
        render(name)


def test_other_origins_for_forms_are_listed():
    page = render(
        "error.html",
        form_action=("https://login.example.test:8443", "http://[::1]:80"),
        status=1,
        heading="",
        sentence="",
        request_id="",
        actions=(),
    )

    assert (
        "form-action 'self' https://login.example.test:8443 http://[::1]:80;"
        in table(page)["Content-Security-Policy"]
    )


@pytest.mark.parametrize(
    "origin", ["https://a.test; script-src *", "a.test", "javascript:", "https://a.test/\r\nX: y"]
)
def test_an_origin_cannot_widen_the_policy(origin):
    with pytest.raises(ValueError, match="not an origin"):
        headers((origin,))


def test_a_page_may_carry_a_style_sheet_of_its_room_and_only_that_is_allowed_besides():
    context = {"status": 404, "heading": "Gone", "sentence": "It is gone.", "request_id": "", "actions": ()}
    page = render("error.html", sheet="ops/console.css", **context)

    styles = re.findall(rb"<style>(.*?)</style>", page.body, re.DOTALL)
    assert len(styles) == 2
    allowed = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(style).digest()).decode()}'" for style in styles
    )
    assert f"style-src {allowed}; " in table(page)["Content-Security-Policy"]
    assert b"<style>" not in page.body.replace(b"<style>" + styles[0], b"").replace(
        b"<style>" + styles[1], b""
    )


@pytest.mark.parametrize("name", ["console.css", "ops/../x.css", "/etc/passwd", "ops/console.html"])
def test_a_style_sheet_is_a_file_of_a_room(name):
    with pytest.raises(ValueError, match="names no style sheet"):
        headers(sheet=name)
