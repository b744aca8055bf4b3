"""What a client may register: its metadata in, what counts of it out.

RFC 7591, sections 2 and 3; OpenID Connect Dynamic Client Registration 1.0, section 2. What is not known is
ignored, what may be narrower is narrowed and told so (section 3.2.1); what would change who gets a code is refused.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from yett.net.fetching import BadAddress, parse_address
from yett.oidc.clients import AuthMethod, Flaw, GrantType, flaw_in_address
from yett.oidc.jose import import_public
from yett.oidc.registration import names
from yett.oidc.registration.config import RegistrationSettings
from yett.oidc.registration.model import Fault, Registered, Registration, Rejected

MAX_BODY = 16 * 1024
_MOST_KEYS = 4
_KEY_ID = re.compile(r"[\x21-\x7e]{0,128}")
_METHODS = frozenset({AuthMethod.BASIC, AuthMethod.POST, AuthMethod.PRIVATE_KEY, AuthMethod.NONE})
"""A certificate says nothing of a client that nobody knows, so those methods are for configured ones."""
_SECRET = frozenset({AuthMethod.BASIC, AuthMethod.POST})

_Text = Annotated[str, msgspec.Meta(max_length=1024)]
_Texts = Annotated[tuple[_Text, ...], msgspec.Meta(max_length=10)]


class Metadata(msgspec.Struct, frozen=True):
    """What is read of a request; the rest is ignored."""

    redirect_uris: _Texts = ()
    token_endpoint_auth_method: _Text = AuthMethod.BASIC.value
    grant_types: _Texts = (GrantType.CODE.value,)
    response_types: _Texts = ("code",)
    client_name: _Text = ""
    scope: _Text = ""
    jwks_uri: _Text = ""
    jwks: dict[str, Any] | None = None
    subject_type: _Text = "public"
    id_token_signed_response_alg: _Text = ""
    id_token_encrypted_response_alg: _Text = ""
    userinfo_signed_response_alg: _Text = ""
    userinfo_encrypted_response_alg: _Text = ""
    post_logout_redirect_uris: _Texts = ()
    backchannel_logout_uri: _Text = ""
    backchannel_logout_session_required: bool = False
    dpop_bound_access_tokens: bool = False
    require_pushed_authorization_requests: bool = False
    software_statement: Any = None


def read(
    document: object,
    settings: RegistrationSettings,
    *,
    algorithms: Collection[str],
    taken: Collection[str],
    places: Collection[names.Place] = (),
    own_host: str = "",
) -> Registration | Rejected:
    """What counts of the metadata that were sent.

    `algorithms` are those that ID tokens can be signed with, `taken` the names of others, `places` the applications
    behind the gateway, whose names are for clients at their hosts only; nobody is sent to `own_host`.
    """
    if not isinstance(document, dict):
        return Rejected(Fault.METADATA, "This takes a JSON object.")
    try:
        given = msgspec.convert({key: it for key, it in document.items() if it is not None}, Metadata)
    except (msgspec.ValidationError, RecursionError):
        return Rejected(Fault.METADATA, "A member is of the wrong type, or too large.")
    if given.software_statement is not None:
        return Rejected(Fault.SOFTWARE_STATEMENT, "Software statements are not understood here.")
    method = next((each for each in _METHODS if each.value == given.token_endpoint_auth_method), None)
    if method is None:
        return Rejected(Fault.METADATA, "This token_endpoint_auth_method is not for clients that register.")
    flawed = _judge_addresses(given, settings, own_host, is_native=method is AuthMethod.NONE)
    if flawed is not None:
        return flawed
    flawed = _judge_rest(given, method, algorithms)
    if flawed is not None:
        return flawed
    keys = _keys(given.jwks)
    if isinstance(keys, Rejected):
        return keys
    grants = _grants(given, settings)
    scopes = _scopes(given, settings)
    if isinstance(grants, Rejected) or isinstance(scopes, Rejected):
        return grants if isinstance(grants, Rejected) else scopes  # type: ignore[return-value]  # one of them is
    name = names.proper_name(given.client_name or _place_of(given.redirect_uris[0]))
    if not name:
        return Rejected(Fault.METADATA, "This client_name cannot be shown to people.")
    hosts = {urlsplit(uri).hostname or "" for uri in given.redirect_uris}
    if names.is_taken(name, (*taken, *names.elsewhere(places, hosts))):
        return Rejected(Fault.METADATA, "This client_name could be mistaken for another's.")
    return Registration(
        name=name,
        redirect_uris=tuple(dict.fromkeys(given.redirect_uris)),
        auth_method=method,
        grants=grants,
        scopes=scopes,
        keys=keys,
        keys_uri=given.jwks_uri,
        identity_algorithm=given.id_token_signed_response_alg,
        after_logout=tuple(dict.fromkeys(given.post_logout_redirect_uris)),
        backchannel_logout=given.backchannel_logout_uri,
        backchannel_session=given.backchannel_logout_session_required,
        must_bind=given.dpop_bound_access_tokens,
        must_push=given.require_pushed_authorization_requests,
    )


def _judge_addresses(
    given: Metadata, settings: RegistrationSettings, own_host: str, *, is_native: bool
) -> Rejected | None:
    if not given.redirect_uris:
        return Rejected(Fault.REDIRECT_URI, "This takes redirect_uris.")
    for uri in (*given.redirect_uris, *given.post_logout_redirect_uris):
        flaw = flaw_in_address(uri, is_native=is_native)
        if flaw is Flaw.WILDCARD:
            return Rejected(Fault.REDIRECT_URI, "Wildcards are not allowed: write out each address.")
        if flaw is not None:
            sentence = "Addresses are absolute and https, without fragment; http is for loopback."
            return Rejected(Fault.REDIRECT_URI, sentence)
        is_ours = bool(own_host) and urlsplit(uri).hostname == own_host
        if is_ours or not is_allowed_host(uri, settings.redirect_hosts):
            return Rejected(Fault.REDIRECT_URI, "Clients may not send people to this host.")
    for uri in filter(None, (given.jwks_uri, given.backchannel_logout_uri)):
        try:
            parse_address(uri)
        except BadAddress:
            return Rejected(Fault.METADATA, "An address that the gateway would ask is not https with a host.")
    return None


def is_allowed_host(uri: str, allowed: Sequence[str]) -> bool:
    """Whether people may be sent to an address. Where anybody's own machine answers, no list is of use."""
    if not allowed or not uri.startswith("https://"):
        return True
    host = urlsplit(uri).hostname or ""
    return any(host == each or (each[0] == "*" and host.endswith(each[1:])) for each in allowed)


