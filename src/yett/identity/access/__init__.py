"""Who may reach what: a rule, a person, how well they proved who they are, a verdict.

Read `model`, then `rules`; `events` is what those who act on a verdict say about it.
"""

from yett.identity.access import events
from yett.identity.access.model import (
    ASSURANCE,
    METHODS,
    Allowed,
    Assurance,
    Demand,
    Denied,
    Reason,
    Rule,
    SignInFirst,
    StepUp,
    Verdict,
)
from yett.identity.access.rules import assurance_named, assurance_of, judge, needed_for, shows_presence

__all__ = [
    "ASSURANCE",
    "METHODS",
    "Allowed",
    "Assurance",
    "Demand",
    "Denied",
    "Reason",
    "Rule",
    "SignInFirst",
    "StepUp",
    "Verdict",
    "assurance_named",
    "assurance_of",
    "events",
    "judge",
    "needed_for",
    "shows_presence",
]
