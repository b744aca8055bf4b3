import gzip

import pytest
from tests.proxy.conftest import WIKI
from tests.proxy.replying import BACKEND, answer, ask, attempt, through

from yett.net.http import Forward, Upstream
from yett.proxy.fields import joined
from yett.proxy.rewriting import Place, RewritingStep, events
from yett.proxy.rewriting import step as steps
from yett.proxy.rewriting.model import TooLarge, Untouched

PAGE = b'<a href="http://wiki.internal:8080/x">'
PUBLIC = b'<a href="https://wiki.example.test/x">'
HTML = {"content_type": "text/html", "length": len(PAGE)}


def step(*, limit=1000, pages=True, places=()):
    return RewritingStep(places, WIKI, public_port=443, limit=limit, pages=pages)


def run(call, reply, **more):
    step(**more).reply(call, attempt(), reply)
    return reply


def test_a_page_is_rewritten_and_its_head_says_so():
    reply = run(ask(), answer(**HTML, etag='"v1"', accept_ranges="bytes"))

    assert through(reply, PAGE[:20], PAGE[20:]) == PUBLIC
    assert reply.content_length == -1
    assert reply.value(b"etag") == b'W/"v1"'
    assert reply.value(b"accept-ranges") is None


def test_what_comes_in_gzip_goes_on_in_gzip():
    reply = run(ask(), answer(**HTML, content_encoding="gzip"))
    assert gzip.decompress(through(reply, gzip.compress(PAGE))) == PUBLIC
    assert reply.value(b"content-encoding") == b"gzip"


@pytest.mark.parametrize(
    ("accepted", "asked", "is_less"),
    [
        ("gzip, deflate, br, zstd", b"gzip", True),
        ("br", b"identity", True),
        ("*", b"gzip", True),
        ("gzip;q=0, zstd", b"identity", True),
        ("gzip", b"gzip", False),
        ("identity", b"identity", False),
        ("broken;;", b"identity", False),
    ],
)
def test_the_application_is_asked_for_codings_that_can_be_read(heard, accepted, asked, is_less):
    forward = Forward(BACKEND, add=b"X-One: 1\r\n", drop=frozenset({b"x-two"}))
    changed = step().prepare(ask(accept_encoding=accepted), forward, None)

    assert changed.add == b"X-One: 1\r\nAccept-Encoding: " + asked + b"\r\n"
    assert changed.drop == {b"x-two", b"accept-encoding"}
    said = [(events.codings_disabled, {"app": "Wiki"})] if is_less else []
    assert heard("proxy.rewrite") == said


def test_a_request_that_names_no_codings_is_sent_as_it_is():
    forward = Forward(BACKEND)
    assert step().prepare(ask(), forward, None) is forward
    assert step(pages=False).prepare(ask(accept_encoding="br"), forward, None) is forward


def test_a_redirect_leads_to_the_public_host(heard):
    reply = run(ask(), answer(302, length=0, location="http://wiki.internal:8080/login"))
    assert reply.value(b"location") == b"https://wiki.example.test/login"
    assert heard("proxy") == [(events.redirect_rewritten, {"app": "Wiki", "backend": "wiki.internal:8080"})]


def test_a_redirect_to_elsewhere_stays(heard):
    reply = run(ask(), answer(302, length=0, location="https://other.example/"))
    assert reply.value(b"location") == b"https://other.example/"
    assert heard("proxy") == []


def test_without_pages_only_header_fields_change():
    reply = run(ask(), answer(302, **HTML, location="http://wiki.internal:8080/"), pages=False)
    assert reply.value(b"location") == b"https://wiki.example.test/"
    assert through(reply, PAGE) == PAGE
    assert reply.content_length == len(PAGE)


def test_other_names_of_the_application_are_known_as_well():
    names = [Place("old.name", 80)]
    page = b"<a href='http://old.name/'><a href='http://wiki.internal:8080/'>"
    reply = run(ask(), answer(content_type="text/html"), places=names)
    assert (
        through(reply, page) == b"<a href='https://wiki.example.test/'><a href='https://wiki.example.test/'>"
    )


