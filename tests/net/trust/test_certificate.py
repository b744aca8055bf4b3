"""Certificates in fields: each form, and everything that is none."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.net.trust.making import make

from yett.net.trust.certificate import MOST_BYTES, certificate_of, field_for
from yett.net.trust.model import CertificateProblem

ADA = make("ada")


@pytest.mark.parametrize(
    "value",
    [
        ADA.escaped,
        ADA.pem.replace(b"\n", b" "),
        ADA.pem.replace(b"\n", b"\t"),
        ADA.sequence,
        b" " + ADA.base64 + b" ",
    ],
)
def test_a_certificate_is_read_in_every_form(value):
    assert certificate_of([value]) == ADA.der


def test_no_field_and_an_empty_one_mean_no_certificate():
    assert certificate_of([]) == b""
    assert certificate_of([b"  "]) == b""


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ([b"a" * (MOST_BYTES + 1)], CertificateProblem.OVERSIZED),
        ([b"a" * MOST_BYTES, b"a"], CertificateProblem.OVERSIZED),
        ([ADA.sequence, ADA.sequence], CertificateProblem.SEVERAL),
        ([ADA.escaped.replace(b"CERTIFICATE", b"PRIVATE%20KEY")], CertificateProblem.NOT_PEM),
        ([ADA.escaped + ADA.escaped], CertificateProblem.NOT_PEM),
        ([b"-----BEGIN CERTIFICATE-----"], CertificateProblem.NOT_PEM),
        ([b"-----BEGIN CERTIFICATE----- ! -----END CERTIFICATE-----"], CertificateProblem.NOT_PEM),
        ([b"-----BEGIN CERTIFICATE----- A -----END CERTIFICATE-----"], CertificateProblem.NOT_PEM),
        ([b"%2D%2D"], CertificateProblem.NOT_PEM),
        # Nothing to go back over again and again:
        ([b"-----BEGIN CERTIFICATE-----" + b" " * 16000], CertificateProblem.NOT_PEM),
        ([b"-----BEGIN CERTIFICATE-----" + b"-----END" * 2000], CertificateProblem.NOT_PEM),
        ([b":"], CertificateProblem.NOT_DECODED),
        ([b"::"], CertificateProblem.NOT_DECODED),
        ([ADA.sequence[:-1]], CertificateProblem.NOT_DECODED),
        ([b"not base64"], CertificateProblem.NOT_DECODED),
        ([b"\xff\xfe"], CertificateProblem.NOT_DECODED),
        ([base64.b64encode(ADA.der[:-1])], CertificateProblem.NOT_A_CERTIFICATE),
        ([base64.b64encode(ADA.der + b"x")], CertificateProblem.NOT_A_CERTIFICATE),
        ([b":AAAA:"], CertificateProblem.NOT_A_CERTIFICATE),
    ],
)
def test_what_is_no_certificate_says_why(values, problem):
    assert certificate_of(values) is problem


@given(
    st.binary(max_size=80) | st.binary(max_size=40).map(lambda tail: b"-----BEGIN CERTIFICATE-----" + tail)
)
def test_any_bytes_get_a_verdict(value):
    assert isinstance(certificate_of([value]), (bytes, CertificateProblem))


def test_a_certificate_handed_on_is_read_again():
    line = field_for(ADA.der)
    assert line.startswith(b"Client-Cert: :")
    assert line.endswith(b":\r\n")
    assert certificate_of([line.partition(b":")[2].rstrip(b"\r\n")]) == ADA.der
