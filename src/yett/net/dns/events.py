"""What looking names up says in the log."""

from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import Error, Host, Name
from yett.net.dns.model import Trouble


@event("dns.resolve", DEBUG, "DNS resolution request")
def requested(name: Host) -> None:
    """Somebody needs the addresses of a name. One step of normal work."""


@event("dns.resolve", DEBUG, "DNS cache hit")
def cache_hit(name: Host) -> None:
    """It was known already; nobody was asked. Nothing to do."""


@event("dns.resolve", DEBUG, "Waiting for concurrent DNS lookup to complete")
def waiting(name: Host) -> None:
    """Somebody else is asking for the same name; both get that answer. Nothing to do."""


@event("dns.resolve", INFO, "DNS resolution succeeded", code="resolved")
def resolved(name: Host, addresses: int, ttl: float, validated: bool) -> None:
    """The name has addresses, which are kept for `ttl` seconds."""


@event("dns.resolve", INFO, "DNS resolution succeeded - no records found")
def no_records(name: Host, ttl: float) -> None:
    """A name server answered that the name has no address. Look for a slip in a `service`, or in the zone."""


@event("dns.resolve", ERROR, "DNS resolution failed", code="failed")
def failed(name: Host, reason: Trouble) -> None:
    """There is no answer that may be used. What was said of the name servers before tells why. Look there."""


@event("dns.resolve", DEBUG, "DNS resolution failed, trying next resolver")
def trying_next(name: Host, resolver: Name) -> None:
    """The next name server of `dns.resolvers` is asked. Often: the first one deserves a look."""


@event("dns.resolve", ERROR, "All DNS resolvers failed")
def all_failed(name: Host, resolvers: int) -> None:
    """None of `dns.resolvers` gave an answer. Look at them, and at the network between."""


@event("dns.validate", WARN, "Hostname validation failed")
def not_a_name(name: Host) -> None:
    """What is to be looked up is no host name, so nobody was asked. Look at the `service` of mapping or pool."""


@event("dns.cache", DEBUG, "DNS result cached")
def cached(name: Host, ttl: float) -> None:
    """An answer is kept. Nothing to do."""


@event("dns.query", DEBUG, "Using DNS-over-TLS")
def using_tls(resolver: Name) -> None:
    """The question goes through TLS. One step of normal work."""


@event("dns.query", DEBUG, "DNS query completed")
def query_completed(name: Host, kind: Name, resolver: Name, records: int) -> None:
    """A name server answered. One step of normal work."""


@event("dns.query", WARN, "DNS query failed")
def query_failed(name: Host, resolver: Name, error: Error) -> None:
    """A name server could not be asked, or gave no answer in time. Look at it, and at the network between."""


@event("dns.query", DEBUG, "DNS query returned error")
def query_refused(name: Host, resolver: Name, rcode: Name) -> None:
    """A name server does not answer such questions (REFUSED, for example). It may not serve this machine."""


@event("dns.query", WARN, "DNS query returned SERVFAIL")
def server_failure(name: Host, resolver: Name) -> None:
    """A name server could not find out. One that validates says so, too, of a zone whose signatures are wrong.

    Ask another server for the name to tell the two apart.
    """


@event("dns.dnssec", DEBUG, "DNSSEC validation succeeded (resolver-trust mode)")
def validated(name: Host, resolver: Name) -> None:
    """The name server vouches for the answer (AD). Nothing to do."""


@event("dns.dnssec", ERROR, "DNSSEC validation failed: RRSIG present but AD bit not set")
def not_validated(name: Host, resolver: Name) -> None:
    """The zone is signed, and the name server does not validate, or could not. Nobody is sent there.

    Name a validating name server in `dns.resolvers`.
    """


@event("dns.dnssec", ERROR, "DNSSEC strict mode: zone not signed")
def not_signed(name: Host, resolver: Name) -> None:
    """`dns.dnssec` is "require" and the zone has no signatures. Have it signed, or name the backend by its address."""


@event("dns.dnssec", WARN, "DNSSEC lookup failed, trying next resolver")
def not_validated_here(name: Host, resolver: Name) -> None:
    """Another name server may validate what this one does not.

    Name only servers that validate, if `dns.dnssec` is wanted.
    """
