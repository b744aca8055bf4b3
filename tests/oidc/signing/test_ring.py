import json
from dataclasses import replace

import pytest

from yett.keys import MasterKey, Sealer
from yett.oidc.signing import material, ring
from yett.oidc.signing.model import Algorithm, Key

NOW = 1_800_000_000.0
SEALER = Sealer(MasterKey(b"m" * 32), "oidc/signing")
PRIVATE = material.make(Algorithm.ES256, 2048)
PUBLIC = material.jwk_of(PRIVATE.public_key(), Algorithm.ES256)
KEY = Key(
    PUBLIC["kid"],
    Algorithm.ES256,
    PUBLIC,
    NOW,
    NOW,
    ring.seal(SEALER, PRIVATE, PUBLIC["kid"], Algorithm.ES256, NOW),
    needed_until=5.0,
)


def test_keys_are_read_as_they_were_written():
    assert ring.from_bytes(ring.to_bytes((KEY,))) == (KEY,)


def test_the_private_half_stands_in_the_store_sealed_only():
    written = ring.to_bytes((KEY,))
    secret = material.base64url(PRIVATE.private_numbers().private_value.to_bytes(32, "big"))
    assert b"PRIVATE" not in written
    assert secret.encode() not in written
    assert KEY.sealed not in repr(KEY)


def test_a_private_half_opens_for_its_own_key_and_cluster_only():
    opened = ring.unseal(SEALER, KEY, NOW + 50 * 365 * 86400)
    assert material.to_pem(opened) == material.to_pem(PRIVATE)
    other = material.jwk_of(material.make(Algorithm.ES256, 2048).public_key(), Algorithm.ES256)
    assert ring.unseal(SEALER, replace(KEY, kid=other["kid"], public=other), NOW) is None
    assert ring.unseal(SEALER, replace(KEY, algorithm=Algorithm.ES384), NOW) is None
    assert ring.unseal(Sealer(MasterKey(b"o" * 32), "oidc/signing"), KEY, NOW) is None
    assert ring.unseal(SEALER, replace(KEY, sealed="AAAA"), NOW) is None
    swapped = ring.seal(SEALER, material.make(Algorithm.ES256, 2048), KEY.kid, Algorithm.ES256, NOW)
    assert ring.unseal(SEALER, replace(KEY, sealed=swapped), NOW) is None


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"form":2,"keys":[]}',
        b'{"form":1,"keys":[],"more":1}',
        b'{"form":1,"keys":[{"kid":1}]}',
        json.dumps({"form": 1, "keys": [{"algorithm": "HS256"}]}).encode(),
    ],
)
def test_what_are_no_keys_is_told(value):
    with pytest.raises(ring.Unreadable):
        ring.from_bytes(value)
