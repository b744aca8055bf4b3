"""Nouns of signing in."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Protocol

from msgspec import Meta

from yett.sessions import Issued


class Method(enum.Enum):
    """A way to prove who one is, before anything else is known: the first factor."""

    PASSWORD = "password"  # noqa: S105 - the name of a method
    PASSKEY = "passkey"
    X509 = "x509"
    KERBEROS = "kerberos"
    MAGIC_LINK = "magiclink"
    FEDERATED = "federated"
    """Through another provider, whose word it is."""

    @property
    def amr(self) -> str:
        """How tokens call it: RFC 8176, section 2, and "x509" and "fed", which that registry lacks."""
        return _AMR[self]

    @property
    def resists_phishing(self) -> bool:
        """Whether the proof is bound to this host, so that nobody in between can use it."""
        return self in {Method.PASSKEY, Method.X509, Method.KERBEROS}

    @property
    def takes_somebody(self) -> bool:
        """Whether a person has to be there: browsers show certificates and tickets by themselves."""
        return self not in {Method.X509, Method.KERBEROS}


_AMR = {
    Method.PASSWORD: "pwd",
    Method.PASSKEY: "hwk",
    Method.X509: "x509",
    Method.KERBEROS: "wia",
    Method.MAGIC_LINK: "otp",
    Method.FEDERATED: "fed",
}


class Factor(enum.Enum):
    """What may be asked for after the first factor."""

    TOTP = "totp"
    RECOVERY = "recovery"
    EMAIL = "email"
    PASSKEY = "passkey"


class Purpose(enum.Enum):
    """What a half-finished sign-in is good for. Under `purpose` in the metadata of its session."""

    SIGN_IN = "signin"
    """A factor is missing, then the person is in."""
    SIGN_UP = "signup"
    """A code is missing, then the person has to enrol a factor of their own."""
    ENROL = "enrol"
    """Good for nothing but enrolling a factor."""
    STEP_UP = "stepup"
    """The person is in and has to prove more; it hangs on their sign-on session."""


class Use(enum.Enum):
    """What a sealed form is good for."""

    SIGN_IN = "signin"
    SIGN_OUT = "signout"
    FACTOR = "factor"
    ENROL = "enrol"
    PASSWORD = "password"  # noqa: S105 - the name of a page
    STEP = "step"
    """A form of a method's own pages."""


class FormFault(enum.Enum):
    """Why a posted form is not believed."""

    CROSS_SITE = "cross_site"
    """The browser says that another site sent it."""
    NO_COOKIE = "no_cookie"
    """The browser did not send the cookie that came with the form."""
    FORGED = "forged"
    """Not sealed by us, or for another use."""
    FOREIGN = "foreign"
    """Ours, but given to another browser or session."""
    EXPIRED = "expired"


class Sealed(Protocol):
    """What a seal held."""

    @property
    def payload(self) -> Mapping[str, str]: ...
    @property
    def is_expired(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """What the browser sent along with a form."""

    origin: str
    """The Origin field; empty without one."""
    fetch_site: str
    """The Sec-Fetch-Site field; empty without one."""
    bound_to: str
    """What the form has to be bound to: the cookie before a sign-in, the session after it."""
    sealed: Sealed | None
    """The opened seal; None when there was none or it is not ours."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from, as far as a session remembers it."""

    address: str
    user_agent: str
    language: str = ""
    """The tag of the language that the browser prefers; empty when it does not say."""
    device: str = ""
    """What tells this browser from others, see `exchange.device_of`; empty when nothing does."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One sign-in, as it is remembered after its session ended."""

    session: str
    """The reference of the session it made."""
    at: Annotated[float, Meta(ge=0, lt=253_402_300_800)]
    """Seconds since the epoch, before the year 10000."""
    address: str


class Turned(enum.Enum):
    """Why a sign-in did not happen, as far as the page has to know."""

    WRONG = "wrong"
    """Whatever would tell a right name from a wrong one is among these."""
    THROTTLED = "throttled"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"
    OVER = "over"
    """The half-finished sign-in is too old, was used, or saw too many wrong codes: begin anew."""
    NO_FACTOR = "no_factor"
    """A second factor is demanded, and the person has none and may not enrol one this way."""


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """No sign-in. `retry_after` is in seconds; 0 when waiting does not help."""

    why: Turned
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody is in; the token is for the browser."""

    issued: Issued
    to: str = "/"


@dataclass(frozen=True, slots=True)
class NeedsFactor:
    """The first factor is proven, another one is asked for. The token is that of the pending session."""

    issued: Issued
    offers: frozenset[Factor]


@dataclass(frozen=True, slots=True)
class MustEnrol:
    """The person has to enrol a factor before they are let in. The token is that of the pending session."""

    issued: Issued


@dataclass(frozen=True, slots=True)
class MustChangePassword:
    """The password was right but has run out. The token is good for changing it and for nothing else."""

    issued: Issued


Outcome = SignedIn | NeedsFactor | MustEnrol | MustChangePassword | TurnedAway
"""What comes of a proof."""
