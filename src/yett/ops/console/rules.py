"""Who may read the log: values in, verdict out."""

import urllib.parse

from yett.identity import Person
from yett.identity.access import Assurance, assurance_of, shows_presence
from yett.net.trust import Networks
from yett.ops.console.config import ConsoleSettings
from yett.ops.console.model import Refused, Way
from yett.sessions import Session

_SKEW = 5.0
"""Seconds by which the clock of the node that made a session may be ahead."""


def is_masked(person: Person, settings: ConsoleSettings) -> bool:
    """Whether somebody who may read sees no personal data. Who is in groups of both kinds sees all."""
    return not set(settings.groups).intersection(person.groups)


def refusal(person: Person, address: str, settings: ConsoleSettings, networks: Networks) -> Refused | None:
    """Why somebody may not read the log; None when they may."""
    if not {*settings.groups, *settings.masked_groups}.intersection(person.groups):
        return Refused.NO_GROUP
    if settings.networks and address not in networks:
        return Refused.NETWORK
    return None


def way(session: Session, now: float, settings: ConsoleSettings, *, is_fresh: bool) -> Way:
    """What is still to be proven. Asking anew comes first, because a new sign-in may prove more by itself."""
    if not is_fresh and not _is_recent(session, now, settings.signed_in_within.total_seconds()):
        return Way.AGAIN
    return Way.OPEN if assurance_of(session.metadata).reaches(settings.assurance) else Way.MORE


def _is_recent(session: Session, now: float, within: float) -> bool:
    """Whether the person was there to sign in, and not long ago. A browser alone proves no presence."""
    return shows_presence(session.metadata) and -_SKEW <= now - session.created_at <= within


def sign_in_at(to: str, *, again: bool = False) -> str:
    """Where somebody signs in, to come back to `to`."""
    query = {"next": to, **({"again": "1"} if again else {})}
    return f"/signin?{urllib.parse.urlencode(query)}"


def step_up_at(to: str, needed: Assurance) -> str:
    """Where somebody proves more, to come back to `to`."""
    return f"/signin/step-up?{urllib.parse.urlencode({'next': to, 'acr': needed.value})}"


def is_own(fetch_site: str) -> bool:
    """Whether a request comes from a page of ours, from the address bar, or from something that is no browser.

    Applications stand on hosts of the same site, so "same-site" is as foreign as "cross-site".
    """
    return fetch_site in {"", "none", "same-origin"}
