"""One person's path through the gateway: signing in, factors, sessions, decisions, in order, by session.

The rule for what belongs to it is a set of components, as operators of such systems know it: filter by
mapping, person and names of events, and the whole path is there. What is new in a module belongs as
soon as it is an audit record.
"""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from yett.events import Condition, Operator, Query
from yett.ops.searching.rows import details_of, in_one_line, level_in, when

Entry = Mapping[str, Any]


class Kind(enum.Enum):
    """What a step is about."""

    SIGN_IN = "sign-in"
    FACTOR = "factor"
    SESSION = "session"
    DECISION = "decision"
    TOKEN = "token"  # noqa: S105 - the name of a kind
    REQUEST = "request"
    ACCOUNT = "account"
    OTHER = "other"


_KINDS: dict[str, Kind] = {
    "access": Kind.DECISION,
    "authn": Kind.FACTOR,
    "bastion": Kind.DECISION,
    "console": Kind.DECISION,
    "cosigner": Kind.TOKEN,
    "devicecode": Kind.FACTOR,
    "directory": Kind.ACCOUNT,
    "forwardproxy": Kind.DECISION,
    "gafaelfawr": Kind.TOKEN,
    "http.access": Kind.REQUEST,
    "identity": Kind.ACCOUNT,
    "jit2fa": Kind.DECISION,
    "kerberos": Kind.FACTOR,
    "ldapauth": Kind.FACTOR,
    "listener": Kind.DECISION,
    "magiclink": Kind.FACTOR,
    "oidc": Kind.TOKEN,
    "onboarding": Kind.SIGN_IN,
    "otp": Kind.FACTOR,
    "pow": Kind.DECISION,
    "profile": Kind.ACCOUNT,
    "profile.sessions": Kind.SESSION,
    "proxy.bearer_inject": Kind.TOKEN,
    "proxy.group_monitor": Kind.DECISION,
    "proxy.oidc": Kind.SIGN_IN,
    "proxy.reauth": Kind.DECISION,
    "proxy.signout": Kind.SESSION,
    "proxy.stepup": Kind.DECISION,
    "radius": Kind.FACTOR,
    "ratelimit": Kind.DECISION,
    "sessions": Kind.SESSION,
    "signin": Kind.SIGN_IN,
    "signin.mfa": Kind.FACTOR,
    "signin.signout": Kind.SESSION,
    "signin.stepup": Kind.FACTOR,
    "smtp.pat_expiry": Kind.TOKEN,
    "tokens": Kind.TOKEN,
    "totp": Kind.FACTOR,
    "webauthn": Kind.FACTOR,
    "x509": Kind.FACTOR,
}
"""By component, and what is below it; the longest that fits counts."""

_MAPPINGS = ("app", "mapping", "mapping_id")
_OWN = "sign-in"
_QUIET = {"DEBUG", "TRACE"}
_IN_HEAD = frozenset(
    {"session.ref", "server.request.id", "server.request.client_ip", "trace.id", "module_key", *_MAPPINGS}
)


@dataclass(slots=True)
class Step:
    """One thing that happened, or the same thing several times on end."""

    at: str
    until: str
    kind: Kind
    level: str
    component: str
    message: str
    mapping: str
    details: str
    times: int = 1


@dataclass(slots=True)
class Visit:
    """What happened in one session; or outside of any, when `session` is empty."""

    session: str
    type: str = ""
    client_address: str = ""
    mappings: set[str] = field(default_factory=set)
    steps: list[Step] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Trail:
    """One person's path."""

    user: str
    mapping: str
    visits: tuple[Visit, ...]


def kind_of(component: str) -> Kind | None:
    """What an event of a component is about; None when it is no part of a path."""
    while component:
        if component in _KINDS:
            return _KINDS[component]
        component = component.rpartition(".")[0]
    return None


def query_of_rest(entries: Iterable[Entry], query: Query) -> Query | None:
    """What to ask for besides a person's entries: those of their sessions that name nobody."""
    sessions = {str(entry["session.ref"]) for entry in entries if entry.get("session.ref")}
    if not sessions:
        return None
    nobody = (Condition("auth.user_id", Operator.IS_THERE), Condition("module_key", Operator.IS_THERE))
    return replace(query, user="", session=tuple(sorted(sessions)), without=nobody)


def mappings_in(entries: Iterable[Entry]) -> frozenset[str]:
    """The mappings that a person's entries name."""
    return frozenset(name for entry in entries for name in _mapping(entry))


