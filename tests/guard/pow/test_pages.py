import asyncio
import base64
import re

import pytest
from tests.guard.pow.conftest import FORM, PERSON

from yett.guard.pow import events

OWN = {"Origin": "https://app.example", "Sec-Fetch-Site": "same-origin"}


async def test_a_program_is_told_the_way_and_gets_through(wall, heard):
    assert (await wall.send("GET", "/")).status == 403
    answer = await wall.post("solution", await wall.solution())
    assert answer.json == {"passed": True, "expires_in": 86400}
    assert "SameSite=None" in answer.fields["set-cookie"]
    assert (await wall.send("GET", "/", {"Cookie": answer.cookie})).body == b"the application"
    assert (events.challenge_passed, {"host": "app.example", "seconds": 0.0}) in heard("listener.pow")


async def test_a_page_has_to_send_its_decoys_and_to_wait(wall, clock):
    given = (await wall.post("challenge", {"page": "1"})).json
    assert given["wait"] == 1000
    assert len(given["decoys"]) == 2
    fields = {"id": given["id"], "nonce": "1", **dict.fromkeys(given["decoys"], "")}
    assert (await wall.post("solution", fields)).json == {"error": "too_fast"}
    clock.advance(1)
    filled = {**fields, given["decoys"][0]: "Ltd"}
    assert (await wall.post("solution", filled)).json == {"error": "decoy"}


async def test_of_many_equal_solutions_at_once_one_gets_a_pass(wall):
    solution = await wall.solution()
    answers = await asyncio.gather(*(wall.post("solution", solution) for _ in range(50)))
    assert sorted(answer.status for answer in answers) == [200] + [403] * 49


@pytest.mark.parametrize(
    ("name", "headers", "body", "status"),
    [
        ("solution", FORM, b"", 400),
        ("solution", FORM, b"id=a", 400),
        ("solution", FORM, b"id=a&id=b&nonce=1", 400),
        ("solution", FORM, b"%zz=1", 400),
        ("solution", FORM, b"\xff=1", 400),
        ("solution", {"Content-Type": "application/json"}, b'{"id":1}', 415),
        ("solution", {}, b"id=a&nonce=1", 415),
        ("solution", FORM, b"&".join(b"a%d=1" % number for number in range(40)), 400),
        ("solution", FORM, b"id=" + b"a" * 20_000, 413),
        ("challenge", {"Content-Type": "application/json"}, b"{}", 415),
    ],
)
async def test_what_is_no_form_of_ours_is_refused(wall, heard, name, headers, body, status):
    answer = await wall.send("POST", f"/_yett/pow/{name}", headers, body)
    assert answer.status == status
    if len(body) < 16_000:
        assert answer.json == {"error": "format"}
        assert [event for event, _ in heard("listener.pow")] == [events.solution_malformed]


async def test_where_the_store_fails_it_is_503_and_nobody_gets_a_pass(wall, records):
    solution = await wall.solution()
    records.failing = {"put"}
    answer = await wall.post("challenge")
    assert (answer.status, answer.fields["retry-after"]) == (503, "5")
    records.failing = {"take"}
    answer = await wall.post("solution", solution)
    assert answer.status == 503
    assert "set-cookie" not in answer.fields


def number_on(page):
    return re.search(rb'data-body="([\w-]*)"', page.body)[1].decode()


async def test_a_form_waits_for_its_sender_to_have_computed(wall, heard):
    page = await wall.send("POST", "/save", {**PERSON, **FORM, **OWN}, b"text=hello")
    assert page.status == 403
    number = number_on(page)
    assert (await wall.post("body", {"id": number})).json == {"error": "no_pass"}
    cookie = await wall.cookie()
    kept = await wall.post("body", {"id": number}, Cookie=cookie)
    assert kept.body == b"text=hello"
    assert kept.fields["content-type"] == FORM["Content-Type"]
    assert kept.fields["x-content-type-options"] == "nosniff"
    assert (await wall.post("body", {"id": number}, Cookie=cookie)).status == 404
    assert {events.door_body_stored, events.door_body_restored} <= {
        event for event, _ in heard("listener.pow")
    }


async def test_a_form_whose_length_is_not_stated_is_counted_as_it_comes(wall, heard):
    headers = {**PERSON, **FORM, **OWN, "Transfer-Encoding": "chunked"}
    for size, is_kept in ((100, True), (101, False), (40_000, False)):
        chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size)
        page = await wall.send("POST", "/save", headers, chunks)
        assert page.status == 403
        assert bool(number_on(page)) is is_kept
    assert [event for event, _ in heard("listener.pow")].count(events.door_body_too_large) == 2


async def test_a_form_that_cannot_be_stored_is_lost_and_the_challenge_works(wall, records):
    records.failing = {"put"}
    page = await wall.send("POST", "/save", {**PERSON, **FORM, **OWN}, b"text=hello")
    assert number_on(page) == ""
    assert b"could not be kept" in page.body
    records.failing = set()
    assert "__Host-yett-pow" in await wall.cookie()


async def test_the_page_runs_one_file_of_ours_and_nothing_else(wall):
    page = await wall.send("GET", "/", PERSON)
    assert re.findall(rb"<script[^>]*>", page.body) == re.findall(
        rb'<script src="/_yett/pow/proof\.js\?[0-9a-f]{16}" defer>', page.body
    )
    assert b" style=" not in page.body
    source = re.search(rb'src="([^"]+)"', page.body)[1].decode()
    code = await wall.send("GET", source)
    assert code.fields["content-type"] == "text/javascript; charset=utf-8"
    assert code.fields["content-security-policy"] == "default-src 'none'"
    assert b"eval" not in code.body
    assert b"innerHTML" not in code.body


async def test_the_page_can_see_whether_its_pass_was_kept(wall):
    assert (await wall.send("GET", "/_yett/pow/pass")).status == 403
    assert (await wall.send("GET", "/_yett/pow/pass", {"Cookie": "__Host-yett-pow=x"})).status == 403
    assert (await wall.send("GET", "/_yett/pow/pass", {"Cookie": await wall.cookie()})).status == 204


async def test_each_address_is_there_for_one_method(wall):
    assert (await wall.send("GET", "/_yett/pow/challenge")).status == 405
    assert (await wall.send("POST", "/_yett/pow/proof.js")).status == 405
    assert (await wall.send("GET", "/_yett/pow/")).status == 404
    assert (await wall.send("HEAD", "/x", PERSON)).body == b""


async def test_a_challenge_has_no_more_than_fits_into_one_block(wall):
    given = (await wall.post("challenge")).json
    assert len(given["challenge"]) == 43
    assert len(base64.urlsafe_b64decode(given["challenge"] + "=")) == 32
