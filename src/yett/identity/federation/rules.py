"""Every decision about what a provider says: values in, verdict out.

Nothing here waits, reads a clock or says anything, so each case is one row of a table.
"""

import base64
import hashlib
import hmac
import re
import urllib.parse
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from yett.identity.federation.config import ClientAuth, ProviderSettings, issuer_problem
from yett.identity.federation.model import Identity, Metadata, Profile
from yett.identity.model import fold_name, is_name
from yett.net.fetching import BadAddress, parse_address

MAX_TOKEN: Final = 32 * 1024
"""Characters of the longest token that is taken."""
MOST_GROUPS: Final = 500
_MOST_VALUES: Final = 2000
_STATE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_CODE: Final = re.compile(r"[\x20-\x7e]{1,4096}")
_ERROR: Final = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]{1,100}")  # RFC 6749, appendix A.7
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,32768}")
_EMAIL: Final = re.compile(r"[!-?A-~]{1,64}@([A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?)")
_LOCAL: Final = re.compile(r"([^@]{1,64})@([^@]{1,255})")
_REQUEST_URI: Final = re.compile(r"[\x21-\x7e]{1,512}")
_USUAL_REQUEST_URI: Final = "urn:ietf:params:oauth:request_uri:"
DEFAULT_PUSH_LIFETIME: Final = 60
_ENDPOINTS: Final = {
    "authorization_endpoint": True,
    "token_endpoint": True,
    "jwks_uri": True,
    "userinfo_endpoint": False,
    "revocation_endpoint": False,
    "introspection_endpoint": False,
    "pushed_authorization_request_endpoint": False,
    "end_session_endpoint": False,
}
"""Where a provider is asked, and whether there is no way without."""


# What a provider says of itself.


def well_known(issuer: str) -> str:
    """Where a provider describes itself (OpenID Connect Discovery, section 4)."""
    return issuer.removesuffix("/") + "/.well-known/openid-configuration"


def read_metadata(document: Mapping[str, Any], provider: ProviderSettings) -> Metadata | str:
    """A provider's description of itself, or what is wrong with it."""
    issuer = document.get("issuer")
    if issuer != provider.issuer:
        # Exactly, or one provider could pass for another (OpenID Connect Discovery, section 4.3).
        return "it calls itself by another issuer"
    if issuer_problem(issuer, may_be_plain=provider.dev_mode):
        return "its issuer is no address to believe"
    found: dict[str, str] = {}
    for name, is_needed in _ENDPOINTS.items():
        value = document.get(name, "")
        # Nobody is sent to one that is only there for tokens.
        is_needed_here = is_needed and (provider.sign_in or name == "token_endpoint")
        if not value and not is_needed_here:
            continue
        if not isinstance(value, str):
            return f"its {name} is no address"
        try:
            parse_address(value, may_be_plain=provider.dev_mode)
        except BadAddress as problem:
            return f"its {name} cannot be used: {problem}"
        if "#" in value:
            return f"its {name} has a fragment"
        found[name] = value
    lacking = _lacks(document, provider) if provider.sign_in else ""
    if lacking:
        return lacking
    return Metadata(
        issuer=issuer,
        authorization_endpoint=found.get("authorization_endpoint", ""),
        token_endpoint=found["token_endpoint"],
        jwks_uri=found.get("jwks_uri", ""),
        userinfo_endpoint=found.get("userinfo_endpoint", ""),
        revocation_endpoint=found.get("revocation_endpoint", ""),
        introspection_endpoint=found.get("introspection_endpoint", ""),
        par_endpoint=found.get("pushed_authorization_request_endpoint", ""),
        end_session_endpoint=found.get("end_session_endpoint", ""),
        requires_par=document.get("require_pushed_authorization_requests") is True,
        names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        auth_methods=texts(document.get("token_endpoint_auth_methods_supported")),
    )


def _lacks(document: Mapping[str, Any], provider: ProviderSettings) -> str:
    """What it says it cannot do; where it says nothing it is tried."""
    responses = texts(document.get("response_types_supported"))
    if responses and "code" not in responses:
        return "it does not give codes"
    challenges = texts(document.get("code_challenge_methods_supported"))
    if challenges and "S256" not in challenges:
        return "it does not take challenges (PKCE, S256)"
    algorithms = texts(document.get("id_token_signing_alg_values_supported"))
    if algorithms and not set(algorithms) & set(provider.algorithms):
        return "it signs ID tokens with nothing that `algorithms` has"
    proofs = texts(document.get("dpop_signing_alg_values_supported"))
    if provider.dpop and "ES256" not in proofs:
        return "it does not take proofs (DPoP, ES256)"
    return ""


