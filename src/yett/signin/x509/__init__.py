"""Signing in with the certificate of the connection.

Read `words` (what becomes of each reason, for the record and for the person), then `routes`.
"""

from yett.signin.x509.routes import CertificateSignIn

__all__ = ["CertificateSignIn"]
