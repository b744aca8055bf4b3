import contextlib
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from tests.authn.x509.making import CA, DAY, NOW, at, build, distribution_point, new_key, root, scope, usage

from yett.authn.x509.lists import BadList, authority_of, read_list, standing
from yett.authn.x509.model import Standing


def read(content, *authorities, now=NOW):
    return read_list(content, [each.certificate for each in authorities], now)


def refused(content, *authorities, now=NOW):
    with pytest.raises(BadList) as why:
        read(content, *authorities, now=now)
    return str(why.value)


def test_a_list_names_what_its_authority_has_taken_back(ca):
    gone, here = ca.issue(), ca.issue()
    found = read(ca.crl(gone, number=7), root("CN=Other"), ca)
    assert (found.revoked, found.number, found.issuer) == ({gone.certificate.serial_number}, 7, "CN=Root")
    assert found.authority == authority_of(ca.certificate)
    assert standing(ca.chain(gone), [found], NOW) is Standing.REVOKED
    assert standing(ca.chain(here), [found], NOW) is Standing.GOOD


def test_a_list_may_come_as_text(ca):
    der = ca.crl()
    assert read(x509.load_der_x509_crl(der).public_bytes(Encoding.PEM), ca).der == der


def test_a_list_that_nobody_configured_has_signed_is_not_believed(ca):
    assert "signed" in refused(ca.crl(by=root()), ca)
    assert "signed" in refused(ca.crl())
    # The same name with another key, and the same key with another name.
    assert "signed" in refused(root("CN=Root").crl(), ca)
    assert "signed" in refused(ca.crl(), CA(root("CN=Other", key=ca.key).certificate, ca.key))


def test_a_list_that_is_weakly_signed_is_not_believed():
    key = rsa.generate_private_key(65537, 2048)
    ca = root(key=key)
    weak = x509.CertificateRevocationListBuilder().issuer_name(ca.certificate.subject)
    weak = weak.last_update(at(NOW - 60)).next_update(at(NOW + DAY))
    assert read(weak.sign(key, hashes.SHA256()).public_bytes(Encoding.DER), ca)
    # This library makes none with SHA-1 any more, OpenSSL does.
    der = weak.sign(key, hashes.SHA224()).public_bytes(Encoding.DER)
    assert "signed" in refused(der, ca)


def test_an_authority_that_may_not_sign_lists_signs_none(ca):
    made = build("CN=Mute", by=ca, ca=True, key=new_key(), key_usage=usage(certificates=True))
    mute = CA(made.certificate, made.key)
    assert "signed" in refused(mute.crl(), mute)


def test_a_list_with_one_byte_changed_says_nothing_else(ca):
    der = ca.crl(ca.issue())
    whole = read(der, ca)
    for place in range(len(der)):
        changed = bytearray(der)
        changed[place] ^= 0x01
        with contextlib.suppress(BadList):
            # How many bits of the signature are not used may be said in more ways than one.
            assert replace(read(bytes(changed), ca), der=der) == whole


@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_or_refused(data):
    with pytest.raises(BadList):
        read_list(data, (), NOW)
    with pytest.raises(BadList):
        read_list(b"-----BEGIN X509 CRL-----\n" + data, (), NOW)


def test_a_list_out_of_its_time_is_not_taken(ca):
    assert "future" in refused(ca.crl(begins=301), ca)
    assert read(ca.crl(begins=299), ca)
    assert "run out" in refused(ca.crl(begins=-DAY, ends=-1), ca)
    assert read(ca.crl(begins=-DAY, ends=0), ca).is_current(NOW)
    assert not read(ca.crl(ends=10), ca).is_current(NOW + 11)


def test_an_oversized_list_is_not_looked_at(ca):
    assert "large" in refused(b"\x30" * ((32 << 20) + 1), ca)


