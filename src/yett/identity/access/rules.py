"""Decide who may pass.

Nothing here waits, reads a clock or says anything. What must stay true: somebody whom the
directory does not know, or knows as disabled, is never allowed, whatever the rule says; and
whoever may not pass is told so before anybody asks them for more proof.
"""

from collections.abc import Iterable, Mapping

from yett.identity.access.model import (
    ASSURANCE,
    METHODS,
    Allowed,
    Assurance,
    Denied,
    Reason,
    Rule,
    SignInFirst,
    StepUp,
    Verdict,
)
from yett.identity.model import Person

_UNATTENDED = frozenset({"x509", "wia", "mfa"})
"""Methods (RFC 8176, section 2) that a browser goes through alone; "mfa" only says that there were several."""


def judge(
    rule: Rule,
    person_name: str | None,
    person: Person | None,
    held: Assurance = Assurance.SINGLE,
) -> Verdict:
    """Apply a rule to whom the session names (None: no session) and what the directory says about them now.

    `held` is how much the session knows of them. A public rule lets anybody in except the session
    of a person who is gone or disabled: for such a session an upstream would be told an identity
    that is no longer one.
    """
    if person_name is None:
        return Allowed(rule) if rule.is_public else SignInFirst(rule)
    if person is None or person.name != person_name:
        # A person under another name is a mix-up of the caller's; nobody gains by it.
        return Denied(rule, Reason.UNKNOWN_PERSON, tuple(sorted(rule.groups)), ())
    if person.is_disabled:
        return Denied(rule, Reason.DISABLED, tuple(sorted(rule.groups)), person.groups)
    if not (rule.is_public or not rule.groups or not rule.groups.isdisjoint(person.groups)):
        return Denied(rule, Reason.NO_GROUP, tuple(sorted(rule.groups)), person.groups)
    needed = needed_for(rule, person.groups)
    return Allowed(rule) if held.reaches(needed) else StepUp(rule, needed, held)


def needed_for(rule: Rule, groups: Iterable[str]) -> Assurance:
    """How much a rule wants to be known of a person in these groups; of nobody in particular, without groups."""
    if not rule.demands:
        return Assurance.SINGLE
    held = frozenset(groups)
    asked = [each.assurance for each in rule.demands if not each.groups or not each.groups.isdisjoint(held)]
    return max(asked, key=lambda each: each.rank, default=Assurance.SINGLE)


def assurance_named(name: str) -> Assurance | None:
    """The assurance of that name; None when there is none."""
    return next((each for each in Assurance if each.value == name), None)


def assurance_of(metadata: Mapping[str, str]) -> Assurance:
    """How much a session knows of its person, by what it keeps. What it does not say, or in other words, is little."""
    return assurance_named(metadata.get(ASSURANCE, "")) or Assurance.SINGLE


def shows_presence(metadata: Mapping[str, str]) -> bool:
    """Whether somebody had to be there for a sign-in, by the methods that a session keeps.

    Browsers show certificates and tickets by themselves: such a sign-in, however new, says nothing
    about who sits there now.
    """
    return bool(set(metadata.get(METHODS, "").split()) - _UNATTENDED) or not metadata.get(METHODS)
