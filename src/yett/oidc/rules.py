"""What an authorization request and a code have to satisfy: values in, verdict out.

OAuth 2.1 (the code grant with PKCE as the only one), RFC 6749 section 4.1, RFC 7636, RFC 9126,
RFC 9207, RFC 9449 section 10 and OpenID Connect Core section 3.1.2. Nothing here waits, reads a
clock or says anything.

Our own applications behind the proxy are asked for more than others: a state, and no pages besides the
sign-in.
"""

import base64
import hashlib
import hmac
import re
import urllib.parse
from collections.abc import Collection, Mapping
from dataclasses import replace

from yett.identity.access import Assurance, assurance_named
from yett.net.pages import Fields
from yett.oidc import claims as claims_rules
from yett.oidc.clients import Client, GrantType, Kind, accepts
from yett.oidc.clients.rules import is_weak_challenge
from yett.oidc.model import ERRORS, Asked, Code, Reason, ResponseMode, SentBack, Shown, SignOn

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
"""SHA-256 in base64url without padding (RFC 7636, section 4.2)."""
_THUMBPRINT = _CHALLENGE
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_TEXT = re.compile(r"[\x20-\x7e]*")
_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,4096}")
_SECONDS = re.compile(r"[0-9]{1,9}")
MAX_STATE = 4096
MAX_NONCE = 512
MAX_HINT = 256
MAX_REQUEST = 6000
"""Characters of a whole request as it stands, escaped once more, in the address of the sign-in page."""
_MOST_SCOPES = 32
OFFLINE = "offline_access"
PROMPTS = ("none", "login", "consent", "select_account")
_KNOWN = frozenset(
    {
        "client_id",
        "redirect_uri",
        "response_type",
        "response_mode",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        # Stays when a demand for a fresh sign-in is met: what comes of that may be too little.
        "acr_values",
        "claims",
        "dpop_jkt",
        "id_token_hint",
    }
)
_DEMANDS = frozenset({"prompt", "max_age", "login_hint", "idp_hint", "request_uri"})
_FRESH = frozenset({"login", "select_account"})
"""Prompts that a sign-in meets. Whoever is to choose an account signs in with it."""


def read_request(
    fields: Fields | None, clients: Mapping[str, Client], *, is_pushed: bool = False
) -> Asked | Shown | SentBack:
    """The request in a query. The client and its exact redirect address come before everything else.

    Until both are known to belong together, nothing may be sent anywhere: an open redirector
    is worth as much to an attacker as a stolen code.
    """
    if fields is None:
        return Shown(Reason.MALFORMED, "")
    values: dict[str, str] = {}
    repeated: set[str] = set()
    for name, value in fields:
        if name in values:
            repeated.add(name)
        values[name] = value
    # A parameter without a value counts as one that was left out (RFC 6749, section 3.1).
    given = {name: value for name, value in values.items() if value}
    client = clients.get(given.get("client_id", ""))
    if client is None or "client_id" in repeated:
        return Shown(Reason.UNKNOWN_CLIENT, "")
    uri = given.get("redirect_uri", "")
    if not accepts(client, uri) or "redirect_uri" in repeated:
        return Shown(Reason.REDIRECT_URI, client.label)
    state = given.get("state", "")
    has_proper_state = len(state) <= MAX_STATE and _TEXT.fullmatch(state) and "state" not in repeated
    mode = _mode_of(given, client) or ResponseMode.QUERY
    is_stranger = client.kind is Kind.REGISTERED
    back = SentBack(Reason.STATE, client.label, uri, state if has_proper_state else "", mode, is_stranger)
    reason = Reason.REPEATED_PARAMETER if repeated else _judge_parameters(given, client, is_pushed=is_pushed)
    if reason is None and (not has_proper_state or (not state and client.kind is Kind.INTERNAL)):
        reason = Reason.STATE
    if reason is None and not is_pushed and _is_too_long(fields):
        reason = Reason.TOO_LONG
    asked = _understand(given, client, back) if reason is None else reason
    return asked if isinstance(asked, Asked) else replace(back, reason=asked)


def _is_too_long(fields: Fields) -> bool:
    """Whether a request fits into the address of the sign-in page. Most are so short that nobody has to write it.

    Escaped twice, a byte of UTF-8 becomes at most "%25XX".
    """
    text = "".join(f"{name}={value}&" for name, value in fields)
    longest = len(text) * (5 if text.isascii() else 20)
    return longest > MAX_REQUEST and len(urllib.parse.quote_plus(without_demands(fields))) > MAX_REQUEST


