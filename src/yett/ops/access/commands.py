"""Testing who may reach what."""

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from cyclopts import Parameter

from yett.config import parse_size
from yett.identity import fold_name
from yett.kernel import CommandFailed, Verdict, command
from yett.ops.access import events
from yett.ops.searching import when_of
from yett.proxy.rehearsal import Asked, Rehearsed, Turn
from yett.store import StoreUnavailable

_OPERATOR, _SOURCE = "root", "cli"
"""Whoever may open the admin socket may do everything, so all are named alike."""
_UNTESTABLE = frozenset({"cookie", "authorization", "host", "content-length", "transfer-encoding"})
_HOME = "127.0.0.1"
_MOST_HEADERS = 50


class AccessCommands:
    """The command that asks what would happen."""

    def __init__(self, rehearse: Callable[[Asked], Awaitable[Rehearsed]]) -> None:
        self._rehearse = rehearse

    @command("access test")
    async def test(
        self,
        *,
        url: Annotated[str, Parameter(help="Where somebody wants to go: https://host/path.")],
        user: Annotated[str, Parameter(help="Who; nobody who is signed in, when left out.")] = "",
        method: Annotated[str, Parameter(help="The method of the request.")] = "GET",
        address: Annotated[str, Parameter(help="The client address it would come from.")] = _HOME,
        at: Annotated[str, Parameter(help="The time that hours of access are judged by.")] = "",
        header: Annotated[
            tuple[str, ...], Parameter(help='A header field, "Name: value"; may be given several times.')
        ] = (),
        body: Annotated[str, Parameter(help="The size of the body, such as 10MiB.")] = "",
    ) -> Verdict:
        """Say what would become of a request now, by which rule, step by step. Nothing is counted or changed.

        It ends with 0 when the request would get through, be it after signing in, and with 1 when not.
        """
        asked = Asked(
            url=url.strip(),
            method=method.strip(),
            user=_person(user),
            client_address=_address(address),
            headers=_headers(header),
            body_size=_size(body),
            at=when_of(at, "--at"),
        )
        try:
            found = await self._rehearse(asked)
        except StoreUnavailable as problem:
            raise CommandFailed(f"the store does not answer, so nobody can say: {problem}") from problem
        decided_by = found.decided_by
        events.tested(
            operator=_OPERATOR,
            source=_SOURCE,
            user=asked.user,
            method=asked.method[:32],
            host=found.host,
            path=found.path,
            outcome=found.turn,
            step=decided_by.name if decided_by is not None else "",
            reason=decided_by.reason if decided_by is not None else "",
        )
        return Verdict(found.turn is not Turn.REFUSED, facts_of(asked, found), text_of(asked, found))


def facts_of(asked: Asked, found: Rehearsed) -> dict[str, Any]:
    """What would become of it, for programs."""
    decided_by = found.decided_by
    return {
        "allowed": found.turn is not Turn.REFUSED,
        "outcome": found.turn.value,
        "status": found.status or None,
        "url": asked.url,
        "method": asked.method,
        "user": asked.user or None,
        "client_address": asked.client_address,
        "app": found.app or None,
        "rule": found.rule or None,
        "decided_by": decided_by.name if decided_by is not None else None,
        "reason": (decided_by.reason or None) if decided_by is not None else None,
        "conclusion": conclusion_of(asked, found),
        "steps": [
            {
                "step": step.name,
                "outcome": step.turn.value,
                "says": step.sentence,
                "reason": step.reason or None,
                "status": step.status or None,
            }
            for step in found.steps
        ],
    }


def text_of(asked: Asked, found: Rehearsed) -> str:
    """The same for people, the step that decides marked."""
    decided_by = found.decided_by
    width = max(len(step.name) for step in found.steps)
    lines = [conclusion_of(asked, found), ""]
    lines += [
        f"{'>' if step is decided_by else ' '} {step.name:<{width}}  {step.turn.value:<7}  {step.sentence}"
        for step in found.steps
    ]
    if found.status:
        lines += ["", f"The gateway's first answer would have status {found.status}."]
    return "\n".join(lines)


def conclusion_of(asked: Asked, found: Rehearsed) -> str:
    """What would become of it, in one sentence."""
    who, where = asked.user or "Somebody who is not signed in", f"{asked.method} {asked.url}"
    decided_by = found.decided_by
    match found.turn:
        case Turn.REFUSED:
            said = decided_by.sentence if decided_by is not None else ""
            return f"REFUSED. {who} would not get {where}. {said}."
        case Turn.ASKED:
            said = decided_by.sentence if decided_by is not None else ""
            return f"ALLOWED, after something is asked. {who} would get {where} after that. {said}."
        case _:
            by = f" by rule {found.rule}" if found.rule else ""
            return f"ALLOWED{by}. {who} would get {where}."


def _person(typed: str) -> str:
    if not typed.strip():
        return ""
    name = fold_name(typed)
    if name is None:
        raise CommandFailed(f"--user {typed[:64]!r} can be nobody's name")
    return name


def _address(typed: str) -> str:
    try:
        return str(ipaddress.ip_address(typed.strip()))
    except ValueError:
        raise CommandFailed(f"--address {typed[:64]!r} is no address") from None


def _headers(typed: tuple[str, ...]) -> tuple[str, ...]:
    if len(typed) > _MOST_HEADERS:
        raise CommandFailed(f"at most {_MOST_HEADERS} header fields can be tried")
    for line in typed:
        name, colon, _ = line.partition(":")
        if not colon:
            raise CommandFailed(f'--header {line[:64]!r} is not "Name: value"')
        if name.strip().lower().replace("_", "-") in _UNTESTABLE:
            # The value may be a secret, so it is not repeated.
            raise CommandFailed(
                f"--header {name.strip()[:32]} cannot be tried: name the person with --user, the host with --url "
                "and the size with --body"
            )
    return typed


def _size(typed: str) -> int:
    if not typed.strip():
        return 0
    try:
        return parse_size(typed.strip())
    except ValueError as problem:
        raise CommandFailed(f"--body {problem}") from problem
