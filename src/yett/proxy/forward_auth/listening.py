"""A listener where proxies ask and nothing else is to be had: for any Host, and without TLS.

Some proxies keep the Host of the request they ask about, and a proxy in front of the sign-in host
makes everybody look like one that may ask. Here both do not matter.
"""

from collections.abc import Awaitable, Callable

from yett.events import Scope
from yett.net.http import Answer, Decision, Failure, Outcome, Refusal, Request
from yett.proxy import answers, events

Asking = Callable[[Request], Decision | Awaitable[Decision] | None]


def parse_listen(text: str) -> tuple[str, int, str]:
    """Address, port and path of a Unix socket that a setting names."""
    if text.startswith("unix:"):
        return "", 0, text.removeprefix("unix:")
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port), ""


class QuestionGate:
    """Decides for that listener: an answer to a question, or nothing."""

    def __init__(self, ask: Asking) -> None:
        self._ask = ask

    def decide(self, request: Request) -> Decision | Awaitable[Decision]:
        """See `Gate.decide`."""
        decision = self._ask(request)
        return answers.nothing_here(request.scope.request_id) if decision is None else decision

    def failed(
        self,
        request: Request,
        failure: Failure,  # noqa: ARG002 - nothing is forwarded here
        detail: str,  # noqa: ARG002 - as above
    ) -> Answer:
        """See `Gate.failed`."""
        return answers.out_of_order(request.scope.request_id)

    def refused(
        self,
        request: Request | None,  # noqa: ARG002 - the engine's port names it
        scope: Scope,
        refusal: Refusal,
        detail: str,  # noqa: ARG002 - the engine has recorded it
    ) -> Answer:
        """See `Gate.refused`."""
        return answers.refused(refusal, scope.request_id)

    def finished(self, request: Request, outcome: Outcome) -> None:
        """See `Gate.finished`."""
        events.completed(
            request.method.decode("ascii"),
            request.host,
            request.path,
            outcome.status,
            int(outcome.duration * 1_000_000 + 0.5) / 1000,
            outcome.bytes_in,
            outcome.bytes_out,
            request.note or "",
            "",
            "",
            "",
            request.connection.protocol if request.minor_version else "http/1.0",
        )
