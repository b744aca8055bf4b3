import asyncio
import stat
from dataclasses import dataclass

import pytest

from yett.keys import MasterKey, MasterKeyUnusable, events, find_master_key, open_master_key
from yett.keys.master import KEY_FILE, hkdf


@dataclass(frozen=True)
class Settings:
    cluster_key: str = ""


# RFC 5869, appendix A.1 to A.3.
@pytest.mark.parametrize(
    ("material", "salt", "info", "size", "expected"),
    [
        (
            "0b" * 22,
            "000102030405060708090a0b0c",
            "f0f1f2f3f4f5f6f7f8f9",
            42,
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            bytes(range(0x50)).hex(),
            bytes(range(0x60, 0xB0)).hex(),
            bytes(range(0xB0, 0x100)).hex(),
            82,
            (
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
                "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
                "cc30c58179ec3e87c14c01d5c1f3434f1d87"
            ),
        ),
        (
            "0b" * 22,
            "",
            "",
            42,
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ],
)
def test_derivation_matches_rfc_5869(material, salt, info, size, expected):
    made = hkdf(bytes.fromhex(material), salt=bytes.fromhex(salt), info=bytes.fromhex(info), size=size)

    assert made.hex() == expected


def test_each_context_has_a_key_of_its_own_and_always_the_same():
    master = MasterKey(b"k" * 32)

    assert master.derive("a") == MasterKey(b"k" * 32).derive("a")
    assert len({master.derive("a"), master.derive("b"), MasterKey(b"l" * 32).derive("a")}) == 3
    assert len(master.derive("a", 64)) == 64
    with pytest.raises(ValueError, match="context"):
        master.derive("")


def test_a_master_key_shows_nothing_of_itself():
    assert "kkk" not in repr(MasterKey(b"k" * 32)) + str(MasterKey(b"k" * 32))


def test_the_first_start_makes_a_key_that_only_its_owner_can_read(tmp_path, heard):
    made = open_master_key(Settings(), tmp_path / "data")

    path = tmp_path / "data" / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == [KEY_FILE]
    assert heard() == [(events.cluster_key_created, {"file": str(path)})]
    assert open_master_key(Settings(), tmp_path / "data") == made


async def test_nodes_that_start_at_once_agree_on_one_key(tmp_path):
    made = await asyncio.gather(*(asyncio.to_thread(open_master_key, Settings(), tmp_path) for _ in range(8)))

    assert len({key.derive("a") for key in made}) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o700 | 0o001])
def test_a_key_file_that_others_can_reach_is_refused(tmp_path, mode):
    open_master_key(Settings(), tmp_path)
    (tmp_path / KEY_FILE).chmod(mode)

    with pytest.raises(MasterKeyUnusable, match="chmod 600"):
        open_master_key(Settings(), tmp_path)


def test_a_link_in_place_of_the_key_file_is_refused(tmp_path):
    open_master_key(Settings(), tmp_path / "elsewhere")
    (tmp_path / KEY_FILE).symlink_to(tmp_path / "elsewhere" / KEY_FILE)

    with pytest.raises(MasterKeyUnusable):
        open_master_key(Settings(), tmp_path)


def test_a_directory_in_place_of_the_key_file_is_refused(tmp_path):
    (tmp_path / KEY_FILE).mkdir()

    with pytest.raises(MasterKeyUnusable, match="regular file"):
        open_master_key(Settings(), tmp_path)


@pytest.mark.parametrize(
    "text", [b"", b"\n", b"short\n", b"!" * 43, b"A" * 44, b"A" * 43 + b"\n\n", b"\xff" * 43]
)
def test_a_damaged_key_file_is_refused_and_left_alone(tmp_path, text):
    path = tmp_path / KEY_FILE
    path.write_bytes(text)
    path.chmod(0o600)

    with pytest.raises(MasterKeyUnusable, match="backup"):
        open_master_key(Settings(), tmp_path)
    assert path.read_bytes() == text


def test_a_directory_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(MasterKeyUnusable, match="file"):
        open_master_key(Settings(), tmp_path / "file" / "data")


def test_a_key_in_the_settings_needs_no_file(tmp_path, heard):
    made = open_master_key(Settings("x" * 32), tmp_path)

    assert made == open_master_key(Settings("x" * 32), None)
    assert made != open_master_key(Settings("x" * 33), None)
    assert list(tmp_path.iterdir()) == []
    assert heard() == []


def test_a_short_key_is_warned_about_and_a_shorter_one_refused(heard):
    open_master_key(Settings("x" * 16), None)

    assert heard() == [(events.cluster_key_short, {"characters": 16, "recommended": 32})]
    with pytest.raises(MasterKeyUnusable, match="at least 16"):
        open_master_key(Settings("x" * 15), None)


def test_without_settings_and_directory_the_key_lasts_as_long_as_the_process(heard):
    assert open_master_key(Settings(), None) != open_master_key(Settings(), None)
    assert heard()[0] == (events.cluster_key_ephemeral, {})


def test_a_key_is_found_without_making_one(tmp_path, heard):
    assert find_master_key(Settings(), tmp_path) is None
    assert find_master_key(Settings(), None) is None
    assert list(tmp_path.iterdir()) == []
    made = open_master_key(Settings(), tmp_path)
    heard.forget()
    assert find_master_key(Settings(), tmp_path) == made
    in_settings = Settings("0123456789abcdef0123456789abcdef")
    assert find_master_key(in_settings, None) == open_master_key(in_settings, None)
    assert heard() == []
    with pytest.raises(MasterKeyUnusable):
        find_master_key(Settings("short"), None)
    (tmp_path / KEY_FILE).write_bytes(b"x")
    with pytest.raises(MasterKeyUnusable):
        find_master_key(Settings(), tmp_path)
