"""The story of one request, told from its records. Pure: entries in, story out."""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from yett.events.explain.model import Cause, Chapter, Decision, Entry, Line, Story, Weight
from yett.events.explain.words import cause_of
from yett.events.query import seconds_of

ALLOWED, DENIED, ENDED = "access.allowed", "access.denied", "http.access.completed"
_IN_HEAD = frozenset(
    {
        "time",
        "level",
        "audit",
        "component",
        "msg",
        "code",
        "node",
        "chain",
        "seq",
        "server.request.id",
        "trace.id",
        "session.ref",
        "auth.user_id",
        "server.request.client_ip",
    }
)
_REFUSED_FROM, _FAILED_FROM = 400, 500
OWN_ADDRESS = re.compile(r"page|redirect to .*|files in .*", re.DOTALL)
"""What stands for the upstream where a mapping has the gateway answer by itself."""
OWN_APPS = ("sign-in", "proof of work")
"""What stands for the application where the gateway's own pages were asked for."""
_OWN_PATHS = "/_yett/"
_LEFT = "The client left before there was an answer."


def tell(request: str, entries: Iterable[Entry]) -> Story | None:
    """The story of a request from its records, in any order; None when there are none."""
    ordered = sorted(
        (entry for entry in entries if entry.get("server.request.id") == request and _has_time(entry)),
        key=lambda entry: str(entry["time"]),
    )
    if not ordered:
        return None
    decided = _last(ordered, ALLOWED, DENIED)
    ended = _last(ordered, ENDED)
    # What a record about the decision or the end says counts before what any other does.
    told = [*([decided] if decided else []), *([ended] if ended else []), *reversed(ordered)]

    def fact(name: str) -> str:
        return next((str(entry[name]) for entry in told if entry.get(name) not in (None, "")), "")

    began = seconds_of(ordered[0]["time"])
    causes = [cause for entry in ordered if (cause := cause_of(entry)) is not None]
    concluded = conclude(ended) if ended is not None else None
    if concluded is not None and not any(each.weight is Weight.END for each in causes):
        causes.append(concluded)
    decided_by = decisive(causes)
    return Story(
        request=request,
        began=str(ordered[0]["time"]),
        user=fact("auth.user_id"),
        session=fact("session.ref"),
        client_address=fact("server.request.client_ip"),
        method=fact("server.request.method"),
        host=fact("host"),
        path=fact("server.request.path"),
        app=fact("app"),
        route=fact("route"),
        rule=str((decided or ended or {}).get("rule", "")),
        decision=_decided(decided, ended).value,
        reason=str(decided.get("reason", "")) if decided else "",
        groups_needed=_names(decided, "groups_needed"),
        groups_held=_names(decided, "groups_held"),
        upstream=fact("upstream"),
        status=_number(ended, "status"),
        duration_ms=_number(ended, "duration_ms"),
        is_ended=ended is not None,
        lines=tuple(_line(entry, began) for entry in ordered),
        sentence=_sentence(decided_by, ended),
        causes=tuple(causes),
        decided_by=decided_by,
    )


def decisive(causes: Sequence[Cause]) -> Cause | None:
    """The cause that counts: the last of those that weigh most."""
    return max(reversed(causes), key=lambda cause: cause.weight, default=None)


def conclude(ended: Entry) -> Cause | None:
    """What the record of a request's end alone says about why it went no further.

    The way to the sign-in page, and what no mapping covers, are recorded by themselves only in detail.
    """
    status = ended.get("status")
    if not isinstance(status, int):
        return None
    if not status:
        return _concluded(Chapter.ENGINE, Weight.TROUBLE, _LEFT)
    app, rule, upstream = (str(ended.get(name) or "") for name in ("app", "rule", "upstream"))
    # Who it was is hidden from some readers; that there was a session is not.
    is_nobody = not (ended.get("auth.user_id") or ended.get("session.ref"))
    if upstream and not OWN_ADDRESS.fullmatch(upstream):
        return _by_application(app, status)
    if rule:
        return _in_its_place(ended, app, status)
    if _is_own_page(ended, app):
        return _by_gateway(app, status)
    if status == HTTPStatus.SEE_OTHER and is_nobody:
        return _concluded(Chapter.SESSION, Weight.END, "Nobody was signed in, so the sign-in page was shown.")
    if status == HTTPStatus.UNAUTHORIZED and is_nobody:
        text = "Nobody was signed in, and what asked was no page in a browser, so it got a 401."
        return _concluded(Chapter.SESSION, Weight.END, text)
    if status == HTTPStatus.NOT_FOUND and not app:
        host = ended.get("host") or "?"
        return _concluded(Chapter.ROUTE, Weight.END, f"No mapping covers this address of {host}.")
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return _concluded(Chapter.ROUTE, Weight.END, "The path is mapped, but not for this method.")
    if status == HTTPStatus.TOO_MANY_REQUESTS and app:
        return _concluded(Chapter.UPSTREAM, Weight.END, f"The pool of {app} takes no more requests for now.")
    return _by_gateway(app, status)


