import json
from datetime import UTC, datetime

import pytest
from tests.events.audit.logs import KEY, OTHER, audited, opened, segments, write

from yett.events.audit import HEAD
from yett.kernel import CommandFailed
from yett.ops import AuditCommands


@pytest.fixture
def directory(tmp_path):
    write(tmp_path / "log", 10, size=3000)
    return tmp_path / "log"


@pytest.fixture
def commands(directory):
    return AuditCommands(lambda: directory, lambda: KEY.public_key)


def missing():
    raise CommandFailed("there is no configuration")


def test_a_whole_log_is_said_to_be_whole_and_signed(commands):
    answer = commands.check()
    assert answer.startswith("the audit log is whole: ")
    assert "signed: all of it" in answer


def test_what_is_not_signed_yet_is_counted(directory, commands):
    journal = opened(directory)
    journal.audit.append(audited(1))
    answer = commands.check()
    journal.audit._signer = None
    journal.close()
    assert "signed: all but the newest" in answer


def test_each_finding_is_named_with_its_place_and_kind(directory, commands):
    path = segments(directory)[0]
    path.write_bytes(path.read_bytes().replace(b'"user2"', b'"user9"'))
    with pytest.raises(CommandFailed) as problem:
        commands.check()
    assert str(problem.value).splitlines() == [
        "the audit log is NOT whole:",
        f"{path.name}, line 4: changed: the line is not what was written here",
    ]


def test_many_findings_are_not_all_printed(directory, commands):
    path = segments(directory)[0]
    path.write_bytes(path.read_bytes() + b"x\n" * 5000)
    with pytest.raises(CommandFailed, match=r"and \d+ more"):
        commands.check()


def test_without_a_key_of_its_own_whatever_signed_is_named(directory):
    assert KEY.public_key in AuditCommands(lambda: directory, lambda: None).check()


def test_a_key_can_be_given(directory):
    commands = AuditCommands(lambda: directory, lambda: OTHER.public_key)
    with pytest.raises(CommandFailed, match="strange key"):
        commands.check()
    assert "signed: all of it" in commands.check(key=(KEY.public_key,))


@pytest.mark.parametrize("key", ["", "x", "AB" * 32, "ab" * 31])
def test_what_is_no_key_is_refused(commands, key):
    with pytest.raises(CommandFailed, match="no public key"):
        commands.check(key=(key,))


def test_a_checkpoint_kept_elsewhere_finds_what_was_cut_off_since(directory, commands, tmp_path):
    kept = tmp_path / "kept"
    kept.write_text(json.dumps({"something": "else"}) + "\n" + commands.checkpoint() + "\nnoise\n")
    assert commands.check(against=kept).startswith("the audit log is whole")
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    write(directory, 5, begin=50)
    kept.write_text(commands.checkpoint())
    for path in directory.iterdir():
        path.unlink()
    for name, data in before.items():
        (directory / name).write_bytes(data)
    assert commands.check().startswith("the audit log is whole"), "an old copy looks as good as new"
    with pytest.raises(CommandFailed, match="cut off: the checkpoint kept elsewhere"):
        commands.check(against=kept)


@pytest.mark.parametrize("data", [b"", b"{}\n", b"\xff\n[1]\n"])
def test_a_file_without_a_checkpoint_is_no_proof(commands, tmp_path, data):
    kept = tmp_path / "kept"
    kept.write_bytes(data)
    with pytest.raises(CommandFailed, match="no checkpoint"):
        commands.check(against=kept)


def test_the_newest_checkpoint_is_printed(directory, commands):
    assert json.loads(commands.checkpoint())["key"] == commands.key() == KEY.public_key
    (directory / HEAD).write_bytes(b"x")
    with pytest.raises(CommandFailed, match="damaged"):
        commands.checkpoint()
    (directory / HEAD).unlink()
    with pytest.raises(CommandFailed, match="nothing is signed"):
        commands.checkpoint()


def test_there_may_be_no_key_yet(directory):
    with pytest.raises(CommandFailed, match="first start"):
        AuditCommands(lambda: directory, lambda: None).key()


def test_an_export_is_checked_without_a_gateway(commands, tmp_path):
    target = tmp_path / "audit.tar.zst"
    assert f"yett audit verify {target} --key {KEY.public_key}" in commands.export(target)
    elsewhere = AuditCommands(missing, missing)
    assert "signed: all of it" in elsewhere.check(target, key=(KEY.public_key,))
    assert "nobody said which key to trust" in elsewhere.check(target)
    with pytest.raises(CommandFailed, match="strange key"):
        elsewhere.check(target, key=(OTHER.public_key,))
    with pytest.raises(CommandFailed, match="there already"):
        commands.export(target)


def test_an_export_of_a_time_is_asked_for_as_a_search_is(commands, tmp_path):
    with pytest.raises(CommandFailed, match="no audit records"):
        commands.export(tmp_path / "a.tar", until="2001-01-01T00:00")
    with pytest.raises(CommandFailed, match="not before"):
        commands.export(tmp_path / "a.tar", since="1h", until="2h")
    with pytest.raises(CommandFailed, match="neither a time"):
        commands.export(tmp_path / "a.tar", since="yesterday")
    today = datetime.now(UTC).date().isoformat()
    assert "files and" in commands.export(tmp_path / "a.tar", since=f"{today}T00:00+00:00")


def test_a_log_that_is_not_there_is_no_crash(tmp_path):
    commands = AuditCommands(lambda: tmp_path / "none", lambda: KEY.public_key)
    for call in (commands.check, commands.checkpoint, lambda: commands.export(tmp_path / "x.tar")):
        with pytest.raises(CommandFailed, match="there is no log"):
            call()
    with pytest.raises(FileNotFoundError):
        commands.check(tmp_path / "none.tar")
