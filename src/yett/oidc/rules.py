"""What an authorization request and a code have to satisfy: values in, verdict out.

OAuth 2.1 (the code grant with PKCE as the only one), RFC 6749 section 4.1, RFC 7636, RFC 9207
and OpenID Connect Core section 3.1.2. Nothing here waits, reads a clock or says anything.
"""

import base64
import hashlib
import hmac
import re
import urllib.parse
from collections.abc import Mapping

from yett.identity.access import Assurance, assurance_named
from yett.net.pages import Fields
from yett.oidc.model import ERRORS, Asked, Client, Code, Reason, SentBack, Shown, SignOn

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
"""SHA-256 in base64url without padding (RFC 7636, section 4.2)."""
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_TEXT = re.compile(r"[\x20-\x7e]*")
_CLIENT_ID = re.compile(r"[\x21-\x7e]{1,256}")
_SECONDS = re.compile(r"[0-9]{1,9}")
_HOST = re.compile(r"[a-z0-9.-]+|\[[0-9a-f:.]+\]")
_LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}
MAX_STATE = 4096
MAX_NONCE = 512
MAX_URI = 1024
MAX_REQUEST = 6000
"""Characters of a whole request as it stands, escaped once more, in the address of the sign-in page."""
_MOST_SCOPES = 32
_KNOWN = (
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
)


def judge_redirect_uri(uri: str) -> Reason | None:
    """Whether an address may be registered: absolute, HTTPS, no fragment, no wildcard, nothing hidden.

    HTTP is for loopback only (RFC 8252, section 7.3).
    """
    if "*" in uri:
        return Reason.WILDCARD
    if len(uri) > MAX_URI or not _TEXT.fullmatch(uri) or any(mark in uri for mark in ' "<>\\^`{|}#'):
        return Reason.REDIRECT_URI
    try:
        parts = urllib.parse.urlsplit(uri)
        port_is_proper = parts.port != 0
    except ValueError:
        return Reason.REDIRECT_URI
    host = parts.netloc.rpartition(":")[0] if parts.port is not None else parts.netloc
    is_secure = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    if not (is_secure and port_is_proper and _HOST.fullmatch(host) and parts.path.startswith("/")):
        return Reason.REDIRECT_URI
    return None


def judge_client(client: Client) -> Reason | None:
    """Whether a client may be registered."""
    if not _CLIENT_ID.fullmatch(client.client_id):
        return Reason.UNKNOWN_CLIENT
    if not client.redirect_uris:
        return Reason.REDIRECT_URI
    reasons = (judge_redirect_uri(uri) for uri in sorted(client.redirect_uris))
    return next((reason for reason in reasons if reason is not None), None)


def read_request(fields: Fields | None, clients: Mapping[str, Client]) -> Asked | Shown | SentBack:
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
    if uri not in client.redirect_uris or "redirect_uri" in repeated:
        return Shown(Reason.REDIRECT_URI, client.client_id)
    state = given.get("state", "")
    has_proper_state = 0 < len(state) <= MAX_STATE and _TEXT.fullmatch(state) and "state" not in repeated
    reason = Reason.REPEATED_PARAMETER if repeated else _judge_parameters(given, client)
    if reason is None and not has_proper_state:
        reason = Reason.STATE
    if reason is None and len(urllib.parse.quote_plus(without_demands(fields))) > MAX_REQUEST:
        reason = Reason.TOO_LONG
    if reason is not None:
        return SentBack(reason, client.client_id, uri, state if has_proper_state else "")
    prompts = given.get("prompt", "").split()
    return Asked(
        client_id=client.client_id,
        redirect_uri=uri,
        state=state,
        challenge=given["code_challenge"],
        nonce=given.get("nonce", ""),
        scope=given.get("scope", ""),
        must_not_show="none" in prompts,
        must_sign_in="login" in prompts,
        max_age=int(given["max_age"]) if "max_age" in given else None,
        assurance=assurance_wanted(given.get("acr_values", "")),
    )


def assurance_wanted(acr_values: str) -> Assurance:
    """How much a client wants to be known (OpenID Connect Core, section 3.1.2.1; RFC 9470, section 4).

    Any of its values will do, so the least of them counts. Those that nobody knows here ask for
    nothing: a client that relies on one has to look at the `acr` that it gets.
    """
    known = (assurance_named(name) for name in acr_values.split(" "))
    return min(filter(None, known), key=lambda each: each.rank, default=Assurance.SINGLE)


def _judge_parameters(given: Mapping[str, str], client: Client) -> Reason | None:
    """Everything that can be wrong with a request of a known client."""
    prompts = given.get("prompt", "").split(" ") if "prompt" in given else []
    scopes = given.get("scope", "").split(" ") if "scope" in given else []
    checks = (
        (Reason.REQUEST_OBJECT, "request" in given or "request_uri" in given),
        (Reason.RESPONSE_TYPE, given.get("response_type") != "code"),
        (Reason.RESPONSE_MODE, given.get("response_mode", "query") != "query"),
        (Reason.PKCE_MISSING, "code_challenge" not in given),
        # Without a method "plain" is meant (RFC 7636, section 4.3), which protects nothing.
        (Reason.PKCE_PLAIN, given.get("code_challenge_method", "plain") == "plain"),
        (Reason.PKCE_MALFORMED, given.get("code_challenge_method") != "S256"),
        (Reason.PKCE_MALFORMED, not _CHALLENGE.fullmatch(given.get("code_challenge", ""))),
        (
            Reason.NONCE,
            len(given.get("nonce", "")) > MAX_NONCE or not _TEXT.fullmatch(given.get("nonce", "")),
        ),
        (Reason.SCOPE, len(scopes) > _MOST_SCOPES or not client.scopes.issuperset(scopes)),
        # "none" stands alone; "consent" and "select_account" ask for pages that do not exist here.
        (Reason.PROMPT, prompts not in ([], ["none"], ["login"])),
        (Reason.ACR, not _TEXT.fullmatch(given.get("acr_values", ""))),
        (Reason.MAX_AGE, not _SECONDS.fullmatch(given.get("max_age", "0"))),
    )
    return next((reason for reason, is_so in checks if is_so), None)


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
    return urllib.parse.urlencode([(name, value) for name, value in fields if name in _KNOWN and value])


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
    if not is_verifier(verifier):
        return Reason.VERIFIER_MALFORMED
    return None if fits(verifier, code.challenge) else Reason.VERIFIER_WRONG
