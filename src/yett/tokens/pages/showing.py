"""What pages say about changes of tokens, and where more of them are. Pure functions."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from yett.tokens.history import Cursor
from yett.tokens.model import HistoryEntry
from yett.tokens.pages.filling import Search

_WORDS = {"create": "Created", "revoke": "Deleted", "expire": "Expired", "edit": "Changed"}


def entry(change: HistoryEntry) -> dict[str, Any]:
    """A change as it is shown."""
    old = []
    if change.old_token_name is not None:
        old.append(f"name, before: {change.old_token_name}")
    if change.old_scopes is not None:
        old.append(f"scopes, before: {', '.join(change.old_scopes) or 'none'}")
    if change.is_redated:
        before = moment(change.old_expires)
        old.append(f"end, before: {before.strftime('%-d %B %Y, %H:%M UTC') if before else 'never'}")
    return {
        **asdict(change),
        "what": _WORDS[change.action.value],
        "type": change.token_type.value,
        "at": moment(change.event_time),
        "until": moment(change.expires),
        "old": old,
    }


def moment(seconds: float | None) -> datetime | None:
    """An instant in UTC; None for never."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def address(page: str, search: Search, cursor: Cursor | None) -> str:
    """Where another page of the same search is; empty when there is none."""
    if cursor is None:
        return ""
    fields = {name: value for name, value in asdict(search).items() if value and name != "cursor"}
    return f"{page}?{urlencode({**fields, 'cursor': str(cursor)})}"
