"""RFC 9591, appendix E.1: FROST(Ed25519, SHA-512)."""

import json
from pathlib import Path

from yett.keys.frost import Commitment, Group, Share
from yett.keys.frost.ciphersuite import multiply_base

_FILE = json.loads(Path(__file__).with_name("rfc9591_e1.json").read_text())
_INPUTS = _FILE["inputs"]


def _hex(value):
    return bytes.fromhex(value) if isinstance(value, str) else value


def _by_number(outputs):
    return {one["identifier"]: {name: _hex(value) for name, value in one.items()} for one in outputs}


MESSAGE = _hex(_INPUTS["message"])
SIGNERS = _INPUTS["participant_list"]
PUBLIC = _hex(_INPUTS["group_public_key"])
SECRET = _hex(_INPUTS["group_secret_key"])
COEFFICIENTS = (SECRET, *map(_hex, _INPUTS["share_polynomial_coefficients"]))
SECRETS = {one["identifier"]: _hex(one["participant_share"]) for one in _INPUTS["participant_shares"]}
ROUND_ONE = _by_number(_FILE["round_one_outputs"]["outputs"])
ROUND_TWO = _by_number(_FILE["round_two_outputs"]["outputs"])
SIGNATURE = _hex(_FILE["final_output"]["sig"])

SHARES = {number: Share(number, secret) for number, secret in SECRETS.items()}
GROUP = Group(2, PUBLIC, {number: multiply_base(secret) for number, secret in SECRETS.items()})
COMMITMENTS = [
    Commitment(number, one["hiding_nonce_commitment"], one["binding_nonce_commitment"])
    for number, one in ROUND_ONE.items()
]
