from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.proxy.request_signing.making import HMAC, SHARED, ask, forward, seen, step, verifier

from yett.proxy.request_signing import Fault, Message, Verified, Verifier

BODY = b'{"hello": "world"}\n'


@pytest.fixture(params=[{}, HMAC], ids=["ed25519", "hmac-sha256"])
def message(request, clock):
    call = ask("POST", Content_Length=str(len(BODY)))
    return seen(call, step(clock, **request.param).prepare(call, forward(), BODY), BODY)


@pytest.fixture
def judge(clock):
    return lambda message: verifier(clock.now()).verify(message, now=clock.now())


def test_a_signed_request_verifies_and_tells_its_id(message, judge):
    verdict = judge(message)
    assert isinstance(verdict, Verified)
    assert verdict.nonce == "0199-request"
    assert verdict.expires == verdict.created + 60
    assert isinstance(judge(replace(message, body=None)), Verified)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"method": "PUT"}, Fault.SIGNATURE),
        ({"authority": "bank.example.test"}, Fault.SIGNATURE),
        ({"path": "/a b"}, Fault.SIGNATURE),
        ({"path": "/\n"}, Fault.MISSING_FIELD),
        ({"path": "/é"}, Fault.MALFORMED),
        ({"query": "?"}, Fault.SIGNATURE),
        ({"body": b""}, Fault.DIGEST),
        ({"body": BODY + b" "}, Fault.DIGEST),
    ],
)
def test_a_changed_request_does_not(message, judge, changes, fault):
    assert judge(replace(message, **changes)) is fault


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"x-yett-user": "root"}, Fault.SIGNATURE),
        ({"x-yett-email": "eve@example.org"}, Fault.NOT_COVERED),
        ({"x-yett-user": None}, Fault.MISSING_FIELD),
        ({"content-digest": None}, Fault.MISSING_FIELD),
        ({"content-digest": "sha-256=:AAAA:"}, Fault.SIGNATURE),
        ({"signature": None}, Fault.MALFORMED),
        ({"signature": "yett=:" + "A" * 86 + "==:"}, Fault.SIGNATURE),
        ({"signature-input": None}, Fault.MALFORMED),
        ({"signature-input": "yett=()"}, Fault.MALFORMED),
        ({"accept": "text/html"}, None),
    ],
)
def test_changed_fields_do_not(message, judge, changes, fault):
    fields = {**message.fields, **changes}
    message = replace(message, fields={name: value for name, value in fields.items() if value is not None})
    verdict = judge(message)
    assert verdict is fault if fault else isinstance(verdict, Verified)


def test_a_signature_that_leaves_something_out_is_not_ours(message, judge):
    text = message.fields["signature-input"]
    for name in ("@method", "@authority", "@path", "@query", "content-digest"):
        fields = {**message.fields, "signature-input": text.replace(f'"{name}" ', "")}
        assert judge(replace(message, fields=fields)) is Fault.NOT_COVERED


def test_the_kind_of_a_key_decides_how_a_signature_is_checked(message, judge):
    other = message.fields["signature-input"].replace("hmac-sha256", "x")
    swapped = other.replace("ed25519", "hmac-sha256").replace('"x"', '"ed25519"')
    assert judge(replace(message, fields={**message.fields, "signature-input": swapped})) is Fault.ALGORITHM


def test_keys_that_are_not_ours_prove_nothing(message):
    nobody = Verifier(lambda _: None, {})
    assert nobody.verify(message, now=0.0) is Fault.UNKNOWN_KEY
    other = Verifier(lambda _: None, {"Wiki": SHARED[::-1].encode()})
    assert other.verify(message, now=0.0) in {Fault.UNKNOWN_KEY, Fault.SIGNATURE}


@pytest.mark.parametrize(
    ("seconds", "fault"), [(-31, Fault.NOT_YET), (-30, None), (90, None), (91, Fault.EXPIRED)]
)
def test_a_signature_counts_for_its_time_and_half_a_minute(message, clock, seconds, fault):
    now = clock.now()
    verdict = verifier(now).verify(message, now=now + seconds)
    assert verdict is fault if fault else isinstance(verdict, Verified)


TEXT = st.text(max_size=20)


@given(TEXT, TEXT, TEXT, TEXT, st.dictionaries(TEXT, TEXT, max_size=4))
def test_any_message_gets_a_verdict(method, authority, path, query, fields):
    message = Message(method, authority, path, query, fields)
    assert isinstance(verifier(1e9).verify(message, now=1e9), Fault)
