"""What the steps of a rehearsal say."""

from yett.events.explain import reason_of
from yett.guard import Look
from yett.identity import Person
from yett.proxy.rehearsal.model import Step, Turn
from yett.proxy.routes import Route
from yett.signin import State, Way


def step_of(look: Look, name: str = "") -> Step:
    """What a guard would say, as a step."""
    name = name or look.check
    detail = f" ({look.detail})" if look.detail else ""
    if not look.is_on:
        return Step(name, Turn.OFF, "Nothing is checked, by the settings in force")
    if look.is_passing_blind:
        return Step(name, Turn.PASSES, f"The check cannot say anything, which lets requests through{detail}")
    if not look.status:
        return Step(name, Turn.PASSES, f"Nothing speaks against it{detail}")
    sentence = (
        _DOOR.get((look.check, look.reason)) or reason_of(_CODES[look.check], look.reason) or look.reason
    )
    turn = (
        Turn.ASKED if look.reason == "work" else Turn.PASSES if look.reason == "preflight" else Turn.REFUSED
    )
    return Step(name, turn, capital(sentence) + detail, look.reason, look.status)


_CODES = {
    "origin": "listener.cors",
    "place": "listener.geo",
    "hours": "listener.time",
    "rate": "listener.ratelimit",
    "size": "listener.sizelimit",
    "work": "pow",
}
_DOOR = {
    ("origin", "origin"): "a script of another site asks, and its origin is not in allowed_origins",
    ("origin", "preflight"): "the gateway answers the preflight itself",
    ("rate", "breaker_open"): "requests cannot be counted at the moment, so nobody is let in",
    ("work", "work"): "a browser without a pass would have to compute first (proof of work)",
    ("work", "failed"): "proof of work cannot be asked for, and fail_open is off",
}


def by_group(route: Route, person: Person | None) -> str:
    """Which group of a person's lets them in; empty where that is not by group."""
    if person is None or not route.rule.groups:
        return ""
    shared = sorted(route.rule.groups.intersection(person.groups))
    return f", as a member of {', '.join(shared)}" if shared else ""


def ways_text(ways: tuple[Way, ...]) -> str:
    """Ways in, for people."""
    return "; or ".join(_way_text(way) for way in ways if way.leads_to is not State.NOWHERE)


def _way_text(way: Way) -> str:
    factors = " or ".join(sorted(factor.value for factor in way.factors))
    match way.leads_to:
        case State.FACTOR:
            return f"{way.method.value}, then {factors}"
        case State.SIGN_UP:
            return f"{way.method.value}, then {factors}, then set up a factor of their own"
        case State.ENROL:
            return f"{way.method.value}, then set up a second factor"
        case _:
            return way.method.value


def capital(text: str) -> str:
    """A text as the beginning of a sentence."""
    return text[:1].upper() + text[1:]
