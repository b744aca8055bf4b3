"""The gateway's own certificate authority: a root, an intermediate, and what they sign.

Read `model`, `files` (how keys are kept), then `authority`.
"""

from yett.pki.ca.authority import Authority, SigningKey, export_root
from yett.pki.ca.model import AuthorityUnavailable, Signed

__all__ = ["Authority", "AuthorityUnavailable", "Signed", "SigningKey", "export_root"]
