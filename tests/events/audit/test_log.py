import errno
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.events import samples
from tests.events.audit.logs import KEY, OTHER, TRUST, audited, kinds, opened, running, segments, write
from tests.events.samples import Reason

from yett.events import (
    Journal,
    Limits,
    Query,
    Retention,
    Scope,
    Search,
    Sync,
    Trust,
    chain,
    enter_scope,
    leave_scope,
    notices,
    pipeline,
    verify,
)
from yett.events.audit import HEAD, Kind, events, read_head, seals
from yett.events.audit.checkpoints import KEYS


def said(directory, code):
    return list(Search(directory, Query(code=f"telemetry.audit.{code}", is_newest_first=False)))


def names(heard):
    return [each.declaration.function for each, _ in heard("telemetry.audit")]


def test_nothing_is_signed_without_a_key(tmp_path):
    write(tmp_path, 3, key=None)
    assert not (tmp_path / HEAD).exists()
    assert said(tmp_path, "audit_checkpoint") == []


def test_what_is_new_is_signed_after_some_records_or_some_time_and_at_the_end(tmp_path):
    journal = opened(tmp_path)
    journal.limits.checkpoint_records, journal.limits.checkpoint_every = 5, 10
    journal.audit.append(audited(0))
    journal.audit.upkeep(100)
    assert len(said(tmp_path, "audit_checkpoint")) == 1
    journal.audit.upkeep(200)
    assert len(said(tmp_path, "audit_checkpoint")) == 1, "nothing was new"
    journal.audit.append(audited(1))
    journal.audit.upkeep(205)
    assert len(said(tmp_path, "audit_checkpoint")) == 2, "time was up"
    for index in range(4):
        journal.audit.append(audited(index))
    journal.audit.upkeep(206)
    assert len(said(tmp_path, "audit_checkpoint")) == 2
    journal.audit.append(audited(9))
    journal.audit.upkeep(207)
    assert len(said(tmp_path, "audit_checkpoint")) == 3, "there were enough"
    journal.audit.append(audited(10))
    journal.close()
    assert len(said(tmp_path, "audit_checkpoint")) == 4
    report = verify(tmp_path, TRUST)
    assert report.holds
    assert report.signed == report.end


def test_the_head_file_is_the_newest_checkpoint_of_the_chain(tmp_path):
    write(tmp_path, 3)
    write(tmp_path, 3)
    data = (tmp_path / HEAD).read_bytes()
    assert segments(tmp_path)[-1].read_bytes().endswith(data)
    head = read_head(data)
    assert head.checkpoint.is_signed
    assert head.checkpoint.count == head.seq - 1


def test_other_outputs_get_checkpoints_too(tmp_path):
    class Sink:
        def __init__(self):
            self.records = []

        def write(self, records):
            self.records += records

        def close(self): ...

    sink = Sink()
    journal = Journal(tmp_path, Limits(sync=Sync.NONE))
    journal.open()
    pipeline.start((sink,), journal.audit, tick=journal.tick)
    journal.audit.sign_with(KEY)
    samples.audited(user="ada", reason=Reason.NO_GROUP)
    journal.audit.checkpoint()
    pipeline.stop()
    journal.close()
    signed = [each for each in sink.records if each.declaration is events.audit_checkpoint.declaration]
    kept = [entry["signature"] for entry in said(tmp_path, "audit_checkpoint")]
    assert signed
    assert {each.values[3] for each in signed} <= set(kept)


def test_a_finished_file_is_sealed_and_the_seal_is_on_record(tmp_path):
    with running(tmp_path, size=30_000) as journal:
        for index in range(200):
            journal.audit.append(audited(index))
        journal.audit.upkeep(0)
    done = segments(tmp_path)[:-1]
    assert done
    for path in done:
        seal = seals.find(tmp_path, path.name)
        assert seal.size == path.stat().st_size
        assert seal.findings == 0
    on_record = {entry["segment"]: entry["sha256"] for entry in said(tmp_path, "audit_segment_sealed")}
    assert on_record == {path.name: seals.find(tmp_path, path.name).sha256 for path in done}


