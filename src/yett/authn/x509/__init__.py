"""Client certificates: whose they are, who vouches for them, whether they were taken back.

That somebody holds the key of a certificate is TLS's proof, or a trusted proxy's; it is over when
this room is asked. Read `model`, then `rules` and `subjects` (whom a certificate names), `chain`
(who vouches for it), `lists` and `responses` (what is believed about revocation): decisions without
I/O. Then `fetching`, `crl` and `ocsp`, which find out, `service`, which puts a sign-in's questions in
order, and `rechecking`, which asks again while somebody is signed in.
"""

from yett.authn.x509.chain import Authorities, BadAuthorities, NotVouchedFor, read_authorities
from yett.authn.x509.checking import check_x509
from yett.authn.x509.commands import X509Commands, X509Files
from yett.authn.x509.config import X509Settings
from yett.authn.x509.model import METHOD, Accepted, Chain, Origin, Reason, Rejected, Standing, Verdict
from yett.authn.x509.rechecking import Rechecks
from yett.authn.x509.rules import names_in, parse
from yett.authn.x509.service import X509, People, Refresh

__all__ = [
    "METHOD",
    "X509",
    "Accepted",
    "Authorities",
    "BadAuthorities",
    "Chain",
    "NotVouchedFor",
    "Origin",
    "People",
    "Reason",
    "Rechecks",
    "Refresh",
    "Rejected",
    "Standing",
    "Verdict",
    "X509Commands",
    "X509Files",
    "X509Settings",
    "check_x509",
    "names_in",
    "parse",
    "read_authorities",
]
