"""The page for whatever went wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.net.pages import Action, error_page


def page(**changed):
    return error_page(
        **({"status": 403, "heading": "No", "sentence": "Not you.", "request_id": "0199-abc"} | changed)
    )


def test_the_request_id_stands_on_the_page_to_be_copied():
    assert b"<code>0199-abc</code>" in page().body


def test_without_a_request_id_nothing_is_said_about_one():
    assert b"<code>" not in page(request_id="").body
    assert page(request_id="").body.endswith(b"</html>\n")


def test_two_pages_alike_differ_only_in_the_id():
    assert page(request_id="0199-1").body.replace(b"0199-1", b"0199-2") == page(request_id="0199-2").body


def test_the_words_of_the_caller_cannot_be_taken_for_the_place_of_the_id():
    body = page(heading="{request-id}", sentence="{request-id}").body

    assert b"<h1>{request-id}</h1>" in body
    assert b"<code>0199-abc</code>" in body
    assert b"<h1>{request-id}</h1>" in page(heading="{request-id}", request_id="").body


@given(st.text(), st.text(), st.text(min_size=1))
def test_no_text_breaks_out_of_its_place(heading, sentence, request_id):
    body = page(heading=heading, sentence=sentence, request_id=request_id).body.decode(
        "utf-8", "surrogatepass"
    )

    assert body.count("<") == page().body.count(b"<")


def test_text_that_is_no_proper_unicode_is_shown_as_far_as_possible():
    assert b"<h1>a?b</h1>" in page(heading="a\udcffb", request_id="\udcff").body


def test_links_are_links_and_posts_are_forms():
    body = page(
        actions=[Action("Home", "/?a=1&b=2"), Action("Sign out", "/signout", "post", (("form", 'x"y'),))]
    ).body

    assert b'<a class="button" href="/?a=1&amp;b=2">Home</a>' in body
    assert b'<form method="post" action="/signout">' in body
    assert b'<input type="hidden" name="form" value="x&#34;y">' in body
    assert b'<button class="button quiet" type="submit">Sign out</button>' in body


def test_a_form_that_leads_to_another_host_is_allowed_to():
    away = page(actions=[Action("Sign out", "https://login.example.test:8443/signout", "post")])
    link = page(actions=[Action("Sign out", "https://login.example.test:8443/signout")])

    assert b"form-action 'self' https://login.example.test:8443;" in away.headers
    assert b"form-action 'self';" in link.headers


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "//evil.test", "/\\evil.test", "data:text/html,x", "", "x"]
)
def test_an_action_leads_to_a_path_or_an_http_address(href):
    with pytest.raises(ValueError, match="neither"):
        Action("Go", href)
