"""Which other origins a browser may let call our applications (Fetch, section 3.2).

Off while no origin is listed: applications then answer for themselves. Once there are some, the
gateway answers preflights itself, for those carry no session and would never reach an
application, and turns requests of scripts from other origins away. What is no script's request (a
link, a form, a redirect) is not CORS and passes.
"""

from datetime import timedelta
from typing import Final

from yett.config import section, setting
from yett.net.http import Answer, Request

_ORIGIN = r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:.]+\](:[0-9]{1,5})?"
_MAX_ECHO: Final = 1024

RESPONSE_FIELDS: Final = frozenset(
    {
        b"access-control-allow-origin",
        b"access-control-allow-credentials",
        b"access-control-allow-methods",
        b"access-control-allow-headers",
        b"access-control-max-age",
    }
)
"""(Lower case) names of the response fields that are the gateway's while it decides about origins."""


@section("protection.cors")
class CORSSettings:
    """Which other origins may call the applications from scripts in a browser."""

    allowed_origins: tuple[str, ...] = setting(
        (),
        "Origins such as https://app.example.org; with none the applications answer for themselves.",
        matches=_ORIGIN,
        expects="an origin: scheme, host in lower case and perhaps a port, without a path",
    )
    max_age: timedelta = setting(
        timedelta(minutes=10),
        "How long a browser may remember the answer to a preflight.",
        at_least=timedelta(0),
        at_most=timedelta(days=1),
    )


class CORS:
    """Judges the origin of a request."""

    def __init__(self, settings: CORSSettings) -> None:
        self.apply(settings)

    @property
    def is_enabled(self) -> bool:
        """Whether any origin is listed."""
        return bool(self._allowed)

    def apply(self, settings: CORSSettings) -> None:
        """Judge by these settings from the next request on."""
        self._allowed = frozenset(origin.encode("ascii") for origin in settings.allowed_origins)
        self._max_age = int(settings.max_age.total_seconds())

    def is_rejected(self, request: Request) -> bool:
        """Whether a script of another origin asks, and may not."""
        origin = request.field(b"origin")
        if origin is None or origin in self._allowed or _is_own(origin, request):
            return False
        mode = request.field(b"sec-fetch-mode")
        if mode is not None:
            return mode in {b"cors", b"websocket"}
        # Browsers that do not say: they send Origin with forms too, which are not ours to judge.
        return request.upgrade == b"websocket" or _is_preflight(request)

    def preflight(self, request: Request) -> Answer | None:
        """The answer to a preflight from a listed origin; None for everything else."""
        if not _is_preflight(request):
            return None
        lines = self.response_headers(request)
        if not lines:
            return None
        method = request.field(b"access-control-request-method") or b""
        asked = request.field(b"access-control-request-headers") or b""
        if len(method) + len(asked) > _MAX_ECHO:
            return None
        lines += b"Access-Control-Allow-Methods: %b\r\n" % method
        if asked:
            lines += b"Access-Control-Allow-Headers: %b\r\n" % asked
        lines += b"Access-Control-Max-Age: %d\r\n" % self._max_age
        return Answer(204, headers=lines)

    def response_headers(self, request: Request) -> bytes:
        """What lets a listed origin's script read the response; nothing for others."""
        origin = request.field(b"origin")
        if origin is None or origin not in self._allowed:
            return b""
        return (
            b"Access-Control-Allow-Origin: %b\r\nAccess-Control-Allow-Credentials: true\r\n"
            b"Vary: Origin\r\n" % origin
        )


def _is_preflight(request: Request) -> bool:
    return request.method == b"OPTIONS" and request.field(b"access-control-request-method") is not None


def _is_own(origin: bytes, request: Request) -> bool:
    """Whether a request comes from a page of the very host it goes to.

    The scheme is not compared: behind a TLS terminator it is not known here.
    """
    return origin.partition(b"://")[2] == (request.field(b"host") or request.host.encode()).lower()