def entries_of_path(entries: Iterable[Entry], *, mapping: str = "") -> list[Entry]:
    """Of all entries about a person, in order, those that belong to the path (through one mapping)."""
    path = [
        entry
        for entry in entries
        if entry.get("level") not in _QUIET
        and (entry.get("audit") is True or kind_of(str(entry.get("component", ""))) is not None)
    ]
    if not mapping:
        return path
    session_of = _sessions_by_request(path)
    elsewhere: dict[str, set[str]] = {}
    for entry in path:
        elsewhere.setdefault(_session(entry, session_of), set()).update(_mapping(entry))
    return [
        entry
        for entry in path
        if mapping in (named := _mapping(entry))
        # Signing in names no mapping and belongs to each; a session with other mappings alone does not.
        or (
            not named
            and kind_of(str(entry.get("component", ""))) is not Kind.REQUEST
            and _may_be_of(mapping, _session(entry, session_of), elsewhere)
        )
    ]


def trail_of(user: str, entries: Iterable[Entry], *, mapping: str = "") -> Trail:
    """The path that a person's entries tell; they are in the order of time."""
    path = entries_of_path(entries, mapping=mapping)
    session_of = _sessions_by_request(path)
    visits: dict[str, Visit] = {}
    for entry in path:
        session = _session(entry, session_of)
        visit = visits.setdefault(session, Visit(session))
        visit.client_address = visit.client_address or str(entry.get("server.request.client_ip", ""))
        if entry.get("component") == "sessions.create":
            visit.type = str(entry.get("type", ""))
        visit.mappings.update(_mapping(entry))
        _append(visit.steps, _step(entry))
    return Trail(user, mapping, tuple(visits.values()))


def render_trail(trail: Trail) -> str:
    """The path as text for a terminal."""
    steps = sum(step.times for visit in trail.visits for step in visit.steps)
    sessions = sum(1 for visit in trail.visits if visit.session)
    on = f" on {trail.mapping}" if trail.mapping else ""
    lines = [f"{trail.user}{on}: {_number(sessions, 'session')}, {_number(steps, 'record')}"]
    for visit in trail.visits:
        lines += ["", _title(visit)]
        lines += [_line(step) for step in visit.steps]
    return "\n".join(map(in_one_line, lines))


def _sessions_by_request(path: list[Entry]) -> dict[str, str]:
    """Which session a request belongs to that began without one: the first one it led to."""
    found: dict[str, str] = {}
    for entry in path:
        request, session = entry.get("server.request.id"), entry.get("session.ref")
        if isinstance(request, str) and isinstance(session, str):
            found.setdefault(request, session)
    return found


def _session(entry: Entry, session_of: Mapping[str, str]) -> str:
    session = entry.get("session.ref") or session_of.get(str(entry.get("server.request.id", "")), "")
    return str(session)


def _mapping(entry: Entry) -> set[str]:
    """The mappings that an entry names. Our own pages are none."""
    return {str(entry[name]) for name in _MAPPINGS if entry.get(name)} - {_OWN}


def _may_be_of(mapping: str, session: str, elsewhere: Mapping[str, set[str]]) -> bool:
    named = elsewhere.get(session, set()) if session else set()
    return not named or mapping in named


def _step(entry: Entry) -> Step:
    component = str(entry.get("component", ""))
    at = str(entry.get("time", ""))
    kind = kind_of(component) or Kind.OTHER
    details = details_of(entry, without=_IN_HEAD)
    if kind is Kind.REQUEST:
        # One request differs from the next in what nobody asks for here.
        details = f"status={entry['status']}" if "status" in entry else ""
    return Step(
        at=at,
        until=at,
        kind=kind,
        level=level_in(entry),
        component=component,
        message=str(entry.get("msg", "")),
        mapping=", ".join(sorted(_mapping(entry))),
        details=details,
    )


def _append(steps: list[Step], step: Step) -> None:
    last = steps[-1] if steps else None
    if (
        last is not None
        and (last.component, last.message, last.mapping) == (step.component, step.message, step.mapping)
        and last.details == step.details
    ):
        last.times += 1
        last.until = step.until
        return
    steps.append(step)


def _title(visit: Visit) -> str:
    if not visit.session:
        return "Outside any session"
    parts = [f"Session {visit.session}"]
    parts += [f"({visit.type})"] if visit.type else []
    parts += [f"from {visit.client_address}"] if visit.client_address else []
    return " ".join(parts)


def _line(step: Step) -> str:
    again = f"({step.times} times until {when(step.until)})" if step.times > 1 else ""
    parts = (step.mapping, step.message, again, step.details)
    said = "  ".join(part for part in parts if part)
    return f"  {when(step.at)}  {step.kind.value:<8}  {step.level:<11}  {step.component}: {said}"


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
