import base64
import json

import pytest
from tests.keys.test_epochs import Broken
from tests.proxy.conftest import WIKI, mapping, request_for, session_of
from tests.proxy.request_signing.making import HMAC, fields_of

from yett.proxy import events
from yett.proxy.faults import HeaderFault, KeyProblem
from yett.proxy.request_signing import Fault, RequestSigningSettings

KEYS = f"https://{WIKI}/_yett/keys.json"
VERIFY_HEADERS = f"https://{WIKI}/_yett/verify/headers"
VERIFY_REQUEST = f"https://{WIKI}/_yett/verify/request"
BODY = b'{"hello": "world"}\n'
OTHER = "other.example.test"


@pytest.fixture(params=[{}, HMAC], ids=["ed25519", "hmac-sha256"])
async def place(make_place, request):
    signing = RequestSigningSettings(**request.param)
    return await make_place(
        mapping=(mapping(request_signing=signing), mapping("Other", OTHER), mapping("Far", "*.far.test"))
    )


@pytest.fixture
async def signed(place):
    """The fields of a request that went on to the application, with a body."""
    issued = await session_of(place, "ada")
    headers = {"Host": WIKI, "Cookie": f"__Host-yett={issued.token}", "Content-Length": str(len(BODY))}
    request = request_for("POST", "/a?b=c", headers)
    forward = await place.decide(request)
    return fields_of(forward.plan.prepare(request, forward, BODY))


@pytest.fixture
def post(place):
    async def send(url, content, kind="application/json"):
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        return await place.browser().send(
            "POST", url, {"Content-Type": kind, "Content-Length": str(len(data))}, data
        )

    return send


def shown(signed, **changes):
    asked = {
        "method": "POST",
        "authority": WIKI,
        "path": "/a",
        "query": "b=c",
        "headers": signed,
        "body": base64.b64encode(BODY).decode(),
    }
    return {name: value for name, value in {**asked, **changes}.items() if value is not None}


# Keys.


async def test_keys_of_both_purposes_are_published_and_each_can_be_fetched(place, signed, heard):
    keys = json.loads((await place.browser().send("GET", KEYS)).text)["keys"]
    assert len(keys) == 6
    assert signed["x-yett-key-id"] in {key["kid"] for key in keys}
    for key in keys:
        reply = await place.browser().send("GET", f"{KEYS}?kid={key['kid']}")
        assert json.loads(reply.text) == {"keys": [key]}
    assert {said for said, _ in heard("proxy.signing_key")} == {events.keys_served}


@pytest.mark.parametrize(
    ("query", "status", "reason"),
    [
        ("kid=nobody", 404, KeyProblem.UNKNOWN),
        ("kid=", 404, KeyProblem.UNKNOWN),
        ("kid=a&kid=b", 400, KeyProblem.MALFORMED),
        ("key=a", 400, KeyProblem.MALFORMED),
        ("kid=%ff", 400, KeyProblem.MALFORMED),
    ],
)
async def test_keys_that_there_are_not_are_pointed_out(place, query, status, reason, heard):
    reply = await place.browser().send("GET", f"{KEYS}?{query}")
    assert reply.status == status
    assert reply["cache-control"] == "no-store"
    assert heard("proxy.signing_key") == [(events.keys_refused, {"host": WIKI, "reason": reason})]


# Identity headers.


async def test_identity_headers_are_checked_for_the_host_that_is_asked(post, signed, heard):
    reply = await post(VERIFY_HEADERS, {"headers": signed})
    answer = json.loads(reply.text)
    assert (answer["valid"], answer["user"]) == (True, "ada")
    elsewhere = await post(VERIFY_HEADERS.replace(WIKI, OTHER), {"headers": signed})
    assert json.loads(elsewhere.text) == {"valid": False, "reason": "signature"}
    assert heard("proxy.signature_verify") == [
        (events.headers_valid, {"host": WIKI, "user": "ada"}),
        (events.headers_invalid, {"host": OTHER, "reason": HeaderFault.SIGNATURE}),
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"x-yett-user": "root"}, "signature"),
        ({"x-yett-user": None}, "signature"),
        ({"x-yett-signature": "A" * 86}, "signature"),
        ({"x-yett-signature": "?"}, "signature"),
        ({"x-yett-expires": "soon"}, "malformed"),
        ({"x-yett-expires": "9" * 5000}, "malformed"),
        ({"x-yett-user": "\ud800"}, "malformed"),
        ({"x-yett-key-id": None}, "malformed"),
        ({"x-yett-key-id": "nobody"}, "unknown_key"),
    ],
)
async def test_changed_identity_headers_are_told_why(post, signed, changes, reason):
    headers = {name: value for name, value in {**signed, **changes}.items() if value is not None}
    answer = json.loads((await post(VERIFY_HEADERS, {"headers": headers})).text)
    assert answer.get("reason", answer.get("error")) == reason


