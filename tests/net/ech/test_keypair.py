import base64

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from yett.keys import MasterKey
from yett.net.ech import derive_pair
from yett.net.ech.keypair import encode

NAME = "yett.example.org"
# A configuration that a large operator published in DNS, of one suite.
PUBLISHED = base64.b64decode(
    "AEX+DQBBrAAgACCInfIgdvp+4xqPkMYvPt1Rv7zxtllWm3SjIjWxBoEgfAAEAAEAAQASY2xvdWRmbGFyZS1lY2guY29tAAA="
)


def pair(master=b"k" * 32, name=NAME):
    return derive_pair(MasterKey(master).derive, name)


def test_a_configuration_is_written_as_others_write_theirs():
    key = bytes.fromhex("889df22076fa7ee31a8f90c62f3edd51bfbcf1b659569b74a32235b10681207c")
    assert encode(0xAC, key, ((1, 1),), "cloudflare-ech.com") == PUBLISHED[2:]


def test_every_node_has_the_same_pair_and_no_other_cluster_has_it():
    assert pair().pem == pair().pem
    assert pair().configuration != pair(b"x" * 32).configuration
    assert pair().configuration != pair(name="other.example.org").configuration


def test_the_configuration_names_the_key_that_the_front_gets():
    made = pair()
    key, _, config = made.pem.partition(b"-----BEGIN ECHCONFIG-----\n")
    raw = base64.b64decode(config.partition(b"-----END")[0])
    assert raw == base64.b64decode(made.configuration)
    assert int.from_bytes(raw[:2], "big") == len(raw) - 2
    public = load_pem_private_key(key, None).public_key().public_bytes_raw()
    assert raw[2:4] == b"\xfe\x0d"
    assert raw[6] == made.config_id
    assert raw[11:43] == public
    assert NAME.encode() in raw
