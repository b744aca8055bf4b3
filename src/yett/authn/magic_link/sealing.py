"""How a link is written: its token, and sealed beside it the way back.

The seal names the token that it belongs to, so that nobody leads the owner of one link to the target
of another.
"""

import hmac
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

from yett.authn.magic_link import rules


class Opened(Protocol):
    """What a seal held."""

    @property
    def payload(self) -> Mapping[str, str]: ...
    @property
    def is_expired(self) -> bool: ...


class Sealer(Protocol):
    """Seals what travels in a mail."""

    def seal(self, payload: dict[str, str], *, expires_at: float) -> str: ...
    def open(self, text: str, *, now: float) -> Opened | None: ...


class Links:
    """Writes links of one host, and reads them."""

    def __init__(self, sealer: Sealer, *, origin: str) -> None:
        self._sealer = sealer
        self._origin = origin

    def write(self, token: str, ref: str, to: str, *, expires_at: float) -> str:
        """The address to be mailed."""
        way_back = to if len(to) <= rules.MAX_TO else "/"
        sealed = self._sealer.seal({"link": ref, "next": way_back}, expires_at=expires_at)
        return f"{self._origin}{rules.OPEN}?{urlencode({'t': token, 'r': sealed})}"

    def way_back(self, ref: str, sealed: str, *, now: float) -> str | None:
        """Where a link leads in the end; None when the seal is not ours, is over, or is another link's."""
        opened = self._sealer.open(sealed, now=now)
        if opened is None or opened.is_expired:
            return None
        if not hmac.compare_digest(opened.payload.get("link", "").encode(), ref.encode()):
            return None
        return opened.payload.get("next")

    def is_ours(self, address: str, *, now: float) -> bool:
        """Whether a whole address is a link that this gateway wrote and that is still good."""
        try:
            parts = urlsplit(address)
            fields = dict(parse_qsl(parts.query, max_num_fields=4))
        except ValueError:
            return False
        if f"{parts.scheme}://{parts.netloc}{parts.path}" != f"{self._origin}{rules.OPEN}" or parts.fragment:
            return False
        ref = rules.fingerprint(fields.get("t", ""))
        return ref is not None and self.way_back(ref, fields.get("r", ""), now=now) is not None
