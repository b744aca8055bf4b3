import io
import tarfile
import time

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.events.audit.logs import OTHER, TRUST, audited, opened, running, segments, write

from yett.events import Trust
from yett.events.audit import HEAD, Kind, NothingToExport, export, seals, verify_archive
from yett.events.query import seconds_of


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """Several sealed files, some of them gone, a torn end, two keys."""
    directory = tmp_path_factory.mktemp("log")
    write(directory, 40, size=3000, key=OTHER)
    with segments(directory)[-1].open("ab") as file:
        file.write(b'{"time":"20')
    with running(directory) as journal:
        journal.limits.retention = type(journal.limits.retention)(size=12_000)
        journal.remove_expired()
    write(directory, 40, size=3000)
    return directory


@pytest.fixture(scope="module")
def archive(log, tmp_path_factory):
    target = tmp_path_factory.mktemp("out") / "audit.tar"
    export(log, target)
    return target


def members(path):
    with tarfile.open(path) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


def packed(path, content):
    with tarfile.open(path, "w") as archive:
        for name, data in content:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def kinds(path, trust=TRUST):
    return {finding.kind for finding in verify_archive(path, trust).findings}


@pytest.mark.parametrize("name", ["audit.tar", "audit.tar.zst"])
def test_an_archive_proves_itself_elsewhere(log, tmp_path, name):
    target = tmp_path / name
    made = export(log, target)
    assert made.size == target.stat().st_size
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [name]
    report = verify_archive(target, TRUST)
    assert report.findings == []
    assert report.notes == []
    assert report.signed == report.end
    assert (report.segments, report.gone > 0) == (len(segments(log)), True)
    assert verify_archive(target).holds, "without a key it is as good as the key that it names"
    assert kinds(target, Trust(frozenset({"00" * 32}))) == {Kind.SIGNATURE_WRONG}


def test_a_range_brings_whole_files_and_the_seals_before_them(log, tmp_path):
    chosen = segments(log)[2:4]
    found = [seals.find(log, path.name) for path in chosen]
    since, until = seconds_of(found[0].until) - 0.0005, seconds_of(found[1].since) + 0.0001
    made = export(log, tmp_path / "range.tar", since=since, until=until)
    assert {path.name for path in chosen} <= set(made.segments)
    assert len(made.segments) < len(segments(log))
    content = members(tmp_path / "range.tar")
    assert HEAD not in content
    report = verify_archive(tmp_path / "range.tar", TRUST)
    assert report.findings == []
    assert report.signed == report.end
    assert report.segments == len(made.segments)


def test_a_time_without_records_gives_no_archive(log, tmp_path):
    with pytest.raises(NothingToExport):
        export(log, tmp_path / "none.tar", until=1.0)
    with pytest.raises(NothingToExport):
        export(tmp_path, tmp_path / "none.tar")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_never_replaced(log, tmp_path):
    target = tmp_path / "audit.tar"
    target.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        export(log, target)
    assert target.read_bytes() == b"precious"
    assert [path.name for path in tmp_path.iterdir()] == ["audit.tar"]


def test_what_a_killed_export_left_is_in_nobodys_way(log, tmp_path):
    (tmp_path / ".audit.tar.new").write_bytes(b"half")
    export(log, tmp_path / "audit.tar")
    assert verify_archive(tmp_path / "audit.tar", TRUST).holds


def test_an_archive_goes_to_a_disk_without_hard_links(log, tmp_path, monkeypatch):
    def refused(*_paths):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refused)
    export(log, tmp_path / "audit.tar")
    assert [path.name for path in tmp_path.iterdir()] == ["audit.tar"]


def test_a_file_that_retention_removes_meanwhile_is_left_out(log, tmp_path, monkeypatch):
    first = segments(log)[0]
    (tmp_path / "log").mkdir()
    for path in log.iterdir():
        (tmp_path / "log" / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(
        "yett.events.audit.archive.torn_ends_of",
        lambda _segment: (tmp_path / "log" / first.name).unlink(missing_ok=True) or [],
    )
    made = export(tmp_path / "log", tmp_path / "audit.tar")
    assert first.name not in made.segments
    assert verify_archive(tmp_path / "audit.tar", TRUST).holds


def test_a_range_without_any_record_left_is_not_whole(log, tmp_path):
    until = seconds_of(seals.find(log, segments(log)[1].name).until)
    export(log, tmp_path / "audit.tar", until=until)
    data = bytearray((tmp_path / "audit.tar").read_bytes())
    data[data.index(b"jsonl\0")] ^= 1
    (tmp_path / "audit.tar").write_bytes(data)
    assert kinds(tmp_path / "audit.tar") == {Kind.REMOVED}


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_SPARSE])
def test_a_header_that_would_fill_the_memory_is_not_read(tmp_path, kind):
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, 1 << 40
    with zstd.ZstdFile(tmp_path / "bomb.tar.zst", "w") as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
    report = verify_archive(tmp_path / "bomb.tar.zst", TRUST)
    assert [finding.what for finding in report.findings] == [
        "the archive is damaged: it has a header that none of ours has"
    ]


