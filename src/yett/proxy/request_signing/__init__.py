"""Signing whole requests, so that a service can tell that they came through the gateway, as they are.

HTTP Message Signatures (RFC 9421) with a digest of the body (RFC 9530). Read `model`, then `base` (what is
signed, as text), `step` (signing), `reading` and `rules` (checking, for those who ask us to).

Bodies are held back to be hashed, up to a limit. Who wants no more than to know who calls is better
served by the identity headers, whose signature is made once a minute.
"""

from yett.proxy.request_signing.config import Algorithm, RequestSigningSettings, Unhashed
from yett.proxy.request_signing.model import OURS, Fault, Message, Verified
from yett.proxy.request_signing.rules import Verifier
from yett.proxy.request_signing.step import Keys, SigningStep

__all__ = [
    "OURS",
    "Algorithm",
    "Fault",
    "Keys",
    "Message",
    "RequestSigningSettings",
    "SigningStep",
    "Unhashed",
    "Verified",
    "Verifier",
]
