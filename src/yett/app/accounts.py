"""People's own accounts: the page of what they have, first contact, and what a changed password ends."""

from functools import partial
from typing import Any

from starlette.routing import BaseRoute

from yett.app.ldap import FromLDAP
from yett.authn.passkey import Passkeys
from yett.authn.password import Password
from yett.authn.totp import Totp
from yett.config import Snapshot
from yett.identity import Directory, LocalUsers
from yett.identity.belongings import Belongings
from yett.kernel import Clock, Lifecycle, Supervisor
from yett.keys import MasterKey, Sealer
from yett.net import ServiceSettings
from yett.notify import Mailer
from yett.sessions import Sessions
from yett.signin import Factors, Flow, Memory, MFASettings, Onward, Passwords
from yett.signin.onboarding import (
    Enrolment,
    Invitations,
    Onboarding,
    OnboardingCommands,
    OnboardingSettings,
)
from yett.signin.profile import OwnPassword, PasswordChanges, Portal, Profile
from yett.store import Records


class Accounts:
    """Everything that people see and change of themselves."""

    def __init__(
        self,
        records: Records,
        data: Belongings,
        master: MasterKey,
        snapshot: Snapshot,
        tasks: Supervisor,
        clock: Clock,
        lifecycle: Lifecycle,
        *,
        origin: str,
        users: LocalUsers,
        directory: Directory,
        sessions: Sessions,
        mailer: Mailer,
        flow: Flow,
        factors: Factors,
        memory: Memory,
        onward: Onward,
        password: Password,
        passwords: Passwords,
        totp: Totp,
        passkeys: Passkeys,
        ldap: FromLDAP,
    ) -> None:
        changes = PasswordChanges(users, sessions, tasks)
        users.password_changed.connect(changes.told)
        lifecycle.add("sessions from before a change of password", changes.start, _nothing)
        own_password = OwnPassword(
            passwords,
            password,
            users,
            sessions,
            mailer,
            data,
            clock,
            tasks,
            ldap=ldap.password,
            ldap_source=ldap.people.name,
        )
        onboarding = snapshot[OnboardingSettings]
        self.portal = Portal(
            is_enabled=snapshot[ServiceSettings].enable_portal, has_onboarding=onboarding.enabled
        )
        lifecycle.add("profile pages", self.portal.start, _nothing)
        self.profile = Profile(
            self.portal,
            flow,
            factors,
            sessions,
            memory,
            data,
            totp,
            passkeys,
            own_password,
            Sealer(master, "signin/profile"),
            onward.forms,
            clock,
            origin=origin,
        )
        self.entry = self.profile.entry
        enrolment = Enrolment(flow, onward.second, factors)
        sessions.created.connect(enrolment.told)
        invitations = Invitations(records, onboarding, clock)
        directory.on_disabled("invitations", partial(invitations.withdraw, by="gateway"))
        self._onboarding = Onboarding(
            flow,
            onward.second,
            factors,
            directory,
            enrolment,
            invitations,
            Sealer(master, "signin/onboarding"),
            onboarding,
            snapshot[MFASettings],
            clock,
            origin=origin,
        )
        lifecycle.add("onboarding", self._onboarding.start, _nothing)
        self.commands: list[Any] = [
            OnboardingCommands(
                invitations,
                directory.person,
                factors,
                mailer,
                data,
                lambda: self._onboarding.is_enabled,
                origin=origin,
            )
        ]
        """Objects whose methods operators may call."""

    @property
    def routes(self) -> list[BaseRoute]:
        """The pages and calls."""
        return [*self.profile.routes, *self._onboarding.routes]

    async def apply(self, new: Snapshot) -> None:
        """Go by other settings from now on."""
        onboarding = new[OnboardingSettings]
        await self.portal.apply(
            is_enabled=new[ServiceSettings].enable_portal, has_onboarding=onboarding.enabled
        )
        await self._onboarding.apply(onboarding, new[MFASettings])


async def _nothing() -> None:
    """A part without a start or an end of its own."""
