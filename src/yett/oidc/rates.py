"""How many requests for codes one address may send for one client.

Our own applications are not counted: their requests are those of people who open pages, which the gateway's rate
limit counts already.
"""

from yett.authn.guessing import Allowance, address_key
from yett.kernel import Clock
from yett.oidc import events
from yett.oidc.clients import Client, Kind
from yett.oidc.config import OIDCSettings

_PERIOD = 60.0
UNKNOWN = "unknown"
"""What every client is called that is not known: anybody can send any text."""


class Rates:
    """Counts, in the memory of this process."""

    def __init__(self, settings: OIDCSettings, clock: Clock) -> None:
        self._clock = clock
        self._allowance = Allowance(settings.requests_per_minute, _PERIOD)

    def apply(self, settings: OIDCSettings) -> None:
        """Allow other numbers from now on."""
        self._allowance.use(settings.requests_per_minute, _PERIOD)

    def take(self, client: Client | None, address: str) -> float:
        """Count one request; how many seconds to wait before it may come, 0 when it may now."""
        if client is not None and client.kind is Kind.INTERNAL:
            return 0.0
        label = UNKNOWN if client is None else client.label
        name = UNKNOWN if client is None else f"client {client.client_id}"
        wait = self._allowance.take(f"{name}\n{address_key(address)}", self._clock.monotonic())
        events.rate_checked(client=label, is_allowed=not wait, retry_after=round(wait, 3))
        if wait:
            events.rate_limited(client=label, client_address=address, retry_after=round(wait, 3))
        return wait
