"""The grants side by side: what may be exchanged for tokens, and who does it."""

from collections.abc import Awaitable, Callable, Mapping

from yett.kernel import Clock
from yett.oidc.clients import GrantType
from yett.oidc.exchange.asserted import Asserted, Directory, Published
from yett.oidc.exchange.coded import Coded, Provider, Tokens
from yett.oidc.exchange.config import ExchangeSettings
from yett.oidc.exchange.devices import Devices, Grant
from yett.oidc.exchange.machine import Machine
from yett.oidc.exchange.model import Ask, Refused
from yett.oidc.tokens import TokenAnswer
from yett.store import Records

TOKEN = "/oidc/token"  # noqa: S105 - an address


class Grants:
    """Every grant there is; `give` says who answers which."""

    def __init__(
        self,
        provider: Provider,
        tokens: Tokens,
        devices: Grant,
        directory: Directory,
        records: Records,
        published: Published,
        settings: ExchangeSettings,
        clock: Clock,
        *,
        issuer: str,
    ) -> None:
        coded = Coded(provider, tokens)
        self.devices = Devices(devices, tokens)
        self._asserted = Asserted(
            tokens, directory, records, published, settings, clock, audiences=(issuer, f"{issuer}{TOKEN}")
        )
        self.give: Mapping[GrantType, Callable[[Ask], Awaitable[TokenAnswer | Refused]]] = {
            GrantType.CODE: coded.give,
            GrantType.REFRESH: coded.refresh,
            GrantType.CLIENT: Machine(tokens).give,
            GrantType.ASSERTION: self._asserted.give,
            GrantType.DEVICE: self.devices.give,
        }

    def apply(self, settings: ExchangeSettings) -> None:
        """Go by other settings from now on."""
        self._asserted.apply(settings)

    @property
    def offered(self) -> tuple[GrantType, ...]:
        """Those that can come to anything, as things are set."""
        is_off = {
            GrantType.DEVICE: not self.devices.is_enabled,
            GrantType.ASSERTION: not self._asserted.is_enabled,
        }
        return tuple(grant for grant in self.give if not is_off.get(grant, False))
