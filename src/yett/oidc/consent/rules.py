"""Who is asked for consent, in which words, and what is remembered of it: values in, verdict out."""

import enum
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from yett.oidc.claims import scopes_implied
from yett.oidc.clients import Client, Consent, Kind, is_claimed
from yett.oidc.model import Asked

Datum = Mapping[str, Any]

MOST = 100
"""Applications of a person that are remembered; beyond it, what was allowed longest ago."""
_WORDS: Mapping[str, str] = {
    "openid": "Know who you are (your user name)",
    "profile": "Know your name",
    "email": "Know your mail address",
    "groups": "Know which groups you are in",
    "phone": "Know your telephone number",
    "address": "Know your postal address",
    "offline_access": "Go on acting for you when you are not there",
}
_ORDER = tuple(_WORDS)


class Standing(enum.Enum):
    """Whether somebody has to be asked."""

    COVERED = "covered"
    ASK = "ask"
    LOOK = "look"
    """It depends on what is remembered."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a person allowed an application."""

    client_id: str
    scopes: frozenset[str]
    at: float
    name: str = ""
    """What it was called then."""


def standing(client: Client, asked: Asked) -> Standing:
    """Whether a person is asked before the client hears of them.

    Nobody can tell which program on a machine answers to loopback or to a scheme, so for those a consent of
    earlier says nothing (RFC 8252, section 8.6), unless the operator consented for everybody.
    """
    if client.kind is Kind.INTERNAL:
        return Standing.COVERED
    if asked.must_consent or client.consent is Consent.ALWAYS:
        return Standing.ASK
    if client.consent is Consent.IMPLICIT:
        return Standing.COVERED
    return Standing.ASK if client.is_public and not is_claimed(asked.redirect_uri) else Standing.LOOK


def is_revocable(client: Client) -> bool:
    """Whether a client hears only of people who allowed it, and for as long as they do."""
    return client.kind is not Kind.INTERNAL and client.consent is not Consent.IMPLICIT


def scopes_wanted(scope: str, claims: Mapping[str, Any]) -> tuple[str, ...]:
    """What a person is asked for: the scopes, and those that stand for single claims; the known ones first."""
    wanted = {*scope.split(), *scopes_implied({name: dict(each) for name, each in claims.items()})}
    known = [each for each in _ORDER if each in wanted]
    return (*known, *sorted(wanted - set(known)))


def sentences(scopes: Iterable[str]) -> tuple[str, ...]:
    """What scopes mean, for people; one that nobody here knows is named."""
    return tuple(_WORDS.get(each, f"Use “{each}”") for each in scopes)


# What is remembered.


def given_in(datum: Datum) -> tuple[Given, ...]:
    """What a person allowed, newest first. What has another shape is passed over: then they are asked again."""
    clients = datum.get("clients")
    if not isinstance(clients, dict):
        return ()
    found = [each for name, kept in clients.items() if (each := _read(name, kept)) is not None]
    return tuple(sorted(found, key=lambda each: -each.at))


def _read(client_id: str, kept: Any) -> Given | None:
    if not isinstance(kept, dict):
        return None
    scopes, at, name = kept.get("scopes"), kept.get("at"), kept.get("name", "")
    if not isinstance(scopes, list) or not all(isinstance(each, str) for each in scopes):
        return None
    if not isinstance(at, (int, float)) or not isinstance(name, str):
        return None
    return Given(client_id, frozenset(scopes), float(at), name)


def is_covered(datum: Datum, client_id: str, scopes: Collection[str]) -> bool:
    """Whether a person allowed an application all of this before."""
    return any(each.client_id == client_id and each.scopes.issuperset(scopes) for each in given_in(datum))


def with_given(datum: Datum, new: Given) -> dict[str, Any]:
    """The datum with one more consent; what the application was allowed before stays allowed."""
    before = given_in(datum)
    earlier = next((each.scopes for each in before if each.client_id == new.client_id), frozenset())
    kept = [each for each in before if each.client_id != new.client_id][: MOST - 1]
    merged = Given(new.client_id, new.scopes | earlier, new.at, new.name)
    return {**datum, "clients": {each.client_id: _written(each) for each in (merged, *kept)}}


def without(datum: Datum, client_id: str) -> dict[str, Any] | None:
    """The datum without what an application was allowed; None when it was allowed nothing."""
    kept = given_in(datum)
    left = [each for each in kept if each.client_id != client_id]
    if len(left) == len(kept):
        return None
    return {**datum, "clients": {each.client_id: _written(each) for each in left}}


def _written(given: Given) -> dict[str, Any]:
    return {"scopes": sorted(given.scopes), "at": given.at, "name": given.name}
