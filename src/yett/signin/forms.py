"""The forms of the sign-in host: sealed when they are shown, judged when they come back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from yett.kernel import Clock
from yett.net.pages import Action, Fault, client_address, plain_problem, problem, read_form
from yett.signin import events, rules
from yett.signin.config import SignInSettings
from yett.signin.model import FormFault, Sealed, Sent, Use


class Sealer(Protocol):
    """Seals what a form carries."""

    def seal(self, payload: dict[str, str], *, expires_at: float) -> str: ...
    def open(self, text: str, *, now: float) -> Sealed | None: ...


@dataclass(frozen=True, slots=True)
class Notice:
    """What a page says first: what went wrong with the form that was sent before, or what went well."""

    heading: str
    sentence: str = ""
    marks: bool = False
    """Whether the fields themselves are at fault."""
    is_good: bool = False


@dataclass(frozen=True, slots=True)
class Posted:
    """A form of ours that came back from the browser it was given to."""

    fields: Mapping[str, str]
    kept: Mapping[str, str]
    """What was sealed into it."""
    is_expired: bool

    @property
    def to(self) -> str:
        """Where the person wanted to go."""
        return rules.local_path(self.kept.get("next", ""))


TOO_OLD = Notice("This page was open for too long.", "For your safety, fill in the form again.")


class Forms:
    """Makes and reads forms."""

    def __init__(self, sealer: Sealer, settings: SignInSettings, clock: Clock, *, origin: str) -> None:
        self.site = urlsplit(origin).netloc
        self._origin = origin
        self._sealer = sealer
        self._settings = settings
        self._clock = clock

    def apply(self, settings: SignInSettings) -> None:
        """Use other settings from now on; forms that are out keep the time they have."""
        self._settings = settings

    def seal(self, use: Use, bound_to: str, **more: str) -> str:
        """What a form has to carry."""
        expires_at = self._clock.now() + self._settings.form_lifetime.total_seconds()
        return self._sealer.seal({"use": use.value, "to": bound_to, **more}, expires_at=expires_at)

    async def read(self, request: Request, use: Use, bound_to: str, back: str) -> Posted | Response:
        """A form that was posted; or why it is not believed, as a page that leads to `back`."""
        form = await read_form(request)
        if isinstance(form, Fault):
            return plain_problem(request, form.status)
        sealed = self._sealer.open(form.get("form", ""), now=self._clock.now())
        headers: Mapping[str, str] = request.headers
        sent = Sent(headers.get("origin", ""), headers.get("sec-fetch-site", ""), bound_to, sealed)
        fault = rules.judge_form(sent, use, self._origin)
        if sealed is None or (fault is not None and fault is not FormFault.EXPIRED):
            to = rules.HOME if sealed is None else rules.local_path(sealed.payload.get("next", ""))
            return refuse(request, fault or FormFault.FORGED, rules.with_next(back, to))
        if fault is FormFault.EXPIRED:
            events.form_expired()
        return Posted(form, sealed.payload, is_expired=fault is FormFault.EXPIRED)


def refuse(request: Request, fault: FormFault, back: str) -> Response:
    """The page for a form that is not believed."""
    events.form_refused(reason=fault, client_address=client_address(request))
    if fault is FormFault.NO_COOKIE:
        heading = "Your browser did not send our cookie"
        sentence = "Allow cookies for this address, then open the page anew."
    else:
        heading = "This form cannot be used"
        sentence = "It was opened in another window, a while ago or on another site. Open the page anew."
    return problem(request, 403, heading, sentence, actions=[Action("Open the page anew", back)])
