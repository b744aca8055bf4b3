import json
from pathlib import Path

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tests.authn.passkey.authenticator import Key, text

from yett.authn.passkey import proofs, rules, wire
from yett.authn.passkey.model import Reason
from yett.authn.passkey.rules import Place

# The examples of WebAuthn Level 3, section 16, "Test Vectors".
SPEC = json.loads((Path(__file__).parent / "vectors.json").read_text())
PLACE = Place("example.org", "https://example.org")
ROOT = x509.load_der_x509_certificate(bytes.fromhex(SPEC["root"])).public_bytes(Encoding.PEM)

OFFERED = {
    "none-es256": "none",
    "packed-self-es256": "packed",
    "none-es256-long-credential-id": "none",
    "packed-es256": "packed",
    "packed-rs256": "packed",
    "packed-eddsa": "packed",
}
"""Examples with algorithms that we ask for, and the format of their attestation."""


def example(name):
    """The two answers of an example, as a browser would send them, and their challenges."""
    vector = {
        key: [bytes.fromhex(each) for each in value] if isinstance(value, list) else bytes.fromhex(value)
        for key, value in SPEC["vectors"][name].items()
    }
    identity = proofs.open_attestation(vector["attestation"]).credential_id
    common = {"id": text(identity), "rawId": text(identity), "type": "public-key"}
    made = {"clientDataJSON": text(vector["client"][0]), "attestationObject": text(vector["attestation"])}
    used = {
        "clientDataJSON": text(vector["client"][1]),
        "authenticatorData": text(vector["data"]),
        "signature": text(vector["signature"]),
    }
    return common | {"response": made}, common | {"response": used}, vector["challenge"]


@pytest.mark.parametrize("name", OFFERED)
def test_the_examples_of_the_standard_are_accepted(name):
    made, used, (first, second) = example(name)
    attested = wire.read_attested(made)
    opened = proofs.open_attestation(attested.attestation)
    assert opened.format == OFFERED[name]
    assert rules.judge_client(attested.client_data, rules.CREATE, first, PLACE) is None
    assert rules.judge_authenticator(opened.authenticator_data, PLACE, needs_verification=False) is None
    assert rules.judge_credential_id(attested.credential_id, opened.credential_id) is None
    assert proofs.judge_key(opened.public_key) in {-7, -8, -257}
    assert not proofs.check_attestation(attested, opened, first, PLACE, ())

    assertion = wire.read_assertion(used)
    assert rules.judge_client(assertion.client_data, rules.GET, second, PLACE) is None
    assert rules.judge_authenticator(assertion.authenticator_data, PLACE, needs_verification=False) is None
    signed = assertion.authenticator_data.raw + assertion.client_data.hash
    assert proofs.check_signature(opened.public_key, signed, assertion.signature) is None
    assert proofs.check_signature(opened.public_key, signed + b"x", assertion.signature) is Reason.SIGNATURE


@pytest.mark.parametrize("name", ["none-es256-crossOrigin", "none-es256-topOrigin"])
def test_the_examples_in_frames_are_refused_for_that_alone(name):
    made, used, (first, second) = example(name)
    attested, assertion = wire.read_attested(made), wire.read_assertion(used)
    assert rules.judge_client(attested.client_data, rules.CREATE, first, PLACE) is Reason.CROSS_ORIGIN
    assert rules.judge_client(assertion.client_data, rules.GET, second, PLACE) is Reason.CROSS_ORIGIN


@pytest.mark.parametrize("name", ["packed-es384", "packed-es512", "packed-ed448"])
def test_the_examples_with_algorithms_that_were_not_asked_for_are_refused(name):
    made, _, _ = example(name)
    opened = proofs.open_attestation(wire.read_attested(made).attestation)
    with pytest.raises(proofs.Unproven) as refused:
        proofs.judge_key(opened.public_key)
    assert refused.value.reason is Reason.KEY


