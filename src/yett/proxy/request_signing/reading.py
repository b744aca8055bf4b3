"""Reads the fields of a signature. Only what we write ourselves is understood, in the one way we write it."""

import base64
import binascii
import re
from dataclasses import dataclass

from yett.proxy.request_signing.config import Algorithm
from yett.proxy.request_signing.model import LABEL

_MOST_COMPONENTS = 32
_INPUT = re.compile(
    LABEL + r'=(?P<params>\((?P<covered>"[a-z0-9@-]{1,64}"(?: "[a-z0-9@-]{1,64}")*)\)'
    r";created=(?P<created>[0-9]{1,12});expires=(?P<expires>[0-9]{1,12})"
    r';keyid="(?P<keyid>[ !#-\[\]-~]{1,128})";alg="(?P<alg>[a-z0-9-]{1,32})"'
    r';nonce="(?P<nonce>[ !#-\[\]-~]{1,128})";tag="' + LABEL + '")'
)
_SIGNATURE = re.compile(LABEL + r"=:([A-Za-z0-9+/]{43,86}={1,2}):")
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")


@dataclass(frozen=True, slots=True)
class Input:
    """What a Signature-Input of ours says."""

    params: str
    covered: tuple[str, ...]
    created: int
    expires: int
    key_id: str
    alg: Algorithm
    nonce: str


def read_input(value: str) -> Input | None:
    """The input of our signature; None for anything else."""
    found = _INPUT.fullmatch(value)
    if found is None:
        return None
    covered = tuple(name.strip('"') for name in found["covered"].split(" "))
    if len(covered) > _MOST_COMPONENTS or len(set(covered)) < len(covered):
        return None
    try:
        alg = Algorithm(found["alg"])
    except ValueError:
        return None
    return Input(
        found["params"],
        covered,
        int(found["created"]),
        int(found["expires"]),
        found["keyid"],
        alg,
        found["nonce"],
    )


def read_signature(value: str) -> bytes | None:
    """The signature's bytes; None for anything else."""
    return _bytes(_SIGNATURE.fullmatch(value))


def read_digest(value: str) -> bytes | None:
    """The SHA-256 in a Content-Digest of ours; None for anything else."""
    return _bytes(_DIGEST.fullmatch(value))


def _bytes(found: re.Match[str] | None) -> bytes | None:
    if found is None:
        return None
    try:
        raw = base64.b64decode(found[1], validate=True)
    except binascii.Error:
        return None
    # Only the one canonical spelling counts: no stray bits.
    return raw if base64.b64encode(raw).decode("ascii") == found[1] else None
