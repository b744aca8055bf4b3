"""Every decision of signing in: values in, verdict out.

Nothing here waits, reads a clock or says anything, so each case is one row of a table.
"""

import hmac
import re
import urllib.parse
from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Any

import msgspec

from yett.authn.guessing import address_key
from yett.authn.password import Reason, Rejected
from yett.identity import Person
from yett.identity.access import ASSURANCE, METHODS, Assurance, assurance_named, assurance_of
from yett.identity.federation import PROVIDER, SIGNED_OUT
from yett.net.pages import once, parse_fields
from yett.sessions import Session
from yett.signin import machine
from yett.signin.config import MFASettings
from yett.signin.machine import Policy, Standing
from yett.signin.model import (
    Factor,
    FormFault,
    Method,
    Purpose,
    Sent,
    Turned,
    TurnedAway,
    Use,
    Visit,
    Visitor,
)

HOME = "/"
MAX_NEXT = 6144
MAX_VISITS = 10
"""How many sign-ins of a person are remembered: more than most people have browsers signed in at once."""
AGAIN = "again"
"""Under this name a half-finished sign-in keeps that the person was asked to sign in anew."""
NEEDED = "needed"
"""Under this name a step-up keeps how much has to be proven."""
ENTRY = "entry"
"""Under this name a session keeps which entry of the directory its person was when they signed in."""
CHOSEN = "language_is_chosen"
"""Under this name the preferences keep that the person chose the language of their mails."""
_LONGEST_HINT = 256
_MOST_GROUPS = 16 * 1024
"""Characters of the groups that a half-finished sign-in keeps; a session holds four times that in all."""
_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")
"""Visible ASCII without the backslash, which browsers read as a slash; one slash at the start, not two."""
_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}")


def local_path(wanted: str) -> str:
    r"""The address to go to after signing in: `wanted` if it stays on this host, else the home page.

    "//host", "/\host" and anything with a scheme would lead to another host.
    """
    if len(wanted) > MAX_NEXT or not _PATH.fullmatch(wanted):
        return HOME
    return wanted


def wanted_next(query: bytes) -> str:
    """The safe `next` of a query."""
    fields = once(parse_fields(query) or ())
    return local_path((fields or {}).get("next", HOME))


def wants_again(query: bytes) -> bool:
    """Whether the query asks for a fresh sign-in though there is a session."""
    return ("again", "1") in (parse_fields(query) or ())


def wanted_name(query: bytes) -> str:
    """The name that an application expects to be signed in, to fill in; whoever sits there may be another."""
    hint = (once(parse_fields(query) or ()) or {}).get("login_hint", "")
    return hint if len(hint) <= _LONGEST_HINT and hint.isprintable() else ""


def wanted_provider(query: bytes) -> str:
    """The other provider that the query leads to, whether or not there is one of that name."""
    return (once(parse_fields(query) or ()) or {}).get("with", "")


def left_provider(query: bytes) -> str:
    """The provider that somebody came from who has signed out, whether or not there is one of that name."""
    return (once(parse_fields(query) or ()) or {}).get("from", "")


def signed_out(session: Session) -> str:
    """Where somebody goes whose session that was: to the page that says so."""
    provider = session.metadata.get(PROVIDER, "")
    return f"{SIGNED_OUT}?{urllib.parse.urlencode({'from': provider})}" if provider else SIGNED_OUT


def has_changed_password(query: bytes) -> bool:
    """Whether the person comes from changing their password."""
    return ("changed", "1") in (parse_fields(query) or ())


def with_next(path: str, to: str) -> str:
    """`path` with `to` as its `next`; the home page needs no mention."""
    if to == HOME:
        return path
    return f"{path}{'&' if '?' in path else '?'}{urllib.parse.urlencode({'next': to})}"


def wanted_assurance(query: bytes) -> Assurance:
    """How much the query of a page wants to be proven; what it does not say, or in other words, is nothing."""
    fields = once(parse_fields(query) or ()) or {}
    return assurance_named(fields.get("acr", "")) or Assurance.SINGLE


def wanted_factor(query: bytes, offers: frozenset[Factor]) -> Factor | None:
    """What a code is asked for, by the query of a page; what it does not say is the strongest."""
    fields = once(parse_fields(query) or ()) or {}
    return factor_named(fields.get("by", ""), offers)


def factor_named(name: str, offers: frozenset[Factor]) -> Factor | None:
    """The factor of that name if a code for it may be typed, else the strongest of those; None without any."""
    typed = [each for each in (Factor.TOTP, Factor.EMAIL, Factor.RECOVERY) if each in offers]
    return next((each for each in typed if each.value == name), typed[0] if typed else None)


