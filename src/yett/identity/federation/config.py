"""Settings of signing in through other providers."""

import enum
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from yett.config import REQUIRED, Mistake, item, section, setting
from yett.identity.model import NAME
from yett.net.fetching import BadAddress, parse_address

SAFE_ALGORITHMS: Final = (
    "ES256", "RS256", "PS256", "EdDSA", "Ed25519", "ES384", "ES512", "RS384", "RS512", "PS384", "PS512",
)  # fmt: skip
"""What ID tokens may be signed with at all: neither "none" nor anything that rests on a shared secret."""
_CLAIM = r"[A-Za-z0-9_:./-]{1,200}"
_SCOPE = r"[\x21\x23-\x5b\x5d-\x7e]{1,64}"  # RFC 6749, appendix A.4
_DOMAIN = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"


class PAR(enum.Enum):
    """Whether a request is handed over at the provider's back door before the browser goes there (RFC 9126)."""

    OFF = "off"
    OFFERED = "offered"
    """Where the provider offers it; a request that cannot be handed over is not made."""
    FALLBACK = "fallback"
    """The same, but a request that cannot be handed over goes through the browser."""
    REQUIRED = "required"
    """A provider without it is not used."""


class Linking(enum.Enum):
    """How somebody who comes from a provider for the first time becomes a person who is known here."""

    CONFIRM = "confirm"
    """The person signs in here as well, and confirms it."""
    EMAIL = "email"
    """By a mail address that the provider has verified and that one person here has."""
    USERNAME = "username"
    """By the name: whoever is called so there is called so here."""


class ClientAuth(enum.Enum):
    """How the gateway proves to a provider who it is."""

    AUTO = "auto"
    """With the key if there is one, else with the secret as the provider prefers it, else not at all."""
    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    KEY = "private_key_jwt"
    NONE = "none"


@item()
class GroupSettings:
    """A group that somebody is in because of what a provider says of them."""

    claim: str = setting("groups", "Which claim says it.", matches=_CLAIM)
    value: str = setting(
        REQUIRED, "The value that the claim has, or has among others.", matches=r"[^\x00-\x1f]{1,256}"
    )
    group: str = setting(REQUIRED, "The group here.", matches=NAME, expects="a name in lower case")


@item(named_by="name")
class ProviderSettings:
    """One provider, that people may sign in through or that gives tokens for applications."""

    name: str = setting(
        REQUIRED,
        "What it is called in addresses: `https://HOST/signin/with/NAME/callback` is where it sends people back to.",
        matches=r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?",
        expects="a short name of lower case letters, digits and dashes",
    )
    label: str = setting(
        "",
        "What people know it as, on the button; its name without one.",
        matches=r"[^\x00-\x1f\x7f]{0,60}",
        expects="one line of at most 60 characters",
    )
    sign_in: bool = setting(
        True,
        "Whether people may sign in through it, and connect accounts; false for one that is only there for tokens "
        "(`through` in [proxy.mapping.bearer]).",
    )
    issuer: str = setting(
        REQUIRED, "Its issuer, exactly as it calls itself, such as `https://idp.example.org`."
    )
    client_id: str = setting(REQUIRED, "What it knows the gateway as.", matches=r"[\x20-\x7e]{1,512}")
    client_secret: str = setting(
        "", "The secret it gave the gateway.", matches=r"[\x20-\x7e]{0,1024}", secret=True
    )
    client_key: Path | None = setting(
        None, "PEM file with the key that proves to it who the gateway is, in place of a secret."
    )
    client_key_id: str = setting("", "What it knows that key as (`kid`).", matches=r"[\x21-\x7e]{0,256}")
    client_auth: ClientAuth = setting(ClientAuth.AUTO, "How the gateway proves to it who it is.")
    scopes: tuple[str, ...] = setting(
        ("openid", "profile", "email"), "Scopes to ask for.", matches=_SCOPE, at_least=1, at_most=32
    )
    par: PAR = setting(
        PAR.OFFERED, "Whether requests are handed over directly (pushed authorization requests)."
    )
    dpop: bool = setting(
        False, "Bind its tokens to a key of the gateway (DPoP); a provider that does not is then refused."
    )
    algorithms: tuple[str, ...] = setting(
        ("ES256", "RS256", "PS256", "EdDSA", "Ed25519"),
        "What its ID tokens may be signed with.",
        at_least=1,
        at_most=len(SAFE_ALGORITHMS),
    )
    acr_values: tuple[str, ...] = setting(
        (), "Which kinds of sign-in to ask it for (`acr_values`).", matches=r"[\x21-\x7e]{1,256}", at_most=16
    )
    username_claim: str = setting(
        "preferred_username",
        "Which claim holds the name. Of an address (`ada@example.org`) the part before the @ counts, if "
        "`allowed_domains` has what is behind it.",
        matches=_CLAIM,
    )
    email_claim: str = setting(
        "email",
        "Which claim holds the mail address. `email_verified` speaks for `email` alone, so that another one "
        "counts where both are the same, or with a claim of its own, such as `upn_verified`.",
        matches=_CLAIM,
    )
    display_name_claim: str = setting("name", "Which claim holds the name shown to people.", matches=_CLAIM)
    groups_claim: str = setting("groups", "Which claim lists groups, for `take_groups`.", matches=_CLAIM)
    take_groups: bool = setting(
        False,
        "Put those who were made from it into every group it lists that is a proper name here; whoever "
        "names groups there then decides about rights here.",
    )
    group_prefix: str = setting(
        "", "What the names of those groups begin with here.", matches=r"(?:[a-z0-9][a-z0-9._-]{0,30})?"
    )
    group: tuple[GroupSettings, ...] = setting(
        (), "Groups by claim, as [[identity.federation.provider.group]] tables.", at_most=500
    )
    allowed_domains: tuple[str, ...] = setting(
        (),
        "Only those whose verified mail address is in one of these domains; with none, everybody.",
        matches=_DOMAIN,
        expects="a domain in lower case",
        at_most=200,
    )
    link_by: Linking = setting(
        Linking.CONFIRM,
        'How somebody who comes for the first time is known here: "confirm", "email" or "username".',
    )
    create: bool = setting(
        False, "Make a person of somebody whom nobody knows here; without it, they are turned away."
    )
    trust_amr: tuple[str, ...] = setting(
        (),
        'Words of its `amr` that count as a second factor, such as "mfa"; with none, its factors are not trusted.',
        matches=r"[\x21-\x7e]{1,64}",
        at_most=32,
    )
    trust_acr: tuple[str, ...] = setting(
        (), "Values of its `acr` that count as a second factor.", matches=r"[\x21-\x7e]{1,256}", at_most=32
    )
    userinfo: bool = setting(True, "Ask it for what its ID tokens leave out.")
    leeway: timedelta = setting(
        timedelta(seconds=60),
        "How far its clock may be off.",
        at_least=timedelta(0),
        at_most=timedelta(minutes=5),
    )
    timeout: timedelta = setting(
        timedelta(seconds=10),
        "How long one answer of it may take.",
        at_least=timedelta(milliseconds=200),
        at_most=timedelta(minutes=1),
    )
    recheck: timedelta = setting(
        timedelta(0),
        "How often it is asked whether a person who is in is still welcome there; whoever is not is signed "
        "out. 0 never asks. Needs a refresh token (often the scope `offline_access`) or introspection.",
        at_least=timedelta(0),
        at_most=timedelta(days=7),
    )
    sign_out: bool = setting(
        False,
        "Offer people who sign out here to sign out there as well, where it can (RP-initiated logout). It has to know "
        "`https://HOST/signout` as an address to come back to.",
    )
    revoke: bool = setting(True, "Give its tokens back when the session ends that they were kept for.")
    dev_mode: bool = setting(
        False,
        "Relax what is asked of its addresses: http on this machine. For trying things out only.",
    )

    @property
    def title(self) -> str:
        """What people know it as."""
        return self.label or self.name