def test_what_a_crash_left_unsealed_is_sealed_at_the_next_start(tmp_path):
    journal = opened(tmp_path, key=None, size=3000)
    for index in range(30):
        journal.audit.append(audited(index))
    journal.close()
    assert list(tmp_path.glob("*.seal")) == []
    write(tmp_path, 1, size=3000)
    assert len(list(tmp_path.glob("*.seal"))) >= len(segments(tmp_path)) - 2 >= 3
    assert kinds(tmp_path) == []


def test_a_file_that_was_damaged_before_it_was_sealed_is_sealed_as_such(tmp_path, heard):
    journal = opened(tmp_path, key=None, size=3000)
    for index in range(30):
        journal.audit.append(audited(index))
    journal.close()
    path = segments(tmp_path)[0]
    path.write_bytes(path.read_bytes().replace(b'"user2"', b'"user9"'))
    write(tmp_path, 1, size=1 << 20)
    assert seals.find(tmp_path, path.name).findings == 1
    assert "audit_segment_damaged" in names(heard)
    assert Kind.CHANGED in {kind for kind, _ in kinds(tmp_path)}


def test_the_chain_is_proven_from_the_first_line_with_most_files_gone(tmp_path):
    write(tmp_path, 60, size=3000)
    before = verify(tmp_path, TRUST)
    with running(tmp_path) as journal:
        journal.limits.retention = Retention(size=6000)
        journal.remove_expired()
    report = verify(tmp_path, TRUST)
    assert report.findings == []
    assert report.gone >= 5
    assert report.segments < before.segments - 4
    assert report.end > before.end
    assert report.first == before.first
    # A seal that is missing, or another in its place, breaks the proof.
    victim = sorted(tmp_path.glob("*.seal"))[2]
    data = victim.read_bytes()
    victim.unlink()
    assert [kind for kind, _ in kinds(tmp_path)] == [Kind.REMOVED]
    victim.write_bytes(sorted(tmp_path.glob("*.seal"))[3].read_bytes())
    assert Kind.SEAL_WRONG in {kind for kind, _ in kinds(tmp_path)}
    victim.write_bytes(data)
    assert kinds(tmp_path) == []


def test_after_a_change_of_the_key_the_new_one_vouches_for_the_old_one(tmp_path, heard):
    write(tmp_path, 5, key=OTHER)
    write(tmp_path, 5)
    write(tmp_path, 5)
    assert names(heard).count("audit_key_changed") == 1
    assert kinds(tmp_path) == []
    # Nor is a checkpoint of the old key good for anything behind one of the new key.
    copy = tmp_path.with_name("copy")
    shutil.copytree(tmp_path, copy)
    write(copy, 2, key=OTHER)
    (copy / HEAD).write_bytes((tmp_path / HEAD).read_bytes())
    (copy / KEYS).write_bytes((tmp_path / KEYS).read_bytes())
    assert {kind for kind, _ in kinds(copy)} == {Kind.SIGNATURE_WRONG}
    # The old key is not good for what comes after it.
    assert Kind.SIGNATURE_WRONG in {kind for kind, _ in kinds(tmp_path, Trust(frozenset({OTHER.public_key})))}
    (tmp_path / KEYS).unlink()
    assert Kind.SIGNATURE_WRONG in {kind for kind, _ in kinds(tmp_path)}


def test_a_key_may_come_back_and_be_given_up_again(tmp_path):
    for key in (OTHER, KEY, OTHER, KEY, KEY):
        write(tmp_path, 2, key=key)
        assert kinds(tmp_path, Trust(frozenset({key.public_key}))) == []
    assert len((tmp_path / KEYS).read_bytes().splitlines()) == 3


@pytest.mark.parametrize("name", ["fdatasync", "fsync"])
def test_a_new_file_that_the_disk_refuses_leaves_the_old_one_to_be_sealed_rightly(
    tmp_path, name, monkeypatch
):
    journal = Journal(tmp_path, Limits(segment_size=1500, sync=Sync.INTERVAL))
    journal.open()
    journal.audit.sign_with(KEY)
    journal.audit.append(audited(0))

    def failing(_descriptor):
        raise OSError(errno.EIO, "Input/output error")

    refused = 0
    with monkeypatch.context() as patch:
        patch.setattr(os, name, failing)
        for index in range(1, 10):
            try:
                journal.audit.append(audited(index))
            except OSError:
                refused += 1
    assert refused
    for index in range(10, 20):
        journal.audit.append(audited(index))
    journal.audit.upkeep(0)
    journal.close()
    assert kinds(tmp_path) == []


