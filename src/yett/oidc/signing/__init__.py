"""What tokens are signed with: keys of several algorithms, rotated, published, the same on every node.

Read `model`, then `rules` (when keys come and go) and `material` (what a key is made of), then `compact` (a token as
text), `ring` (how keys are kept), `loading` (how a node has them) and
`service`. `jwks` publishes the public halves.

What must stay true:
  nothing is signed with a key that was not published before, except at the very first start;
  a key stays published for as long as anything lasts that was signed with it;
  a token is checked with the algorithm of the key that it names, never with one that it names itself.
"""

from yett.oidc.signing.commands import KeyCommands
from yett.oidc.signing.compact import MAX_TOKEN
from yett.oidc.signing.config import SigningSettings, check_signing
from yett.oidc.signing.jwks import JWKS, KeySet
from yett.oidc.signing.model import Algorithm, NoKey
from yett.oidc.signing.service import Signing

__all__ = [
    "JWKS",
    "MAX_TOKEN",
    "Algorithm",
    "KeyCommands",
    "KeySet",
    "NoKey",
    "Signing",
    "SigningSettings",
    "check_signing",
]
