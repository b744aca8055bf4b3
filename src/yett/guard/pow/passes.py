"""The cookie of whoever has computed: good for one host and one client, for as long as it says.

It is eight hexadecimal digits (the second in which it ends) and 43 characters of HMAC-SHA256 over
them, host and client, under a key derived from the cluster key: nothing is stored, every node
accepts it, and nobody can make or move one. It proves work and nothing else. That is why it goes
along with requests from other sites (SameSite=None): without it, each form that another site posts
here would meet the wall again.
"""

import base64
import hmac
import re

from yett.guard.pow.model import Client, Standing
from yett.guard.pow.rules import network_of
from yett.keys import MasterKey

PASS_COOKIE = "__Host-yett-pow"  # noqa: S105 - a name
_NAME = PASS_COOKIE.encode() + b"="
_FOUND = re.compile(rb"(?:^|;[ \t]*)__Host-yett-pow=([^;]*?)[ \t]*(?:;|$)")
_FORM = re.compile(rb"[0-9a-f]{8}[A-Za-z0-9_-]{43}")
_MOST_REMEMBERED = 20_000


class Passes:
    """Issues passes and recognises them. A pass that was checked once costs a look into a table."""

    def __init__(self, master: MasterKey, *, lifetime: float, is_bound: bool) -> None:
        self._key = master.derive("yett.guard.pow/pass")
        self._seen: dict[tuple[bytes, str, str], float] = {}
        self.use(lifetime=lifetime, is_bound=is_bound)

    def use(self, *, lifetime: float, is_bound: bool) -> None:
        """Judge by other settings from now on."""
        self._lifetime = lifetime
        self._is_bound = is_bound
        self._seen.clear()

    def issue(self, client: Client, now: float) -> tuple[str, int]:
        """A Set-Cookie value, and the seconds it is good for."""
        seconds = int(self._lifetime)
        until = b"%08x" % (int(now) + seconds)
        value = (until + self._seal(until, client.host, client.network)).decode("ascii")
        return f"{PASS_COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=None; Max-Age={seconds}", seconds

    def recognise(self, cookies: bytes, host: str, address: str, now: float) -> Standing:
        """What the pass in a Cookie field is worth for this client at this host."""
        start = cookies.find(_NAME)
        if start < 0:
            return Standing.NONE
        # Nearly always it is one of several cookies that are written as browsers write them; looking for that is
        # several times faster than the expression, which decides about everything else.
        if not start or cookies[start - 2 : start] == b"; ":
            value = cookies[start + len(_NAME) :].partition(b";")[0].rstrip(b" \t")
        else:
            found = _FOUND.search(cookies)
            if found is None:
                return Standing.NONE
            value = found[1]
        left = self._seen.get((value, host, address), 0.0) - now
        # One from the future was issued before a clock was put back, or a lifetime shortened.
        if 0.0 < left <= self._lifetime:
            return Standing.KNOWN
        return self._look(value, host, address, now)

    def _look(self, value: bytes, host: str, address: str, now: float) -> Standing:
        if _FORM.fullmatch(value) is None:
            return Standing.FORGED
        until = value[:8]
        if not hmac.compare_digest(self._seal(until, host, network_of(address)), value[8:]):
            return Standing.FORGED
        end = float(int(until, 16))
        if not 0.0 < end - now <= self._lifetime:
            return Standing.EXPIRED
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen.clear()
        self._seen[value, host, address] = end
        return Standing.NEW

    def _seal(self, until: bytes, host: str, network: str) -> bytes:
        # Neither part can hold a line end, so no two clients share a text.
        text = b"%b\n%b\n%b" % (until, host.encode(), network.encode() if self._is_bound else b"")
        return base64.urlsafe_b64encode(hmac.digest(self._key, text, "sha256")).rstrip(b"=")