async def test_identity_headers_run_out(place, post, signed):
    place.clock.advance(200)
    answer = json.loads((await post(VERIFY_HEADERS, {"headers": signed})).text)
    assert answer == {"valid": False, "reason": "expired"}
    place.clock.advance(-400)
    answer = json.loads((await post(VERIFY_HEADERS, {"headers": signed})).text)
    assert answer == {"valid": False, "reason": "not_yet"}


# Requests.


async def test_a_signed_request_is_checked(post, signed, heard):
    answer = json.loads((await post(VERIFY_REQUEST, shown(signed))).text)
    assert answer["valid"] is True
    assert answer["body_checked"] is True
    assert answer["nonce"] == "0199-request"
    assert "x-yett-user" in answer["covered"]
    answer = json.loads((await post(VERIFY_REQUEST, shown(signed, body=None, query="?b=c"))).text)
    assert (answer["valid"], answer["body_checked"]) == (True, False)
    assert {said for said, _ in heard("proxy.request_signature_verify")} == {events.request_valid}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"method": "GET"}, "signature"),
        ({"path": "/b"}, "signature"),
        ({"body": ""}, "digest"),
        ({"headers": {}}, "malformed"),
    ],
)
async def test_a_changed_request_is_told_why(post, signed, changes, reason, heard):
    answer = json.loads((await post(VERIFY_REQUEST, shown(signed, **changes))).text)
    assert answer == {"valid": False, "reason": reason}
    assert heard("proxy.request_signature_verify") == [
        (events.request_invalid, {"host": WIKI, "reason": Fault(reason)})
    ]


async def test_a_shared_key_is_good_on_its_own_hosts_only(post, signed):
    answer = json.loads((await post(VERIFY_REQUEST.replace(WIKI, OTHER), shown(signed))).text)
    is_shared = "hmac-sha256" in signed["signature-input"]
    assert answer.get("reason") == ("unknown_key" if is_shared else None)


# Nonsense.

NONSENSE = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'{"headers": []}',
    b'{"headers": {"a": 1}}',
    b'{"headers": {"a": "b", "A": "c"}}',
    b'{"headers": {}, "more": 1}',
    b"\xff\xfe",
    b"[" * 60_000,
    json.dumps({"headers": {f"x-{number}": "" for number in range(129)}}).encode(),
    json.dumps(shown({}, body="*")).encode(),
    json.dumps(shown({}, path=None)).encode(),
]


@pytest.mark.parametrize("url", [VERIFY_HEADERS, VERIFY_REQUEST])
@pytest.mark.parametrize("data", NONSENSE, ids=range(len(NONSENSE)))
async def test_nonsense_is_refused(post, url, data):
    assert (await post(url, data)).status == 400


async def test_a_form_of_another_site_is_not_read(post, signed):
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert (await post(VERIFY_HEADERS, {"headers": signed}, kind)).status == 400


async def test_without_keys_nothing_is_said_to_be_valid(place, post, signed):
    for keys in (place.proxy.signer._keys, place.proxy._request_keys):
        keys.epochs._master = Broken()
        keys.epochs._known.clear()
    assert (await place.browser().send("GET", KEYS)).status == 503
    assert (await post(VERIFY_HEADERS, {"headers": signed})).status == 503
    if "ed25519" in signed["signature-input"]:
        assert (await post(VERIFY_REQUEST, shown(signed))).status == 503
