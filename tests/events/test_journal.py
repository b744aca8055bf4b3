import errno
import hashlib
import json
import os
import shutil
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.events import samples
from tests.events.audit.logs import KEY, TRUST
from tests.events.samples import SECOND, START, Reason, record

from yett.events import (
    DirectoryInUse,
    Journal,
    Limits,
    Query,
    Retention,
    Search,
    Sync,
    notices,
    pipeline,
    verify,
)
from yett.events.audit import events


def plain(index, at=None):
    return record(samples.plain, "x", index, at=START + index * 1000 if at is None else at)


def audited(index, at=None):
    return record(
        samples.audited, f"user{index}", Reason.NO_GROUP, at=START + index * 1000 if at is None else at
    )


@pytest.fixture
def journal(tmp_path):
    made = Journal(tmp_path / "log", Limits())
    made.open()
    yield made
    made.close()


def users(directory):
    return [
        entry["auth.user_id"]
        for entry in Search(directory, Query(code="sample.audited.audited", is_newest_first=False))
    ]


def test_each_record_stands_in_one_file_for_the_owner_only(journal, tmp_path):
    batch = [plain(1), audited(2), plain(3)]
    journal.audit.append(batch[1])
    journal.records.write(batch)
    directory = tmp_path / "log"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert [path.read_bytes().count(b"\n") for path in directory.glob("records-*")] == [2]
    assert users(directory) == ["user2"]


def test_an_existing_directory_is_closed_to_others(tmp_path):
    tmp_path.chmod(0o755)
    journal = Journal(tmp_path, Limits())
    journal.open()
    journal.close()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_the_chain_goes_on_over_files_and_restarts(tmp_path):
    for restart in range(3):
        journal = Journal(tmp_path, Limits(segment_size=1500))
        journal.open()
        for index in range(10):
            journal.audit.append(audited(restart * 10 + index))
        journal.close()
    result = verify(tmp_path)
    assert result.holds
    assert result.first.startswith("2027")
    assert result.segments > 3
    assert users(tmp_path) == [f"user{index}" for index in range(30)]


def test_two_processes_cannot_write_one_log(journal, tmp_path):
    other = Journal(tmp_path / "log", Limits())
    with pytest.raises(DirectoryInUse, match="another process"):
        other.open()
    journal.close()
    other.open()
    other.close()


def test_dying_at_any_byte_loses_no_whole_line_and_the_chain_goes_on(tmp_path, heard, monkeypatch):
    """The file is cut at every offset, as a kill in the middle of a write leaves it."""
    for name in ("fsync", "fdatasync"):  # no power is cut here
        monkeypatch.setattr(os, name, lambda _descriptor: None)
    origin = tmp_path / "origin"
    journal = Journal(origin, Limits())
    journal.open()
    for index in range(2):
        journal.audit.append(audited(index))
    journal.close()
    path = next(origin.glob("audit-*"))
    whole = path.read_bytes()
    ends = [offset + 1 for offset, byte in enumerate(whole) if byte == 10]
    for cut in range(len(whole) + 1):
        directory = tmp_path / "cut"
        directory.mkdir()
        (directory / path.name).write_bytes(whole[:cut])
        heard.forget()

        again = Journal(directory, Limits(sync=Sync.NONE))
        again.open()
        pipeline.start((), again.audit)
        again.report()
        again.audit.append(audited(7))
        pipeline.stop()
        again.close()

        keep = max((end for end in ends if end <= cut), default=0)
        now = (directory / path.name).read_bytes()
        assert now.startswith(whole[:keep])
        assert verify(directory).holds, cut
        assert users(directory)[-1] == "user7"
        digest = hashlib.sha256(whole[keep:cut]).hexdigest()
        torn = directory / f"{path.stem}.{digest}.torn"
        said_of_the_store = [
            each for each in heard("telemetry.store") if each[0] is not notices.segment_begun
        ]
        if keep == cut:
            assert list(directory.glob("*torn*")) == []
            assert said_of_the_store == []
        else:
            assert torn.read_bytes() == whole[keep:cut]
            said = {"segment": path.name, "kept_in": torn.name, "bytes": cut - keep, "sha256": digest}
            assert said_of_the_store == [(notices.tail_moved, said)]
        shutil.rmtree(directory)


@given(st.binary(min_size=1, max_size=60), st.integers(0, 400))
def test_damage_at_the_end_never_keeps_the_log_from_opening(tmp_path_factory, garbage, back):
    directory = tmp_path_factory.mktemp("log")
    journal = Journal(directory, Limits(sync=Sync.NONE))
    journal.open()
    for index in range(3):
        journal.audit.append(audited(index))
    journal.records.write([plain(1)])
    journal.close()
    for path in directory.glob("*.jsonl"):
        data = path.read_bytes()
        path.write_bytes(data[: max(len(data) - back, 0)] + garbage)
    journal = Journal(directory, Limits(sync=Sync.NONE))
    journal.open()
    journal.audit.append(audited(8))
    journal.records.write([plain(2)])
    journal.close()
    assert users(directory)[-1:] == ["user8"]
    assert verify(directory).holds


def test_the_name_of_a_file_made_just_before_dying_is_used_again(tmp_path):
    journal = Journal(tmp_path, Limits())
    journal.open()
    journal.audit.append(audited(0))
    journal.close()
    (tmp_path / "audit-20300101T000000-000000.jsonl").touch(mode=0o600)
    journal = Journal(tmp_path, Limits())
    journal.open()
    journal.audit.append(audited(1))
    journal.close()
    assert verify(tmp_path).holds
    assert verify(tmp_path).segments == 2
    assert users(tmp_path) == ["user0", "user1"]


