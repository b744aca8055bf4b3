"""The OpenID Connect provider: clients, requests and codes, keys, tokens, and the endpoints of all of them."""

from collections.abc import Callable
from typing import Any

from starlette.routing import BaseRoute

from yett.app.asking import Asking
from yett.app.exchanging import Exchanging, Proving
from yett.app.registering import Registering
from yett.app.signing_out import SigningOut
from yett.authn.x509 import Chain, Standing
from yett.config import Snapshot
from yett.identity import Directory, LocalUsers, PasswordChanged
from yett.identity.belongings import Belongings
from yett.kernel import Clock, Lifecycle, Supervisor
from yett.keys import MasterKey, Sealer
from yett.keys.threshold import Threshold, ThresholdCommands, ThresholdSettings
from yett.net.fetching import Fetcher
from yett.oidc import Minting, OIDCSettings, Provider
from yett.oidc.consent import Consents
from yett.oidc.device import DeviceGrant
from yett.oidc.signing import KeyCommands, KeySet, Signing, SigningSettings
from yett.oidc.tokens import Introspection, Revocation, TokenCommands, Tokens, TokenSettings, UserInfo, facts
from yett.sessions import Sessions
from yett.signin import Flow
from yett.signin.profile import Portal
from yett.store import Records


class OIDC:
    """Everything that applications ask the provider for."""

    def __init__(
        self,
        records: Records,
        master: MasterKey,
        snapshot: Snapshot,
        tasks: Supervisor,
        clock: Clock,
        lifecycle: Lifecycle,
        *,
        origin: str,
        directory: Directory,
        sessions: Sessions,
        fetcher: Fetcher,
        listed: Callable[[Chain], Standing],
        data: Belongings,
        portal: Portal,
        flow: Flow,
        devices: DeviceGrant,
        minting: Minting,
        users: LocalUsers,
    ) -> None:
        self._threshold = Threshold(master, snapshot[ThresholdSettings], tasks)
        lifecycle.add("co-signers", self._threshold.start, self._threshold.stop)
        self.signing = Signing(
            records,
            master,
            snapshot[SigningSettings],
            clock,
            tasks,
            issuer=origin,
            threshold=self._threshold,
        )
        lifecycle.add("signing keys", self.signing.start, self.signing.stop)
        self._minting = minting
        minting.sign_with(self.signing)
        consents = Consents(data, clock)
        self.provider = Provider(
            records,
            sessions,
            directory,
            snapshot[OIDCSettings],
            clock,
            issuer=origin,
            sealer=Sealer(master, "oidc/consent"),
            consents=consents,
        )
        self.tokens = Tokens(
            records,
            self.signing,
            master,
            self.provider.clients,
            sessions,
            directory,
            snapshot[TokenSettings],
            tasks,
            clock,
        )
        lifecycle.add("tokens", self.tokens.start, self.tokens.stop)
        sessions.ended.connect(self.tokens.told)
        directory.on_disabled("tokens of applications", self.tokens.revoke_user)
        self._follow_passwords(users, tasks, lifecycle)
        self.provider.on_reuse = self.tokens.code_reused
        self.provider.is_begun = self.tokens.is_begun
        self.provider.verify_hint = lambda text: self.tokens.read_identity(text, expired=True)
        self.proving = Proving(
            records, snapshot, clock, origin=origin, provider=self.provider, fetcher=fetcher, listed=listed
        )
        self.asking = Asking(
            self.provider,
            self.proving,
            consents,
            master,
            snapshot,
            clock,
            origin=origin,
            portal=portal,
        )
        self.asking.applications.tokens = self.tokens
        self.discovery = self.asking.discovery
        self.discovery.join(lambda: facts(origin, self.signing.algorithms))
        self._about_tokens = (
            UserInfo(self.tokens, self.provider.clients, directory, self.proving.proofs, issuer=origin),
            Introspection(self.tokens, self.proving.clients),
            Revocation(self.tokens, self.proving.clients),
        )
        self._exchanging = Exchanging(
            records,
            snapshot,
            clock,
            self.proving,
            origin=origin,
            provider=self.provider,
            tokens=self.tokens,
            directory=directory,
            devices=devices,
            discovery=self.discovery,
        )
        self._signing_out = SigningOut(
            records,
            master,
            snapshot,
            tasks,
            clock,
            lifecycle,
            origin=origin,
            sessions=sessions,
            flow=flow,
            fetcher=fetcher,
            signing=self.signing,
            tokens=self.tokens,
            clients=self.provider.clients,
            discovery=self.discovery,
        )
        self._registering = Registering(
            records,
            master,
            snapshot,
            tasks,
            clock,
            lifecycle,
            origin=origin,
            signing=self.signing,
            tokens=self.tokens,
            clients=self.provider.clients,
            discovery=self.discovery,
        )
        self._keys = KeySet(
            (self.signing.published, self._minting.published),
            is_client=lambda client_id: client_id in self.provider.clients,
        )
        self._are_others_served = snapshot[OIDCSettings].enabled
        # Last, when everybody is known. Settings change while nothing runs, too.
        lifecycle.add("tokens of applications that are gone", self._forget_unknown, _nothing)

    async def _forget_unknown(self) -> None:
        if self._are_others_served:
            await self.tokens.revoke_unknown()

    def _follow_passwords(self, users: LocalUsers, tasks: Supervisor, lifecycle: Lifecycle) -> None:
        """End what was granted for offline access when its person changes their password."""

        def told(change: PasswordChanged) -> None:
            tasks.run(self.tokens.revoke_older(change.name, change.at), name="oidc.tokens.password")

        async def catch_up() -> None:
            for user in users.list():
                if user.password_changed_at:
                    await self.tokens.revoke_older(user.person.name, user.password_changed_at)

        users.password_changed.connect(told)
        lifecycle.add("tokens from before a change of password", catch_up, _nothing)

    @property
    def routes(self) -> list[BaseRoute]:
        """The endpoints and pages."""
        return [
            *self.provider.routes,
            *self._exchanging.routes,
            *self._keys.routes,
            *(route for each in self._about_tokens for route in each.routes),
            *self.asking.routes,
            *self._signing_out.routes,
            *self._registering.routes,
        ]

    @property
    def commands(self) -> list[Any]:
        """Objects whose methods operators may call."""
        return [
            KeyCommands(self.signing),
            ThresholdCommands(self._threshold),
            TokenCommands(self.tokens),
            *self._registering.commands,
        ]

    async def apply(self, new: Snapshot) -> None:
        """Go by other settings from now on."""
        await self._threshold.apply(new[ThresholdSettings])
        await self.signing.apply(new[SigningSettings])
        self.tokens.apply(new[TokenSettings])
        self.provider.apply(new[OIDCSettings])
        self.asking.apply(new)
        self.proving.apply(new)
        self._exchanging.apply(new)
        self._signing_out.apply(new)
        self._registering.apply(new)
        self._are_others_served = new[OIDCSettings].enabled
        await self._forget_unknown()


async def _nothing() -> None:
    """A part without an end of its own."""
