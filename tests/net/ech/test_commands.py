import stat

import pytest

from yett.kernel import CommandFailed
from yett.keys import MasterKey
from yett.net.ech import ECHCommands, events

NAME = "yett.example.org"


@pytest.fixture
def ech():
    return ECHCommands(MasterKey(b"k" * 32).derive, NAME)


def test_the_record_for_dns_is_printed_and_that_is_recorded(ech, heard):
    table = dict(ech.config().rows)
    assert table["public name"] == NAME
    assert table["record"] == f'HTTPS 1 . ech="{table["configuration"]}"'
    assert heard("ech") == [(events.pair_derived, {"public_name": NAME, "config_id": table["config id"]})]


def test_a_front_gets_its_file_and_nobody_else(ech, tmp_path):
    file = tmp_path / "ech.pem"
    said = ech.export(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert "PRIVATE" not in said
    with pytest.raises(CommandFailed, match="File exists"):
        ech.export(file)


def test_a_file_is_written_where_the_operator_means_it(ech, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for file in (tmp_path / "link", tmp_path / "none" / "ech.pem"):
        with pytest.raises(CommandFailed):
            ech.export(file)
    with pytest.raises(CommandFailed, match="absolute"):
        ech.export(tmp_path.relative_to("/") / "ech.pem")
    assert not (tmp_path / "elsewhere").exists()
