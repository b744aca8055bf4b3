"""Decide what a name is, what a name server's answer means, and in which order addresses are tried.

Nothing here waits, reads a clock or opens a socket.
"""

import ipaddress
import re
import ssl
from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from yett.config import Mistake
from yett.net.dns.config import DNSSEC, DNSSettings
from yett.net.dns.model import Answered, Found, Missing, Server, Trouble, Unanswered

_LABEL: Final = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_LONGEST_NAME: Final = 253
_MOST_ADDRESSES: Final = 32
"""Of one type. A name has a handful; nobody tries hundreds."""
_AUTHORITY: Final = re.compile(r"(\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<v4>[0-9.]+))(:(?P<port>[0-9]{1,5}))?")
_LOOPBACK: Final = Found(("127.0.0.1", "::1"), is_validated=True)


class BadServer(Exception):
    """What is no name server; the text says why."""


def parse_server(text: str) -> Server:
    """The name server that a setting names. Raises BadServer."""
    is_tls = text.startswith("tls://")
    authority, _, name = text.removeprefix("tls://").partition("#")
    if name and not is_tls:
        raise BadServer("only a name server behind TLS has a name in a certificate")
    if name and normal(name) is None:
        raise BadServer(f"{name} is not a host name")
    match = _AUTHORITY.fullmatch(authority)
    try:
        # An IPv6 address without a port needs no brackets.
        address = str(ipaddress.ip_address(authority if match is None else match["v6"] or match["v4"]))
    except ValueError:
        raise BadServer("a name server is named by its address") from None
    port = int(match["port"]) if match is not None and match["port"] else 853 if is_tls else 53
    if not 0 < port < 65536:
        raise BadServer(f"{port} is not a port")
    return Server(address, port, (name.lower() or address) if is_tls else "")


def check_dns(settings: DNSSettings) -> Iterator[Mistake]:
    """What is wrong with the settings beyond single values."""
    for text in settings.resolvers:
        try:
            server = parse_server(text)
        except BadServer as problem:
            yield Mistake("dns.resolvers", text, str(problem))
            continue
        if settings.dnssec is DNSSEC.REQUIRE and not is_believed(server):
            yield Mistake(
                "dns.resolvers",
                text,
                'with dns.dnssec "require" a name server has to be on this machine or behind TLS (tls://)',
            )
    if settings.dnssec is DNSSEC.REQUIRE and not settings.resolvers:
        yield Mistake("dns.dnssec", settings.dnssec.value, "only good with dns.resolvers")
    if settings.ca_file is not None:
        try:
            ssl.create_default_context(cafile=settings.ca_file)
        except OSError as problem:
            yield Mistake("dns.ca_file", str(settings.ca_file), problem.strerror or "no certificates in PEM")


def is_believed(server: Server) -> bool:
    """Whether nobody in between can forge the AD bit (RFC 6840, 5.8)."""
    return bool(server.tls_name) or ipaddress.ip_address(server.address).is_loopback


def normal(name: str) -> str | None:
    """A host name in the form it is asked for; None for what is none (RFC 1123, 2.1; underscores are common)."""
    name = name.lower().removesuffix(".")
    return name if len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) else None


def known(name: str) -> Found | None:
    """What nobody has to be asked for: an address, or this machine (RFC 6761, 6.3)."""
    try:
        return Found((str(ipaddress.ip_address(name)),), is_validated=True)
    except ValueError:
        pass
    return _LOOPBACK if name == "localhost" or name.endswith(".localhost") else None


def read(message: dns.message.Message, *, is_believed: bool) -> Answered | Unanswered:
    """What an answer about addresses says; its AD bit says nothing when it may have been forged."""
    code = message.rcode()
    if code not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        return Unanswered(dns.rcode.to_text(code), is_server_failure=code == dns.rcode.SERVFAIL)
    if not isinstance(message, dns.message.QueryMessage):
        return Unanswered("not an answer")
    try:
        result = message.resolve_chaining()
    except dns.exception.DNSException as problem:
        return Unanswered(type(problem).__name__)
    records = result.answer if result.answer is not None else ()
    return Answered(
        tuple(str(ipaddress.ip_address(record.address)) for record in records)[:_MOST_ADDRESSES],
        float(result.minimum_ttl),
        is_believed and bool(message.flags & dns.flags.AD),
        any(rrset.rdtype == dns.rdatatype.RRSIG for rrset in chain(message.answer, message.authority)),
    )


def judge(answers: Sequence[Answered], *, needs_validation: bool) -> Found | Missing:
    """What the answers for both types mean together; at least one came."""
    is_validated = all(answer.is_validated for answer in answers)
    if needs_validation and not is_validated:
        return Missing(Trouble.NOT_VALIDATED)
    addresses = in_turn([address for answer in answers for address in answer.addresses])
    return Found(addresses, is_validated) if addresses else Missing(Trouble.NO_ADDRESS)


def in_turn(addresses: Sequence[str]) -> tuple[str, ...]:
    """IPv6 and IPv4 in turn (RFC 8305, 4), so that one that is out of order costs one attempt."""
    six = [address for address in addresses if ":" in address]
    four = [address for address in addresses if ":" not in address]
    return tuple(address for pair in zip_longest(six, four) for address in pair if address is not None)


def lifetime(answers: Sequence[Answered], outcome: Found | Missing, settings: DNSSettings) -> float:
    """How long the outcome is kept."""
    longest = settings.max_ttl if isinstance(outcome, Found) else settings.negative_ttl
    # A second at least: an answer that may not be kept at all would be asked for with each connection.
    return max(1.0, min(longest.total_seconds(), *(answer.ttl for answer in answers)))
