"""Everything between the first factor and being in: its pages and calls, and what they share."""

from collections.abc import Callable

from starlette.routing import Route

from yett.kernel import Clock
from yett.signin.api import API
from yett.signin.config import MFASettings, SignInSettings
from yett.signin.enrol_page import Enrolling, EnrolPage, Scripted
from yett.signin.factor_page import FactorPage
from yett.signin.factors import Factors
from yett.signin.flow import Flow, Sessions
from yett.signin.forms import Forms, Sealer
from yett.signin.memory import Memory
from yett.signin.password_page import Changing, PasswordChange, PasswordPage
from yett.signin.passwords import LDAP
from yett.signin.pending import Pending
from yett.signin.proving import PasswordDoor
from yett.signin.second import Directory, SecondFactor
from yett.signin.step_up import StepUp
from yett.signin.waits import CodeWaits
from yett.store import Records


class Onward:
    """Builds and joins it. `second` is for steps that check a factor by themselves."""

    def __init__(
        self,
        flow: Flow,
        passwords: PasswordDoor,
        factors: Factors,
        memory: Memory,
        directory: Directory,
        sessions: Sessions,
        records: Records,
        sealer: Sealer,
        settings: SignInSettings,
        mfa: MFASettings,
        clock: Clock,
        *,
        origin: str,
        totp: Enrolling,
        ldap: LDAP | None = None,
        changing: Changing | None = None,
        passkeys: Scripted | None = None,
        set_up: Callable[[], str] = lambda: "",
    ) -> None:
        """`changing` changes passwords that have run out; without it nobody's does.

        `set_up` tells where people set up a factor by themselves; empty where they cannot.
        """
        self.forms = Forms(sealer, settings, clock, origin=origin)
        pending = Pending(sessions, records, mfa, clock, audience=flow.audience)
        waits = CodeWaits(records, mfa, clock)
        self.second = SecondFactor(flow, pending, factors, waits, memory, directory, mfa, ldap)
        change = PasswordChange(pending, changing)
        self.routes: list[Route] = [
            *FactorPage(flow, self.second, self.forms, passkeys).routes,
            *StepUp(flow, self.second, set_up).routes,
            *EnrolPage(flow, self.second, totp, self.forms, passkeys).routes,
            *PasswordPage(change, self.forms).routes,
            *API(flow, passwords, self.second, change, origin=origin).routes,
        ]

    def apply(self, settings: SignInSettings, mfa: MFASettings) -> None:
        """Go by other settings from now on; half-finished sign-ins keep the time they have."""
        self.forms.apply(settings)
        self.second.apply(mfa)