def test_where_nobody_asked_for_it_a_new_file_does_not_wait_for_the_disk(tmp_path, monkeypatch):
    journal = opened(tmp_path, size=1500)
    asked = []
    monkeypatch.setattr(os, "fdatasync", asked.append)
    for index in range(10):
        journal.audit.append(audited(index))
    assert len(segments(tmp_path)) > 2
    assert asked == []
    journal.close()


def test_a_file_touched_while_in_use_is_noticed_and_left(tmp_path, heard):
    journal = opened(tmp_path)
    journal.audit.append(audited(0))
    journal.audit.upkeep(0)
    path = segments(tmp_path)[-1]
    with path.open("ab") as file:
        file.write(b"x")
    journal.audit.append(audited(1))
    journal.audit.upkeep(100)
    assert events.audit_touched in [each for each, _ in heard("telemetry.audit")]
    assert journal.audit.newest != path.name
    journal.close()
    assert kinds(tmp_path) != []


@pytest.mark.parametrize("what", ["removed", "replaced", "cut"])
def test_a_file_taken_away_while_in_use_is_noticed(tmp_path, heard, what):
    journal = opened(tmp_path)
    for index in range(3):
        journal.audit.append(audited(index))
    path = segments(tmp_path)[-1]
    data = path.read_bytes()
    if what == "cut":
        os.truncate(path, len(data) - 10)
    else:
        path.unlink()
    if what == "replaced":
        path.write_bytes(data)
    journal.audit.upkeep(0)
    journal.close()
    assert events.audit_touched in [each for each, _ in heard("telemetry.audit")]
    assert not verify(tmp_path, TRUST).holds or what == "replaced"


@pytest.mark.parametrize("what", ["cut", "other", "no head", "bad head"])
def test_what_is_missing_at_the_end_is_noticed_at_the_start(tmp_path, heard, what):
    write(tmp_path, 5)
    path = segments(tmp_path)[-1]
    lines = path.read_bytes().splitlines(keepends=True)
    head = tmp_path / HEAD
    match what:
        case "cut":
            path.write_bytes(b"".join(lines[:-2]))
        case "other":
            path.write_bytes(b"".join(lines[:-2]))
            write(tmp_path, 5, key=None)
        case "no head":
            head.unlink()
        case "bad head":
            head.write_bytes(head.read_bytes()[:-9])
    heard.forget()
    with running(tmp_path):
        pass
    assert names(heard).count("audit_cut") == 1
    assert [kind for kind, _ in kinds(tmp_path)].count(Kind.CUT_OFF) == 1
    heard.forget()
    with running(tmp_path):
        pass
    assert "audit_cut" not in names(heard)
    assert [kind for kind, _ in kinds(tmp_path)].count(Kind.CUT_OFF) == 1, "the mark stays"


def test_a_checkpoint_that_cannot_be_written_is_said_once_and_tried_again(tmp_path, heard, monkeypatch):
    journal = opened(tmp_path)
    journal.audit.append(audited(0))

    def full(_descriptor, _data):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        for now in (100, 200):
            journal.audit.upkeep(now)
    assert names(heard).count("audit_unsigned") == 1
    journal.audit.upkeep(300)
    journal.close()
    assert kinds(tmp_path) == []


def test_many_threads_write_one_chain(tmp_path):
    journal = opened(tmp_path, size=20_000)

    def work(number):
        for index in range(50):
            journal.audit.append(audited(number * 100 + index))
            if index % 10 == 0:
                journal.audit.upkeep(index * 100)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.audit.upkeep(1e9)
    journal.close()
    report = verify(tmp_path, TRUST)
    assert report.findings == []
    assert report.signed == report.end > 400