def attest(name, roots):
    made, _, (challenge, _) = example(name)
    attested = wire.read_attested(made)
    opened = proofs.open_attestation(attested.attestation)
    return proofs.check_attestation(attested, opened, challenge, PLACE, roots)


@pytest.mark.parametrize("name", ["packed-es256", "packed-rs256", "packed-eddsa"])
def test_a_root_of_the_settings_vouches_for_what_stands_below_it(name):
    assert attest(name, (ROOT,))


@pytest.mark.parametrize("name", ["none-es256", "packed-self-es256"])
def test_with_roots_in_the_settings_somebody_has_to_vouch(name):
    with pytest.raises(proofs.Unproven) as refused:
        attest(name, (ROOT,))
    assert refused.value.reason is Reason.ATTESTATION


@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("tpm-es256", "Unrecognized TPM Manufacturer"),
        ("android-key-es256", "x5c was empty"),
        ("apple-es256", "chain could not be validated"),
        ("fido-u2f-es256", "AAGUID"),
    ],
)
@pytest.mark.parametrize("roots", [(), (ROOT,)])
def test_the_examples_of_makers_that_do_not_exist_are_refused(name, because, roots):
    # These formats belong to makers whose roots, names or models are known; the examples' are made up.
    with pytest.raises(proofs.Unproven, match=because) as refused:
        attest(name, roots)
    assert refused.value.reason is Reason.ATTESTATION


@pytest.mark.parametrize("name", OFFERED)
def test_an_attestation_of_other_bytes_is_refused(name):
    made, _, (challenge, _) = example(name)
    attested = wire.read_attested(made)
    opened = proofs.open_attestation(attested.attestation)
    with pytest.raises(proofs.Unproven):
        proofs.check_attestation(attested, opened, challenge[::-1], PLACE, ())


@pytest.mark.parametrize("name", sorted(SPEC["vectors"]))
def test_an_attestation_object_that_is_cut_anywhere_is_malformed(name):
    whole = bytes.fromhex(SPEC["vectors"][name]["attestation"])
    for end in range(0, len(whole), 1 if len(whole) < 400 else 17):
        with pytest.raises(wire.Malformed):
            proofs.open_attestation(whole[:end])
    with pytest.raises(wire.Malformed):
        proofs.open_attestation(whole + b"\x00")


@pytest.mark.parametrize("algorithm", [-7, -8, -257])
def test_keys_that_were_asked_for_are_fit(algorithm):
    assert proofs.judge_key(cbor2.dumps(Key(algorithm).cose)) == algorithm


ES, RS, ED = Key(-7).cose, Key(-257).cose, Key(-8).cose


@pytest.mark.parametrize(
    "key",
    [
        {},
        {1: 2, 3: -7},
        ES | {3: -257},
        ES | {3: -36},
        ES | {-1: 2},
        ES | {-2: b"\x01" * 32},
        ES | {-3: True},
        ES | {-2: b"\x01" * 5000},
        RS | {-1: b"\x01" * 100},
        RS | {-1: b"\xff" * 1024},
        RS | {-2: b"\x01"},
        RS | {-2: b"\x01" * 40},
        RS | {3: -65535},
        RS | {3: -37},
        ED | {3: -7},
        ED | {-1: 7},
        ED | {-2: b"\x01" * 31},
        {1: 7, 3: -48, -1: b"\x01" * 1312},
        [1],
        7,
    ],
    ids=str,
)
def test_other_keys_are_not(key):
    with pytest.raises(proofs.Unproven) as refused:
        proofs.judge_key(cbor2.dumps(key))
    assert refused.value.reason is Reason.KEY


def test_a_key_that_changes_is_no_key():
    assert proofs.check_signature(b"", b"", b"") is Reason.KEY
    assert proofs.check_signature(cbor2.dumps(ES), b"", b"") is Reason.SIGNATURE


def test_a_file_of_roots_is_read_one_by_one():
    assert proofs.read_roots(ROOT + ROOT) == (ROOT, ROOT)
    with pytest.raises(ValueError, match="PEM"):
        proofs.read_roots(b"nothing")
