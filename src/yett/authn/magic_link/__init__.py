"""Magic links: whoever reads the mailbox of a person may sign in as them.

A link is a device code (`authn.device_code`) that is confirmed by mail: the browser that asked is the
device, the link is where it is confirmed, and whoever opens it decides. Read `model`, then `rules`
(every decision, without I/O), `addresses` (whose mailbox it is), `shelf` and `sealing` (how links are
kept and written), `sending`, and `service`, which joins them. `switch` says whether there are links at all.
"""

from yett.authn.magic_link.addresses import Addresses, LookupFailed
from yett.authn.magic_link.config import MagicLinkSettings
from yett.authn.magic_link.model import (
    Action,
    Authorized,
    DeniedByPerson,
    Fault,
    NotStarted,
    Over,
    Preview,
    Proven,
    Refused,
    SignInHere,
    Started,
    Waiting,
)
from yett.authn.magic_link.rules import MAX_TRIES, OPEN
from yett.authn.magic_link.service import MagicLinks
from yett.authn.magic_link.switch import Switched, settle

__all__ = [
    "MAX_TRIES",
    "OPEN",
    "Action",
    "Addresses",
    "Authorized",
    "DeniedByPerson",
    "Fault",
    "LookupFailed",
    "MagicLinkSettings",
    "MagicLinks",
    "NotStarted",
    "Over",
    "Preview",
    "Proven",
    "Refused",
    "SignInHere",
    "Started",
    "Switched",
    "Waiting",
    "settle",
]