@pytest.mark.parametrize(
    ("extension", "critical"),
    [
        (x509.DeltaCRLIndicator(1), True),
        scope(indirect_crl=True),
        scope(only_contains_ca_certs=True),
        scope(only_contains_attribute_certs=True),
        scope(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})),
        scope(full_name=[x509.DNSName("crl.example")]),
        scope(
            relative_name=x509.RelativeDistinguishedName(
                [x509.NameAttribute(x509.NameOID.COMMON_NAME, "part")]
            )
        ),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),
    ],
)
def test_a_list_that_tells_only_a_part_is_not_taken(ca, extension, critical):
    refused(ca.crl(extensions=[(extension, critical)]), ca)


def element(tag, content):
    length = len(content)
    return bytes([tag, length] if length < 128 else [tag, 0x81, length]) + content


def signed_anew(body, ca):
    """A list with this body (less than 256 bytes of DER altogether)."""
    signed = element(0x30, body)
    signature = element(0x03, b"\0" + ca.key.sign(signed, ec.ECDSA(hashes.SHA256())))
    return element(0x30, signed + bytes.fromhex("300a06082a8648ce3d040302") + signature)


def test_a_list_without_an_end_is_not_taken(ca):
    # The library makes none such, so the second of the two times is cut out before it is signed.
    body = x509.load_der_x509_crl(ca.crl()).tbs_certlist_bytes[2:]
    first = body.index(b"\x17\x0d")
    second = body.index(b"\x17\x0d", first + 15)
    assert read(signed_anew(body, ca), ca)
    assert "until when" in refused(signed_anew(body[:second] + body[second + 15 :], ca), ca)


def test_a_list_that_has_run_out_vouches_for_nobody_and_still_revokes(ca):
    gone, here = ca.issue(), ca.issue()
    found = read(ca.crl(gone, ends=10), ca)
    assert standing(ca.chain(here), [found], NOW + 11) is Standing.UNKNOWN
    assert standing(ca.chain(gone), [found], NOW + 11) is Standing.REVOKED


def test_a_list_is_about_its_own_authority_only(ca, issuing):
    leaf = issuing.issue()
    foreign = CA(ca.certificate, ca.key).crl(leaf)
    found = read(foreign, ca)
    assert standing(issuing.chain(leaf), [found], NOW) is Standing.UNKNOWN
    assert standing(issuing.chain(leaf), [], NOW) is Standing.UNKNOWN
    assert standing(issuing.chain(leaf), [found, read(issuing.crl(), issuing)], NOW) is Standing.GOOD


def test_an_authority_in_between_that_was_taken_back_takes_everybody_along(ca, issuing):
    leaf = issuing.issue()
    lists = [read(issuing.crl(), issuing), read(ca.crl(issuing), ca)]
    assert standing(issuing.chain(leaf), lists, NOW) is Standing.REVOKED


def test_a_list_about_people_says_nothing_of_authorities(ca, issuing):
    only_users = read(ca.crl(issuing, extensions=[scope(only_contains_user_certs=True)]), ca)
    lists = [read(issuing.crl(), issuing), only_users]
    assert standing(issuing.chain(issuing.issue()), lists, NOW) is Standing.GOOD
    assert standing(ca.chain(ca.issue()), [only_users], NOW) is Standing.GOOD


def test_a_list_for_a_place_is_about_certificates_that_name_the_place(ca):
    here, there = "http://crl.example/1.crl", "http://crl.example/2.crl"
    part = read(ca.crl(extensions=[scope(full_name=[x509.UniformResourceIdentifier(here)])]), ca)
    for url, expected in ((here, Standing.GOOD), (there, Standing.UNKNOWN)):
        points = x509.CRLDistributionPoints([distribution_point(url)])
        assert standing(ca.chain(ca.issue(extensions=[(points, False)])), [part], NOW) is expected
    assert standing(ca.chain(ca.issue()), [part], NOW) is Standing.UNKNOWN


def test_a_list_is_replaced_by_a_newer_one_only(ca):
    old, new = read(ca.crl(number=5, begins=-100), ca), read(ca.crl(number=6, begins=-50), ca)
    assert new.is_newer(old)
    assert old.is_newer(old)
    assert not old.is_newer(new)
