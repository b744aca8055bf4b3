"""Nouns of clients: who they are, how they prove it, and what they may have."""

import enum
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Any


class Flaw(enum.Enum):
    """What is wrong with an address or an id of a client."""

    NAME = "name"
    ADDRESS = "redirect_uri"
    WILDCARD = "wildcard"


class Kind(enum.Enum):
    """Where a client comes from."""

    INTERNAL = "internal"
    """An application behind our own proxy; its codes are redeemed in process, never over HTTP."""
    CONFIGURED = "configured"
    REGISTERED = "registered"
    """By itself (RFC 7591): its id carries what it registered."""


class AuthMethod(enum.Enum):
    """How a client proves at the token endpoint who it is (OpenID Connect Core, section 9; RFC 8705, section 2)."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    PRIVATE_KEY = "private_key_jwt"
    TLS = "tls_client_auth"
    SELF_SIGNED_TLS = "self_signed_tls_client_auth"
    NONE = "none"
    """A public client: PKCE alone ties a code to whoever asked for it."""


class GrantType(enum.Enum):
    """What a client may exchange for tokens."""

    CODE = "authorization_code"
    REFRESH = "refresh_token"
    CLIENT = "client_credentials"
    ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


class Consent(enum.Enum):
    """Whether people are asked before a client hears of them."""

    ASK = "ask"
    """Once for each set of scopes, and again when it wants more."""
    ALWAYS = "always"
    IMPLICIT = "implicit"
    """The operator consented for everybody: applications of the house."""


class TokenFormat(enum.Enum):
    """What an access token looks like."""

    JWT = "jwt"
    """Signed (RFC 9068): whoever has the keys can read it."""
    OPAQUE = "opaque"
    """A `gt-` token of type oidc: only the gateway can tell what it is worth."""


@dataclass(frozen=True, slots=True)
class TLSIdentity:
    """What has to stand in a client's certificate (RFC 8705, section 2.1.2); what is empty is not looked at."""

    subject_dn: str = ""
    san_uri: str = ""
    san_dns: str = ""
    san_email: str = ""
    thumbprints: frozenset[str] = frozenset()
    """SHA-256 of certificates in base64url (`x5t#S256`), for those that nobody signed."""

    def __bool__(self) -> bool:
        return bool(self.subject_dn or self.san_uri or self.san_dns or self.san_email or self.thumbprints)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long things last that a client gets."""

    access: timedelta = timedelta(minutes=10)
    refresh: timedelta = timedelta(days=14)
    """Since the last use."""
    identity: timedelta = timedelta(minutes=10)


_CODE_AND_REFRESH = frozenset({GrantType.CODE, GrantType.REFRESH})


@dataclass(frozen=True, slots=True)
class Client:
    """An application that may ask for codes or tokens."""

    client_id: str
    redirect_uris: frozenset[str]
    scopes: frozenset[str]
    kind: Kind = Kind.INTERNAL
    name: str = ""
    """What people read; empty for its id."""
    auth_method: AuthMethod = AuthMethod.NONE
    secret_hashes: tuple[bytes, ...] = field(default=(), repr=False)
    """SHA-256 of each secret that is good; several while one replaces another."""
    grants: frozenset[GrantType] = _CODE_AND_REFRESH
    keys: tuple[dict[str, Any], ...] = field(default=(), hash=False)
    """Its public keys as JSON Web Keys."""
    keys_uri: str = ""
    """Where they are published; asked when `keys` is empty."""
    tls: TLSIdentity = TLSIdentity()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Where its own requests may come from; anywhere with none."""
    people_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Where people may sign in to it from; anywhere with none."""
    groups: frozenset[str] = frozenset()
    """Whose members may sign in to it; everybody with none."""
    audience: str = ""
    """Whom its access tokens are for; its id without one."""
    consent: Consent = Consent.ASK
    token_format: TokenFormat = TokenFormat.JWT
    lifetimes: Lifetimes = Lifetimes()
    identity_algorithm: str = ""
    """What its ID tokens are signed with: ES256, RS256 or EdDSA; empty for the provider's own choice."""
    must_challenge: bool = True
    """Whether its requests have to carry a PKCE challenge; those of public clients have to anyway."""
    must_push: bool = False
    """Whether its requests have to come through PAR (RFC 9126)."""
    must_bind: bool = False
    """Whether its tokens have to be bound to a key or certificate (RFC 9449, RFC 8705)."""
    may_introspect: bool = False
    """Whether it may ask about tokens of other clients (RFC 7662)."""
    after_logout: frozenset[str] = frozenset()
    """Where people may be sent after signing out (OpenID Connect RP-Initiated Logout 1.0, section 2.1)."""
    backchannel_logout: str = ""
    """Who is told that a session ended (OpenID Connect Back-Channel Logout 1.0)."""
    backchannel_session: bool = False
    """Whether it has to be told which session, by `sid`."""

    @property
    def is_public(self) -> bool:
        """Whether it has nothing to prove who it is with."""
        return self.auth_method is AuthMethod.NONE

    @property
    def title(self) -> str:
        """What people read."""
        return self.name or self.client_id

    @property
    def label(self) -> str:
        """Its id as log lines have it; that of a client that registered itself is long."""
        return self.client_id if len(self.client_id) <= 80 else f"{self.client_id[:79]}…"
