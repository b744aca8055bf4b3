from datetime import UTC, datetime

from yett.tokens import Cursor, HistoryEntry, TokenType
from yett.tokens.model import Change
from yett.tokens.pages import showing
from yett.tokens.pages.filling import Search

MADE = HistoryEntry("1", "k" * 22, "ada", TokenType.USER, Change.CREATE, "ada", 1800000000.0, ("read:all",))


def test_a_change_says_what_was_before():
    shown = showing.entry(MADE)
    assert (shown["what"], shown["type"], shown["old"], shown["until"]) == ("Created", "user", [], None)
    assert shown["at"] == datetime(2027, 1, 15, 8, 0, tzinfo=UTC)

    changed = HistoryEntry(
        *("2", "k" * 22, "ada", TokenType.USER, Change.EDIT, "root", 1800000000.0, ("read:all",)),
        old_token_name="laptop",
        old_scopes=(),
        old_expires=None,
        is_redated=True,
    )
    assert showing.entry(changed)["old"] == [
        "name, before: laptop",
        "scopes, before: none",
        "end, before: never",
    ]


def test_another_page_is_of_the_same_search():
    assert showing.address("/h", Search(key="x&y=1", cursor="1_a"), Cursor(2, "b")) == (
        "/h?key=x%26y%3D1&cursor=2_b"
    )
    assert showing.address("/h", Search(), None) == ""
