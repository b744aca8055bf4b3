"""Looking names up with name servers of our own choice.

Read `config`, `model` and `rules` (decisions over values), then `query` (one question to one name
server), `cache`, and `resolver`, which puts them together. Without `dns.resolvers` nobody is asked,
and whoever needs an address asks the system.

What is said of DNSSEC is what a name server says of it: it has validated the answer (the AD bit).
That is worth as much as the way to that name server, which is why "require" takes none but those on
this machine or behind TLS (RFC 6840, 5.8).
"""

from yett.net.dns.config import DNSSEC, DNSSettings
from yett.net.dns.model import Found, Missing, Trouble
from yett.net.dns.resolver import Resolver
from yett.net.dns.rules import check_dns, known

__all__ = ["DNSSEC", "DNSSettings", "Found", "Missing", "Resolver", "Trouble", "check_dns", "known"]
