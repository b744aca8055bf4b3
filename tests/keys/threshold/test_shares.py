import os

import pytest
from tests.keys.threshold.conftest import GATEWAY, master

from yett.keys.frost import Generation
from yett.keys.threshold import Shares, events


def generated():
    """A share and group of two who were both honest."""
    ceremony = bytes(32)
    two = {number: Generation(number, threshold=2, participants=2, ceremony=ceremony) for number in (1, 2)}
    announced = {number: each.announcement() for number, each in two.items()}
    for each in two.values():
        each.hear(announced)
    first, second = two.values()
    dealt = second.share_for(1)
    first.share_for(2)
    return first.finish({2: dealt})


@pytest.fixture
def shares(tmp_path):
    made = Shares(tmp_path / "shares", GATEWAY)
    assert made.load() == 0
    return made


def test_a_share_is_there_again_after_a_restart(shares, tmp_path):
    share, group = generated()
    shares.keep(share, group, {1: b"a" * 32, 2: b"b" * 32})
    again = Shares(tmp_path / "shares", GATEWAY)
    assert again.load() == 1
    kept = again.get(group.public)
    assert (kept.share.secret, kept.group, kept.members[2]) == (share.secret, group, b"b" * 32)
    (file,) = (tmp_path / "shares").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert share.secret.hex() not in file.read_text()
    assert (tmp_path / "shares").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", ["cut", "empty", "other name", "other cluster key", "no text", "huge"])
def test_what_is_damaged_is_said_and_removed(shares, tmp_path, heard, damage):
    share, group = generated()
    shares.keep(share, group, {1: b"a" * 32, 2: b"b" * 32})
    (file,) = (tmp_path / "shares").iterdir()
    key = GATEWAY
    match damage:
        case "cut":
            file.write_text(file.read_text()[:-10])
        case "empty":
            file.write_text("")
        case "other name":
            file = file.rename(file.with_name("0" * 64))
        case "other cluster key":
            key = master("other")
        case "no text":
            file.write_bytes(b"\xff" * 100)
        case "huge":
            file.write_text(file.read_text() + "A" * 100_000)
    assert Shares(tmp_path / "shares", key).load() == 0
    assert not file.exists()
    assert heard("threshold") == [(events.share_corrupt, {"key": file.name})]


def test_a_draft_that_was_left_is_no_share_and_no_obstacle(shares, tmp_path):
    share, group = generated()
    (tmp_path / "shares" / f"{group.public.hex()}.new").write_text("half")
    shares.keep(share, group, {1: b"a" * 32, 2: b"b" * 32})
    assert Shares(tmp_path / "shares", GATEWAY).load() == 1


def test_what_nobody_uses_is_forgotten(shares, tmp_path):
    share, group = generated()
    shares.keep(share, group, {1: b"a" * 32, 2: b"b" * 32})
    (file,) = (tmp_path / "shares").iterdir()
    os.utime(file, (1000.0, 1000.0))
    shares.used(group.public, 50_000.0)
    assert file.stat().st_mtime == 1000.0
    shares.used(group.public, 100_000.0)
    assert file.stat().st_mtime == 100_000.0
    assert shares.forget(99_999.0) == []
    assert shares.forget(100_001.0) == [group.public]
    assert shares.get(group.public) is None
    assert not file.exists()
