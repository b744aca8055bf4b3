"""Signatures and attestation: the one place where the WebAuthn library and cryptography are asked.

What the library leaves open and is done here (sections of WebAuthn Level 3):
  the credential id of the browser is compared with the signed one;
  keys have the curve and size that their algorithm asks for (5.8.5);
  certificates of packed attestation are fit for it, and name the model that is claimed (8.2.1);
  with roots in the settings there has to be a certificate, and one of these roots behind it: the library
  takes an empty list for "anybody", and trusts some makers on its own.
Both are given hostile bytes. Whatever they make of them other than success is a refusal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from webauthn import verify_registration_response
from webauthn.helpers import (
    aaguid_to_string,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_cbor,
    validate_certificate_chain,
    verify_signature,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier as Algorithm
from webauthn.helpers.structs import AuthenticatorAttestationResponse, RegistrationCredential

from yett.authn.passkey.cbor import end_of
from yett.authn.passkey.model import Reason
from yett.authn.passkey.rules import Place
from yett.authn.passkey.wire import (
    ATTESTED,
    EXTENDED,
    Attested,
    AuthenticatorData,
    Malformed,
    read_authenticator_data,
    to_text,
)
from yett.events import describe

ALGORITHMS = (Algorithm.ECDSA_SHA_256, Algorithm.EDDSA, Algorithm.RSASSA_PKCS1_v1_5_SHA_256)
"""ES256, EdDSA, RS256: what is asked for, in this order."""
FORMATS = frozenset({"none", "packed", "tpm", "android-key", "apple", "fido-u2f"})
_HEAD = 37
_AAGUID = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
_MAX_RSA = 4096
_MAX_CERTIFICATES = 6


class Unproven(Exception):
    """It was not proven. `problem` is for the log."""

    def __init__(self, reason: Reason, problem: str) -> None:
        super().__init__(problem)
        self.reason = reason
        self.problem = problem


@dataclass(frozen=True, slots=True)
class NewKey:
    """An attestation object, opened (section 6.5.4). Nothing in it is believed yet."""

    format: str
    authenticator_data: AuthenticatorData
    credential_id: bytes
    aaguid: str
    public_key: bytes
    certificates: tuple[bytes, ...]


def open_attestation(raw: bytes) -> NewKey:
    """The attestation object of an answer; Malformed when it is none."""
    if end_of(raw) != len(raw):
        raise Malformed("attestationObject has something behind it")
    try:
        outer = parse_cbor(raw)
    except Exception as problem:  # a foreign decoder, see the head of this file
        raise Malformed("attestationObject is not CBOR") from problem
    if not isinstance(outer, dict):
        raise Malformed("attestationObject is no map")
    form, data, statement = outer.get("fmt"), outer.get("authData"), outer.get("attStmt")
    if not isinstance(form, str) or not isinstance(data, bytes) or not isinstance(statement, dict):
        raise Malformed("attestationObject lacks a part")
    certificates = statement.get("x5c", [])
    if not _are_certificates(certificates):
        raise Malformed("x5c is not a list of certificates")
    head = read_authenticator_data(data)
    aaguid, credential_id, public_key = _attested(head)
    return NewKey(form, head, credential_id, aaguid_to_string(aaguid), public_key, tuple(certificates))


def _are_certificates(found: Any) -> bool:
    return (
        isinstance(found, list)
        and len(found) <= _MAX_CERTIFICATES
        and all(isinstance(each, bytes) for each in found)
    )


def _attested(head: AuthenticatorData) -> tuple[bytes, bytes, bytes]:
    """Model, credential id and public key behind the head (section 6.5.1), which have to fill it."""
    raw = head.raw
    if not head.has(ATTESTED) or len(raw) < _HEAD + 18:
        raise Malformed("authenticatorData has no key")
    begin = _HEAD + 18
    end = begin + int.from_bytes(raw[_HEAD + 16 : begin], "big")
    last = after_key = end_of(raw, end)
    if head.has(EXTENDED):
        last = end_of(raw, after_key)
    if last != len(raw):
        raise Malformed("authenticatorData has something behind it")
    return raw[_HEAD : _HEAD + 16], raw[begin:end], raw[end:after_key]


def judge_key(public_key: bytes) -> int:
    """The algorithm of a new key; Unproven when it is not one that was asked for, in its proper form."""
    try:
        decoded = decode_credential_public_key(public_key)
        key = decoded_public_key_to_cryptography(decoded)
    except Exception as problem:
        raise Unproven(Reason.KEY, describe(problem)) from problem
    match decoded.alg, key:
        case Algorithm.ECDSA_SHA_256, ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
            pass
        case Algorithm.EDDSA, ed25519.Ed25519PublicKey():
            pass
        case Algorithm.RSASSA_PKCS1_v1_5_SHA_256, rsa.RSAPublicKey() if _is_fit(key):
            pass
        case _:
            raise Unproven(Reason.KEY, "the key is not of a kind that was asked for")
    return int(decoded.alg)


def _is_fit(key: rsa.RSAPublicKey) -> bool:
    """Not weak, and not so large that checking a signature becomes work."""
    return 2048 <= key.key_size <= _MAX_RSA and 3 <= key.public_numbers().e < 1 << 32


def check_attestation(
    answer: Attested, opened: NewKey, challenge: bytes, place: Place, roots: Sequence[bytes]
) -> bool:
    """Whether a trusted root vouches for the authenticator; Unproven when its statement is wrong.

    Without roots every correct statement will do, also none, and vouches for nothing.
    """
    if opened.format not in FORMATS:
        raise Unproven(Reason.ATTESTATION, "the format of the attestation is not known")
    text = to_text(answer.credential_id)
    credential = RegistrationCredential(
        id=text,
        raw_id=answer.credential_id,
        response=AuthenticatorAttestationResponse(
            client_data_json=answer.client_data.raw, attestation_object=answer.attestation
        ),
    )
    try:
        verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=place.rp_id,
            expected_origin=place.origin,
            require_user_verification=False,
            supported_pub_key_algs=list(ALGORITHMS),
        )
        if opened.format == "packed" and opened.certificates:
            _check_packed(opened)
        if roots:
            _check_trust(opened, roots)
    except Unproven:
        raise
    except Exception as problem:
        raise Unproven(Reason.ATTESTATION, describe(problem)) from problem
    return bool(roots)


def _check_packed(opened: NewKey) -> None:
    """Section 8.2.1: a certificate for attestation and for nothing else, of the model that is claimed."""
    certificate = x509.load_der_x509_certificate(opened.certificates[0])
    units = [
        name.value for name in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    ]
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    if (
        certificate.version is not x509.Version.v3
        or "Authenticator Attestation" not in units
        or constraints.ca
    ):
        raise Unproven(Reason.ATTESTATION, "the certificate is not one for attestation")
    try:
        model = certificate.extensions.get_extension_for_oid(_AAGUID)
    except x509.ExtensionNotFound:
        return
    value = model.value
    if model.critical or not isinstance(value, x509.UnrecognizedExtension) or value.value[:2] != b"\x04\x10":
        raise Unproven(Reason.ATTESTATION, "the certificate names its model in a wrong way")
    if aaguid_to_string(value.value[2:]) != opened.aaguid:
        raise Unproven(Reason.ATTESTATION, "the certificate is that of another model")


def _check_trust(opened: NewKey, roots: Sequence[bytes]) -> None:
    if opened.format == "none" or not opened.certificates:
        raise Unproven(Reason.ATTESTATION, "nobody vouches for the authenticator")
    validate_certificate_chain(x5c=list(opened.certificates), pem_root_certs_bytes=list(roots))


def check_signature(
    public_key: bytes, signed: bytes, signature: bytes
) -> Literal[Reason.KEY, Reason.SIGNATURE] | None:
    """Why the signature is not that of the key over these bytes; None when it is."""
    try:
        decoded = decode_credential_public_key(public_key)
        key = decoded_public_key_to_cryptography(decoded)
    except Exception:  # noqa: BLE001 - a damaged record; see the head of this file
        return Reason.KEY
    try:
        verify_signature(public_key=key, signature_alg=decoded.alg, signature=signature, data=signed)
    except InvalidSignature:
        return Reason.SIGNATURE
    except Exception:  # noqa: BLE001 - see the head of this file
        return Reason.KEY
    return None


def read_roots(pem: bytes) -> tuple[bytes, ...]:
    """The certificates of a file, each as PEM of its own; ValueError when there are none."""
    return tuple(each.public_bytes(Encoding.PEM) for each in x509.load_pem_x509_certificates(pem))
