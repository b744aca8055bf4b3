"""Names in certificates: their one spelling, and which name covers which (RFC 9525, section 6.3).

Nothing here waits or reads a clock.
"""

import ipaddress
import re

from cryptography import x509

MAX_NAME = 253
"""The longest host name (RFC 1035, section 2.3.4, without the final dot)."""

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?")


def normal(name: str) -> str | None:
    """The one spelling of a host name, of "*." and a host name, or of an address; None for anything else.

    A name beyond ASCII has to be given in its A-label form ("xn--…"), as it stands in certificates.
    """
    name = name.removesuffix(".")
    if not name or len(name) > MAX_NAME or not name.isascii():
        return None
    name = name.lower()
    address = as_address(name)
    if address is not None:
        return address.compressed
    host = name.removeprefix("*.")
    labels = host.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        return None
    # "*.com" or "*.1" would cover names of everybody; and a last label of digits is a broken address.
    if labels[-1].isdigit() or (host != name and len(labels) < 2):
        return None
    return name


def as_address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a name spells, if it does."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    # A zone ("fe80::1%eth0") means something on one machine only.
    return None if getattr(address, "scope_id", None) else address


def wildcard_over(name: str) -> str | None:
    """The wildcard that covers a (normal) name: its first label replaced; None when there cannot be one."""
    _, dot, parent = name.partition(".")
    if not dot or "." not in parent or name.startswith("*.") or as_address(name) is not None:
        return None
    return f"*.{parent}"


def covers(pattern: str, name: str) -> bool:
    """Whether a certificate for `pattern` is good for `name`, both in normal spelling.

    A wildcard stands for exactly one label, and a wildcard is covered only by itself.
    """
    return pattern == name or (pattern.startswith("*.") and pattern == wildcard_over(name))


def names_in(certificate: x509.Certificate) -> tuple[str, ...]:
    """The names a certificate is for, in normal spelling. The common name does not count (RFC 9525, 2)."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    texts = [*found.get_values_for_type(x509.DNSName)]
    texts += [str(address) for address in found.get_values_for_type(x509.IPAddress)]
    spelled = (normal(text) for text in texts)
    return tuple(dict.fromkeys(name for name in spelled if name is not None))


def general_name(name: str) -> x509.GeneralName:
    """A (normal) name as it stands in a certificate."""
    address = as_address(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)