def _understand(given: Mapping[str, str], client: Client, back: SentBack) -> Asked | Reason:
    """The request of a client whose parameters are all well formed."""
    claims = claims_rules.read_claims(given.get("claims", "{}"))
    if claims is None:
        return Reason.CLAIMS
    subject = claims_rules.subject_wanted(claims)
    if subject is None:
        return Reason.OTHER_PERSON
    acrs, is_essential = claims_rules.acr_wanted(claims)
    acceptable = frozenset(filter(None, map(assurance_named, acrs))) if is_essential else frozenset()
    if is_essential and not acceptable:
        return Reason.ACR_UNMET
    voluntary = assurance_wanted(" ".join((given.get("acr_values", ""), *(() if is_essential else acrs))))
    prompts = given.get("prompt", "").split()
    return Asked(
        client_id=client.client_id,
        redirect_uri=back.redirect_uri,
        state=back.state,
        challenge=given.get("code_challenge", ""),
        nonce=given.get("nonce", ""),
        scope=_scope_of(given, client),
        must_not_show="none" in prompts,
        must_sign_in=not _FRESH.isdisjoint(prompts),
        max_age=int(given["max_age"]) if "max_age" in given else None,
        assurance=min(acceptable, key=lambda each: each.rank) if acceptable else voluntary,
        response_mode=back.response_mode,
        must_consent="consent" in prompts,
        acceptable=acceptable,
        claims=claims_rules.permitted(claims, client.scopes),
        jkt=given.get("dpop_jkt", ""),
        hint=given.get("id_token_hint", ""),
        subject=subject,
        login_hint=given.get("login_hint", ""),
        idp_hint=given.get("idp_hint", ""),
    )


def _scope_of(given: Mapping[str, str], client: Client) -> str:
    """What is asked for. Nobody can be away from a client without refresh tokens, so that word says nothing there."""
    scope = given.get("scope", "")
    if OFFLINE not in scope or GrantType.REFRESH in client.grants:
        return scope
    return " ".join(each for each in scope.split(" ") if each != OFFLINE)


def _mode_of(given: Mapping[str, str], client: Client) -> ResponseMode | None:
    """How the answer shall travel; None when it cannot travel so.

    There is no answer in a fragment: it would stand in the browser's history for nothing, as a code is redeemed by
    the client's server. A form leads nowhere but to web addresses.
    """
    name = given.get("response_mode", ResponseMode.QUERY.value)
    if name == ResponseMode.QUERY.value:
        return ResponseMode.QUERY
    is_web = given.get("redirect_uri", "").startswith(("https://", "http://"))
    if name == ResponseMode.FORM_POST.value and is_web and client.kind is not Kind.INTERNAL:
        return ResponseMode.FORM_POST
    return None


def assurance_wanted(acr_values: str) -> Assurance:
    """How much a client wants to be known (OpenID Connect Core, section 3.1.2.1; RFC 9470, section 4).

    Any of its values will do, so the least of them counts. Those that nobody knows here ask for
    nothing: a client that relies on one has to look at the `acr` that it gets.
    """
    known = (assurance_named(name) for name in acr_values.split(" "))
    return min(filter(None, known), key=lambda each: each.rank, default=Assurance.SINGLE)


def stated_assurance(held: Assurance, acceptable: Collection[Assurance]) -> Assurance:
    """What the client hears: of what it said it accepts, the most that is true; else what is known."""
    fitting = (each for each in acceptable if held.reaches(each))
    return max(fitting, key=lambda each: each.rank, default=held)


def _judge_parameters(given: Mapping[str, str], client: Client, *, is_pushed: bool) -> Reason | None:
    """Everything that can be wrong with a request of a known client."""
    scopes = given.get("scope", "").split(" ") if "scope" in given else []
    checks = (
        (Reason.REQUEST_OBJECT, "request" in given),
        (Reason.REQUEST_ADDRESS, "request_uri" in given),
        (Reason.REGISTRATION, "registration" in given),
        (Reason.PUSH_REQUIRED, client.must_push and not is_pushed),
        (Reason.GRANT, GrantType.CODE not in client.grants),
        (Reason.RESPONSE_TYPE, given.get("response_type") != "code"),
        (Reason.RESPONSE_MODE, _mode_of(given, client) is None),
        *_judge_challenge(given, client),
        (
            Reason.NONCE,
            len(given.get("nonce", "")) > MAX_NONCE or not _TEXT.fullmatch(given.get("nonce", "")),
        ),
        (Reason.SCOPE, len(scopes) > _MOST_SCOPES or not client.scopes.issuperset(scopes)),
        (Reason.PROMPT, not _is_proper_prompt(given, client)),
        (Reason.ACR, not _TEXT.fullmatch(given.get("acr_values", ""))),
        (Reason.MAX_AGE, not _SECONDS.fullmatch(given.get("max_age", "0"))),
        (Reason.JKT, "dpop_jkt" in given and not _THUMBPRINT.fullmatch(given["dpop_jkt"])),
        (Reason.HINT, "id_token_hint" in given and not _TOKEN.fullmatch(given["id_token_hint"])),
        (Reason.HINT, not _is_line(given.get("login_hint", ""))),
        (Reason.HINT, not _is_line(given.get("idp_hint", ""))),
    )
    return next((reason for reason, is_so in checks if is_so), None)


