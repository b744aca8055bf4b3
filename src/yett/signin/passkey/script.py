"""The script of the pages that know passkeys, and its address."""

import hashlib
from pathlib import Path
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PATH = "/signin/passkey/passkey.js"
_HERE = Path(__file__).parent


class Ready(Protocol):
    """Whoever knows whether there are passkeys."""

    @property
    def is_ready(self) -> bool: ...


class PasskeyScript:
    """Serves the script. Making one reads it; OSError when it is not there."""

    def __init__(self, passkeys: Ready, folder: Path = _HERE) -> None:
        self._passkeys = passkeys
        self._code = (folder / "passkey.js").read_bytes()
        self._address = f"{PATH}?{hashlib.sha256(self._code).hexdigest()[:16]}"
        self.routes = [Route(PATH, self._serve, methods=["GET"])]

    @property
    def script(self) -> str:
        """The address for pages; empty where there are no passkeys."""
        return self._address if self._passkeys.is_ready else ""

    async def _serve(self, _: Request) -> Response:
        """The address names the content, so that browsers may keep it."""
        return Response(
            self._code,
            headers={
                "Content-Type": "text/javascript; charset=utf-8",
                "Cache-Control": "public, max-age=86400, immutable",
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "default-src 'none'",
                "Cross-Origin-Resource-Policy": "same-origin",
            },
        )
