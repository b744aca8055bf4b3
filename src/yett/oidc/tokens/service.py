"""Tokens: issued, refreshed, looked at, revoked.

Everything that comes of one grant is a family, and a family is one record: whether a token is good is decided by
what that record says now, by the person, by their session and by the client, all of them found in local memory.

What must stay true, whatever fails or happens at the same time:
  a token is given out only after its family was kept, and after another look at the person and the session;
  of any number of uses of one refresh token exactly one gets new tokens, and any other use ends the family;
  a family that was revoked, even before it was kept, is never good again.
"""

import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from yett.kernel import Clock, Supervisor, new_secret
from yett.keys import MasterKey
from yett.oidc.clients import Client
from yett.oidc.signing import Signing
from yett.oidc.tokens import events, texts
from yett.oidc.tokens.config import TokenSettings
from yett.oidc.tokens.issuing import Issuing, Note
from yett.oidc.tokens.keeping import Keeping
from yett.oidc.tokens.making import ACCESS, IDENTITY, Making, Opaque
from yett.oidc.tokens.model import Access, Basis, Confirmation, Family, Issued, TokenAnswer, Unissued
from yett.oidc.tokens.refreshing import Refreshing
from yett.oidc.tokens.standing import Clients, Directory, Sessions, Standing
from yett.sessions import Ended
from yett.store import Records, StoreUnavailable

Finder = Callable[[str], Awaitable[Access | None]]


