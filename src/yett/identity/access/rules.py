"""Decide who may pass.

Nothing here waits, reads a clock or says anything. What must stay true: somebody whom the
directory does not know, or knows as disabled, is never allowed, whatever the rule says.
"""

from yett.identity.access.model import Allowed, Denied, Reason, Rule, SignInFirst, Verdict
from yett.identity.model import Person


def judge(rule: Rule, person_name: str | None, person: Person | None) -> Verdict:
    """Apply a rule to whom the session names (None: no session) and what the directory says about them now.

    A public rule lets anybody in except the session of a person who is gone or disabled: for
    such a session an upstream would be told an identity that is no longer one.
    """
    if person_name is None:
        return Allowed(rule) if rule.is_public else SignInFirst(rule)
    if person is None or person.name != person_name:
        # A person under another name is a mix-up of the caller's; nobody gains by it.
        return Denied(rule, Reason.UNKNOWN_PERSON, tuple(sorted(rule.groups)), ())
    if person.is_disabled:
        return Denied(rule, Reason.DISABLED, tuple(sorted(rule.groups)), person.groups)
    if rule.is_public or not rule.groups or not rule.groups.isdisjoint(person.groups):
        return Allowed(rule)
    return Denied(rule, Reason.NO_GROUP, tuple(sorted(rule.groups)), person.groups)
