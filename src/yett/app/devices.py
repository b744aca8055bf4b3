"""Device codes and what rests on them: the device grant, the page where codes are typed, and magic links."""

from collections.abc import Callable

from starlette.routing import BaseRoute

from yett.app.ldap import FromLDAP
from yett.authn.device_code import DeviceCodes, DeviceCodeSettings
from yett.authn.magic_link import Addresses, MagicLinks, MagicLinkSettings, settle
from yett.config import Snapshot
from yett.identity import Directory
from yett.identity.belongings import Belongings
from yett.kernel import Clock, Lifecycle, Supervisor
from yett.keys import MasterKey, Sealer
from yett.notify import Mailer
from yett.oidc import Minting, OIDCSettings
from yett.oidc.device import KIND, DeviceGrant, DeviceGrantSettings
from yett.sessions import Sessions
from yett.signin import Flow
from yett.signin.device import DeviceStep
from yett.signin.magic_link import Asking, Opening
from yett.store import Records


class Devices:
    """Everything that is confirmed somewhere else than where it was asked for."""

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
        directory: Directory,
        sessions: Sessions,
        flow: Flow,
        mailer: Mailer,
        ldap: FromLDAP,
        application_of: Callable[[bytes], str],
    ) -> None:
        self._mailer = mailer
        self._settled = settled = settle(
            snapshot[MagicLinkSettings], snapshot[DeviceCodeSettings], has_mail=mailer.is_configured
        )
        self.codes = DeviceCodes(records, Sealer(master, "authn/device_code"), settled.device_codes, clock)
        lifecycle.add("device codes", self.codes.start, _nothing)
        # Its keys follow from the cluster key, or are the provider's where co-signers have shares of those.
        self.minting = Minting(master, snapshot[OIDCSettings], clock, issuer=origin)
        self.grant = DeviceGrant(
            self.codes, self.minting, sessions, directory, snapshot[DeviceGrantSettings], clock
        )
        self.codes.join(KIND, self.grant)

        async def refresh(name: str) -> bool | None:
            return await ldap.is_known(name, directory.person(name))

        addresses = Addresses(directory, refresh)
        lifecycle.add("mail addresses", addresses.start, _nothing)
        self._links = MagicLinks(
            records,
            self.codes,
            addresses,
            mailer,
            data,
            Sealer(master, "authn/magic_link"),
            settled.links,
            tasks,
            clock,
            origin=origin,
        )
        mailer.verify_links_with(self._links.is_ours)
        # A device that was confirmed may still have to fetch its token; a link may still have to be opened.
        directory.revoke_with(tokens=self.codes.forget)
        directory.on_disabled("magic links", self._links.forget)
        sealer = Sealer(master, "signin/forms")
        self.asking = Asking(flow, self._links, sealer, clock, origin=origin)
        opening = Opening(flow, self._links, sealer, clock, origin=origin, application_of=application_of)
        typing = DeviceStep(flow, self.codes, sealer, clock, origin=origin)
        self.routes: list[BaseRoute] = [
            *typing.routes,
            *self.asking.routes,
            *opening.routes,
        ]

    def apply(self, new: Snapshot) -> None:
        """Go by other settings from now on; the mailer has its own already."""
        self._settled = settle(
            new[MagicLinkSettings],
            new[DeviceCodeSettings],
            has_mail=self._mailer.is_configured,
            before=self._settled,
        )
        self.codes.apply(self._settled.device_codes)
        self._links.apply(self._settled.links)
        self.minting.apply(new[OIDCSettings])
        self.grant.apply(new[DeviceGrantSettings])


async def _nothing() -> None:
    """A part without an end of its own."""
