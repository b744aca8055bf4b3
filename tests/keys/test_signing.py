import base64

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from yett.keys import AUDIT_KEY, MasterKey, Signer, jwk, key_id, signing_key

MASTER = MasterKey(bytes(range(32)))
# RFC 8037, appendix A.2 and A.3.
X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
PUBLIC_KEY = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(X + "="))


def test_the_thumbprint_matches_rfc_8037_appendix_a_3():
    assert key_id(PUBLIC_KEY) == THUMBPRINT


def test_the_published_key_says_what_it_is_for():
    assert jwk(PUBLIC_KEY) == {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": X,
        "kid": THUMBPRINT,
        "alg": "EdDSA",
        "use": "sig",
    }


def test_every_node_derives_the_same_key_for_a_purpose_and_epoch():
    signature = signing_key(MASTER, "oidc", 3).sign(b"message")

    signing_key(MasterKey(bytes(range(32))), "oidc", 3).public_key().verify(signature, b"message")


@pytest.mark.parametrize(("context", "epoch"), [("oidc", 4), ("headers", 3), ("oidc/3", 0), ("3/oidc", 0)])
def test_purposes_and_epochs_have_keys_of_their_own(context, epoch):
    signature = signing_key(MASTER, "oidc", 3).sign(b"message")

    with pytest.raises(InvalidSignature):
        signing_key(MASTER, context, epoch).public_key().verify(signature, b"message")


def test_epochs_do_not_go_below_zero():
    with pytest.raises(ValueError, match="0"):
        signing_key(MASTER, "oidc", -1)


def test_a_signer_keeps_its_key_as_long_as_the_cluster_key_stays():
    one, same, other = Signer(MASTER, AUDIT_KEY), Signer(MASTER, AUDIT_KEY), Signer(MASTER, "else")
    assert one.public_key == same.public_key != other.public_key
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(one.public_key))
    public.verify(one.sign(b"data"), b"data")
    with pytest.raises(InvalidSignature):
        public.verify(other.sign(b"data"), b"data")
