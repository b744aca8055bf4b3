"""Nouns of certificates of clients."""

import enum


class Mismatch(enum.Enum):
    """Why a certificate does not prove a client."""

    NO_CERTIFICATE = "no_certificate"
    UNREADABLE = "unreadable"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    AUTHORITY = "authority"
    """Nobody who is trusted vouches for it."""
    REVOKED = "revoked"
    NOT_LISTED = "no_revocation_list"
    """Nobody can say whether it was revoked."""
    NO_IDENTITY = "no_identity_fields"
    """Nothing is known of the client that could stand in a certificate."""
    SUBJECT_DN = "subject_dn"
    SAN_URI = "san_uri"
    SAN_DNS = "san_dns"
    SAN_EMAIL = "san_email"
    THUMBPRINT = "thumbprint"
    """It is none of those that the client registered."""


class Match(enum.Enum):
    """By what a certificate was recognised."""

    SUBJECT_DN = "subject_dn"
    SAN_URI = "san_uri"
    SAN_DNS = "san_dns"
    SAN_EMAIL = "san_email"
    THUMBPRINT = "thumbprint"