def test_a_disk_that_is_really_full_marks_what_is_refused_and_leaves_a_whole_chain(tmp_path, heard):
    """Files of this process may not grow any more, as on a disk without room."""
    with running(tmp_path) as journal:
        samples.audited(user="before", reason=Reason.NO_GROUP)
        scope = Scope(request_id="r")
        token = enter_scope(scope)
        # The next line fits in part only.
        limit = segments(tmp_path)[-1].stat().st_size + 100
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
        try:
            for _ in range(3):
                samples.audited(user="lost", reason=Reason.NO_GROUP)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            leave_scope(token)
        assert scope.unrecorded
        samples.audited(user="after", reason=Reason.NO_GROUP)
        assert journal.audit.newest
    assert notices.audit_failed in [each for each, _ in heard("telemetry.audit")]
    assert [entry["missed"] for entry in said(tmp_path, "audit_gap")] == [3]
    report = verify(tmp_path, TRUST)
    assert report.findings == []
    assert "3 records could not be written" in report.notes[0]


WRITERS = """
import json, os, random, sys
from pathlib import Path
from tests.events.audit.logs import KEY, TRUST
from tests.events.samples import Reason, audited
from yett.events.audit import Kind, verify
from yett.events import Journal, Limits, Retention, Sync, pipeline

dice = random.Random(7)
directory = Path(sys.argv[1])
for round in range(int(sys.argv[2])):
    mine, theirs = os.pipe()
    child = os.fork()
    if not child:
        limits = Limits(segment_size=16_000, sync=Sync.NONE, checkpoint_records=7, retention=Retention(size=60_000))
        journal = Journal(directory, limits)
        journal.open()
        pipeline.start((), journal.audit, tick=journal.tick)
        journal.report()
        journal.audit.sign_with(KEY)
        for index in range(1_000_000):
            audited(user=f"{round}.{index}", reason=Reason.NO_GROUP)
            os.write(theirs, b"%d\\n" % index)
            if index % 50 == 30:
                journal.audit.upkeep(index)
                journal.remove_expired()
        os._exit(1)
    os.close(theirs)
    # After so many answers, or while it is still opening what the one before left.
    wanted, seen = dice.choice([0, 0, 1, 5, dice.randrange(200)]), b""
    while seen.count(b"\\n") < wanted:
        seen += os.read(mine, 4096)
    for _ in range(dice.randrange(20_000)):
        pass
    os.kill(child, 9)
    os.waitpid(child, 0)
    while more := os.read(mine, 65536):
        seen += more
    os.close(mine)
    # A line that was being written has no end until the next start tidies up.
    found = [each.what for each in verify(directory, TRUST).findings if each.kind is not Kind.TORN_END]
    print(json.dumps([round, seen.count(b"\\n"), found]), flush=True)
"""


