import datetime
import time
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import HTTPMessageVerifier, InvalidSignature, MappingKeyResolver, algorithms
from tests.keys.test_epochs import Broken
from tests.oidc.test_minting import decode
from tests.proxy.conftest import WIKI
from tests.proxy.request_signing.making import (
    HMAC,
    IDENTITY,
    KEYS,
    SHARED,
    ask,
    fields_of,
    forward,
    seen,
    step,
    verifier,
)

from yett.keys import Epochs
from yett.net.http import Answer
from yett.proxy.request_signing import Unhashed, Verified, events

ALGORITHMS = {"ed25519": algorithms.ED25519, "hmac-sha256": algorithms.HMAC_SHA256}


def check(call, made, body, *, scheme="http", now, target=None):
    """What an implementation by somebody else says of a request; raises when it does not believe it."""
    fields = fields_of(made)
    keys = {key["kid"]: Ed25519PublicKey.from_public_bytes(decode(key["x"])) for key in KEYS.public(now)}
    resolver = MappingKeyResolver(public_keys={**keys, "Wiki": SHARED.encode()}, private_keys={})
    alg = fields["signature-input"].partition('alg="')[2].partition('"')[0]
    verifier = HTTPMessageVerifier(signature_algorithm=ALGORITHMS[alg], key_resolver=resolver)
    path = target or (made.target or call.request.target).decode()
    host = (made.host or call.request.host.encode()).decode()
    message = SimpleNamespace(
        method=call.request.method.decode(), url=f"{scheme}://{host}{path}", headers=fields
    )
    # Its clock is the machine's, ours stands still.
    (result,) = verifier.verify(
        message, max_age=datetime.timedelta(days=100_000), expect_tag="yett", body=body
    )
    return result


@pytest.fixture
def clock():
    """The machine's clock: the other implementation looks at no other."""
    return SimpleNamespace(now=time.time, monotonic=time.monotonic)


@pytest.mark.parametrize("settings", [{}, HMAC], ids=["ed25519", "hmac-sha256"])
@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/", b""),
        ("GET", "/a%20b?c=d&e", b""),
        ("HEAD", "/?", b""),
        ("DELETE", "/a;b/~c?d=%C3%A9&d=+", b""),
        ("POST", "/", b'{"hello": "world"}\n'),
        ("PUT", "/a/", b"\x00" * 1000),
    ],
)
def test_another_implementation_verifies_what_we_sign(clock, settings, method, target, body, heard):
    call = ask(method, target, **({"Content_Length": str(len(body))} if body else {}))
    made = step(clock, **settings).prepare(call, forward(), body)

    for scheme in ("http", "https"):
        result = check(call, made, body, scheme=scheme, now=clock.now())
        covered = [name.strip('"') for name in result.covered_components]
        assert covered[:7] == [
            "@method", "@authority", "@path", "@query", "content-digest", "x-yett-user", "x-yett-groups",
        ]  # fmt: skip
    assert isinstance(verifier(clock.now()).verify(seen(call, made, body), now=clock.now()), Verified)
    ((said, fields),) = heard("proxy.request_signing")
    assert said is events.signed
    assert fields["covered"] == 7


def test_another_implementation_notices_another_path_and_body(clock):
    call = ask("POST", "/a", Content_Length="1")
    made = step(clock).prepare(call, forward(), b"x")
    for target, body in (("/b", b"x"), ("/a?b", b"x"), ("/a", b"y"), ("/a", b"")):
        with pytest.raises(InvalidSignature):
            check(call, made, body, now=clock.now(), target=target)


@pytest.mark.parametrize(
    ("host", "sent", "authority"),
    [
        (WIKI, b"", WIKI),
        ("Wiki.Example.Test", b"", WIKI),
        (f"{WIKI}:8443", b"", f"{WIKI}:8443"),
        (f"{WIKI}:443", b"", WIKI),
        (f"{WIKI}:80", b"", WIKI),
        (WIKI, b"10.0.0.1:80", "10.0.0.1"),
        (WIKI, b"[fd00::80]:8080", "[fd00::80]:8080"),
    ],
)
def test_the_host_is_signed_as_it_is_sent(clock, host, sent, authority):
    call = ask(Host=host)
    made = step(clock).prepare(call, forward(host=sent), b"")
    assert made.host == authority.encode()
    check(call, made, b"", now=clock.now())
    check(call, made, b"", scheme="https", now=clock.now())


def test_what_a_client_sends_under_the_same_names_does_not_get_through(clock):
    call = ask("POST", Content_Length="9", Signature="yett=:AAAA:", Content_Digest="sha-256=:AAAA:")
    for body in (b"012345678", None):
        made = step(clock).prepare(call, forward(), body)
        assert {b"signature", b"signature-input", b"content-digest"} <= made.drop


def test_a_token_of_ours_is_covered_and_the_client_s_is_not(clock):
    ours = forward(add=b"Authorization: Bearer a.b.c\r\n", drop=frozenset({b"authorization"}))
    made = step(clock).prepare(ask(), ours, b"")
    assert '"authorization"' in fields_of(made)["signature-input"]
    check(ask(), made, b"", now=clock.now())
    made = step(clock).prepare(ask(), forward(add=b"Authorization: Basic eDp5\r\n"), b"")
    assert '"authorization"' not in fields_of(made)["signature-input"]


def test_a_body_that_was_not_held_back_goes_on_unsigned_or_not_at_all(clock, heard):
    call = ask("POST", Content_Length="2000000")
    made = step(clock).prepare(call, forward(), None)
    assert made.add == IDENTITY
    answer = step(clock, larger=Unhashed.REFUSE, max_body=10).prepare(call, forward(), None)
    assert isinstance(answer, Answer)
    assert answer.status == 413
    assert heard("proxy.request_signing") == [
        (events.body_not_hashed, {"app": "Wiki", "limit": 1 << 20, "size": 2_000_000, "is_refused": False}),
        (events.body_not_hashed, {"app": "Wiki", "limit": 10, "size": 2_000_000, "is_refused": True}),
    ]


def test_a_chunked_body_that_was_not_held_back_is_not_taken_for_none(clock):
    made = step(clock).prepare(ask("POST", Transfer_Encoding="chunked"), forward(), None)
    assert made.add == IDENTITY


def test_a_request_without_a_body_is_signed_whatever_is_held_back(clock):
    made = step(clock, max_body=0).prepare(ask(), forward(), None)
    check(ask(), made, b"", now=clock.now())


def test_without_a_key_nothing_goes_on_unsigned(clock):
    made = step(clock)
    made._keys = Epochs(Broken(), "tests", 3600.0)
    answer = made.prepare(ask(), forward(), b"")
    assert isinstance(answer, Answer)
    assert answer.status == 503
