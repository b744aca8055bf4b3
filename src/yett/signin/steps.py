"""Forms of a method's own pages: sealed for one step and one browser or session, and read strictly."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from yett.kernel import Clock
from yett.net.pages import Action, Fault, plain_problem, problem, read_form
from yett.signin import events, rules
from yett.signin.forms import refuse
from yett.signin.model import FormFault, Sealed, Sent, Use

_LIFETIME = 1800.0


class Sealer(Protocol):
    """Seals what a form carries."""

    def seal(self, payload: dict[str, str], *, expires_at: float) -> str: ...
    def open(self, text: str, *, now: float) -> Sealed | None: ...


@dataclass(frozen=True, slots=True)
class Received:
    """A form that we gave to this browser."""

    fields: Mapping[str, str]
    """What was filled in."""
    kept: Mapping[str, str]
    """What we wrote into it."""


class Forms:
    """The forms of one step."""

    def __init__(self, sealer: Sealer, clock: Clock, *, step: str, origin: str) -> None:
        self._sealer = sealer
        self._clock = clock
        self._step = step
        self._origin = origin

    def seal(self, bound_to: str, **kept: str) -> str:
        """What stands in the form's hidden field; good for half an hour, for whoever it is bound to."""
        payload = {**kept, "use": Use.STEP.value, "step": self._step, "to": bound_to}
        return self._sealer.seal(payload, expires_at=self._clock.now() + _LIFETIME)

    async def read(self, request: Request, bound_to: str, *, back: str) -> Received | Response:
        """The form that was posted, or the page for one that cannot be used; `back` is where to begin anew."""
        fields = await read_form(request)
        if isinstance(fields, Fault):
            return plain_problem(request, fields.status)
        sealed = self._sealer.open(fields.get("form", ""), now=self._clock.now())
        headers = request.headers
        sent = Sent(headers.get("origin", ""), headers.get("sec-fetch-site", ""), bound_to, sealed)
        fault = rules.judge_form(sent, Use.STEP, self._origin)
        if fault is None and (sealed is None or sealed.payload.get("step") != self._step):
            fault = FormFault.FORGED
        if fault is not None or sealed is None:
            return _refuse(request, fault or FormFault.FORGED, back)
        return Received(fields, sealed.payload)


def _refuse(request: Request, fault: FormFault, back: str) -> Response:
    if fault is not FormFault.EXPIRED:
        return refuse(request, fault, back)
    events.form_expired()
    again = [Action("Open the page anew", back)]
    return problem(request, 422, "This page was open for too long", "Begin anew.", actions=again)
