"""Who may reach what: a rule, a person, a verdict.

Read `model`, then `rules`; `events` is what those who act on a verdict say about it.
"""

from yett.identity.access import events
from yett.identity.access.model import Allowed, Denied, Reason, Rule, SignInFirst, Verdict
from yett.identity.access.rules import judge

__all__ = ["Allowed", "Denied", "Reason", "Rule", "SignInFirst", "Verdict", "events", "judge"]
