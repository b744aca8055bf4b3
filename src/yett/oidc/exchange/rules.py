"""Every decision of the token endpoint: values in, verdict out (RFC 6749, sections 4 and 5.2)."""

import hmac
import re
from collections.abc import Mapping
from typing import Any, Final

from yett.identity.access import Assurance, assurance_named
from yett.oidc.clients import Client, GrantType
from yett.oidc.exchange.model import Error, Refused
from yett.oidc.model import Grant, Reason
from yett.oidc.model import Refused as CodeRefused
from yett.oidc.tokens import Basis, Confirmation, TokenAnswer, Unissued

_GRANTS: Final = {grant.value: grant for grant in GrantType}
_SCOPES = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,128}(?: [\x21\x23-\x5b\x5d-\x7e]{1,128}){0,31}")
"""RFC 6749, section 3.3."""
_MOST_VALUE: Final = 4096
OF_PEOPLE: Final = frozenset({"openid", "profile", "email", "address", "phone", "groups", "offline_access"})
"""Scopes that say something about a person; a client that acts for itself has none of them."""
OF_SIGN_ONS: Final = frozenset({"openid", "offline_access"})
"""Scopes that rest on a sign-in; who is only vouched for has none."""

_FOR_THE_PROVEN: Final = frozenset({GrantType.CLIENT, GrantType.ASSERTION})
"""What nobody has a part in but the client, so that it has to be who it says."""

_NEEDED: Final = {
    GrantType.CODE: ("code",),
    GrantType.REFRESH: ("refresh_token",),
    GrantType.CLIENT: (),
    GrantType.ASSERTION: ("assertion",),
    GrantType.DEVICE: ("device_code",),
}


def refused(error: Error, description: str = "") -> Refused:
    """What a client is told; the status follows."""
    return Refused(error.value, description, 503 if error is Error.UNAVAILABLE else 400)


def read_grant(form: Mapping[str, str]) -> GrantType | Refused:
    """What is asked for."""
    named = form.get("grant_type", "")
    if not named:
        return refused(Error.INVALID_REQUEST)
    grant = _GRANTS.get(named)
    return refused(Error.UNSUPPORTED_GRANT_TYPE) if grant is None else grant


def judge_request(grant: GrantType, client: Client, form: Mapping[str, str]) -> Refused | None:
    """Whether a client may ask for that, and has said everything that it takes."""
    if grant not in client.grants or (client.is_public and grant in _FOR_THE_PROVEN):
        return refused(Error.UNAUTHORIZED_CLIENT, "the client may not use this grant")
    for name in _NEEDED[grant]:
        if not form.get(name):
            return refused(Error.INVALID_REQUEST, f"{name} is missing")
    # An assertion has a limit of its own.
    if any(len(value) > _MOST_VALUE for name, value in form.items() if "assertion" not in name):
        return refused(Error.INVALID_REQUEST, "a parameter is too long")
    if form.get("scope") and not _SCOPES.fullmatch(form["scope"]):
        return refused(Error.INVALID_SCOPE)
    return None


def narrowed(wanted: str, client: Client, without: frozenset[str]) -> str | Refused:
    """The scopes of a token for which nobody was asked: those wanted, or all that the client may have."""
    may = client.scopes - without
    asked = wanted.split(" ") if wanted else sorted(may)
    return " ".join(dict.fromkeys(asked)) if may.issuperset(asked) else refused(Error.INVALID_SCOPE)


def basis_of(grant: Grant, client: Client, confirmation: Confirmation) -> Basis:
    """What the tokens of a code rest on."""
    return Basis(
        client_id=client.client_id,
        user=grant.user,
        scope=grant.scope,
        grant_ref=grant.code_ref,
        sign_on_ref=grant.sign_on_ref,
        auth_time=grant.auth_time,
        methods=grant.methods,
        assurance=grant.assurance,
        nonce=grant.nonce,
        confirmation=confirmation,
        claims=grant.claims,
    )


def judge_key(asked_for: str, confirmation: Confirmation) -> bool:
    """Whether a code may be redeemed with this key (RFC 9449, section 10)."""
    return not asked_for or hmac.compare_digest(asked_for.encode(), confirmation.jkt.encode())


def instant_of(text: str) -> float:
    """When somebody signed in, as it was written down; the beginning of time when it was not."""
    try:
        return float(text)
    except ValueError:
        return 0.0


def assurance_of(text: str) -> Assurance:
    """How well somebody was known, as it was written down."""
    return assurance_named(text) or Assurance.SINGLE


def has_scope(scope: str, name: str) -> bool:
    """Whether one of them is it."""
    return name in scope.split(" ")


def members_of(answer: TokenAnswer) -> dict[str, Any]:
    """A proper answer (RFC 6749, section 5.1; OpenID Connect Core, section 3.1.3.3)."""
    members: dict[str, Any] = {
        "access_token": answer.access_token,
        "token_type": answer.token_type,
        "expires_in": answer.expires_in,
    }
    if answer.scope:
        members["scope"] = answer.scope
    if answer.refresh_token:
        members["refresh_token"] = answer.refresh_token
    if answer.id_token:
        members["id_token"] = answer.id_token
    return members


def refusal_of_code(outcome: CodeRefused) -> Refused:
    """How it is told that a code gave nothing: never why, which is the log's."""
    if outcome.reason is Reason.UNAVAILABLE:
        return refused(Error.UNAVAILABLE)
    return refused(Error.INVALID_GRANT, "the code is not good for this")


def refusal_of_tokens(outcome: Unissued) -> Refused:
    """How it is told that there are no tokens."""
    match outcome:
        case Unissued.UNAVAILABLE | Unissued.KEY:
            return refused(Error.UNAVAILABLE)
        case Unissued.NAMESAKE:
            return refused(Error.UNAUTHORIZED_CLIENT, "the client has the name of a person")
        case Unissued.SCOPE:
            return refused(Error.INVALID_SCOPE)
        case _:
            return refused(Error.INVALID_GRANT)