def test_a_full_disk_is_said_once_and_the_gap_is_written_into_the_chain(
    journal, tmp_path, heard, monkeypatch
):
    journal.audit.append(audited(0))
    real = os.write

    def full(descriptor, data):
        if b"user" in bytes(data):
            real(descriptor, bytes(data)[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        for index in (1, 2):
            with pytest.raises(OSError, match="No space"):
                journal.audit.append(audited(index))
    journal.audit.append(audited(3))
    assert [said for said, _ in heard("telemetry.audit")] == [notices.audit_failed]
    assert users(tmp_path / "log") == ["user0", "user3"]
    gaps = list(Search(tmp_path / "log", Query(code="telemetry.audit.audit_gap")))
    assert [entry["missed"] for entry in gaps] == [2]
    assert verify(tmp_path / "log").holds


def test_records_lost_to_a_full_disk_are_counted(journal, tmp_path, heard, monkeypatch):
    journal.records.write([plain(0)])

    def full(_descriptor, _data):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        for index in (1, 2):
            with pytest.raises(OSError, match="No space"):
                journal.records.write([plain(index)])
    journal.records.write([plain(3)])
    assert [
        (said, fields.get("lost"))
        for said, fields in heard("telemetry.store")
        if said is not notices.segment_begun
    ] == [
        (notices.store_failed, None),
        (notices.store_recovered, 2),
    ]
    found = Search(tmp_path / "log", Query(code="sample.plain.plain", is_newest_first=False))
    assert [entry["count"] for entry in found] == [0, 3]


def test_an_audit_record_without_a_json_form_is_a_failure_not_a_silence(journal, tmp_path):
    with pytest.raises(ValueError, match="unsupported"):
        journal.audit.append(record(samples.audited, object(), Reason.NO_GROUP))
    journal.audit.append(audited(1))
    assert users(tmp_path / "log") == ["user1"]
    assert verify(tmp_path / "log").holds


def test_a_clock_set_back_begins_a_new_file_so_that_each_stays_in_order(journal, tmp_path):
    hour = 3600 * SECOND
    journal.records.write([plain(1), plain(2), plain(3, START - hour), plain(4, START - hour + 1)])
    journal.records.write([plain(5, START - 2 * hour)])
    journal.audit.append(audited(1))
    journal.audit.append(audited(2, START - hour))
    for path in (tmp_path / "log").glob("*.jsonl"):
        times = [json.loads(line)["time"] for line in path.read_text().splitlines()]
        assert times == sorted(times)
    assert len(list((tmp_path / "log").glob("records-*"))) == 3
    assert len(list((tmp_path / "log").glob("audit-*"))) == 2
    assert verify(tmp_path / "log").holds


def test_a_clock_set_back_between_two_runs_begins_a_new_file(tmp_path):
    for at in (START, START - 3600 * SECOND):
        journal = Journal(tmp_path, Limits())
        journal.open()
        journal.records.write([plain(1, at)])
        journal.audit.append(audited(1, at))
        journal.close()
    assert len(list(tmp_path.glob("records-*"))) == 2
    assert len(list(tmp_path.glob("audit-*"))) == 2
    assert verify(tmp_path).holds


@pytest.mark.parametrize(
    ("sync", "at_once", "at_tick"),
    [(Sync.ALWAYS, True, False), (Sync.INTERVAL, False, True), (Sync.NONE, False, False)],
)
def test_the_disk_is_asked_when_the_setting_says_so(tmp_path, monkeypatch, sync, at_once, at_tick):
    journal = Journal(tmp_path, Limits(sync=sync))
    journal.open()
    asked = []
    monkeypatch.setattr(os, "fdatasync", asked.append)
    journal.audit.append(audited(1))
    assert bool(asked) is at_once
    asked.clear()
    journal.tick()
    assert bool(asked) is at_tick
    journal.close()


def test_old_files_are_removed_now_and_then_but_never_the_ones_in_use(journal, tmp_path, heard):
    journal.limits.segment_size = 600
    journal.audit.sign_with(KEY)
    for index in range(20):
        journal.audit.append(audited(index))
        journal.records.write([plain(index)])
    assert len(list((tmp_path / "log").glob("*.jsonl"))) > 8
    journal.limits.retention = Retention(age=1, audit_age=1)
    for path in (tmp_path / "log").glob("*.jsonl"):
        os.utime(path, (0, 0))
    journal.limits.segment_size = 1 << 20
    pipeline.start((), journal.audit)
    journal.audit.upkeep(0)
    journal.remove_expired(START / SECOND + 3600)
    pipeline.stop()
    left = sorted(path.name for path in (tmp_path / "log").glob("*.jsonl"))
    # What is said of sealing and removing is in another year than the records of this test, and so in a new file.
    assert left[1:] == [journal.audit.newest, journal.records.newest]
    assert notices.segment_removed in [said for said, _ in heard("telemetry.store")]
    assert events.audit_segment_removed in [said for said, _ in heard("telemetry.audit")]
    report = verify(tmp_path / "log", TRUST)
    assert report.findings == []
    assert report.gone > 4


def test_audit_files_that_are_not_sealed_are_never_removed(journal, tmp_path, heard):
    journal.limits.segment_size = 600
    for index in range(20):
        journal.audit.append(audited(index))
    before = len(list((tmp_path / "log").glob("audit-*.jsonl")))
    journal.limits.retention = Retention(age=1, audit_age=1, size=1)
    journal.remove_expired(START / SECOND + 3600)
    assert len(list((tmp_path / "log").glob("audit-*.jsonl"))) == before > 4
    assert heard("telemetry.audit") == []