def test_killed_two_hundred_times_it_has_every_record_that_it_acknowledged(tmp_path):
    root = Path(__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{root / 'src'}", "YETT_PURE": "1"}
    log = tmp_path / "log"
    command = [sys.executable, "-c", WRITERS, str(log), "200"]
    ended = subprocess.run(command, capture_output=True, env=environment, check=False, text=True)
    assert ended.returncode == 0, ended.stderr
    acknowledged = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [number for number, _, _ in acknowledged] == list(range(200))
    # A first start may be killed before it wrote anything, or had the first line signed.
    first = next(number for number, _, found in acknowledged if not found)
    unsigned = ("there is no audit log", "there is no checkpoint", "audit.head tells of a line number")
    assert [found for _, _, found in acknowledged[:first] if not found[0].startswith(unsigned)] == []
    assert [found for _, _, found in acknowledged[first:] if found] == []
    assert first < 50
    with running(log):
        pass
    report = verify(log, TRUST)
    assert report.findings == []
    assert report.gone, "retention worked meanwhile"
    users = [
        tuple(map(int, entry["auth.user_id"].split(".")))
        for entry in Search(log, Query(code="sample.audited.audited", limit=0, is_newest_first=False))
    ]
    assert users == sorted(set(users))
    oldest = users[0][0]
    stored = {number: 0 for number, _, _ in acknowledged}
    for number, _ in users:
        stored[number] += 1
    for number, count, _ in acknowledged:
        # Of the oldest round retention has taken some; the last record of each may be down and not yet acknowledged.
        assert number <= oldest or stored[number] - count in {0, 1}, number


def test_killed_at_its_first_checkpoint_it_misses_nothing(tmp_path, heard, monkeypatch):
    with running(tmp_path) as journal:
        samples.audited(user="ada", reason=Reason.NO_GROUP)
        journal.audit.sign_with(KEY)
        # As far as a process gets that is killed then: the head is there, its line is not.
        monkeypatch.setattr(type(journal.audit), "_write", fail)
        with pytest.raises(OSError, match="killed"):
            journal.audit.checkpoint()
        monkeypatch.undo()
        journal.audit._signer = None
    (told,) = (each.what for each in verify(tmp_path, TRUST).findings)
    assert told.startswith("audit.head tells of a line number")
    heard.forget()
    write(tmp_path, 1)
    assert "audit_cut" not in names(heard)
    assert verify(tmp_path, TRUST).holds
    # Later on it is no excuse.
    (tmp_path / "audit.head").unlink()
    with running(tmp_path):
        pass
    assert "audit_cut" in names(heard)


def fail(*_):
    raise OSError("killed")


def forged(path, *lines, seq=None):
    """Lines put behind the others by somebody who knows the method, but not the key."""
    last = chain.split(path.read_bytes().splitlines()[-1])
    number, value = seq or last.seq + 1, last.value
    with path.open("ab") as file:
        for line in lines:
            whole, value = chain.chained(line, number, value)
            file.write(whole + b"\n")
            number += 1


LINE = b'{"time":"2026-01-01T00:00:00.000000Z","level":"INFO","audit":true,"component":"x","msg":"Nothing happened"}'


def test_records_put_in_while_nobody_wrote_are_not_signed_in_silence(tmp_path, heard):
    write(tmp_path, 3)
    forged(segments(tmp_path)[-1], LINE, LINE)
    report = verify(tmp_path, TRUST)
    assert report.end - report.signed == 2
    with running(tmp_path):
        pass
    assert (events.audit_tail_unsigned, {"first": 6, "last": 7}) in heard("telemetry.audit")
    report = verify(tmp_path, TRUST)
    assert report.holds
    assert "6 to 7 were signed after a start only" in report.notes[0]
    heard.forget()
    with running(tmp_path):
        pass
    assert "audit_tail_unsigned" not in names(heard)


def test_a_number_that_nobody_reaches_does_not_end_the_log(tmp_path):
    write(tmp_path, 3)
    forged(segments(tmp_path)[-1], LINE, seq=10**18 - 2)
    with running(tmp_path):
        samples.audited(user="after", reason=Reason.NO_GROUP)
    write(tmp_path, 3)
    assert "after" in {entry.get("auth.user_id") for entry in Search(tmp_path, Query())}
    assert not verify(tmp_path, TRUST).holds


@pytest.mark.parametrize("name", ["audit-~.jsonl", "audit-99991231T235959-999999.jsonl"])
def test_a_file_with_a_name_behind_all_others_does_not_end_the_log(tmp_path, name):
    write(tmp_path, 3)
    (tmp_path / name).write_bytes(b"nonsense\n")
    write(tmp_path, 30, size=3000)
    assert len(segments(tmp_path)) > 4
    report = verify(tmp_path, TRUST)
    assert report.signed == report.end
    assert {finding.kind for finding in report.findings} <= {Kind.INSERTED}


@pytest.mark.parametrize("name", ["audit-20990101T000000-000000.jsonl", HEAD])
def test_a_pipe_in_the_place_of_a_file_holds_nothing_up(tmp_path, name):
    write(tmp_path, 3)
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    if name == HEAD:
        write(tmp_path, 3)
        assert kinds(tmp_path) == []
    else:
        with pytest.raises(OSError, match="no regular file"):
            write(tmp_path, 3)


def test_a_pipe_in_the_place_of_a_seal_holds_nothing_up(tmp_path):
    write(tmp_path, 30, size=3000)
    path = min(tmp_path.glob("*.seal"))
    path.unlink()
    os.mkfifo(path)
    with running(tmp_path) as journal:
        journal.limits.retention = Retention(size=1)
        journal.remove_expired()
    assert len(segments(tmp_path)) > 3
    assert Kind.SEAL_WRONG in {kind for kind, _ in kinds(tmp_path)}
