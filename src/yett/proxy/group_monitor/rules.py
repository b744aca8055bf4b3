"""Compare groups, and decide what may stay open. No clock, no store."""

from urllib.parse import quote, unquote

from yett.identity import Person
from yett.identity.access import Allowed, Rule, judge
from yett.proxy.group_monitor.model import Change


def written(person: Person | None) -> str:
    """A person's groups as a session keeps them: percent-encoded, in order, joined by commas."""
    return ",".join(sorted(quote(group, safe="") for group in person.groups)) if person is not None else ""


def change(kept: str, person: Person) -> Change | None:
    """How a person's groups differ from those that a session keeps; None when they do not."""
    if kept == written(person):
        return None
    before = {unquote(group) for group in kept.split(",") if group}
    now = set(person.groups)
    return Change(tuple(sorted(now - before)), tuple(sorted(before - now)))


def may_stay(rule: Rule, user: str, person: Person | None) -> bool:
    """Whether what a person has open under a rule may stay open."""
    return isinstance(judge(rule, user, person), Allowed)