def test_a_log_is_exported_while_it_is_written(tmp_path):
    journal = opened(tmp_path / "log", size=20_000)
    for index in range(200):
        journal.audit.append(audited(index))
    journal.audit.upkeep(0)
    with journal.audit._file._path.open("ab") as half:
        half.write(b'{"half')
    export(tmp_path / "log", tmp_path / "audit.tar.zst")
    journal.close()
    assert verify_archive(tmp_path / "audit.tar.zst", TRUST).findings == []


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("head", None),
        ("newest", Kind.CUT_OFF),
        ("middle", Kind.REMOVED),
        ("end", Kind.REMOVED),
        ("seal", Kind.REMOVED),
        ("strange", Kind.INSERTED),
        ("twice", Kind.INSERTED),
        ("keys", Kind.SIGNATURE_WRONG),
    ],
)
def test_what_was_taken_out_or_put_in_is_told(archive, tmp_path, what, kind):
    content = list(members(archive).items())
    names = [name for name, _ in content]
    whole = [name for name in names if name.endswith(".jsonl")]
    sealed = [name for name in names if name.endswith(".seal")]
    match what:
        case "head":
            content = [each for each in content if each[0] != HEAD]
        case "newest":
            content = [each for each in content if each[0] != whole[-1]]
        case "middle":
            gone = {whole[1], whole[1].replace(".jsonl", ".seal")}
            content = [each for each in content if each[0] not in gone]
        case "end":
            content = [each for each in content if each[0] not in {HEAD, *whole[-2:]}]
        case "seal":
            content = [each for each in content if each[0] != sealed[0]]
        case "keys":
            content = [each for each in content if each[0] != "audit.keys"]
        case "strange":
            content.append(("../../etc/passwd", b"root"))
        case "twice":
            content.append(next(each for each in content if each[0] == whole[0]))
    found = kinds(packed(tmp_path / "broken.tar", content))
    assert found == set() if kind is None else kind in found


def test_links_and_folders_in_an_archive_are_told_and_never_followed(archive, tmp_path):
    path = packed(tmp_path / "broken.tar", members(archive).items())
    with tarfile.open(path, "a") as more:
        link = tarfile.TarInfo("audit-20000101T000000-000000.jsonl")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        more.addfile(link)
        pipe = tarfile.TarInfo("audit-20000102T000000-000000.jsonl")
        pipe.type = tarfile.FIFOTYPE
        more.addfile(pipe)
    report = verify_archive(path, TRUST)
    assert [finding.kind for finding in report.findings] == [Kind.INSERTED] * 2


def test_an_archive_that_is_no_archive_is_told(tmp_path):
    for data in (b"", b"nonsense" * 1000, zstd.compress(b"nonsense" * 1000), b"\x28\xb5\x2f\xfd rest"):
        path = tmp_path / "none.tar"
        path.write_bytes(data)
        report = verify_archive(path, TRUST)
        assert not report.holds or not report.lines


def test_a_bomb_of_small_files_is_given_up(tmp_path):
    path = tmp_path / "bomb.tar.zst"
    with zstd.ZstdFile(path, "w") as file, tarfile.open(fileobj=file, mode="w|") as archive:
        info = tarfile.TarInfo("audit.keys")
        info.size = 1 << 30
        archive.addfile(info, _Zeros(1 << 30))
    began = time.process_time()
    assert kinds(path) == {Kind.CHANGED}
    assert time.process_time() - began < 30


class _Zeros:
    def __init__(self, size):
        self._left = size

    def read(self, size):
        size = min(size, self._left)
        self._left -= size
        return bytes(size)


@settings(max_examples=150)
@given(st.data())
def test_every_changed_byte_of_what_is_in_an_archive_is_found(archive, tmp_path_factory, data):
    content = list(members(archive).items())
    index = data.draw(st.integers(0, len(content) - 1))
    name, before = content[index]
    place = data.draw(st.integers(0, len(before) - 1))
    byte = data.draw(st.integers(0, 255))
    after = before[:place] + bytes([byte]) + before[place + 1 :]
    content[index] = (name, after)
    path = packed(tmp_path_factory.mktemp("broken") / "broken.tar", content)
    assert verify_archive(path, TRUST).holds is (after == before)


@settings(max_examples=100)
@given(st.data())
def test_a_packed_archive_that_was_cut_or_changed_is_never_whole_and_never_a_crash(
    log, tmp_path_factory, data
):
    directory = tmp_path_factory.mktemp("cut")
    path = directory / "audit.tar.zst"
    export(log, path)
    before = path.read_bytes()
    place = data.draw(st.integers(0, len(before) - 1))
    path.write_bytes(before[:place])
    report = verify_archive(path, TRUST)
    assert not report.holds or not report.lines
