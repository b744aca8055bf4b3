"""What goes on to the service of what a request carried."""

import base64

import pytest

from yett.proxy.forward_auth.handing_on import reflected
from yett.proxy.forward_auth.model import Asked

TOKEN = "gt-" + "a" * 22 + "." + "b" * 22
COOKIE = "__Secure-yett-token"


def asked(cookie=b"", authorization=b""):
    return Asked("GET", "https", "app.example.test", 0, "/", "", cookie=cookie, authorization=authorization)


@pytest.mark.parametrize(
    ("cookie", "authorization", "left"),
    [
        ("", "", []),
        (f"{COOKIE}={TOKEN}", f"Bearer {TOKEN}", []),
        (f"a=1; {COOKIE}={TOKEN}", "Bearer own", [(b"Authorization", b"Bearer own"), (b"Cookie", b"a=1")]),
        ("", "Basic " + base64.b64encode(f"x:{TOKEN}".encode()).decode(), []),
    ],
)
def test_nothing_of_ours_goes_on(cookie, authorization, left):
    assert reflected(asked(cookie.encode(), authorization.encode()), None, (COOKIE,)) == left


def test_authorization_can_be_kept_back():
    found = reflected(asked(b"a=1", b"Bearer own"), None, (COOKIE,), with_authorization=False)
    assert found == [(b"Cookie", b"a=1")]
