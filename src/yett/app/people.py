"""Everything about people: who they are, how they prove it, and the pages on which they do.

The rooms are built here lowest first, and each method of proving who one is stands in three
places: built in `__init__`, given new settings in `apply`, and its commands in `commands`. Nobody
is let in by what is done here; that is the flow's.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.routing import BaseRoute

from yett.app.accounts import Accounts
from yett.app.certificates import ClientCertificates
from yett.app.devices import Devices
from yett.app.federation import Providers
from yett.app.foreseeing import foresight_of
from yett.app.kerberos import Tickets
from yett.app.ldap import FromLDAP
from yett.app.oidc import OIDC
from yett.app.personal import PersonalTokens
from yett.app.scoped_tokens import ScopedTokensRoom
from yett.authn.otp import EmailCodes, OTPCommands, OTPSettings
from yett.authn.passkey import Expiry, PasskeyCommands, PasskeyLetters, Passkeys, PasskeySettings
from yett.authn.password import Password, PasswordSettings, limits_of
from yett.authn.totp import Totp, TotpCommands, TotpSettings
from yett.config import Snapshot
from yett.identity import Directory, LocalUsers, UsersFileCommands
from yett.identity.belongings import Belongings, BelongingsCommands, IdentitySettings
from yett.identity.federation import FederatedPeople
from yett.kernel import Clock, Lifecycle, Supervisor
from yett.keys import MasterKey, Sealer
from yett.net.fetching import Fetcher, FetchingSettings
from yett.net.http import LookUp
from yett.notify.mail import MailCommands, Mailer, MailSettings, SMTPSettings
from yett.oidc import Minting
from yett.sessions import Sessions, SessionSettings
from yett.signin import (
    Factors,
    Flow,
    Leftovers,
    Memory,
    MFASettings,
    Onward,
    Passwords,
    SignIn,
    SignInSettings,
)
from yett.signin.passkey import PasskeyPages, PasskeyScript, PasskeyStep
from yett.store import ModuleData, Records


class People:
    """The directory, the sessions, every method, the sign-in and the provider."""

    def __init__(
        self,
        records: Records,
        module_data: ModuleData,
        master: MasterKey,
        snapshot: Snapshot,
        folder: Path | None,
        tasks: Supervisor,
        clock: Clock,
        lifecycle: Lifecycle,
        *,
        origin: str,
        look_up: LookUp | None = None,
    ) -> None:
        add = lifecycle.add
        host = urlsplit(origin).hostname or ""
        self.fetcher = Fetcher(snapshot[FetchingSettings], look_up)
        self.mailer = Mailer(snapshot[SMTPSettings], snapshot[MailSettings], tasks, clock, host=host)
        add("mail", self.mailer.start, self.mailer.stop)
        users = self._users = LocalUsers((folder or Path("/etc/yett")) / "users.toml", tasks, clock)
        add("users file", users.start, users.stop)
        self.ldap = FromLDAP(records, snapshot, tasks, clock, lifecycle)
        others = FederatedPeople(records, tasks, clock)
        add("people of other providers", others.start, others.stop)
        # Whoever comes from elsewhere never takes the place of somebody who is known here.
        self.directory = Directory([users, self.ldap.people, others], tasks)
        add("directory", self.directory.start, self.directory.stop)
        self.sessions = Sessions(records, snapshot[SessionSettings], clock, tasks)
        add("sessions", self.sessions.start, self.sessions.stop)
        self.directory.revoke_with(sessions=self.sessions.revoke_all)
        leftovers = Leftovers(self.sessions, self.directory, tasks)
        self.directory.changed.connect(leftovers.told)
        add("sessions of people who went meanwhile", leftovers.start, _nothing)
        # What is kept by name goes through here, so that nobody inherits it with the name.
        data = self._belongings = Belongings(
            module_data, self.directory, snapshot[IdentitySettings], clock, tasks
        )
        self.directory.changed.connect(data.told)
        add("belongings", data.start, _nothing)

        self._password = Password(users, snapshot[PasswordSettings], tasks)
        add("passwords", _nothing, self._password.stop)

        self.codes = EmailCodes(records, master, self.mailer, snapshot[OTPSettings], clock, tasks)
        self.directory.on_disabled("codes by mail", self.codes.forget)
        self.totp = Totp(
            data,
            records,
            master,
            self.directory,
            self.mailer,
            snapshot[TotpSettings],
            clock,
            tasks,
            host=host,
        )
        letters = PasskeyLetters(self.mailer, self.directory, data, tasks, clock)
        self.passkeys = Passkeys(
            data, records, snapshot[PasskeySettings], clock, letters, origin=origin, hostname=host
        )
        add("passkeys", self.passkeys.start, self.passkeys.stop)
        memory = Memory(data)
        factors = Factors(
            snapshot[MFASettings], totp=self.totp, codes=self.codes, passkeys=self.passkeys, memory=memory
        )
        self.flow = Flow(
            self.sessions,
            self.directory,
            memory,
            factors,
            snapshot[SignInSettings],
            snapshot[MFASettings],
            audience=urlsplit(origin).hostname or "",
        )
        self._passwords = Passwords(
            self._password,
            self.directory,
            limits_of(snapshot[PasswordSettings]),
            clock,
            self.ldap.method,
        )
        self._passkey_script = PasskeyScript(self.passkeys)
        self._onward = Onward(
            self.flow,
            self._passwords,
            factors,
            memory,
            self.directory,
            self.sessions,
            records,
            Sealer(master, "signin"),
            snapshot[SignInSettings],
            snapshot[MFASettings],
            clock,
            origin=origin,
            totp=self.totp,
            passkeys=self._passkey_script,
            ldap=self.ldap.described,
            changing=self.ldap.password,
            set_up=lambda: "/profile" if self._accounts.portal.is_enabled else "",
        )
        self._expiry = Expiry(
            self.passkeys.keyrings,
            records,
            self.directory,
            letters,
            snapshot[PasskeySettings],
            clock,
            tasks,
        )
        add("passkeys running out", self._expiry.start, _nothing)
        self._passkey_step = PasskeyStep(
            self.flow,
            self._onward.second,
            self.passkeys,
            self.directory,
            Sealer(master, "signin"),
            clock,
            origin=origin,
            ldap=self.ldap.described,
        )
        self._accounts = Accounts(
            records,
            data,
            master,
            snapshot,
            tasks,
            clock,
            lifecycle,
            origin=origin,
            users=users,
            directory=self.directory,
            sessions=self.sessions,
            mailer=self.mailer,
            flow=self.flow,
            factors=factors,
            memory=memory,
            onward=self._onward,
            password=self._password,
            passwords=self._passwords,
            totp=self.totp,
            passkeys=self.passkeys,
            ldap=self.ldap,
        )
        self._passkey_pages = PasskeyPages(
            self.flow,
            self._onward.second,
            self._accounts.entry,
            self.passkeys,
            self._passkey_script,
            Sealer(master, "signin/passkeys"),
            clock,
            origin=origin,
        )
        self._devices = Devices(
            records,
            data,
            master,
            snapshot,
            tasks,
            clock,
            lifecycle,
            origin=origin,
            directory=self.directory,
            sessions=self.sessions,
            flow=self.flow,
            mailer=self.mailer,
            ldap=self.ldap,
            application_of=lambda query: self.provider.application_of(query),  # noqa: PLW0108 - it is built below
        )
        self.kerberos = Tickets(
            records,
            master,
            snapshot,
            folder,
            tasks,
            clock,
            lifecycle,
            origin=origin,
            host=host,
            directory=self.directory,
            sessions=self.sessions,
            flow=self.flow,
            ldap=self.ldap,
        )
        self._certificates = ClientCertificates(
            records,
            master,
            snapshot,
            folder,
            tasks,
            clock,
            lifecycle,
            origin=origin,
            directory=self.directory,
            sessions=self.sessions,
            flow=self.flow,
            ldap=self.ldap,
            look_up=look_up,
        )
        self.providers = Providers(
            records,
            master,
            snapshot,
            tasks,
            clock,
            lifecycle,
            origin=origin,
            fetcher=self.fetcher,
            people=others,
            directory=self.directory,
            ldap=self.ldap,
            sessions=self.sessions,
            flow=self.flow,
            profile=self._accounts.profile,
            portal=self._accounts.portal,
        )
        self._sign_in = SignIn(
            self.flow,
            self._passwords,
            Sealer(master, "signin"),
            snapshot[SignInSettings],
            clock,
            origin=origin,
            passkeys=self._passkey_script,
            links=self._devices.asking,
            kerberos=self.kerberos.step,
            certificates=self._certificates.step,
            providers=self.providers.step,
            portal=self._accounts.portal,
        )
        self.foresight = foresight_of(
            factors,
            snapshot[MFASettings],
            self.passkeys,
            script=self._passkey_script,
            certificates=self._certificates.step,
            kerberos=self.kerberos.step,
            links=self._devices.asking,
            providers=self.providers.step,
        )
        self.oidc = OIDC(
            records,
            master,
            snapshot,
            tasks,
            clock,
            lifecycle,
            origin=origin,
            directory=self.directory,
            sessions=self.sessions,
            fetcher=self.fetcher,
            listed=self._certificates.listed,
            data=data,
            portal=self._accounts.portal,
            flow=self.flow,
            devices=self._devices.grant,
            minting=self._devices.minting,
            users=users,
        )
        self.provider = self.oidc.provider
        self.personal = PersonalTokens(
            records,
            data,
            master,
            snapshot,
            tasks,
            clock,
            lifecycle,
            origin=origin,
            host=host,
            directory=self.directory,
            mailer=self.mailer,
            signing=self.oidc.signing,
            issued=self.oidc.tokens,
            profile=self._accounts.profile,
        )
        self.scoped = ScopedTokensRoom(
            records,
            master,
            snapshot,
            tasks,
            clock,
            lifecycle,
            origin=origin,
            host=host,
            directory=self.directory,
            sessions=self.sessions,
            clients=lambda: self.provider.clients.configured,
            access=self.oidc.tokens,
            portal=self._accounts.portal,
        )

    @property
    def minting(self) -> Minting:
        """Whoever makes tokens for applications and programs."""
        return self._devices.minting

    @property
    def routes(self) -> list[BaseRoute]:
        """The pages and interfaces of the sign-in host that are about people."""
        return [
            # Programs ask these by the thousand, and routes are tried one after another.
            *self.oidc.routes,
            *self._sign_in.routes,
            *self._onward.routes,
            *self._passkey_script.routes,
            *self._passkey_step.routes,
            *self._passkey_pages.routes,
            *self._accounts.routes,
            *self._certificates.step.routes,
            *self._devices.routes,
            *self.providers.routes,
            *self.kerberos.routes,
            *self.personal.routes,
            *self.scoped.routes,
        ]

    @property
    def commands(self) -> list[Any]:
        """Objects whose methods operators may call."""
        return [
            UsersFileCommands(self._users),
            *self.ldap.commands(self.directory.person),
            BelongingsCommands(self._belongings),
            PasskeyCommands(self.passkeys),
            MailCommands(self.mailer),
            *self.kerberos.commands,
            OTPCommands(self.codes),
            TotpCommands(self.totp),
            *self._accounts.commands,
            *self._certificates.commands,
            *self.providers.commands,
            *self.oidc.commands,
            *self.personal.commands,
            *self.scoped.commands,
        ]

    async def apply(self, new: Snapshot) -> None:
        """Go by other settings from now on."""
        self.fetcher.apply(new[FetchingSettings])
        await self.mailer.apply(new[SMTPSettings], new[MailSettings])
        self._belongings.settings = new[IdentitySettings]
        self.sessions.use(new[SessionSettings])
        self._password.configure(new[PasswordSettings])
        self.codes.configure(new[OTPSettings])
        self.totp.configure(new[TotpSettings])
        await self.ldap.apply(new)
        self._passwords.apply(limits_of(new[PasswordSettings]), self.ldap.method)
        self.flow.apply(new[SignInSettings], new[MFASettings])
        self.foresight.apply(new[MFASettings])
        self._onward.apply(new[SignInSettings], new[MFASettings])
        self._sign_in.apply(new[SignInSettings])
        self.passkeys.apply(new[PasskeySettings])
        await self._accounts.apply(new)
        self._expiry.settings = new[PasskeySettings]
        await self._certificates.apply(new)
        self._devices.apply(new)
        self.providers.apply(new)
        await self.kerberos.apply(new)
        await self.oidc.apply(new)
        self.personal.apply(new)
        self.scoped.apply(new)


async def _nothing() -> None:
    """A part without a start of its own."""
