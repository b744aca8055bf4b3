"""The nouns of access by country and network."""

import enum


class Kind(enum.Enum):
    """What a database tells of an address."""

    COUNTRY = "country"
    ASN = "asn"


class Origin(enum.Enum):
    """Where the database in use comes from."""

    EXTERNAL = "external"
    """The operator's file."""
    EMBEDDED = "embedded"
    """The file that was installed with the program."""
    NONE = "none"
