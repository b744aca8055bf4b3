"""The states of a sign-in, and every way from one to the next.

    anonymous ── first factor ──┬── enough ─────────────────────────► signed in
                                ├── FACTOR ───── right code ────────► signed in
                                ├── SIGN_UP ──── right code ──► ENROL ── enrolled ──► signed in
                                ├── ENROL ────── enrolled ──────────► signed in
                                ├── PASSWORD ─── changed ───────────► anonymous
                                └── NOWHERE
    signed in ── more is needed ── STEP_UP ── right code ───────────► signed in, better proven

Each state between the ends is a pending session of its own type or purpose, in a cookie of its
own, which no other page accepts for a person. What must stay true:

  nobody skips a state: each way is taken by consuming the pending session it starts from, once;
  a pending session never becomes another one: a new one is made for the next state;
  an expired password is good for changing it and leads back to the beginning, so that the new one,
  and the second factor, are proven like anybody's;
  whoever is in a group that demands a factor is not let in without one, whatever else is set;
  whoever proves more keeps their session, under a new token, and never knows less afterwards.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from yett.identity.access import Assurance
from yett.signin.model import Factor, Method, Purpose


class State(enum.Enum):
    """Where a sign-in is."""

    SIGNED_IN = "signed_in"
    FACTOR = "factor"
    SIGN_UP = "signup"
    ENROL = "enrol"
    PASSWORD = "password"  # noqa: S105 - the name of a state
    NOWHERE = "nowhere"
    """It cannot go on: a factor is demanded and there is no way to one."""


class Demand(enum.Enum):
    """Of whom a second factor is asked."""

    ALWAYS = "always"
    ENROLLED = "enrolled"
    """Of everyone who has one, or had one that has run out."""
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Policy:
    """What is demanded of one person who came by one method."""

    demand: Demand
    is_required: bool = False
    """Whether a group of theirs demands a factor of their own."""
    may_enrol_first: bool = True
    """Whether the first factor alone is enough to enrol the first second one."""
    email_besides: bool = False
    """Whether people who have another factor may take a code by mail in its place."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Which second factors somebody has."""

    enrolled: frozenset[Factor] = frozenset()
    """Those that the person set up: an authenticator, recovery codes, passkeys."""
    can_mail: bool = False
    """Whether a code can be sent to an address that the directory knows."""
    has_lapsed: bool = False
    """Whether the person had a factor that has run out: time alone must not make one factor enough."""


def offers(standing: Standing, policy: Policy) -> frozenset[Factor]:
    """What the person may answer with. Mail is weaker than what they set up, so it does not stand beside it."""
    mailed = frozenset({Factor.EMAIL}) if standing.can_mail else frozenset()
    if not has_own(standing):
        return mailed
    return standing.enrolled | mailed if policy.email_besides else standing.enrolled


def has_own(standing: Standing) -> bool:
    """Whether the person has set up a factor; recovery codes alone only stand in for one."""
    return bool(standing.enrolled - {Factor.RECOVERY})


def after_first(policy: Policy, standing: Standing, *, is_two_factor: bool) -> State:
    """Where the first factor leads; `is_two_factor` when it was two in one, such as a passkey with a PIN."""
    if is_two_factor:
        return State.SIGNED_IN
    has = has_own(standing)
    is_asked = (
        policy.is_required
        or policy.demand is Demand.ALWAYS
        or (policy.demand is Demand.ENROLLED and (has or standing.has_lapsed))
    )
    if not is_asked:
        return State.SIGNED_IN
    if has:
        return State.FACTOR
    if standing.can_mail:
        return State.SIGN_UP if policy.is_required else State.FACTOR
    return State.ENROL if policy.may_enrol_first else State.NOWHERE


def after_code(purpose: Purpose) -> State:
    """Where a right code leads."""
    return {
        Purpose.SIGN_IN: State.SIGNED_IN,
        Purpose.STEP_UP: State.SIGNED_IN,
        Purpose.SIGN_UP: State.ENROL,
    }.get(purpose, State.NOWHERE)


def assurance(method: Method, *, is_two_factor: bool, factor: Factor | None = None) -> Assurance:
    """How much is known of somebody who proved this, and by which second factor."""
    if not is_two_factor:
        return Assurance.SINGLE
    resists_phishing = method.resists_phishing or factor is Factor.PASSKEY
    return Assurance.PHISHING_RESISTANT if resists_phishing else Assurance.MFA


def lifting(offered: frozenset[Factor], method: Method, needed: Assurance) -> frozenset[Factor]:
    """Which of the factors that are offered are enough for somebody who signed in by a method."""
    return frozenset(
        each for each in offered if assurance(method, is_two_factor=True, factor=each).reaches(needed)
    )


def amr(methods: Iterable[str], *, is_two_factor: bool) -> str:
    """The methods as tokens name them (RFC 8176, section 2), in the order they were used, each once."""
    named = dict.fromkeys([*methods, *(["mfa"] if is_two_factor else [])])
    return " ".join(named)
