"""Online revocation (RFC 6960): the question, and whether an answer may be believed. Pure functions.

What must stay true: an answer counts only if it is about this certificate of this issuer, signed by
the issuer or by somebody to whom the issuer itself has given that task, and current.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from yett.authn.x509.lists import SKEW, STRONG, authority_of, is_weakly_signed
from yett.authn.x509.model import Chain, Standing
from yett.authn.x509.rules import UNREADABLE

MOST_BYTES: Final = 64 * 1024
REQUEST_TYPE: Final = "application/ocsp-request"
_MOST_ADDRESSES: Final = 4
_UNTOLD_AGE: Final = 300.0
"""Seconds for which an answer holds that does not say how long it does."""


class BadAnswer(Exception):
    """Bytes that answer nothing; the text says why."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a responder is asked."""

    leaf: x509.Certificate
    issuer: x509.Certificate
    nonce: bytes
    subject: tuple[str, bytes, bytes, int]
    """How it names the certificate: algorithm, hashes of the issuer's name and key, serial."""
    der: bytes

    @property
    def key(self) -> str:
        """The same for every question about one certificate."""
        number = f"{authority_of(self.issuer)}/{self.leaf.serial_number:x}"
        return hashlib.sha256(number.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Told:
    """What a responder said, and until when that holds."""

    standing: Standing
    until: float


def question_about(chain: Chain) -> Question:
    """A question with a fresh nonce. Names are hashed with SHA-1, which is the one that every responder knows."""
    nonce = secrets.token_bytes(16)
    request = (
        ocsp.OCSPRequestBuilder()
        .add_certificate(chain.leaf, chain.issuer, hashes.SHA1())  # noqa: S303 - finds the certificate; proves nothing
        .add_extension(x509.OCSPNonce(nonce), critical=False)
        .build()
    )
    subject = (
        request.hash_algorithm.name,
        request.issuer_name_hash,
        request.issuer_key_hash,
        request.serial_number,
    )
    return Question(chain.leaf, chain.issuer, nonce, subject, request.public_bytes(Encoding.DER))


def responders_in(certificate: x509.Certificate) -> tuple[str, ...]:
    """The responders that a certificate names."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return ()
    found = (
        each.access_location.value
        for each in access
        if each.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(each.access_location, x509.UniformResourceIdentifier)
    )
    return tuple(dict.fromkeys(found))[:_MOST_ADDRESSES]


def judge(der: bytes, question: Question, now: float, *, require_nonce: bool = False) -> Told:
    """What the answer says of the certificate that was asked about. Raises BadAnswer."""
    try:
        answer = ocsp.load_der_ocsp_response(der)
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise BadAnswer(f"the responder says {answer.response_status.name.lower()}")
        _check_nonce(answer, question, required=require_nonce)
        _check_signature(answer, question.issuer, now)
        return _told(answer, question, now)
    except UNREADABLE as problem:
        raise BadAnswer("the answer is not in order") from problem


def _check_nonce(answer: ocsp.OCSPResponse, question: Question, *, required: bool) -> None:
    for extension in answer.extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            if extension.value.nonce != question.nonce:
                raise BadAnswer("it answers somebody else's question (nonce)")
            return
        if extension.critical:
            raise BadAnswer(f"its critical extension {extension.oid.dotted_string} is not understood")
    if required:
        raise BadAnswer("it does not repeat the nonce")


def _check_signature(answer: ocsp.OCSPResponse, issuer: x509.Certificate, now: float) -> None:
    algorithm = answer.signature_hash_algorithm
    if algorithm is not None and not isinstance(algorithm, STRONG):
        raise BadAnswer("it is signed with a weak algorithm")
    for candidate in (issuer, *answer.certificates[:4]):
        if not _is_named(answer, candidate):
            continue
        if candidate != issuer and authority_of(candidate) != authority_of(issuer):
            _check_delegate(candidate, issuer, now)
        if not _is_signed(answer, candidate):
            raise BadAnswer("its signature is wrong")
        return
    raise BadAnswer("neither the issuer nor anybody in the issuer's name has signed it")


def _is_named(answer: ocsp.OCSPResponse, candidate: x509.Certificate) -> bool:
    """Whether the answer says that this one has signed it."""
    if answer.responder_name is not None:
        return answer.responder_name == candidate.subject
    # SHA-1 of the key's bits (RFC 6960, 4.2.1): it names, and proves nothing.
    return (
        answer.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(candidate.public_key()).digest
    )


def _check_delegate(candidate: x509.Certificate, issuer: x509.Certificate, now: float) -> None:
    """RFC 6960, section 4.2.2.2: signed by the issuer itself, and for nothing else."""
    try:
        candidate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError) as problem:
        raise BadAnswer("who signed it is not the issuer's") from problem
    if is_weakly_signed(candidate):
        raise BadAnswer("the certificate of who signed it is signed with a weak algorithm")
    try:
        purposes = candidate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound as problem:
        raise BadAnswer("who signed it may not answer for the issuer") from problem
    if ExtendedKeyUsageOID.OCSP_SIGNING not in purposes:
        raise BadAnswer("who signed it may not answer for the issuer")
    begins, ends = candidate.not_valid_before_utc.timestamp(), candidate.not_valid_after_utc.timestamp()
    if not begins <= now <= ends:
        raise BadAnswer("the certificate of who signed it has run out, or not begun")


def _is_signed(answer: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, signature, signed = signer.public_key(), answer.signature, answer.tbs_response_bytes
    algorithm = answer.signature_hash_algorithm
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm is not None:
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm is not None:
            key.verify(signature, signed, ec.ECDSA(algorithm))
        elif isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)) and algorithm is None:
            key.verify(signature, signed)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _told(answer: ocsp.OCSPResponse, question: Question, now: float) -> Told:
    for single in answer.responses:
        if not _is_about(single, question):
            continue
        begins = single.this_update_utc.timestamp()
        ends = begins + _UNTOLD_AGE if single.next_update_utc is None else single.next_update_utc.timestamp()
        if begins > now + SKEW:
            raise BadAnswer("it begins in the future")
        if ends + SKEW < now:
            raise BadAnswer("it has run out")
        status = single.certificate_status
        if status is ocsp.OCSPCertStatus.REVOKED:
            return Told(Standing.REVOKED, ends)
        if status is ocsp.OCSPCertStatus.GOOD:
            return Told(Standing.GOOD, ends)
        return Told(Standing.STRANGE, ends)
    raise BadAnswer("it is about another certificate")


def _is_about(single: ocsp.OCSPSingleResponse, question: Question) -> bool:
    """Whether it names the certificate in the words of the question."""
    return (
        single.hash_algorithm.name,
        single.issuer_name_hash,
        single.issuer_key_hash,
        single.serial_number,
    ) == question.subject
