"""Both ways of Kerberos, as far as the settings want them."""

from starlette.routing import Route

from yett.authn.guessing import Limits
from yett.authn.kerberos import Kerberos
from yett.kernel import Clock
from yett.signin.config import SignInSettings
from yett.signin.flow import Flow
from yett.signin.forms import Forms, Sealer
from yett.signin.kerberos.password import PasswordStep
from yett.signin.kerberos.ticket import PAGE, TicketStep


class KerberosStep:
    """The pages of Kerberos. Where it is off there are none."""

    def __init__(
        self,
        kerberos: Kerberos,
        flow: Flow,
        sealer: Sealer,
        settings: SignInSettings,
        limits: Limits,
        clock: Clock,
        *,
        origin: str,
    ) -> None:
        self._kerberos = kerberos
        self._ticket = TicketStep(
            kerberos.spnego, flow, origin=origin, has_password=kerberos.settings.password
        )
        self._password = PasswordStep(
            kerberos.password,
            kerberos.tickets,
            flow,
            Forms(sealer, settings, clock, origin=origin),
            limits,
            clock,
        )

    @property
    def address(self) -> str:
        """Where the sign-in page leads to; empty while Kerberos is off."""
        return PAGE if self._kerberos.settings.enabled else ""

    @property
    def routes(self) -> list[Route]:
        settings = self._kerberos.settings
        if not settings.enabled:
            return []
        return [*self._ticket.routes, *(self._password.routes if settings.password else ())]

    def apply(self, settings: SignInSettings, limits: Limits) -> None:
        """Use other settings from now on."""
        self._password.apply(settings, limits)
