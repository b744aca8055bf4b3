"""Where people may be sent back to, and the tricks by which links try to lead elsewhere."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.forward_auth.returning import judge_return

DOMAIN, HOST = "example.test", "login.example.test"


def judge(url):
    return judge_return(url, DOMAIN, HOST)


@pytest.mark.parametrize(
    ("url", "to"),
    [
        ("https://example.test", "https://example.test/"),
        ("https://app.example.test/", "https://app.example.test/"),
        ("https://App.EXAMPLE.test/Path", "https://app.example.test/Path"),
        ("https://a.b.example.test:8443/x", "https://a.b.example.test:8443/x"),
        ("https://app.example.test:443/x", "https://app.example.test/x"),
        ("https://app.example.test/x?a=1&b=%20#part", "https://app.example.test/x?a=1&b=%20#part"),
        ("https://app.example.test?a=1", "https://app.example.test/?a=1"),
        ('https://app.example.test/x?q={"a":[1]}', "https://app.example.test/x?q=%7B%22a%22:[1]%7D"),
        ("https://app.example.test//evil.test", "https://app.example.test//evil.test"),
        (
            "https://app.example.test/?rd=https://evil.test/",
            "https://app.example.test/?rd=https://evil.test/",
        ),
        ("https://login.example.test/profile", "https://login.example.test/profile"),
    ],
)
def test_plain_addresses_of_the_domain_are_gone_to(url, to):
    assert judge(url) == to


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/",
        "//evil.test/",
        "///evil.test/",
        "/\\evil.test",
        "https:evil.test",
        "https:/evil.test",
        "https:///evil.test/",
        "https:\\\\evil.test",
        "https://evil.test/",
        "https://evil.test/app.example.test",
        "https://evil.test?.example.test",
        "https://evil.test#.example.test",
        "https://evil.test/.example.test",
        "https://evil.test\\.example.test/",
        "https://evil.test\\@app.example.test/",
        "https://app.example.test\\@evil.test/",
        "https://app.example.test@evil.test/",
        "https://app.example.test:443@evil.test/",
        "https://app.example.test:x@evil.test/",
        "https://user@app.example.test/",
        "https://user:password@app.example.test/",
        "https://app.example.test.evil.test/",
        "https://badexample.test/",
        "https://example.test.",
        "https://app.example.test./",
        "https://.example.test/",
        "https://app..example.test/",
        "https://-app.example.test/",
        "https://app_.example.test/",
        "https://app.example.test:/",
        "https://app.example.test:0/",
        "https://app.example.test:65536/",
        "https://app.example.test:99999999/",
        "https://app.example.test:80a/",
        "https://app.example.test%2eevil.test/",
        "https://app.example.test%00.evil.test/",
        "https://app.example.test\x00.evil.test/",
        "https://app.example.test/\r\nLocation: https://evil.test/",
        "https://app.example.test/\tx",
        "https://app.example.test/x y",
        "ht\ntps://app.example.test/",
        " https://app.example.test/",
        "https://app.example.test/ ",
        "https://app.example.test/\\..\\evil",
        "https://app.example.test/%zz",
        "https://app.example.test/%",
        "http://app.example.test/",
        "HTTP://app.example.test/",
        "ftp://app.example.test/",
        "javascript://app.example.test/%0aalert(1)",
        "javascript:alert(1)//https://app.example.test/",
        "data:text/html,https://app.example.test/",
        "https://аpp.example.test/",  # noqa: RUF001 - a Cyrillic letter
        "https://app.example。test/",
        "https://ａpp.example.test/",  # noqa: RUF001 - a wide letter
        "https://app.exampleſtest/",  # noqa: RUF001 - a long s, which is a small one to some
        "https://app.example.tesſt/",  # noqa: RUF001 - the same
        "https://[::1]/",
        "https://127.0.0.1/",
        "https://0x7f.1/",
        "https://app.example.test/ä",
        "https://app.example.test/" + "x" * 7000,
    ],
)
def test_everything_else_is_not(url):
    assert judge(url) is None


@given(
    st.text(max_size=60),
    st.sampled_from(["", "https://", "https://app.example.test", "https://evil.test", "//"]),
)
def test_whatever_is_gone_to_is_a_host_of_the_domain(text, start):
    to = judge(start + text)
    if to is not None:
        parts = urlsplit(to)
        assert parts.scheme == "https"
        assert parts.hostname == DOMAIN or parts.hostname.endswith(f".{DOMAIN}")
        assert parts.username is None
        assert to.isascii()
        assert to.isprintable()
        assert "\\" not in to


def test_without_a_domain_there_is_only_the_sign_in_host():
    assert judge_return(f"https://{HOST}/x", "", HOST) == f"https://{HOST}/x"
    assert judge_return("https://app.example.test/x", "", HOST) is None
