"""What the forms of the page say: from their fields to what is wanted, or to what is wrong. Pure functions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from yett.tokens.history import Cursor, Query, parse_cursor, parse_network
from yett.tokens.model import TokenType
from yett.tokens.text import is_key

LIFETIMES: tuple[tuple[str, str], ...] = (
    ("3600", "One hour"),
    ("86400", "One day"),
    ("604800", "One week"),
    ("2592000", "30 days"),
    ("7776000", "90 days"),
    ("31536000", "One year"),
    ("date", "Until a day that I choose"),
    ("never", "Never"),
)
USUAL = "2592000"
SCOPE = "scope."
"""Stands before the name of a scope in the names of the form's boxes."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody filled in for a token."""

    name: str = ""
    scopes: frozenset[str] = frozenset()
    lasts: str = USUAL
    date: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody looks for in the history, as they typed it."""

    key: str = ""
    type: str = ""
    address: str = ""
    since: str = ""
    until: str = ""
    cursor: str = ""


def wish_of(fields: Mapping[str, str]) -> Wish:
    """What the form says."""
    chosen = frozenset(name.removeprefix(SCOPE) for name in fields if name.startswith(SCOPE))
    return Wish(
        fields.get("name", "").strip(), chosen, fields.get("lasts", ""), fields.get("date", "").strip()
    )


def expiry_of(wish: Wish, now: float) -> tuple[float | None, str]:
    """When the token is to end (None: never), and what is wrong with that."""
    if wish.lasts == "never":
        return None, ""
    if wish.lasts == "date":
        found = day_of(wish.date)
        return (found, "") if found is not None else (None, "Choose the day on which it ends.")
    if wish.lasts not in dict(LIFETIMES):
        return None, "Choose how long it lasts."
    return now + float(wish.lasts), ""


def search_of(fields: Mapping[str, str]) -> Search:
    """What the form says; more than anybody types is cut off."""
    texts = {name: fields.get(name, "").strip()[:64] for name in Search.__dataclass_fields__}
    return Search(**texts)


def query_of(search: Search, username: str) -> tuple[Query, Cursor | None, dict[str, str]]:
    """What is looked for, from where on, and what is wrong, by field."""
    wrong: dict[str, str] = {}
    if search.key and not is_key(search.key):
        wrong["key"] = "This is not the key of a token: it has 22 characters."
    kind = next((each for each in TokenType if each.value == search.type), None)
    if search.type and kind is None:
        wrong["type"] = "There is no such type."
    network = parse_network(search.address) if search.address else None
    if search.address and network is None:
        wrong["address"] = "Write an address, or a network as 192.0.2.0/24."
    since = _day(search.since, "since", wrong)
    until = _day(search.until, "until", wrong)
    query = Query(
        username,
        key=search.key,
        token_type=kind,
        network=network,
        since=since,
        # The whole of the day is meant.
        until=None if until is None else until + 86399,
    )
    return query, parse_cursor(search.cursor) if search.cursor else None, wrong


def _day(text: str, name: str, wrong: dict[str, str]) -> float | None:
    if not text:
        return None
    found = day_of(text)
    if found is None:
        wrong[name] = "Write a day as 2026-01-31."
    return found


def day_of(text: str) -> float | None:
    """When a day begins, in UTC."""
    try:
        day = datetime.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return None if day is None else day.replace(tzinfo=UTC).timestamp()


def tomorrow(now: float) -> str:
    """The first day that can be chosen."""
    return (datetime.fromtimestamp(now, UTC) + timedelta(days=1)).strftime("%Y-%m-%d")


def offered(
    held: Iterable[str], known: Mapping[str, str], chosen: frozenset[str]
) -> list[tuple[str, str, str, bool]]:
    """The boxes for scopes that somebody may give: field, name, what for, whether it is ticked."""
    return [
        (SCOPE + name, name, known[name] or name, name in chosen) for name in sorted(set(held) & known.keys())
    ]