def _is_own_page(ended: Entry, app: str) -> bool:
    """Whether it was for a page of the gateway's own, where every status means something else."""
    return app in OWN_APPS or str(ended.get("server.request.path") or "").startswith(_OWN_PATHS)


def _by_gateway(app: str, status: int) -> Cause | None:
    if status < _REFUSED_FROM:
        return None
    about = f" ({app})" if app else ""
    return _concluded(Chapter.ENGINE, Weight.END, f"The gateway answered it itself, with {status}{about}.")


def _in_its_place(ended: Entry, app: str, status: int) -> Cause | None:
    """A rule let it through, and yet no application saw it."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _concluded(Chapter.UPSTREAM, Weight.END, f"The pool of {app} takes no more requests for now.")
    if status < _REFUSED_FROM:
        return None
    own = ended.get("upstream")
    why = f"its mapping says so: {own}" if own else "it could not be sent on"
    text = f"The gateway let the request through and answered in the place of {app}, with {status} ({why})."
    return _concluded(Chapter.ROUTE if own else Chapter.UPSTREAM, Weight.END, text)


def _by_application(app: str, status: int) -> Cause | None:
    """The gateway let it through; what comes back is the application's word."""
    if status >= _FAILED_FROM:
        text = f"The gateway let the request through, and {app} answered with {status} itself."
        return _concluded(Chapter.UPSTREAM, Weight.END, text)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        text = f"The gateway let the request through, and {app} refused it with {status} itself."
        return _concluded(Chapter.UPSTREAM, Weight.END, text)
    if status >= _REFUSED_FROM:
        text = f"The gateway let the request through, and {app} answered with {status}."
        return _concluded(Chapter.UPSTREAM, Weight.TROUBLE, text)
    return None


_ADVICE = {
    Chapter.SESSION: "If they were signed in a moment ago, look at what ended their session: yett explain NAME.",
    Chapter.ROUTE: "Look at the mappings: yett admin access test --url tells which one an address belongs to.",
    Chapter.UPSTREAM: "Look at the application's own log; it has the same request id in X-Request-Id.",
}


def _concluded(chapter: Chapter, weight: Weight, sentence: str) -> Cause:
    return Cause(chapter, weight, "", "", sentence, _ADVICE.get(chapter, ""))


def _sentence(decided_by: Cause | None, ended: Entry | None) -> str:
    if decided_by is not None and (decided_by.weight is Weight.END or not decided_by.code):
        return decided_by.sentence
    if decided_by is not None:
        return f"{_sentence(None, ended)} On the way: {decided_by.sentence}"
    if ended is None:
        return "Nothing kept it from going on, and its end is not recorded (yet)."
    rule, app, status = ended.get("rule"), ended.get("app") or "", ended.get("status")
    if status == 0:
        return _LEFT
    if rule and OWN_ADDRESS.fullmatch(str(ended.get("upstream") or "page")):
        own = ended.get("upstream") or "not sent on"
        return (
            f"Rule {rule} let the request through, and the gateway answered it itself ({own}), with {status}."
        )
    if rule:
        carried = (
            "a connection was opened to it"
            if status == HTTPStatus.SWITCHING_PROTOCOLS
            else f"it answered with {status}"
        )
        return f"Rule {rule} let the request through to {app}, and {carried}."
    return f"The gateway answered it itself{f' ({app})' if app else ''}, with {status}."


def _decided(decided: Entry | None, ended: Entry | None) -> Decision:
    """What a rule said. That it allowed is said by itself only in detail; the end names the rule all the same."""
    if decided is not None:
        return Decision.ALLOWED if decided["code"] == ALLOWED else Decision.DENIED
    return Decision.ALLOWED if ended is not None and ended.get("rule") else Decision.UNDECIDED


def _has_time(entry: Entry) -> bool:
    """Whether it is known when the entry was written; a damaged line may have lost that."""
    try:
        seconds_of(entry["time"])
    except (KeyError, TypeError, ValueError):
        return False
    return True


def _last(entries: Sequence[Entry], *codes: str) -> Entry | None:
    return next((entry for entry in reversed(entries) if entry.get("code") in codes), None)


def _names(entry: Entry | None, name: str) -> tuple[str, ...]:
    value = entry.get(name) if entry else None
    return tuple(str(each) for each in value) if isinstance(value, list) else ()


def _number(entry: Entry | None, name: str) -> Any:
    value = entry.get(name) if entry else None
    return value if isinstance(value, (int, float)) else None


def _line(entry: Entry, began: float) -> Line:
    return Line(
        after=round(seconds_of(entry["time"]) - began, 6),
        time=str(entry["time"]),
        level=str(entry.get("level", "")),
        is_audit=entry.get("audit") is True,
        code=str(entry.get("code", "")),
        message=str(entry.get("msg", "")),
        details=", ".join(
            f"{name}={' '.join(map(str, value)) if isinstance(value, list) else value}"
            for name, value in entry.items()
            if name not in _IN_HEAD
        ),
    )
