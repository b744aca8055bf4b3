"""Certificates of clients: their dates, who vouches for them, what stands in them; and what is said."""

from dataclasses import replace

import pytest
from tests.authn.x509.making import CLIENT, DAY, NOW, root

from yett.authn.x509 import Standing
from yett.oidc.clients import AuthMethod, Client, Kind, TLSIdentity
from yett.oidc.mtls import (
    ClientCertificates,
    Mismatch,
    MutualTLSSettings,
    check_mutual_tls,
    events,
    thumbprint,
)
from yett.oidc.mtls.model import Match

CA, STRANGER = root(), root("CN=Stranger")
GOOD = CA.issue("CN=app")
IDENTITY = TLSIdentity(subject_dn="CN=app")


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "ca.pem").write_bytes(CA.pem)
    return MutualTLSSettings(authorities=tmp_path / "ca.pem")


def client(method=AuthMethod.TLS, tls=IDENTITY):
    return Client("app", frozenset(), frozenset(), Kind.CONFIGURED, auth_method=method, tls=tls)


def test_a_certificate_with_the_right_name_proves_the_client(settings, heard):
    assert ClientCertificates(settings).judge(client(), GOOD.der, NOW)
    assert heard("oidc.mtls") == [(events.matched, {"client": "app", "by": Match.SUBJECT_DN})]


@pytest.mark.parametrize(
    ("shown", "tls", "said", "reason"),
    [
        (b"", IDENTITY, events.no_certificate, None),
        (GOOD.der, TLSIdentity(), events.no_identity_fields, None),
        (b"\x30\x00", IDENTITY, events.authority_mismatch, Mismatch.UNREADABLE),
        (STRANGER.issue("CN=app").der, IDENTITY, events.authority_mismatch, Mismatch.AUTHORITY),
        (CA.issue("CN=app", purposes=None).der, IDENTITY, events.authority_mismatch, Mismatch.AUTHORITY),
        (CA.der, TLSIdentity(subject_dn="CN=Root"), events.authority_mismatch, Mismatch.AUTHORITY),
        (CA.issue("CN=app", ends=-1).der, IDENTITY, events.authority_mismatch, Mismatch.EXPIRED),
        (CA.issue("CN=app", begins=DAY).der, IDENTITY, events.authority_mismatch, Mismatch.NOT_YET_VALID),
        (CA.issue("CN=other").der, IDENTITY, events.identity_mismatch, Mismatch.SUBJECT_DN),
        (GOOD.der, TLSIdentity(san_uri="x:y"), events.identity_mismatch, Mismatch.SAN_URI),
        (GOOD.der, TLSIdentity(san_dns="app"), events.identity_mismatch, Mismatch.SAN_DNS),
        (GOOD.der, TLSIdentity(san_email="a@b"), events.identity_mismatch, Mismatch.SAN_EMAIL),
    ],
)
def test_any_other_proves_nothing(settings, heard, shown, tls, said, reason):
    assert not ClientCertificates(settings).judge(client(tls=tls), shown, NOW)

    ((emitter, fields),) = heard("oidc.mtls")
    assert emitter is said
    assert fields.get("reason") is reason


def test_without_authorities_nobody_is_vouched_for(heard):
    assert not ClientCertificates(MutualTLSSettings()).judge(client(), GOOD.der, NOW)
    assert heard("oidc.mtls")[0][1]["reason"] is Mismatch.AUTHORITY


def test_a_certificate_that_nobody_signed_is_known_by_its_thumbprint(heard):
    own = STRANGER.issue("CN=whoever", purposes=CLIENT)
    certificates = ClientCertificates(MutualTLSSettings())
    one = client(AuthMethod.SELF_SIGNED_TLS, TLSIdentity(thumbprints=frozenset({thumbprint(own.der)})))

    assert certificates.judge(one, own.der, NOW)
    assert not certificates.judge(one, GOOD.der, NOW)
    assert not certificates.judge(one, own.der, NOW + 31 * DAY)
    assert [said for said, _ in heard("oidc.mtls")] == [
        events.matched,
        events.identity_mismatch,
        events.authority_mismatch,
    ]


@pytest.mark.parametrize(
    ("standing", "is_required", "said"),
    [
        (Standing.GOOD, True, events.matched),
        (Standing.GOOD, False, events.matched),
        (Standing.REVOKED, True, events.revoked),
        (Standing.REVOKED, False, events.revoked),
        (Standing.UNKNOWN, True, events.authority_mismatch),
        (Standing.UNKNOWN, False, events.matched),
        (Standing.NOT_ASKED, True, events.authority_mismatch),
        (Standing.NOT_ASKED, False, events.matched),
    ],
)
def test_a_certificate_that_was_taken_back_proves_nothing(settings, heard, standing, is_required, said):
    asked = []
    settings = replace(settings, require_revocation_list=is_required)
    certificates = ClientCertificates(settings, lambda chain: asked.append(chain) or standing)

    assert certificates.judge(client(), GOOD.der, NOW) is (said is events.matched)
    assert [emitter for emitter, _ in heard("oidc.mtls")] == [said]
    assert [chain.certificates[0] for chain in asked] == [GOOD.certificate]


def test_a_file_that_went_bad_leaves_the_authorities_from_before(settings, heard):
    certificates = ClientCertificates(settings)
    settings.authorities.write_text("nothing")
    certificates.apply(settings)

    assert certificates.judge(client(), GOOD.der, NOW)
    assert heard("oidc.mtls")[0][0] is events.authorities_unreadable
    certificates.apply(MutualTLSSettings())
    assert not certificates.judge(client(), GOOD.der, NOW)


def test_a_file_of_no_use_is_told_before_anything_starts(settings, tmp_path):
    assert list(check_mutual_tls(MutualTLSSettings())) == []
    assert list(check_mutual_tls(settings)) == []
    (tmp_path / "ca.pem").write_bytes(GOOD.pem)
    (mistake,) = check_mutual_tls(settings)
    assert mistake.key == "oidc.mtls.authorities"
