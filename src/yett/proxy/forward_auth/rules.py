"""Who may pass: a demand, the request asked about, whoever holds a token. Pure functions.

The order is that of Gafaelfawr, because programs and alert rules know it: requests of browsers
about requests (CORS), somebody at all, how long the token lasts, scopes, whose token it is, groups,
proof. Nobody passes whom a line here did not let through.
"""

import re

from yett.proxy.forward_auth.model import Asked, Demand, Holder, Passed, Refused, Satisfy, Verdict, Why
from yett.proxy.forward_auth.parameters import MINIMUM_LIFETIME

_ORIGIN = re.compile(r"https?://([a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?", re.IGNORECASE)
PASSED = Passed()


def is_below(host: str, domain: str) -> bool:
    """Whether a host is a domain or stands below it."""
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def judge_options(demand: Demand, asked: Asked, domain: str) -> Verdict:
    """What becomes of OPTIONS, which browsers send without anything that proves who asks (Fetch, section 4.8)."""
    is_cors, has_method = bool(asked.origin), bool(asked.preflight_method)
    if is_cors and has_method:
        match = _ORIGIN.fullmatch(asked.origin)
        if match is not None and is_below(match[1].lower(), domain):
            return PASSED
        return Refused(Why.CORS, "Cross-origin request not allowed")
    if not demand.allow_options:
        return Refused(Why.OPTIONS, "Non-CORS OPTIONS requests not supported")
    if is_cors or has_method:
        return Refused(Why.OPTIONS, "Malformed CORS request")
    return PASSED


def nobody() -> Refused:
    """Nothing came that could say who asks."""
    return Refused(Why.NO_TOKEN, "Authentication required", is_curable=True, is_quiet=True)


def judge(
    demand: Demand, asked: Asked, holder: Holder, *, now: float, longest: float, domain: str
) -> Verdict:
    """Whether the holder of a good token may pass. `longest` is how many seconds tokens last at most."""
    if demand.is_closed:
        return Refused(Why.INSUFFICIENT_SCOPE, "Nobody may open this")
    return (
        _judge_lifetime(demand, holder, now, longest)
        or _judge_scopes(demand, holder)
        or _judge_person(demand, asked, holder, domain)
        or Passed(holder)
    )


def _judge_lifetime(demand: Demand, holder: Holder, now: float, longest: float) -> Refused | None:
    least = demand.minimum_lifetime
    if not least:
        return None
    most = longest - MINIMUM_LIFETIME
    if least > most:
        text = f"Requested lifetime {least}s longer than maximum lifetime {int(most)}s"
        return Refused(Why.LIFETIME, text)
    expires = holder.token.expires
    if expires is not None and expires - now < least:
        return Refused(Why.INVALID_TOKEN, "Remaining token lifetime too short", is_curable=True)
    return None


def _judge_scopes(demand: Demand, holder: Holder) -> Refused | None:
    held, wanted = holder.token.scopes, demand.scopes
    if wanted.isdisjoint(held) if demand.satisfy is Satisfy.ANY else not wanted <= held:
        return Refused(Why.INSUFFICIENT_SCOPE, "Token missing required scope", tuple(sorted(wanted)))
    return None


def _judge_person(demand: Demand, asked: Asked, holder: Holder, domain: str) -> Refused | None:
    token, info = holder.token, holder.info
    is_allowed = (
        (not demand.only_services or token.service in demand.only_services)
        and (not demand.username or token.username == demand.username)
        and (not demand.user_domain or is_users_own(asked.host, token.username, domain))
        and (not demand.groups or _is_in_each(info.group_names, demand.groups))
        and (not demand.emails or _has_email(info.email or "", demand.emails))
    )
    if not is_allowed:
        return Refused(Why.INSUFFICIENT_SCOPE, "Access not allowed for this user")
    if not holder.assurance.reaches(demand.assurance):
        text = "A stronger proof of who you are is needed"
        return Refused(Why.MORE_PROOF, text, is_curable=True, needed=demand.assurance)
    return None


def is_users_own(host: str, username: str, domain: str) -> bool:
    """Whether a host is one person's own: their name, directly in front of something in the domain."""
    first, _, rest = host.partition(".")
    return first == username and is_below(rest, domain)


def _is_in_each(held: frozenset[str], wanted: tuple[frozenset[str], ...]) -> bool:
    return not any(each.isdisjoint(held) for each in wanted)


def _has_email(email: str, wanted: frozenset[str]) -> bool:
    """Addresses, and "@domain" for all of a domain. Domains know no capital letters; what is before them does."""
    local, at, host = email.rpartition("@")
    return bool(at) and (f"{local}@{host.lower()}" in wanted or f"@{host.lower()}" in wanted)
