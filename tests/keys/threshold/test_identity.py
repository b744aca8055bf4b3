import asyncio
import datetime
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID
from tests.keys.threshold.conftest import GATEWAY, master

from yett.keys import signing_key
from yett.keys.threshold import Identity
from yett.keys.threshold.identity import Party, is_signed, read_party, sealed_for, shown


def test_a_certificate_follows_from_the_key_alone():
    assert Identity(GATEWAY).pem == Identity(GATEWAY).pem
    assert Identity(GATEWAY).pem != Identity(master("a")).pem
    assert Party(Identity(GATEWAY).certificate).public == Identity(GATEWAY).public


def test_what_is_sealed_opens_for_one_only():
    here, there = Identity(GATEWAY), Identity(master("a"))
    sealed = sealed_for(here.public, b"a share")
    assert here.open(sealed) == b"a share"
    assert there.open(sealed) is None
    assert here.open(sealed[:-1] + bytes([sealed[-1] ^ 1])) is None
    assert here.open(b"") is None
    with pytest.raises(ValueError, match="no public key"):
        sealed_for(bytes(32), b"a share")


def test_signatures():
    identity = Identity(GATEWAY)
    signature = identity.sign(b"so")
    assert is_signed(identity.public, signature, b"so")
    assert not is_signed(identity.public, signature, b"otherwise")
    assert not is_signed(Identity(master("a")).public, signature, b"so")
    assert not is_signed(b"short", signature, b"so")


def test_a_file_holds_one_certificate_of_ours(tmp_path):
    path = tmp_path / "party.pem"
    path.write_text(Identity(GATEWAY).pem)
    assert read_party(path).public == Identity(GATEWAY).public
    path.write_text(Identity(GATEWAY).pem * 2)
    with pytest.raises(ValueError, match="more than one"):
        read_party(path)
    for text in ("", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        path.write_text(text)
        with pytest.raises(ValueError, match=r".+"):
            read_party(path)
    with pytest.raises(FileNotFoundError):
        read_party(tmp_path / "none.pem")


def below(identity_master):
    """A certificate that the holder of a trusted one signed for another key."""
    key = signing_key(master("other"), "threshold/identity", 0)
    issuer = x509.load_der_x509_certificate(Identity(identity_master).certificate)
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "below")]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(signing_key(identity_master, "threshold/identity", 0), None)
    ), key


def context_of(kind, folder):
    """What somebody shows who is not the one that is trusted."""
    trusted = Party(Identity(master("server")).certificate)
    if kind == "stranger":
        return Identity(master("stranger")).context([trusted], is_server=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=trusted.certificate)
    if kind == "below":
        certificate, key = below(GATEWAY)
        path = folder / "below.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
            + Identity(GATEWAY).pem.encode()
        )
        context.load_cert_chain(path)
    return context


@pytest.mark.parametrize("kind", ["stranger", "nobody", "below"])
async def test_only_those_who_are_trusted_are_let_in(tmp_path, kind):
    seen = []

    async def serve(_, writer):
        seen.append(shown(writer.get_extra_info("ssl_object")))
        writer.write(b"!")
        writer.close()

    server_context = Identity(master("server")).context(
        [Party(Identity(GATEWAY).certificate)], is_server=True
    )
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_context)
    port = server.sockets[0].getsockname()[1]

    async def come(context):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        try:
            return await reader.read(1)
        finally:
            writer.transport.abort()

    mine = Identity(GATEWAY).context([Party(Identity(master("server")).certificate)], is_server=False)
    assert await come(mine) == b"!"
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        assert await come(context_of(kind, tmp_path)) == b"!"
    assert seen == [Identity(GATEWAY).certificate]
    # The other way round: who trusts another than the one that is there does not talk to it.
    wrong = Identity(GATEWAY).context([Party(Identity(master("stranger")).certificate)], is_server=False)
    with pytest.raises(ssl.SSLCertVerificationError):
        await come(wrong)
    server.close()
