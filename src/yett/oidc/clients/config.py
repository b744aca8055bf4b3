"""What operators say about a client."""

from datetime import timedelta
from pathlib import Path

from yett.config import REQUIRED, item, setting
from yett.oidc.clients.model import AuthMethod, Consent, GrantType, TokenFormat

_SCOPE = r"[\x21\x23-\x5b\x5d-\x7e]{1,64}"  # RFC 6749, appendix A.4
_SECRET = r"[\x20-\x7e]{16,256}"  # noqa: S105 - what secrets look like
_LINE = r"[^\x00-\x1f\x7f]{0,256}"
_ADDRESS = r"[\x21-\x7e]{0,1024}"


@item()
class TLSIdentitySettings:
    """What has to stand in a client's certificate (RFC 8705); all that is named has to be there."""

    subject_dn: str = setting(
        "", "Subject of the certificate, as RFC 4514 writes it.", matches=_LINE, expects="one line"
    )
    san_uri: str = setting("", "A URI among its alternative names.", matches=_LINE, expects="one line")
    san_dns: str = setting("", "A host name among them.", matches=_LINE, expects="one line")
    san_email: str = setting("", "A mail address among them.", matches=_LINE, expects="one line")
    thumbprints: tuple[str, ...] = setting(
        (),
        "SHA-256 of certificates in base64url (`x5t#S256`), for `self_signed_tls_client_auth`.",
        matches=r"[A-Za-z0-9_-]{43}",
        expects="43 characters of base64url",
        at_most=20,
    )


@item(named_by="id")
class ClientSettings:
    """An application that people sign in to through the gateway, or that gets tokens for itself."""

    id: str = setting(
        REQUIRED,
        "What the application calls itself in requests (`client_id`).",
        matches=r"[A-Za-z0-9][A-Za-z0-9._~:/@+-]{0,199}",
        expects="at most 200 letters, digits and . _ ~ : / @ + -",
    )
    name: str = setting(
        "",
        "What people read when they are asked for consent; its id without one.",
        matches=r"[^\x00-\x1f\x7f]{0,80}",
        expects="one line of at most 80 characters",
    )
    auth_method: AuthMethod = setting(
        AuthMethod.BASIC,
        'How it proves who it is; "none" for one that can keep no secret, such as a program on people\'s machines.',
    )
    secret: str = setting(
        "",
        "Its secret, for `client_secret_basic` and `client_secret_post`.",
        matches=_SECRET,
        expects="16 to 256 visible characters",
        secret=True,
    )
    secrets: tuple[str, ...] = setting(
        (),
        "Further secrets that are good as well, while one replaces another.",
        matches=_SECRET,
        expects="16 to 256 visible characters",
        at_most=8,
        secret=True,
    )
    secret_hashes: tuple[str, ...] = setting(
        (),
        "SHA-256 of secrets in hexadecimal, so that the secrets themselves need not stand here; only for random ones.",
        matches=r"[0-9a-f]{64}",
        expects="64 hexadecimal digits in lower case",
        at_most=8,
        secret=True,
    )
    redirect_uris: tuple[str, ...] = setting(
        (),
        "Where answers may be sent: each address in full, compared letter by letter. Of http://127.0.0.1 and "
        "http://[::1] any port is taken; a scheme of its own (com.example.app:/cb) is for clients without a secret.",
        at_most=100,
    )
    scopes: tuple[str, ...] = setting(
        ("openid", "profile", "email"),
        "Scopes it may ask for.",
        matches=_SCOPE,
        expects="a scope without spaces",
        at_most=64,
    )
    grants: tuple[GrantType, ...] = setting(
        (GrantType.CODE, GrantType.REFRESH), "What it may exchange for tokens.", at_least=1, at_most=8
    )
    pkce: bool = setting(
        True,
        "Whether its requests have to carry a PKCE challenge; false is for old clients with a secret, which then "
        "have to send a nonce.",
    )
    jwks: str = setting(
        "", "Its public keys as a JSON Web Key set, for `private_key_jwt`.", at_most=64 * 1024
    )
    jwks_file: Path | None = setting(None, "A file with that set.")
    jwks_uri: str = setting("", "An https address where it publishes that set.", matches=_ADDRESS)
    tls: TLSIdentitySettings | None = setting(
        None, "What its certificate says, for `tls_client_auth` and `self_signed_tls_client_auth`."
    )
    networks: tuple[str, ...] = setting(
        (), "Networks that the application itself may ask from; anywhere with none.", at_most=200
    )
    people_networks: tuple[str, ...] = setting(
        (), "Networks that people may sign in to it from; anywhere with none.", at_most=200
    )
    groups: tuple[str, ...] = setting(
        (), "Groups whose members may sign in to it; with none, everybody may.", at_most=200
    )
    audience: str = setting(
        "",
        "Whom its access tokens are for (`aud`); its id without one.",
        matches=r"[\x21-\x7e]{0,256}",
        expects="a name or an address without spaces",
    )
    consent: Consent = setting(
        Consent.ASK,
        "Whether people are asked before it hears of them: once for each set of scopes, always, or never, for "
        "applications of the house.",
    )
    token_format: TokenFormat = setting(
        TokenFormat.JWT, "Whether its access tokens can be read by whoever has the public keys, or by nobody."
    )
    access_lifetime: timedelta = setting(
        timedelta(minutes=10),
        "How long its access tokens last.",
        at_least=timedelta(seconds=10),
        at_most=timedelta(hours=24),
    )
    refresh_lifetime: timedelta = setting(
        timedelta(days=14),
        "How long its refresh tokens last since their last use.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(days=365),
    )
    identity_lifetime: timedelta = setting(
        timedelta(minutes=10),
        "How long its ID tokens last.",
        at_least=timedelta(seconds=10),
        at_most=timedelta(hours=24),
    )
    id_token_algorithm: str = setting(
        "",
        "What its ID tokens are signed with: ES256, RS256 or EdDSA; the provider's own choice without one.",
        matches="(?:ES256|RS256|EdDSA)?",
        expects="ES256, RS256 or EdDSA",
    )
    must_push: bool = setting(False, "Take its requests only through pushed authorization requests.")
    must_bind: bool = setting(
        False, "Give it only tokens that are bound to a key (DPoP) or to its certificate."
    )
    may_introspect: bool = setting(
        False, "Let it ask what tokens of other clients are worth, as resource servers do."
    )
    after_logout: tuple[str, ...] = setting(
        (), "Where people may be sent after signing out, each address in full.", at_most=100
    )
    backchannel_logout: str = setting(
        "", "An https address that is told when a session ends.", matches=_ADDRESS
    )
    backchannel_session: bool = setting(False, "Tell it which session ended (`sid`).")
