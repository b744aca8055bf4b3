"""Forms of the provider's own pages: sealed for one step and one session, and read strictly."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from yett.kernel import Clock
from yett.net.pages import Action, Fault, client_address, plain_problem, problem, read_form
from yett.oidc import events
from yett.oidc.model import FormFault

_LIFETIME = 1800.0
_LIMIT = 32 * 1024
"""A form may carry a whole request, sealed."""


class Opened(Protocol):
    """What a seal held."""

    @property
    def payload(self) -> dict[str, str]: ...
    @property
    def is_expired(self) -> bool: ...


class Sealer(Protocol):
    """Seals what a form carries."""

    def seal(self, payload: dict[str, str], *, expires_at: float) -> str: ...
    def open(self, text: str, *, now: float) -> Opened | None: ...


@dataclass(frozen=True, slots=True)
class Received:
    """A form that we gave to this session."""

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
        """What stands in the form's hidden field; good for half an hour, for whoever it is bound to.

        Raises ValueError when it would be too long.
        """
        payload = {**kept, "step": self._step, "to": bound_to}
        return self._sealer.seal(payload, expires_at=self._clock.now() + _LIFETIME)

    async def read(self, request: Request, bound_to: str, *, back: str = "") -> Received | Response:
        """The form that was posted, or the page for one that cannot be used; `back` is where to begin anew."""
        fields = await read_form(request, limit=_LIMIT)
        if isinstance(fields, Fault):
            return plain_problem(request, fields.status)
        opened = self._sealer.open(fields.get("form", ""), now=self._clock.now())
        origin, site = request.headers.get("origin", ""), request.headers.get("sec-fetch-site", "")
        fault = self._judge(opened, bound_to, origin, site)
        if fault is not None or opened is None:
            return _refuse(request, fault or FormFault.FORGED, back)
        return Received(fields, opened.payload)

    def _judge(self, opened: Opened | None, bound_to: str, origin: str, site: str) -> FormFault | None:
        """Either the seal or the origin alone would do against other sites; some browsers and proxies lose one."""
        if origin not in {"", self._origin} or site not in {"", "same-origin", "none"}:
            return FormFault.CROSS_SITE
        if opened is None or opened.payload.get("step") != self._step:
            return FormFault.FORGED
        if not bound_to or not hmac.compare_digest(opened.payload.get("to", "").encode(), bound_to.encode()):
            return FormFault.FOREIGN
        return FormFault.EXPIRED if opened.is_expired else None


def _refuse(request: Request, fault: FormFault, back: str) -> Response:
    events.form_refused(reason=fault, client_address=client_address(request))
    again = [Action("Open the page anew", back)] if back else []
    if fault is FormFault.EXPIRED:
        return problem(request, 422, "This page was open for too long", "Begin anew.", actions=again)
    sentence = "It was opened in another window, a while ago or on another site. Begin anew."
    return problem(request, 403, "This form cannot be used", sentence, actions=again)