def test_a_backend_over_a_socket_file_has_no_address_of_its_own(heard):
    there = attempt(forward=Forward(Upstream("", 0, unix_path="/run/wiki.sock")))
    reply = answer(302, location="http://localhost/x")
    step(places=[Place("localhost", 80)]).reply(ask(), there, reply)
    assert reply.value(b"location") == b"https://wiki.example.test/x"
    assert heard("proxy.redirect")[0][1]["backend"] == "/run/wiki.sock"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"content_type": "image/png"}, Untouched.TYPE),
        ({"content_encoding": "br"}, Untouched.CODING),
        ({"status": 206}, Untouched.PART),
        ({"content_type": "text/html; charset=utf-16"}, Untouched.CHARSET),
    ],
)
def test_what_is_no_page_is_streamed(heard, fields, why):
    reply = run(ask(), answer(**{**HTML, **fields}))
    assert reply.filter is None
    assert reply.content_length == len(PAGE)
    assert heard("proxy.rewrite") == [(events.streamed, {"app": "Wiki", "reason": why})]


@pytest.mark.parametrize(("length", "reason"), [(101, TooLarge.LENGTH), (-1, TooLarge.BODY)])
def test_a_page_that_is_too_large_is_streamed(heard, length, reason):
    page = b" " * 100 + PAGE
    reply = run(ask(), answer(content_type="text/html", length=length), limit=100)
    assert through(reply, page) == page
    assert heard("proxy.rewrite") == [(events.too_large, {"app": "Wiki", "reason": reason, "limit": 100})]


def test_what_is_said_while_the_body_comes_belongs_to_the_request(heard):
    call = ask()
    through(run(call, answer(content_type="text/html"), limit=1), PAGE)
    assert [record.request_id for record in heard.records] == [call.request.scope.request_id]


@pytest.mark.parametrize("fields", [{"status": 101}, {"status": 204}, {"status": 304}, {"length": 0}])
def test_an_answer_without_a_body_has_none_to_rewrite(heard, fields):
    reply = run(ask(), answer(**{"content_type": "text/html", **fields}))
    assert reply.filter is None
    assert heard() == []


def test_a_304_names_the_tag_that_the_client_knows():
    known = ask(if_none_match='W/"v1"')
    assert run(known, answer(304, etag='"v1"')).value(b"etag") == b'W/"v1"'
    assert run(known, answer(304, etag='"v1"'), pages=False).value(b"etag") == b'"v1"'


def test_the_answer_to_a_head_request_looks_like_that_to_a_get():
    fields = {**HTML, "etag": '"v1"'}
    assert run(ask("HEAD"), answer(**fields)).lines == run(ask(), answer(**fields)).lines


def test_a_cookie_is_kept_to_tls_where_there_is_tls():
    fields = {"status": 204, "set_cookie": "a=b; Domain=wiki.internal"}
    assert joined(run(ask(), answer(**fields)).lines, b"set-cookie") == b"a=b; Secure"
    assert joined(run(ask(is_tls=False), answer(**fields)).lines, b"set-cookie") == b"a=b"


def test_many_hosts_and_backends_take_no_more_memory_than_a_few(monkeypatch):
    monkeypatch.setattr(steps, "_MOST_REMEMBERED", 4)
    one = RewritingStep((), "*.example.test", public_port=443, limit=1, pages=False)
    for number in range(1, 10):
        for host in ("a.example.test", "b.example.test"):
            there = attempt(forward=Forward(Upstream("wiki.internal", number)))
            reply = answer(302, location=f"http://wiki.internal:{number}/")
            one.reply(ask(host=host), there, reply)
            assert reply.value(b"location") == f"https://{host}/".encode()
            assert max(len(one._found), len(one._patterns)) <= 4
