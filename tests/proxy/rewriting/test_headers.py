import pytest
from tests.proxy.replying import answer

from yett.proxy.rewriting.headers import rewrite_cookie, rewrite_headers
from yett.proxy.rewriting.model import Place
from yett.proxy.rewriting.translation import Patterns, Translation

WIKI = Translation(Patterns([Place("wiki.internal", 8080)], "wiki.example.org", 443), "wiki.example.org", 443)
OLD, NEW = "http://wiki.internal:8080", "https://wiki.example.org"


def rewritten(**fields):
    reply = answer(302, **fields)
    moved = rewrite_headers(reply, WIKI, host=b"wiki.example.org", is_tls=True)
    return moved, [line.decode().partition(": ")[2] for line in reply.lines]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("location", "^/a?b"),
        ("content_location", "^/a"),
        ("refresh", "5; url=^/a"),
        ("refresh", "0;URL='^/a'"),
        ("refresh", "0, ^/a"),
        ("access_control_allow_origin", "^"),
        ("link", "<^/a.css>; rel=preload, <^/b>; rel=next"),
        ("content_security_policy", "default-src 'self' ^; img-src ^/img *"),
        ("content_security_policy_report_only", "script-src ^"),
    ],
)
def test_what_names_the_application_names_the_public_host(name, value):
    moved, values = rewritten(**{name: value.replace("^", OLD)})
    assert values == [value.replace("^", NEW)]
    assert moved is (name == "location")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("location", "/a"),
        ("location", f"http://other/?to={OLD}"),
        ("refresh", "5"),
        ("refresh", f"x; url={OLD}"),
        ("access_control_allow_origin", "*"),
        ("access_control_allow_origin", f"{OLD}/"),
        ("link", f"<http://other/{OLD}>"),
        ("server", OLD),
        ("x_location", OLD),
    ],
)
def test_everything_else_stays(name, value):
    assert rewritten(**{name: value}) == (False, [value])


@pytest.mark.parametrize(
    ("cookie", "public"),
    [
        ("a=b", "a=b; Secure"),
        ("a=b; Domain=wiki.internal; Path=/x", "a=b; Path=/x; Secure"),
        ("a=b; domain = .Wiki.Internal; HttpOnly", "a=b; HttpOnly; Secure"),
        ("a=b; Domain=internal; secure", "a=b; secure"),
        ("a=b; Domain=example.org; Secure", "a=b; Domain=example.org; Secure"),
        ("a=b; Domain=wiki.example.org; Secure", "a=b; Domain=wiki.example.org; Secure"),
        ("a=b; Domain=iki.internal; Secure", "a=b; Domain=iki.internal; Secure"),
        ("a=b; Domain=; Secure", "a=b; Domain=; Secure"),
        ("Domain=wiki.internal; Secure", "Domain=wiki.internal; Secure"),
        ("a=Secure; SameSite=None", "a=Secure; SameSite=None; Secure"),
    ],
)
def test_cookies_belong_to_the_public_host(cookie, public):
    assert (
        rewrite_cookie(
            cookie.encode(), host=b"wiki.example.org", hosts={b"wiki.internal"}, is_tls=True
        ).decode()
        == public
    )


def test_without_tls_a_cookie_is_not_kept_to_tls():
    assert rewrite_cookie(b"a=b", host=b"h", hosts=(), is_tls=False) == b"a=b"


def test_each_of_several_cookies_is_changed():
    assert rewritten(set_cookie=["a=1; Domain=wiki.internal", "b=2"]) == (
        False,
        ["a=1; Secure", "b=2; Secure"],
    )