class Tokens:
    """Every token of the provider. Start before use."""

    def __init__(
        self,
        records: Records,
        signing: Signing,
        master: MasterKey,
        clients: Clients,
        sessions: Sessions,
        directory: Directory,
        settings: TokenSettings,
        tasks: Supervisor,
        clock: Clock,
        *,
        secret: Callable[[], str] = new_secret,
    ) -> None:
        self._signing = signing
        self._tasks = tasks
        self._clock = clock
        self._finders: list[Finder] = []
        self._keeping = keeping = Keeping(records, tasks)
        self._mirror = keeping.mirror
        self._standing = Standing(clients, sessions, directory)
        self._texts = texts.RefreshTokens(master)
        self._making = Making(signing, self._texts, settings, secret)
        self._issuing = Issuing(keeping, self._making, self._standing, settings, tasks, clock)
        self._refreshing = Refreshing(
            keeping, self._making, self._standing, self._texts, settings, tasks, clock
        )

    async def start(self) -> None:
        """Load every family and follow the store from now on. Raises StoreUnavailable."""
        await self._keeping.start()

    async def stop(self) -> None:
        """Stop following."""
        await self._keeping.stop()

    def apply(self, settings: TokenSettings) -> None:
        """Go by other settings from now on; grants that are out keep the end they have."""
        self._making.settings = self._issuing.settings = self._refreshing.settings = settings

    @property
    def issuer(self) -> str:
        """Who the tokens are of."""
        return self._signing.issuer

    def note_with(self, note: Note) -> None:
        """Tell this, before a client with back-channel logout has tokens, that it has to hear of the session's end.

        It may raise StoreUnavailable; then there are none.
        """
        self._issuing.note = note

    def make_opaque_with(self, opaque: Opaque) -> None:
        """Have this make the access tokens of people for clients that want opaque ones."""
        self._making.opaque = opaque
        self._mirror.gone = opaque.ended

    def lists(self, jti: str) -> bool:
        """Whether an access token of this name is out, as far as this node knows."""
        entry = self._mirror.by_ref(jti.partition(".")[0])
        family = None if entry is None else entry.family
        return family is not None and any(each.jti == jti for each in family.access)

    def look_with(self, finder: Finder) -> None:
        """Ask this too about tokens that are not known here: those of another kind."""
        self._finders.append(finder)

    # Having.

    async def issue(
        self,
        client: Client,
        basis: Basis,
        *,
        with_refresh: bool,
        with_identity: bool,
        code: str = "",
    ) -> TokenAnswer | Unissued:
        """Tokens for a grant, once. When this returns they are kept, and good; of a failure nothing is left.

        A grant without a person needs a `grant_ref` of its own as well.
        """
        return await self._issuing.issue(
            client, basis, with_refresh=with_refresh, with_identity=with_identity, code=code
        )

    async def refresh(
        self, client: Client, text: str, scope: str, confirmation: Confirmation
    ) -> TokenAnswer | Unissued:
        """New tokens for a refresh token, which is used up by that. A second use ends everything of the grant."""
        return await self._refreshing.refresh(client, text, scope, confirmation)

    # Looking.

    def peek(self, text: str) -> Access | None:
        """What an access token is worth now, as far as this node knows. Never waits.

        Whoever asks looks himself whether the token was shown with what it is bound to.
        """
        found = self._mirror.by_digest(texts.digest(text))
        return None if found is None else self._judge(text, *found)

    async def look(self, text: str) -> Access | None:
        """The same, asking the store about what this node has not heard of yet. None when it cannot be asked."""
        found = self._mirror.by_digest(texts.digest(text))
        if found is None:
            found = await self._fetch(text)
        if found is not None:
            return self._judge(text, *found)
        for finder in self._finders:
            access = await finder(text)
            if access is not None:
                return access
        return None

    def _judge(self, text: str, family: Family, issued: Issued) -> Access | None:
        is_good = self._standing.is_good(family, issued, self._clock.now()) and self._making.is_good(text)
        return _access(family, issued) if is_good else None

    async def look_at_refresh(self, text: str) -> Access | None:
        """What a refresh token is worth now, without using it up."""
        family = await self._family_of_refresh(text)
        parts = texts.read(text)
        now = self._clock.now()
        if family is None or parts is None or parts.generation != family.generation or now >= family.ends_at:
            return None
        if not self._standing.still_stands(family):
            return None
        return Access(
            jti=f"{family.ref}.{family.generation}",
            basis=family.basis(family.scope, family.confirmation),
            issued_at=family.rotated_at,
            expires_at=family.ends_at,
            audience=family.audience,
            is_refresh=True,
        )

    def read_identity(
        self, text: str, *, client_id: str = "", expired: bool = False
    ) -> dict[str, Any] | None:
        """What an ID token of ours says, of one client if one is named; None for anything else.

        With `expired` one that is over will do, as for a hint of who is meant.
        """
        claims = self._signing.verify(text, typ=IDENTITY, expired=expired)
        if claims is None or (client_id and claims.get("aud") != client_id):
            return None
        events.identity_validated(
            user=str(claims.get("sub", "")),
            client=str(claims.get("aud", ""))[:80],
            is_over=float(claims["exp"]) <= self._clock.now(),
        )
        return claims

    def families(self, user: str | None = None) -> list[Family]:
        """What clients have of a person, or of everybody, oldest first."""
        found = list(self._mirror) if user is None else self._mirror.of_user(user)
        now = self._clock.now()
        live = [each for each in found if now < each.ends_at and self._standing.still_stands(each)]
        return sorted(live, key=lambda each: (each.created_at, each.ref))

    # Revoking.

    async def revoke(self, text: str, *, client_id: str) -> bool:
        """Give a token back. A refresh token takes everything of its grant with it; whether there was one.

        Raises StoreUnavailable. It is refused here all the same then, and the revocation is tried again.
        """
        if texts.is_refresh(text):
            family = await self._family_of_refresh(text)
            return family is not None and await self._give_back(family, None, client_id)
        found = self._mirror.by_digest(texts.digest(text)) or await self._fetch(text, is_quiet=False)
        return found is not None and await self._give_back(*found, client_id)

    async def _give_back(self, family: Family, issued: Issued | None, client_id: str) -> bool:
        if family.client_id != client_id:
            return False
        is_whole = issued is None or (family.generation < 0 and len(family.access) == 1)
        place = texts.place(family.owner, family.ref)
        if is_whole or issued is None:
            await self._keeping.bury(place)
        else:
            await self._keeping.strike(place, issued.digest, self._clock)
        events.revoked(
            user=family.user, client=client_id[:80], session=family.sign_on_ref, is_whole_grant=is_whole
        )
        return True

    async def revoke_family(self, grant_ref: str, user: str = "") -> int:
        """End everything of a grant, also what is only being issued; how many families there were.

        Raises StoreUnavailable. `user` is needed for grants that this node may not know.
        """
        ref = texts.ref_of(grant_ref)
        entry = self._mirror.by_ref(ref)
        if entry is None and not user:
            return 0
        family = None if entry is None else entry.family
        await self._keeping.bury(texts.place(texts.owner_of(user, ""), ref) if entry is None else entry.place)
        if family is not None:
            _say_family_revoked(family, by="grant")
        return int(family is not None)

    def is_begun(self, grant_ref: str, user: str) -> bool:
        """Whether this node knows of tokens for a grant, whatever has become of them."""
        return self._mirror.at(texts.place(texts.owner_of(user, ""), texts.ref_of(grant_ref))) is not None

    async def code_reused(self, grant_ref: str, user: str) -> None:
        """A code came a second time: end what the first brought, or is only about to bring (RFC 6749, section 4.1.2).

        Without the store it is refused here, and ended as soon as the store is back.
        """
        with contextlib.suppress(StoreUnavailable):
            await self.revoke_family(grant_ref, user)

    async def revoke_user(self, user: str) -> int:
        """End everything that clients have of a person; how many grants. Raises StoreUnavailable."""
        return await self._revoke_owner(user, texts.owner_of(user, ""))

    async def revoke_session(self, sign_on_ref: str) -> int:
        """End everything that rests on a session; how many grants. Those for offline access go on."""
        bound = [each for each in self._mirror.of_session(sign_on_ref) if not each.is_offline]
        await self._end(bound, by="session")
        return len(bound)

    async def revoke_older(self, user: str, at: float) -> int:
        """End what a person granted for offline access before they changed their password; how many grants.

        What rests on a session ends with those sessions that do not know the new one (RFC 9700, section 4.14.2).
        """
        older = [each for each in self._mirror.of_user(user) if each.is_offline and each.created_at < at]
        await self._end(older, by="password")
        return len(older)

    async def revoke_unknown(self) -> int:
        """End what clients have that are no clients any more, so that nobody gets it back with the name."""
        unknown = [each for each in self._mirror if not self._standing.is_client(each.client_id)]
        await self._end(unknown, by="client")
        return len(unknown)

    def told(self, ended: Ended) -> None:
        """A session is over: so is what rests on it."""
        if self._mirror.of_session(ended.session.ref):
            self._tasks.run(self.revoke_session(ended.session.ref), name="oidc.tokens.session")

    async def _end(self, families: Iterable[Family], *, by: str) -> None:
        for family in families:
            # Here it is over at once; in the store it is tried again until it is.
            with contextlib.suppress(StoreUnavailable):
                await self._keeping.bury(texts.place(family.owner, family.ref))
            _say_family_revoked(family, by=by)

    async def _revoke_owner(self, user: str, owner: str) -> int:
        for family in self._mirror.of_user(user):
            self._mirror.kill(texts.place(family.owner, family.ref))
        places = await self._keeping.of_owner(owner)
        for place in places:
            await self._keeping.bury(place)
        events.user_revoked(user=user, grants=len(places))
        return len(places)

    # Finding.

    async def _family_of_refresh(self, text: str) -> Family | None:
        parts = texts.read(text)
        if parts is None:
            return None
        place = texts.place(parts.owner, parts.ref)
        found = await self._keeping.find(place)
        if found is not None and parts.generation > found[0].generation:
            found = await self._keeping.find(place, is_fresh=True)
        if found is None or not self._texts.is_ours(parts, found[0].salt):
            return None
        return found[0]

    async def _fetch(self, text: str, *, is_quiet: bool = True) -> tuple[Family, Issued] | None:
        """The family of an access token that another node issued a moment ago: the token says which it is."""
        claims = self._signing.verify(text, typ=ACCESS)
        ref, _, _ = str(claims.get("jti", "") if claims else "").partition(".")
        if claims is None or not ref:
            return None
        is_person = claims["sub"] != claims["client_id"] or "acr" in claims
        owner = texts.owner_of(claims["sub"] if is_person else "", claims["client_id"])
        try:
            await self._keeping.find(texts.place(owner, ref), is_fresh=True)
        except StoreUnavailable:
            if not is_quiet:
                raise
            return None
        return self._mirror.by_digest(texts.digest(text))


def _access(family: Family, issued: Issued) -> Access:
    return Access(
        jti=issued.jti,
        basis=family.basis(issued.scope, issued.confirmation),
        issued_at=issued.issued_at,
        expires_at=issued.expires_at,
        audience=family.audience,
    )


def _say_family_revoked(family: Family, *, by: str) -> None:
    events.family_revoked(user=family.user, client=family.client_id[:80], session=family.sign_on_ref, by=by)