def masked(email: str) -> str:
    """An address as it may be shown to somebody who has proven only one factor."""
    local, at, domain = email.rpartition("@")
    return f"{local[:1]}…@{domain}" if at else ""


def tries_sentence(left: int) -> str:
    """How often somebody may still try."""
    if left == 1:
        return "You can try once more. Codes change quickly: enter the newest."
    return f"You can try {left} more times. Codes change quickly: enter the newest."


def wait_sentence(seconds: float) -> str:
    """When somebody may try again."""
    minutes = max(1, round(seconds / 60))
    if minutes == 1:
        return "Try again in a minute, or sign in another way."
    if minutes < 120:
        return f"Try again in {minutes} minutes, or sign in another way."
    return f"Try again in {round(minutes / 60)} hours, or sign in another way."


def is_believable_cookie(value: str) -> bool:
    """Whether a cookie could be one that we made: 256 bits, URL-safe."""
    return _COOKIE.fullmatch(value) is not None


def is_leading_away(to: str) -> bool:
    """Whether following `to` may end on another host.

    Chromium applies form-action to every redirect that follows a form, so such a way goes over a
    page of ours, where it begins anew.
    """
    return to.partition("?")[0] != HOME


def judge_form(sent: Sent, use: Use, own_origin: str) -> FormFault | None:
    """Whether a posted form is one that we gave to this browser; None when it is.

    The origin is checked as well as the seal: either alone would do against other sites, and
    each has browsers or proxies that lose it.
    """
    if sent.origin not in {"", own_origin} or sent.fetch_site not in {"", "same-origin", "none"}:
        return FormFault.CROSS_SITE
    if not sent.bound_to:
        return FormFault.NO_COOKIE
    if sent.sealed is None or sent.sealed.payload.get("use") != use.value:
        return FormFault.FORGED
    bound_to = sent.sealed.payload.get("to", "")
    if not hmac.compare_digest(bound_to.encode(), sent.bound_to.encode()):
        return FormFault.FOREIGN
    return FormFault.EXPIRED if sent.sealed.is_expired else None


def judge_call(origin: str, fetch_site: str, content_type: str, own_origin: str) -> bool:
    """Whether a call of the JSON interface comes from our own pages or from no browser at all.

    A page elsewhere cannot send JSON here without asking first (Fetch, section 4.9), which is never
    granted; the other fields are looked at in case a browser is wrong about that.
    """
    kind = content_type.partition(";")[0].strip().lower()
    is_ours = origin in {"", own_origin} and fetch_site in {"", "same-origin", "none"}
    return is_ours and kind == "application/json"


def policy_for(groups: Iterable[str], method: Method, settings: MFASettings) -> Policy:
    """What is demanded of somebody in these groups who came by this method."""
    demand = {
        Method.PASSWORD: settings.password,
        Method.MAGIC_LINK: settings.magiclink,
        Method.KERBEROS: settings.kerberos,
        Method.X509: settings.x509,
        Method.PASSKEY: settings.passkey,
        Method.FEDERATED: settings.federated,
    }[method]
    return Policy(
        demand,
        is_required=not set(groups).isdisjoint(settings.require_groups),
        may_enrol_first=settings.enrol_after_first_factor,
        email_besides=settings.email_besides,
    )


def facts_of(
    method: Method, visitor: Visitor, *, again: bool, is_two_factor: bool, more: Mapping[str, str]
) -> dict[str, str]:
    """What a session keeps of how its person signed in."""
    return {
        **more,
        "method": method.value,
        METHODS: machine.amr([method.amr], is_two_factor=is_two_factor),
        ASSURANCE: machine.assurance(method, is_two_factor=is_two_factor).value,
        "client_address": visitor.address,
        "user_agent": visitor.user_agent,
        **({AGAIN: "1"} if again else {}),
    }


def is_asked_anew(facts: Mapping[str, str], method: Method) -> bool:
    """Whether somebody who was asked to sign in anew has shown that they are there, by the method or after it."""
    return AGAIN in facts and (method.takes_somebody or "factor" in facts)


def other_than(method: Method, standing: Standing) -> Standing:
    """What can be a second factor after a method: not the same thing once more."""
    enrolled = standing.enrolled - {Factor.PASSKEY} if method is Method.PASSKEY else standing.enrolled
    can_mail = standing.can_mail and method is not Method.MAGIC_LINK
    return Standing(enrolled, can_mail, standing.has_lapsed)


def is_of(session: Session, person: Person) -> bool:
    """Whether a session was made for this very person, and not for one who had the name before."""
    return session.metadata.get(ENTRY, person.entry) == person.entry