def texts(value: Any) -> tuple[str, ...]:
    """The texts of a claim or a member that is one text or a list of texts; nothing of anything else."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list):
        return tuple(each for each in value[:_MOST_VALUES] if isinstance(each, str))
    return ()


def client_auth(provider: ProviderSettings, methods: Collection[str]) -> ClientAuth:
    """How to prove who we are to a provider that takes these methods; it takes the first where it says nothing."""
    if provider.client_auth is not ClientAuth.AUTO:
        return provider.client_auth
    if provider.client_key is not None:
        return ClientAuth.KEY
    if not provider.client_secret:
        return ClientAuth.NONE
    only_post = ClientAuth.POST.value in methods and ClientAuth.BASIC.value not in methods
    return ClientAuth.POST if only_post else ClientAuth.BASIC


def basic_credentials(client_id: str, secret: str) -> str:
    """The value of Authorization (RFC 6749, 2.3.1: both are form-encoded first)."""
    pair = f"{urllib.parse.quote_plus(client_id)}:{urllib.parse.quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode("ascii")


# Leaving for it.


def farewell(metadata: Metadata, client_id: str, back: str) -> str:
    """Where somebody goes to sign out there and come back; empty where that is not offered.

    No ID token goes along (RP-Initiated Logout, 2): it would stand in the browser's history. So the provider asks.
    """
    if not metadata.end_session_endpoint:
        return ""
    wanted = {"client_id": client_id, "post_logout_redirect_uri": back}
    return with_query(metadata.end_session_endpoint, wanted)


def challenge_of(verifier: str) -> str:
    """The challenge that goes with a verifier (RFC 7636, 4.2)."""
    return _base64url(hashlib.sha256(verifier.encode("ascii")).digest())


def state_key(state: str) -> str:
    """What a trip is kept under: whoever reads the store learns no state."""
    return hashlib.sha256(b"state:" + state.encode()).hexdigest()


def is_state(text: str) -> bool:
    """Whether a text could be a state of ours."""
    return _STATE.fullmatch(text) is not None


def authorization_parameters(
    provider: ProviderSettings,
    *,
    redirect_uri: str,
    state: str,
    nonce: str,
    verifier: str,
    is_again: bool,
    proof_key: str = "",
) -> dict[str, str]:
    """What the provider is asked for (OpenID Connect Core, 3.1.2.1)."""
    wanted = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(provider.scopes),
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
    }
    if provider.acr_values:
        wanted["acr_values"] = " ".join(provider.acr_values)
    if is_again:
        # Both: some look at one only, and `max_age` makes it tell when the person was there.
        wanted |= {"prompt": "login", "max_age": "0"}
    if "offline_access" in provider.scopes and not is_again:
        # Without it the scope does not count (OpenID Connect Core, 11).
        wanted["prompt"] = "consent"
    if proof_key:
        wanted["dpop_jkt"] = proof_key
    return wanted


def with_query(address: str, parameters: Mapping[str, str]) -> str:
    """An address with more in its query; what stands there already stays (RFC 6749, 3.1)."""
    return f"{address}{'&' if '?' in address else '?'}{urllib.parse.urlencode(parameters)}"


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a provider gave for a request that was handed over."""

    request_uri: str
    seconds: int
    is_usual: bool
    """Whether it looks as RFC 9126 has it."""
    says_how_long: bool
    is_usually_long: bool


def read_pushed(answer: Mapping[str, Any]) -> Pushed | None:
    """The answer of the endpoint (RFC 9126, 2.2); None when it cannot be used."""
    uri, seconds = answer.get("request_uri"), answer.get("expires_in")
    if not isinstance(uri, str) or not _REQUEST_URI.fullmatch(uri):
        return None
    says = isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds < 1 << 31
    lifetime = seconds if says and isinstance(seconds, int) else DEFAULT_PUSH_LIFETIME
    return Pushed(uri, lifetime, uri.startswith(_USUAL_REQUEST_URI), says, 5 <= lifetime <= 600)