@section("identity.federation")
class FederationSettings:
    """Signing in through other providers (OpenID Connect); each has a [[identity.federation.provider]] table."""

    provider: tuple[ProviderSettings, ...] = setting((), "The providers.", at_most=50)
    metadata_lifetime: timedelta = setting(
        timedelta(hours=1),
        "How long it is believed what a provider says of itself and of its keys; an unknown key is asked for sooner.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(days=1),
    )
    trip_lifetime: timedelta = setting(
        timedelta(minutes=15),
        "How long somebody may take to sign in at a provider.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(hours=2),
    )
    trips_per_minute: int = setting(
        120,
        "How many times a minute people of one address (of IPv6, one /64) may leave for a provider.",
        at_least=1,
        at_most=100_000,
    )


def check_federation(settings: FederationSettings) -> Iterator[Mistake]:
    """What only makes sense together, or has to be read to be judged."""
    names: set[str] = set()
    issuers: set[tuple[str, str]] = set()
    for provider in settings.provider:
        at = f"identity.federation.provider[{provider.name}]"
        if provider.name in names:
            yield Mistake(f"{at}.name", provider.name, "is the name of another provider already")
        if (provider.issuer, provider.client_id) in issuers:
            yield Mistake(f"{at}.issuer", provider.issuer, "is there twice with the same client_id")
        names.add(provider.name)
        issuers.add((provider.issuer, provider.client_id))
        for key, value, reason in _mistakes(provider):
            yield Mistake(f"{at}.{key}", value, reason)


def _mistakes(provider: ProviderSettings) -> Iterator[tuple[str, str, str]]:
    problem = issuer_problem(provider.issuer, may_be_plain=provider.dev_mode)
    if problem:
        yield "issuer", provider.issuer, problem
    if "openid" not in provider.scopes:
        yield "scopes", " ".join(provider.scopes), 'has to hold "openid"'
    for each in provider.algorithms:
        if each not in SAFE_ALGORITHMS:
            yield "algorithms", each, f"is none of {', '.join(SAFE_ALGORITHMS)}"
    needed = {
        ClientAuth.BASIC: ("client_secret", provider.client_secret),
        ClientAuth.POST: ("client_secret", provider.client_secret),
        ClientAuth.KEY: ("client_key", provider.client_key),
    }.get(provider.client_auth)
    if needed is not None and not needed[1]:
        yield needed[0], "", f'is needed for client_auth "{provider.client_auth.value}"'
    if provider.client_secret and provider.client_key is not None and provider.client_auth is ClientAuth.AUTO:
        yield "client_auth", "auto", "has to say which of client_secret and client_key is used"
    if provider.group_prefix and not provider.take_groups:
        yield "group_prefix", provider.group_prefix, "is only good with take_groups"


_TAIL: Final = re.compile(r"[?#]")


def issuer_problem(issuer: str, *, may_be_plain: bool = False) -> str:
    """What is wrong with an issuer (OpenID Connect Discovery, section 3); empty when nothing is."""
    try:
        parse_address(issuer, may_be_plain=may_be_plain)
    except BadAddress as problem:
        return str(problem)
    return "has neither a query nor a fragment" if _TAIL.search(issuer) else ""
