"""What is handed over for a provider's token, and what may come back: values in, verdict out.

What comes back becomes a header line of requests, so nothing gets in but what RFC 6750 has as a token.
"""

import re
from typing import Any, Final

from yett.identity.federation.model import Given, Reason, Refused, Trade, TradeGrant, Wrong
from yett.net.fetching import Fetched, FetchFailed

MAX_TOKEN: Final = 16 * 1024
"""Characters of the longest token that is taken: what many servers take as one header field at most."""
MAX_SECONDS: Final = 1 << 31
"""No token is good for longer; whoever says so means something else."""
_TYPES: Final = "urn:ietf:params:oauth:token-type:"
_ACCESS_TOKEN: Final = f"{_TYPES}access_token"
_JWT: Final = f"{_TYPES}jwt"
_GRANTS: Final = "urn:ietf:params:oauth:grant-type:"
_B64TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, section 2.1
_CODE: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
"""Narrower than RFC 6749 (section 5.2) has it: what could be a sentence, or a piece of a token, is no code."""
_ABSOLUTE: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?@!$&'()*+,;=\[\]-]|%[0-9A-Fa-f]{2})+"
)  # RFC 3986, section 4.3: without a fragment


def form_of(trade: Trade, token: str) -> dict[str, str]:
    """The request for a token (RFC 7523, section 2.1, or RFC 8693, section 2.1), without who asks."""
    if trade.grant is TradeGrant.TOKEN_EXCHANGE:
        form = {
            "grant_type": f"{_GRANTS}token-exchange",
            "subject_token": token,
            "subject_token_type": _JWT,
            "requested_token_type": _ACCESS_TOKEN,
        }
        if trade.audience:
            form["audience"] = trade.audience
    else:
        form = {"grant_type": f"{_GRANTS}jwt-bearer", "assertion": token}
    if is_resource(trade.audience):
        form["resource"] = trade.audience
    if trade.scope:
        form["scope"] = trade.scope
    return form


def is_resource(audience: str) -> bool:
    """Whether an audience can be asked for as a resource: an absolute URI without fragment (RFC 8707, section 2)."""
    return _ABSOLUTE.fullmatch(audience) is not None


def judge(answer: Fetched, grant: TradeGrant) -> Given | Wrong | Refused:
    """What came back (RFC 6749, section 5; RFC 8693, section 2.2).

    Of a refusal nothing is kept but its code: what else an endpoint writes there may quote what it was sent.
    """
    said = _object(answer)
    if answer.status != 200:
        # It may work later; elsewhere it is for the operators of both sides to find out why it does not.
        is_passing = answer.status >= 500 or answer.status == 429
        error = _code_of(said) or f"status {answer.status}"
        return Refused(Reason.UNREACHABLE if is_passing else Reason.EXCHANGE, error)
    if said is None:
        return Wrong.NO_OBJECT
    token = said.get("access_token")
    if not isinstance(token, str) or len(token) > MAX_TOKEN or not _B64TOKEN.fullmatch(token):
        return Wrong.ACCESS_TOKEN
    kind = said.get("token_type")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        return Wrong.TOKEN_TYPE
    if grant is TradeGrant.TOKEN_EXCHANGE and said.get("issued_token_type") not in (_ACCESS_TOKEN, _JWT):
        return Wrong.ISSUED_TOKEN_TYPE
    seconds = said.get("expires_in")
    if "expires_in" in said and not _is_lifetime(seconds):
        return Wrong.EXPIRES_IN
    return Given(token, seconds)


def _is_lifetime(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < MAX_SECONDS


def _object(answer: Fetched) -> dict[str, Any] | None:
    try:
        return answer.json()
    except FetchFailed:
        return None


def _code_of(said: dict[str, Any] | None) -> str:
    error = said.get("error") if said is not None else None
    return error if isinstance(error, str) and _CODE.fullmatch(error) else ""