def is_app_code(typed: str) -> bool:
    """Whether a typed text can only be the code of an app: digits, and what people put between them."""
    return typed.replace(" ", "").replace("-", "").isdigit()


def is_known_address(datum: dict[str, Any] | None, address: str) -> bool:
    """Whether somebody is remembered to have signed in from an address."""
    key = address_key(address)
    return bool(address) and any(address_key(visit.address) == key for visit in visits_of(datum or {}))


def with_factor(
    facts: Mapping[str, str], factor: Factor, method: Method, *, is_new: bool = False
) -> dict[str, str]:
    """What a session keeps of how its person signed in, after a second factor.

    One that is new, enrolled just now, cannot resist phishing: whoever relayed the first factor may have made it.
    """
    proven = machine.assurance(method, is_two_factor=True, factor=None if is_new else factor)
    return {
        **{name: value for name, value in facts.items() if name not in {"purpose", "groups"}},
        "factor": factor.value,
        METHODS: _amr_after(facts, factor),
        ASSURANCE: proven.value,
    }


def lifted(kept: Mapping[str, str], factor: Factor, method: Method) -> dict[str, str]:
    """What becomes other in what a session keeps when its person proves one more factor. It never knows less."""
    proven = machine.assurance(method, is_two_factor=True, factor=factor)
    known = assurance_of(kept)
    return {
        "factor": factor.value,
        METHODS: _amr_after(kept, factor),
        ASSURANCE: (known if known.reaches(proven) else proven).value,
    }


def _amr_after(kept: Mapping[str, str], factor: Factor) -> str:
    before = [each for each in kept.get(METHODS, "").split() if each != "mfa"]
    return machine.amr([*before, _FACTOR_AMR[factor]], is_two_factor=True)


_FACTOR_AMR = {Factor.TOTP: "otp", Factor.RECOVERY: "otp", Factor.EMAIL: "otp", Factor.PASSKEY: "hwk"}


def method_of(session: Session) -> Method | None:
    """The first factor of a half-finished sign-in; None when another version of the gateway wrote it."""
    return next((each for each in Method if each.value == session.metadata.get("method")), None)


def purpose_of(session: Session) -> Purpose | None:
    """What a half-finished sign-in is good for."""
    return next((each for each in Purpose if each.value == session.metadata.get("purpose")), None)


def needed_of(session: Session) -> Assurance:
    """How much the person of a half-finished sign-in has to prove. Only a step-up asks for more than there is."""
    return assurance_named(session.metadata.get(NEEDED, "")) or Assurance.SINGLE


def groups_text(groups: Iterable[str]) -> str:
    """Groups as one text, as many as fit."""
    text = " ".join(groups)
    return text if len(text) <= _MOST_GROUPS else text[:_MOST_GROUPS].rpartition(" ")[0]


def judge_rejection(rejected: Rejected) -> TurnedAway:
    """What a refusal of the password method means for the page.

    Everything that would tell a right name from a wrong one looks the same.
    """
    why = {
        Reason.THROTTLED: Turned.THROTTLED,
        Reason.BUSY: Turned.BUSY,
        Reason.FAILED: Turned.UNAVAILABLE,
    }.get(rejected.reason, Turned.WRONG)
    return TurnedAway(why, rejected.retry_after)


def visits_of(datum: dict[str, Any]) -> tuple[Visit, ...]:
    """The remembered sign-ins, oldest first; none when what is kept has another shape."""
    try:
        return msgspec.convert(datum.get("visits", ()), tuple[Visit, ...])
    except msgspec.ValidationError:
        return ()


def with_visit(datum: dict[str, Any], visit: Visit) -> dict[str, Any]:
    """The datum with one more sign-in; the oldest beyond the limit are forgotten."""
    newest = (*visits_of(datum), visit)[-MAX_VISITS:]
    return {**datum, "visits": msgspec.to_builtins(newest)}


def with_language_seen(datum: dict[str, Any], language: str) -> dict[str, Any] | None:
    """The preferences with the language that a browser asked for; None where the person chose one themselves."""
    return None if datum.get(CHOSEN) is True else {**datum, "language": language}


def visit_before(datum: dict[str, Any], session: str, created_at: float) -> Visit | None:
    """The sign-in before the one that made a session, whatever other browsers did since then."""
    earlier = takewhile(lambda visit: visit.session != session, visits_of(datum))
    # The session's own may be missing; then only the time tells what came before it.
    return next((visit for visit in reversed(tuple(earlier)) if visit.at <= created_at), None)
