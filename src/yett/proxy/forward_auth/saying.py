"""What the record says about a question: from values to the attributes of its events."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from msgspec import UNSET

from yett.proxy.forward_auth import events
from yett.proxy.forward_auth.model import Asked, Demand, Holder, Limited, Malformed, Refused, Why
from yett.proxy.forward_auth.told import Told
from yett.tokens import Ingress, Source

_AUTHORIZED = events.token_authorized.declaration


class Dialect(Protocol):
    """Puts a verdict into the words of one kind of proxy."""

    @property
    def name(self) -> str: ...
    def passed(
        self,
        asked: Asked,
        demand: Demand,
        holder: Holder | None,
        *,
        delegated: str = "",
        limited: Limited | None = None,
    ) -> Told: ...
    def refused(
        self, asked: Asked, demand: Demand, refused: Refused, limited: Limited | None = None
    ) -> Told: ...
    def malformed(self, malformed: Malformed) -> Told: ...


@dataclass(slots=True)
class Question:
    """What a proxy asks, how it asked, and what has become known about it."""

    dialect: Dialect
    asked: Asked
    demand: Demand
    # How it asked.
    method: str
    host: str
    path: str
    query: str = ""
    has_options: bool = False
    """Whether OPTIONS has rules of its own; else it is a method like any other."""
    # What has become known.
    source: Source | None = None
    holder: Holder | None = None
    limited: Limited | None = None
    now: float = 0.0


def ingress_of(question: Question) -> Ingress:
    """The question, for the record of a token that is made for its answer."""
    demand = question.demand
    return Ingress(
        question.asked.path, tuple(sorted(demand.scopes)), demand.satisfy.value, demand.service or None
    )


def authorized(question: Question, holder: Holder) -> None:
    """Say that somebody may pass. Said for each request, so nothing is put together that nobody reads."""
    if not _AUTHORIZED.enabled:
        return
    asked, demand, token, limited = question.asked, question.demand, holder.token, question.limited
    wanted = tuple(sorted(demand.scopes))
    events.token_authorized(
        question.method,
        question.host,
        question.path,
        question.query or UNSET,  # type: ignore[arg-type]  # what is UNSET is left out
        question.dialect.name,
        asked.path,
        asked.host,
        wanted,
        wanted,
        demand.satisfy.value,
        demand.service or None,
        demand.only_services or UNSET,  # type: ignore[arg-type]
        demand.username or UNSET,  # type: ignore[arg-type]
        holder.source.value,
        token.key,
        token.username,
        tuple(sorted(token.scopes)),
        None if token.expires is None else int(token.expires - question.now),
        UNSET if limited is None else limited.limit,  # type: ignore[arg-type]
        UNSET if limited is None else limited.used,  # type: ignore[arg-type]
        UNSET if limited is None else _stamp(limited.reset),  # type: ignore[arg-type]
    )


def refused(question: Question, verdict: Refused) -> None:
    """Say that somebody may not pass; nothing where nobody is known and nothing is wrong."""
    if verdict.is_quiet:
        return
    asked = question.asked
    if verdict.why in {Why.CORS, Why.OPTIONS}:
        say = events.cors_rejected if verdict.why is Why.CORS else events.options_rejected
        say(
            method=question.method,
            host=question.host,
            path=question.path,
            query=question.query,
            auth_uri=asked.path,
            auth_host=asked.host,
            error=verdict.text,
        )
        return
    said = _said(question)
    if question.holder is None:
        tell: Callable[..., None] = {
            Why.INVALID_TOKEN: events.token_invalid,
            Why.INVALID_REQUEST: events.request_invalid,
        }.get(verdict.why, events.nobody_allowed)
        tell(**said, token_source=question.source.value if question.source else UNSET, error=verdict.text)
        return
    said |= _of_holder(question.holder, question.now)
    if verdict.why is Why.RATE_LIMITED and question.limited is not None:
        limited = question.limited
        events.rate_limited(
            **said,
            quota_limit=limited.limit,
            quota_used=limited.used,
            quota_reset=_stamp(limited.reset),
            error=verdict.text,
        )
    elif verdict.why is Why.INVALID_TOKEN:
        events.token_too_old(**said, error=verdict.text)
    else:
        events.denied(**said, error=verdict.text)


def _said(question: Question) -> dict[str, Any]:
    asked, demand = question.asked, question.demand
    wanted = tuple(sorted(demand.scopes))
    return {
        "method": question.method,
        "host": question.host,
        "path": question.path,
        "query": question.query or UNSET,
        "dialect": question.dialect.name,
        "auth_uri": asked.path,
        "auth_host": asked.host,
        "required_scopes": wanted,
        "required_scope": wanted,
        "satisfy": demand.satisfy.value,
        "service": demand.service or None,
        "only_services": demand.only_services or UNSET,
        "required_user": demand.username or UNSET,
    }


def _of_holder(holder: Holder, now: float) -> dict[str, Any]:
    token = holder.token
    return {
        "token_source": holder.source.value,
        "token": token.key,
        "user": token.username,
        "scopes": tuple(sorted(token.scopes)),
        "lifetime_seconds": None if token.expires is None else int(token.expires - now),
    }


def _stamp(instant: float) -> str:
    """An instant as Gafaelfawr's record has it: ISO 8601 with a space."""
    return f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%d %H:%M:%S}"
