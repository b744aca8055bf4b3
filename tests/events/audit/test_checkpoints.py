import dataclasses
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.events.audit.logs import KEY, OTHER, Key, write

from yett.events.audit.checkpoints import (
    HEAD,
    KEYS,
    Checkpoint,
    read_head,
    trusted_with,
    vouch,
    vouchings,
    write_whole,
)

BARE = Checkpoint(7, "ab" * 32, "2026-01-01T00:00:00.000000Z", "node", KEY.public_key)
SIGNED = dataclasses.replace(BARE, signature=BARE.signature_by(KEY))
ENTRY = dataclasses.asdict(SIGNED)


def test_a_checkpoint_is_signed_as_a_whole():
    assert SIGNED.is_signed
    for name, other in {
        "count": 8,
        "head": "ac" * 32,
        "time": "2026-01-01T00:00:00.000001Z",
        "node": "edon",
        "key": OTHER.public_key,
        "signature": SIGNED.signature[::-1],
    }.items():
        assert not dataclasses.replace(SIGNED, **{name: other}).is_signed, name


def test_what_is_signed_is_text_that_anybody_can_make():
    assert BARE.text().decode().splitlines() == [
        "yett audit checkpoint v1",
        "7",
        "ab" * 32,
        "2026-01-01T00:00:00.000000Z",
        KEY.public_key,
        "node",
    ]


def test_a_part_with_a_line_break_is_never_signed():
    assert not dataclasses.replace(SIGNED, time="a\nb").is_signed


def test_it_is_found_in_an_entry():
    assert Checkpoint.of(ENTRY | {"level": "INFO", "seq": 8}) == SIGNED


@pytest.mark.parametrize(
    "change",
    [
        {"count": "7"},
        {"count": -1},
        {"count": True},
        {"count": None},
        {"head": 1},
        {"head": "AB" * 32},
        {"head": "ab" * 32 + "\n"},
        {"key": ""},
        {"signature": None},
        {"node": ["node"]},
    ],
)
def test_an_entry_of_another_form_is_none(change):
    assert Checkpoint.of(ENTRY | change) is None


@given(st.dictionaries(st.sampled_from([*ENTRY, "x"]), st.none() | st.integers() | st.text()))
def test_any_entry_is_a_checkpoint_or_none(entry):
    found = Checkpoint.of(entry)
    assert found is None or not found.is_signed


def test_every_byte_of_the_head_file_counts(tmp_path):
    write(tmp_path, 2)
    data = (tmp_path / HEAD).read_bytes()
    assert read_head(data).checkpoint.is_signed
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        assert read_head(changed) is None, place
    for broken in (b"", data[:-1], data + b"\n", data + data, b" " + data):
        assert read_head(broken) is None


def test_a_small_file_is_the_old_one_or_the_new_one(tmp_path, monkeypatch):
    path = tmp_path / "x"
    write_whole(path, b"old")

    def broken(_descriptor):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", broken)
        with pytest.raises(OSError, match="Input"):
            write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["x"]
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_in_the_place_of_the_draft_is_not_followed(tmp_path):
    (tmp_path / ".x.new").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        write_whole(tmp_path / "x", b"new")
    assert not (tmp_path / "elsewhere").exists()


def test_trust_goes_from_a_key_to_those_before_it_and_never_back(tmp_path):
    first, second, third = KEY, OTHER, Key(3)
    vouch(tmp_path, second, first.public_key, time="t")
    vouch(tmp_path, third, second.public_key, time="t")
    vouch(tmp_path, third, second.public_key, time="later")
    vouched = vouchings((tmp_path / KEYS).read_bytes())
    assert len(vouched) == 2
    one, two, three = (key.public_key for key in (first, second, third))
    assert trusted_with(frozenset({three}), vouched) == {one, two, three}
    assert trusted_with(frozenset({two}), vouched) == {one, two}
    assert trusted_with(frozenset({one}), vouched) == {one}
    assert trusted_with(frozenset(), vouched) == frozenset()


def test_a_line_that_is_not_as_we_write_it_vouches_for_nothing(tmp_path):
    vouch(tmp_path, OTHER, KEY.public_key, time="t")
    line = (tmp_path / KEYS).read_bytes()
    forged = json.loads(line) | {"key": Key(3).public_key}
    for data in (
        b"{}\n",
        b"\xff\n",
        line[:-1],
        line.replace(b":", b": ", 1),
        json.dumps(forged).encode() + b"\n",
    ):
        assert vouchings(data) == [None]
    assert vouchings(line + line)[1] is None
    assert vouchings(b"") == []
