import contextlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st
from tests.authn.x509.making import CLIENT, DAY, NOW, names_responder, root

from yett.authn.x509.model import Standing
from yett.authn.x509.responses import BadAnswer, judge, question_about, responders_in

GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN


@pytest.fixture(scope="module")
def leaf(issuing):
    return issuing.issue()


@pytest.fixture(scope="module")
def question(issuing, leaf):
    return question_about(issuing.chain(leaf))


def refused(answer, question, **more):
    with pytest.raises(BadAnswer) as why:
        judge(answer, question, NOW, **more)
    return str(why.value)


def test_a_question_names_the_certificate_and_is_new_each_time(issuing, leaf, question):
    asked = ocsp.load_der_ocsp_request(question.der)
    assert asked.serial_number == leaf.certificate.serial_number
    again = question_about(issuing.chain(leaf))
    assert again.nonce != question.nonce
    assert again.key == question.key
    assert question_about(issuing.chain(issuing.issue())).key != question.key


@pytest.mark.parametrize(
    ("status", "standing"),
    [(GOOD, Standing.GOOD), (REVOKED, Standing.REVOKED), (UNKNOWN, Standing.STRANGE)],
)
def test_the_issuer_itself_may_answer(issuing, leaf, question, status, standing):
    told = judge(issuing.answer(leaf, status=status), question, NOW)
    assert (told.standing, told.until) == (standing, NOW + 3600)


def test_whoever_the_issuer_has_given_the_task_may_answer(issuing, leaf, question):
    answer = issuing.answer(leaf, by=issuing.responder(), nonce=question.nonce)
    assert judge(answer, question, NOW, require_nonce=True).standing is Standing.GOOD


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()])
def test_an_answer_may_be_signed_with_other_keys(key):
    authority = root("CN=Other", key=key)
    leaf = authority.issue()
    assert judge(authority.answer(leaf), question_about(authority.chain(leaf)), NOW).standing is Standing.GOOD


def test_nobody_else_may_answer(ca, issuing, leaf, question):
    stranger = root("CN=Stranger")
    assert "issuer's" in refused(issuing.answer(leaf, by=stranger.responder()), question)
    # Not even the authority above, nor somebody with the task from there.
    assert "issuer's" in refused(issuing.answer(leaf, by=ca), question)
    assert "issuer's" in refused(issuing.answer(leaf, by=ca.responder()), question)
    # The name is right, the key is not.
    forger = root("CN=Issuing")
    assert refused(forger.answer(leaf, issuer=issuing), question)


def test_a_certificate_for_something_else_does_not_answer(issuing, leaf, question):
    for purposes in (CLIENT, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False):
        assert "may not answer" in refused(
            issuing.answer(leaf, by=issuing.responder(purposes=purposes)), question
        )
    # Above all not the certificate in question.
    assert "may not answer" in refused(issuing.answer(leaf, by=leaf), question)


def test_a_responder_out_of_its_time_does_not_answer(issuing, leaf, question):
    for span in ({"ends": -1}, {"begins": 10}):
        assert "run out" in refused(issuing.answer(leaf, by=issuing.responder(**span)), question)


def test_an_answer_about_another_certificate_is_none(ca, issuing, question):
    assert "another certificate" in refused(issuing.answer(issuing.issue()), question)
    same_number = ca.issue(serial=question.leaf.serial_number)
    assert "another certificate" in refused(issuing.answer(same_number, issuer=ca), question)
    assert "another certificate" in refused(
        issuing.answer(same_number, issuer=issuing, hashed=hashes.SHA256()), question
    )


def test_an_answer_to_somebody_elses_question_is_none(issuing, leaf, question):
    assert "nonce" in refused(issuing.answer(leaf, nonce=b"x" * 16), question)
    assert "nonce" in refused(issuing.answer(leaf), question, require_nonce=True)


def test_an_answer_out_of_its_time_is_none(issuing, leaf, question):
    assert "run out" in refused(issuing.answer(leaf, begins=-DAY, ends=-301), question)
    assert judge(issuing.answer(leaf, begins=-DAY, ends=-299), question, NOW)
    assert "future" in refused(issuing.answer(leaf, begins=301), question)
    # One that does not say how long it holds, holds for a moment.
    assert judge(issuing.answer(leaf, ends=None), question, NOW).until == NOW + 240
    assert "run out" in refused(issuing.answer(leaf, begins=-DAY, ends=None), question)


@pytest.mark.parametrize(
    "status",
    [ocsp.OCSPResponseStatus.TRY_LATER, ocsp.OCSPResponseStatus.UNAUTHORIZED, ocsp.OCSPResponseStatus.INTERNAL_ERROR],
)  # fmt: skip
def test_an_error_is_no_answer(question, status):
    answer = ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
    assert "the responder says" in refused(answer, question)


def test_an_answer_with_one_byte_changed_says_nothing_else(issuing, leaf, question):
    der = issuing.answer(leaf, status=REVOKED)
    for place in range(0, len(der), 2):
        changed = bytearray(der)
        changed[place] ^= 0x02
        with contextlib.suppress(BadAnswer):
            assert judge(bytes(changed), question, NOW).standing is Standing.REVOKED


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_refused(question, data):
    with pytest.raises(BadAnswer):
        judge(data, question, NOW)


def test_the_responders_that_a_certificate_names_are_found(ca):
    assert responders_in(ca.issue().certificate) == ()
    named = ca.issue(extensions=[names_responder("http://ocsp.example/")])
    assert responders_in(named.certificate) == ("http://ocsp.example/",)
