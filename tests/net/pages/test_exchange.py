"""Reading what people send, strictly, and answering."""

import re
import urllib.parse

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from yett.net.pages import (
    MAX_FORM,
    Fault,
    PageResponse,
    client_address,
    http_error,
    once,
    parse_fields,
    problem,
    read_form,
    redirect,
    render,
    request_id,
)

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (b"", ()),
        (b"a=1&b=2", (("a", "1"), ("b", "2"))),
        (b"a=1&a=2", (("a", "1"), ("a", "2"))),
        (b"a=", (("a", ""),)),
        (b"a=b+c%20d", (("a", "b c d"),)),
        (b"n=%C3%A9", (("n", "\u00e9"),)),
        (b"a=1;b=2", (("a", "1;b=2"),)),
        (b"a", None),
        (b"a=1&&b=2", None),
        (b"a=%", None),
        (b"a=%zz", None),
        (b"a=%ff", None),
        (b"a=\xc3\xa9", None),
        (b"&".join([b"a=1"] * 33), None),
    ],
)
def test_fields_are_well_formed_or_nothing(raw, fields):
    assert parse_fields(raw) == fields


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_raising(raw):
    fields = parse_fields(raw)
    assert fields is None or all(isinstance(text, str) for pair in fields for text in pair)


@given(
    st.lists(
        st.sampled_from(["a", "b=", "=", "&", "%41", "%", "%C3%A4", "%ff", "+", "ä", "%0", ";", "\n"])
    ).map("".join),
    st.integers(1, 4),
)
def test_fields_are_those_that_the_standard_library_reads(text, most):
    try:
        expected = tuple(
            urllib.parse.parse_qsl(
                text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=most
            )
        )
    except ValueError:
        expected = None
    if text and (not text.isascii() or re.search("%(?![0-9A-Fa-f]{2})", text)):
        expected = None
    assert parse_fields(text.encode(), most=most) == (expected if text else ())


def test_a_name_that_repeats_is_refused():
    assert once((("a", "1"), ("b", "2"))) == {"a": "1", "b": "2"}
    assert once((("a", "1"), ("a", "1"))) is None


async def echo(request: Request):
    form = await read_form(request)
    return JSONResponse({"fault": form.value, "status": form.status} if isinstance(form, Fault) else form)


async def show(request: Request):
    return problem(request, 410, "Gone", client_address(request))


async def away(_: Request):
    return redirect("/elsewhere")


async def refuse(_: Request):
    raise HTTPException(413, headers={"X-Why": "size"})


APP = Starlette(
    routes=[
        Route("/echo", echo, methods=["POST"]),
        Route("/show", show),
        Route("/away", away),
        Route("/refuse", refuse),
    ],
    exception_handlers={HTTPException: http_error},
)


async def with_state(scope, receive, send):
    if scope["type"] == "http":
        scope["state"] = {"request_id": "0199-abc", "client_address": "192.0.2.7"}
    await APP(scope, receive, send)


@pytest.fixture
async def browser():
    transport = httpx2.ASGITransport(app=with_state)
    async with httpx2.AsyncClient(transport=transport, base_url="https://login.example.test") as client:
        yield client


@pytest.mark.parametrize(
    ("body", "kind", "answer"),
    [
        (b"a=1&b=", FORM, {"a": "1", "b": ""}),
        (b"a=1", FORM + "; charset=UTF-8", {"a": "1"}),
        (b"a=1&a=2", FORM, {"fault": "malformed", "status": 400}),
        (b"a=%zz", FORM, {"fault": "malformed", "status": 400}),
        (b"&".join([b"%d=1" % n for n in range(17)]), FORM, {"fault": "malformed", "status": 400}),
        (b"a=" + b"x" * MAX_FORM, FORM, {"fault": "too_large", "status": 413}),
        (b'{"a": 1}', "application/json", {"fault": "content_type", "status": 415}),
        (b"a=1", "text/plain", {"fault": "content_type", "status": 415}),
    ],
)
async def test_a_form_is_read_strictly(browser, body, kind, answer):
    response = await browser.post("/echo", content=body, headers={"Content-Type": kind})

    assert response.json() == answer


async def test_a_form_whose_sender_left_is_incomplete():
    async def gone():
        return {"type": "http.disconnect"}

    request = Request({"type": "http", "method": "POST", "headers": [(b"content-type", FORM.encode())]}, gone)

    assert await read_form(request) is Fault.INCOMPLETE


async def test_outside_of_the_engine_there_is_neither_id_nor_address():
    request = Request({"type": "http", "method": "GET", "headers": []})

    assert (request_id(request), client_address(request)) == ("", "")


async def test_a_page_goes_out_with_its_headers_and_the_ids_of_the_exchange(browser):
    response = await browser.get("/show")

    assert response.status_code == 410
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["x-frame-options"] == "DENY"
    assert "0199-abc" in response.text
    assert "192.0.2.7" in response.text


async def test_head_gets_the_head_of_what_get_would_get(browser):
    got, looked = await browser.get("/show"), await browser.head("/show")

    assert looked.headers == got.headers
    assert looked.content == b""


async def test_a_redirect_is_neither_cached_nor_tells_where_it_came_from(browser):
    response = await browser.get("/away")

    assert response.status_code == 303
    assert response.headers["location"] == "/elsewhere"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("DELETE", "/show", 405), ("GET", "/refuse", 413)],
)
async def test_what_routing_turns_away_is_a_page_too(browser, method, path, status):
    response = await browser.request(method, path)

    assert response.status_code == status
    assert f"Error {status}" in response.text
    if status == 405:
        assert "GET" in response.headers["allow"]
    if status == 413:
        assert response.headers["x-why"] == "size"


async def test_an_error_of_another_kind_is_not_dressed_up():
    with pytest.raises(ValueError, match="ours"):
        await http_error(Request({"type": "http"}), ValueError("ours"))


def test_a_header_can_be_added_to_a_page():
    page = render("error.html", status=1, heading="", sentence="", request_id="", actions=())

    assert PageResponse(page, 503, headers={"Retry-After": "5"}).headers["retry-after"] == "5"