def error_of(answer: Mapping[str, Any]) -> str:
    """The provider's own word for what went wrong, if it is one (RFC 6749, 5.2); else empty."""
    error = answer.get("error")
    return error if isinstance(error, str) and _ERROR.fullmatch(error) else ""


# Coming back.


def is_code(text: str) -> bool:
    """Whether a text could be a code."""
    return _CODE.fullmatch(text) is not None


def shown_error(text: str) -> str:
    """An error of the query as it may be logged."""
    return text if _ERROR.fullmatch(text) else "malformed"


def issuer_fits(answered: str | None, metadata: Metadata) -> bool:
    """Whether an answer is from the provider that was asked (RFC 9207, 2.4)."""
    if answered is None:
        return not metadata.names_issuer
    return hmac.compare_digest(answered.encode(), metadata.issuer.encode())


def token_of(value: Any) -> str:
    """A token that the endpoint gave; empty for what is none."""
    return value if isinstance(value, str) and _TOKEN.fullmatch(value) else ""


# Who it is.


def profile_of(provider: ProviderSettings, claims: Mapping[str, Any], more: Mapping[str, Any]) -> Profile:
    """Who somebody is, by an ID token and by what the userinfo endpoint adds.

    What the token says counts first: it is signed. An address and whether it is verified are read from
    one and the same, or a token's "verified" would speak for an address that it never saw.
    """

    def claim(name: str) -> Any:
        return claims[name] if claims.get(name) not in (None, "") else more.get(name)

    email = _first_verified(claims, more, provider.email_claim)
    # Where the address is the name, it has to be verified like any other.
    by_email = provider.username_claim == provider.email_claim
    named = email if by_email else claim(provider.username_claim)
    if provider.username_claim == "email" and not by_email:
        named = _first_verified(claims, more, "email")
    listed = {each.claim: texts(claim(each.claim)) for each in provider.group}
    groups = {each.group for each in provider.group if each.value in listed[each.claim]}
    if provider.take_groups:
        groups |= {
            name
            for each in texts(claim(provider.groups_claim))[:MOST_GROUPS]
            if is_name(name := provider.group_prefix + each)
        }
    trusted = set(texts(claims.get("amr"))) & set(provider.trust_amr)
    acr = claims.get("acr")
    return Profile(
        identity=Identity(str(claims["iss"]), str(claims["sub"])),
        username=username_of(named, provider.allowed_domains),
        email=email,
        display_name=_shown_name(claim(provider.display_name_claim)),
        groups=tuple(sorted(groups)),
        is_two_factor=bool(trusted) or (isinstance(acr, str) and acr in provider.trust_acr),
    )


def _first_verified(claims: Mapping[str, Any], more: Mapping[str, Any], name: str) -> str:
    return _verified_email(claims, name) or _verified_email(more, name)


def _verified_email(claims: Mapping[str, Any], name: str) -> str:
    """The address in a claim; empty unless just that address is verified."""
    email = claims.get(name)
    if not isinstance(email, str) or not _EMAIL.fullmatch(email):
        return ""
    usual = claims.get("email")
    # `email_verified` is about `email` (OpenID Connect Core, 5.1), whatever stands in another claim.
    is_usual = isinstance(usual, str) and usual.isascii() and usual.lower() == email.lower()
    is_verified = _is_true(claims.get(f"{name}_verified")) or (
        is_usual and _is_true(claims.get("email_verified"))
    )
    return email if is_verified else ""


def _is_true(value: Any) -> bool:
    # Some providers write the word.
    return value is True or value == "true"


def username_of(value: Any, domains: Collection[str]) -> str | None:
    """The name that a claim means. What stands behind an @ is only cut off where it says whose name it is."""
    if not isinstance(value, str):
        return None
    address = _LOCAL.fullmatch(value)
    if address is None:
        return fold_name(value)
    if not address[2].isascii() or address[2].lower() not in domains:
        return None
    return fold_name(address[1])


def is_in_domains(email: str, domains: Collection[str]) -> bool:
    """Whether a (verified) address is in one of these domains; everybody is where there are none."""
    if not domains:
        return True
    found = _EMAIL.fullmatch(email)
    return found is not None and found[1].lower() in domains


def _shown_name(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(each for each in value if each.isprintable())[:120].strip()


def identity_key(identity: Identity) -> str:
    """What tells an identity from every other, as one word."""
    raw = f"{len(identity.issuer)}:{identity.issuer}{identity.subject}"
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
