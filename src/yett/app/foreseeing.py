"""Which ways of signing in somebody has, for telling what they would be asked for."""

from typing import Protocol

from yett.authn.passkey import Passkeys
from yett.identity import Person
from yett.signin import Factors, Foresight, Method, MFASettings, Offered


class Addressed(Protocol):
    """A method with a page of its own; it has no address while it is off."""

    @property
    def address(self) -> str: ...


class Scripted(Protocol):
    """A method with a script on the sign-in page; there is none while it is off."""

    @property
    def script(self) -> str: ...


class Offering(Protocol):
    """Other providers."""

    @property
    def is_offered(self) -> bool: ...


def foresight_of(
    factors: Factors,
    settings: MFASettings,
    passkeys: Passkeys,
    *,
    script: Scripted,
    certificates: Addressed,
    kerberos: Addressed,
    links: Addressed,
    providers: Offering,
) -> Foresight:
    """What knows the ways in, as the sign-in page offers them."""

    async def password(_: Person) -> bool:
        # The page asks everybody for one, whether or not they have it.
        return True

    async def passkey(person: Person) -> bool:
        return bool(script.script and await passkeys.working(person.name))

    async def link(person: Person) -> bool:
        return bool(links.address and person.email)

    async def federated(_: Person) -> bool:
        # Whoever may come from there is only known when they do.
        return providers.is_offered

    return Foresight(
        factors,
        settings,
        {
            Method.PASSWORD: password,
            Method.PASSKEY: passkey,
            Method.X509: _if_on(certificates),
            Method.KERBEROS: _if_on(kerberos),
            Method.MAGIC_LINK: link,
            Method.FEDERATED: federated,
        },
    )


def _if_on(step: Addressed) -> Offered:
    async def is_on(_: Person) -> bool:
        return bool(step.address)

    return is_on
