import pytest
from tests.guard.asking import ask

from yett.guard import CORS, CORSSettings

LISTED = "https://app.example.org"
CORS_ON = CORS(CORSSettings(allowed_origins=(LISTED,)))


def script(origin, mode="cors", **more):
    fields = [("Origin", origin)]
    if mode:
        fields.append(("Sec-Fetch-Mode", mode))
    return ask(fields=fields, **more)


def preflight(origin, mode="cors", headers="x-a, content-type"):
    fields = [("Origin", origin), ("Access-Control-Request-Method", "PUT")]
    if headers:
        fields.append(("Access-Control-Request-Headers", headers))
    if mode:
        fields.append(("Sec-Fetch-Mode", mode))
    return ask(method="OPTIONS", fields=fields)


def test_without_origins_there_is_nothing_to_check():
    assert not CORS(CORSSettings()).is_enabled
    assert CORS_ON.is_enabled


@pytest.mark.parametrize(
    ("request_", "is_rejected"),
    [
        (ask(), False),  # not from a page of another origin
        (script(LISTED), False),
        (script("https://app.example"), False),  # the application's own page
        (script("https://evil.example"), True),
        (script("null"), True),
        (script("https://evil.example", mode="navigate", method="POST"), False),  # a form
        (script("https://evil.example", mode="websocket", upgrade=b"websocket"), True),
        (script("https://evil.example", mode="", upgrade=b"websocket"), True),
        (script("https://evil.example", mode="", method="POST"), False),  # perhaps a form
        (preflight("https://evil.example", mode=""), True),
        (script("https://app.example.org.evil.example"), True),
        (script("https://app.example:8443"), True),
    ],
)
def test_scripts_of_origins_that_are_not_listed_are_rejected(request_, is_rejected):
    assert CORS_ON.is_rejected(request_) is is_rejected


def test_a_preflight_of_a_listed_origin_is_answered():
    answer = CORS_ON.preflight(preflight(LISTED))
    assert answer.status == 204
    assert answer.headers == (
        b"Access-Control-Allow-Origin: https://app.example.org\r\n"
        b"Access-Control-Allow-Credentials: true\r\nVary: Origin\r\n"
        b"Access-Control-Allow-Methods: PUT\r\n"
        b"Access-Control-Allow-Headers: x-a, content-type\r\n"
        b"Access-Control-Max-Age: 600\r\n"
    )
    assert b"Allow-Headers" not in CORS_ON.preflight(preflight(LISTED, headers="")).headers


def test_what_is_no_preflight_of_a_listed_origin_goes_on():
    assert CORS_ON.preflight(script(LISTED)) is None
    assert CORS_ON.preflight(ask(method="OPTIONS", fields=[("Origin", LISTED)])) is None
    assert CORS_ON.preflight(preflight("https://app.example")) is None
    assert CORS_ON.preflight(preflight(LISTED, headers="x" * 2000)) is None


def test_a_response_may_be_read_by_a_listed_origin_only():
    assert b"Allow-Origin: https://app.example.org\r\n" in CORS_ON.response_headers(script(LISTED))
    assert CORS_ON.response_headers(script("https://app.example")) == b""
    assert CORS_ON.response_headers(ask()) == b""
