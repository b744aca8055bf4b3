import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.tokens import Change, Group, HistoryEntry, Identity, TokenData, TokenType, encoding
from yett.tokens.model import AuthenticationEntry, Use
from yett.tokens.stored import Stored

KEY = "7o7OCWgLTAs7FNuCXIrYVQ"
ENTRY = HistoryEntry(
    "01a204b5-1213-7000-82b3-f3ada0356d9a",
    KEY,
    "ada",
    TokenType.USER,
    Change.EDIT,
    "root",
    1_800_000_000.25,
    ("a", "b"),
    None,
    "laptop",
    ip_address="2001:db8::1",
    old_token_name="old",
    old_scopes=(),
    old_expires=1_800_000_001.0,
    is_redated=True,
)
DATA = TokenData(
    KEY,
    "ada",
    TokenType.INTERNAL,
    frozenset({"b", "a"}),
    1_800_000_000.5,
    1_800_000_900.0,
    "laptop",
    "portal",
    "p" * 22,
    "s1",
    "local:1",
    Identity("Ada", "ada@example.test", 1, 2, (Group("g", 3), Group("h"))),
)


@pytest.mark.parametrize("stored", [Stored(DATA, bytes(32)), Stored(DATA, bytes(32), True, ENTRY)])
def test_a_token_is_read_as_it_was_written(stored):
    assert encoding.decode(KEY, encoding.encode(stored)) == stored


def test_what_is_written_holds_no_secret():
    assert b"secret" not in encoding.encode(Stored(DATA, bytes(32)))


def test_changes_and_uses_are_read_as_they_were_written():
    used = AuthenticationEntry("id", KEY, "ada", TokenType.USER, 1.0, ("a",), "laptop", "", "", "192.0.2.1")

    assert encoding.decode_entry(encoding.encode_entry(ENTRY)) == ENTRY
    assert encoding.decode_authentication(encoding.encode_authentication(used)) == used
    assert encoding.decode_use(encoding.encode_use(Use(5.0, "a"))) == Use(5.0, "a")


@given(
    st.binary() | st.sampled_from([b"{}", b"[]", b'{"digest":"zz"}', b"null", encoding.encode_entry(ENTRY)])
)
def test_what_is_no_token_is_told_so(value):
    with pytest.raises(encoding.Unreadable):
        encoding.decode(KEY, value)


def test_what_is_no_change_or_use_is_told_so():
    with pytest.raises(encoding.Unreadable):
        encoding.decode_entry(b"{}")
    with pytest.raises(encoding.Unreadable):
        encoding.decode_authentication(b"{}")
    assert encoding.decode_use(b"{}") is None


def test_keys_of_the_store_stay_short_and_apart():
    assert encoding.name_key("ada", "x" * 1000) != encoding.name_key("ada", "x" * 999)
    assert len(encoding.name_key("a" * 64, "x" * 1000)) < 512
    assert encoding.history_key(encoding.HISTORY, ENTRY) == f"tokens/history/002976/ada/{ENTRY.id}"
    assert encoding.history_prefix(encoding.HISTORY, 5) == "tokens/history/000005/"