def _judge_rest(given: Metadata, method: AuthMethod, algorithms: Collection[str]) -> Rejected | None:
    has_keys = given.jwks is not None or bool(given.jwks_uri)
    asked = given.id_token_signed_response_alg
    checks = (
        ("jwks and jwks_uri exclude each other.", given.jwks is not None and bool(given.jwks_uri)),
        ("private_key_jwt takes jwks or jwks_uri.", method is AuthMethod.PRIVATE_KEY and not has_keys),
        ("Only public subjects are there.", given.subject_type != "public"),
        ("ID tokens are not signed with this algorithm.", bool(asked) and asked not in algorithms),
        ("ID tokens are not encrypted.", bool(given.id_token_encrypted_response_alg)),
        (
            "UserInfo is plain JSON.",
            given.userinfo_signed_response_alg not in {"", "none"}
            or bool(given.userinfo_encrypted_response_alg),
        ),
        ("The only response_type is code.", "code" not in given.response_types),
    )
    return next((Rejected(Fault.METADATA, sentence) for sentence, is_so in checks if is_so), None)


def _keys(jwks: Mapping[str, Any] | None) -> tuple[dict[str, Any], ...] | Rejected:
    if jwks is None:
        return ()
    found = jwks.get("keys")
    if not isinstance(found, list) or not 0 < len(found) <= _MOST_KEYS:
        return Rejected(Fault.METADATA, f"jwks holds one to {_MOST_KEYS} keys.")
    if not all(import_public(each) is not None and _KEY_ID.fullmatch(each.get("kid", "")) for each in found):
        return Rejected(Fault.METADATA, "A key is no public key that counts here.")
    # Certificates and whatever else stands in a key would only make the id longer.
    kept = ("kty", "crv", "x", "y", "n", "e", "kid", "alg")
    return tuple({name: each[name] for name in kept if name in each} for each in found)


def _grants(given: Metadata, settings: RegistrationSettings) -> tuple[GrantType, ...] | Rejected:
    found = tuple(each for each in settings.grants if each.value in given.grant_types)
    if GrantType.CODE not in found:
        return Rejected(
            Fault.METADATA, "grant_types has to hold authorization_code, and it has to be allowed."
        )
    return found


def _scopes(given: Metadata, settings: RegistrationSettings) -> tuple[str, ...] | Rejected:
    if not given.scope:
        return settings.scopes
    found = tuple(each for each in settings.scopes if each in given.scope.split(" "))
    return found or Rejected(Fault.METADATA, "None of these scopes is for clients that register.")


def _place_of(uri: str) -> str:
    """What a client without a name is called: where it sends people."""
    parts = urlsplit(uri)
    return (parts.hostname or parts.scheme)[: names.MAX_NAME]


def described(registered: Registered, *, secret: str) -> dict[str, Any]:
    """What a client hears of its registration (RFC 7591, section 3.2.1)."""
    it = registered.registration
    told = {
        "client_id": registered.client_id,
        "client_id_issued_at": registered.issued_at,
        "client_name": it.name,
        "redirect_uris": list(it.redirect_uris),
        "token_endpoint_auth_method": it.auth_method.value,
        "grant_types": [each.value for each in it.grants],
        "response_types": ["code"],
        "scope": " ".join(it.scopes),
        "jwks": {"keys": list(it.keys)} if it.keys else None,
        "jwks_uri": it.keys_uri,
        "subject_type": "public",
        "id_token_signed_response_alg": it.identity_algorithm,
        "post_logout_redirect_uris": list(it.after_logout),
        "backchannel_logout_uri": it.backchannel_logout,
        "backchannel_logout_session_required": it.backchannel_session or None,
        "dpop_bound_access_tokens": it.must_bind or None,
        "require_pushed_authorization_requests": it.must_push or None,
    }
    kept = {name: value for name, value in told.items() if value}
    if has_secret(it.auth_method):
        kept |= {"client_secret": secret, "client_secret_expires_at": registered.expires_at}
    return kept


def has_secret(method: AuthMethod) -> bool:
    """Whether a client that proves itself so gets a secret."""
    return method in _SECRET