def _judge_challenge(given: Mapping[str, str], client: Client) -> tuple[tuple[Reason, bool], ...]:
    has_challenge = "code_challenge" in given or "code_challenge_method" in given
    if not has_challenge and not client.must_challenge and not client.is_public:
        # The nonce stands in for it: it ties the ID token to whoever asked (RFC 9700, section 2.1.1).
        is_tied = "nonce" in given and "openid" in given.get("scope", "").split(" ")
        return ((Reason.PKCE_MISSING, not is_tied),)
    challenge = given.get("code_challenge", "")
    return (
        (Reason.PKCE_MISSING, not challenge),
        # Without a method "plain" is meant (RFC 7636, section 4.3), which protects nothing.
        (Reason.PKCE_PLAIN, given.get("code_challenge_method", "plain") == "plain"),
        (Reason.PKCE_MALFORMED, given.get("code_challenge_method") != "S256"),
        (Reason.PKCE_MALFORMED, not _CHALLENGE.fullmatch(challenge)),
        (Reason.ENTROPY, is_weak_challenge(challenge)),
    )


def _is_proper_prompt(given: Mapping[str, str], client: Client) -> bool:
    """Whether the pages that are asked for exist; "none" stands alone."""
    prompts = given["prompt"].split(" ") if "prompt" in given else []
    if client.kind is Kind.INTERNAL:
        return prompts in ([], ["none"], ["login"])
    return set(prompts) <= set(PROMPTS) and ("none" not in prompts or prompts == ["none"])


def _is_line(text: str) -> bool:
    return len(text) <= MAX_HINT and text.isprintable()


def judge_sign_on(
    asked: Asked, auth_time: float | None, now: float, held: Assurance = Assurance.SINGLE
) -> SignOn:
    """What is needed before a code can be made; `auth_time` is None when nobody is signed in.

    `held` is how much is known of whoever is. More proof is asked for on top of a sign-in that is recent enough.
    """
    if auth_time is None:
        needed = SignOn.FIRST
    elif asked.must_sign_in or (asked.max_age is not None and now - auth_time > asked.max_age):
        needed = SignOn.AGAIN
    elif not held.reaches(asked.assurance):
        needed = SignOn.STEP_UP
    else:
        return SignOn.ENOUGH
    return SignOn.IMPOSSIBLE if asked.must_not_show else needed


def without_demands(fields: Fields) -> str:
    """The same request as a query, without the demand for a fresh sign-in, to come back with after one.

    A person could take the demand out of the address as well, so a client that relies on it has
    to look at the time of the sign-in anyway (OpenID Connect Core, section 3.1.2.1).
    """
    kept = [(name, value) for name, value in fields if name in _KNOWN and value]
    if any(name == "prompt" and "consent" in value.split(" ") for name, value in fields):
        kept.append(("prompt", "consent"))
    return urllib.parse.urlencode(kept)


def understood(fields: Fields) -> Fields:
    """Those of a request that mean something here, wherever they came from."""
    return tuple((name, value) for name, value in fields if name in _KNOWN or name in _DEMANDS)


def answer_to(redirect_uri: str, parameters: Mapping[str, str]) -> str:
    """The redirect address with an answer added to its query; what it had already stays."""
    joint = "&" if "?" in redirect_uri else "?"
    kept = {name: value for name, value in parameters.items() if value}
    return f"{redirect_uri}{joint}{urllib.parse.urlencode(kept)}"


def error_for(reason: Reason) -> str:
    """What the client is told."""
    return ERRORS.get(reason, "invalid_request")


def fingerprint(code: str) -> str:
    """Under what a code is kept: whoever reads the store cannot redeem what is in it."""
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()


def is_verifier(verifier: str) -> bool:
    """Whether a text is a verifier at all (RFC 7636, section 4.1)."""
    return _VERIFIER.fullmatch(verifier) is not None


def fits(verifier: str, challenge: str) -> bool:
    """Whether a verifier is the one behind a challenge, in constant time (RFC 7636, section 4.6)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    made = base64.urlsafe_b64encode(digest).rstrip(b"=")
    return hmac.compare_digest(made, challenge.encode())


def judge_code(code: Code, *, client_id: str, redirect_uri: str, verifier: str, now: float) -> Reason | None:
    """Why a code gives no grant; None when it does."""
    if now >= code.expires_at:
        return Reason.CODE_EXPIRED
    if client_id != code.client_id:
        return Reason.OTHER_CLIENT
    if redirect_uri != code.redirect_uri:
        return Reason.OTHER_REDIRECT_URI
    if not code.challenge:
        # Whoever sends a verifier has sent a challenge, and somebody has taken it away (RFC 9700, section 4.8.2).
        return Reason.VERIFIER_WRONG if verifier else None
    if not is_verifier(verifier):
        return Reason.VERIFIER_MALFORMED
    return None if fits(verifier, code.challenge) else Reason.VERIFIER_WRONG
