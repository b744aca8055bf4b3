import json
import os
import re
import threading
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.events.audit.logs import KEY, OTHER, TRUST, Key, audited, kinds, opened, running, segments, write

from yett.events import Retention, Trust, chain, pipeline, verify
from yett.events.audit import HEAD, Checkpoint, Kind, events, seals
from yett.events.audit.verifier import Small, Verifier


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A log of several sealed segments and a torn end, signed at its end, by two keys one after another."""
    directory = tmp_path_factory.mktemp("whole")
    write(directory, 20, size=3000, key=OTHER)
    with segments(directory)[-1].open("ab") as file:
        file.write(b'{"time":"20')
    with running(directory):
        pass
    write(directory, 20, begin=20, size=3000)
    return directory


@pytest.fixture
def log(whole, tmp_path):
    """A copy of it that a test may break."""
    return copied(whole, tmp_path / "log")


def copied(origin, directory):
    directory.mkdir()
    for path in origin.iterdir():
        (directory / path.name).write_bytes(path.read_bytes())
    return directory


def lines_of(path):
    return path.read_bytes().splitlines(keepends=True)


def test_an_untouched_log_is_whole_and_all_of_it_is_signed(whole):
    report = verify(whole, TRUST)
    assert report.findings == []
    assert report.segments > 5
    assert report.lines == report.end == report.signed
    assert report.first < report.last
    assert report.keys == [KEY.public_key, OTHER.public_key]
    assert report.notes == []


def test_without_a_key_it_is_said_that_nobody_vouches_for_the_signatures(whole):
    report = verify(whole)
    assert report.holds
    assert KEY.public_key in report.notes[0]


def test_another_key_makes_every_signature_a_finding(whole):
    trust = Trust(frozenset({Key(3).public_key}))
    assert {kind for kind, _ in kinds(whole, trust)} == {Kind.SIGNATURE_WRONG}


def test_where_nothing_is_stored_nothing_is_whole(tmp_path):
    (finding,) = verify(tmp_path / "missing", TRUST).findings
    assert (finding.kind, finding.what) == (Kind.REMOVED, "there is no audit log")


@pytest.mark.parametrize("place", [1, 2, 4])
@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("changed", Kind.CHANGED),
        ("renumbered", Kind.CHANGED),
        ("garbage", Kind.CHANGED),
        ("removed", Kind.REMOVED),
        ("two removed", Kind.REMOVED),
        ("swapped", Kind.REORDERED),
        ("doubled", Kind.INSERTED),
        ("blank", Kind.INSERTED),
        ("foreign", Kind.INSERTED),
    ],
)
def test_what_was_done_to_a_line_is_told(tmp_path, what, kind, place):
    write(tmp_path, 8)
    (path,) = segments(tmp_path)
    lines = lines_of(path)
    match what:
        case "changed":
            lines[place] = lines[place].replace(b'"user', b'"loser')
        case "renumbered":
            lines[place] = re.sub(rb'"seq":\d+', b'"seq":777', lines[place])
        case "garbage":
            lines[place] = b"\0\xff\0\n"
        case "removed":
            del lines[place]
        case "two removed":
            del lines[place : place + 2]
        case "swapped":
            lines[place], lines[place + 1] = lines[place + 1], lines[place]
        case "doubled":
            lines.insert(place, lines[place])
        case "blank":
            lines.insert(place, b"\n")
        case "foreign":
            line, _ = chain.chained(b'{"time":"2026-01-01T00:00:00.000000Z","msg":"x"}', place + 1, "0" * 64)
            lines.insert(place, line + b"\n")
    path.write_bytes(b"".join(lines))
    found = kinds(tmp_path)
    assert found[0][0] is kind or kind in {each for each, _ in found}
    assert place + 1 in {line for _, line in found} or place + 2 in {line for _, line in found}
    if what != "foreign":
        assert {each for each, _ in found} == {kind}


def test_a_whole_file_in_anothers_place_is_told(log):
    one, other = segments(log)[1:3]
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    assert Kind.REORDERED in {kind for kind, _ in kinds(log)}


def test_a_file_that_is_missing_is_told_though_its_seal_is_there(log):
    segments(log)[2].unlink()
    assert [kind for kind, _ in kinds(log)] == [Kind.REMOVED]


def test_the_oldest_files_may_be_missing_only_when_a_record_says_so(log):
    segments(log)[0].unlink()
    assert [kind for kind, _ in kinds(log)] == [Kind.REMOVED]


def test_files_missing_at_the_start_with_their_seals_are_told(log):
    path = segments(log)[0]
    path.unlink()
    (log / seals.name_of(path.name)).unlink()
    assert [kind for kind, _ in kinds(log)] == [Kind.REMOVED]


def test_lines_cut_off_at_the_end_are_missed_by_the_head_file(log):
    path = segments(log)[-1]
    path.write_bytes(b"".join(lines_of(path)[:-1]))
    assert [kind for kind, _ in kinds(log)] == [Kind.CUT_OFF]


def test_whole_files_cut_off_at_the_end_are_missed_by_the_head_file(log):
    for path in segments(log)[-2:]:
        path.unlink()
        (log / seals.name_of(path.name)).unlink(missing_ok=True)
    assert Kind.CUT_OFF in {kind for kind, _ in kinds(log)}


def test_a_missing_seal_is_told_when_a_later_file_has_one(log):
    (log / seals.name_of(segments(log)[1].name)).unlink()
    assert kinds(log) == [(Kind.REMOVED, 0)]


def test_a_file_parted_in_two_is_told(tmp_path):
    write(tmp_path, 20)
    (path,) = segments(tmp_path)
    lines = lines_of(path)
    path.write_bytes(b"".join(lines[:9]))
    (tmp_path / f"{path.stem}5.jsonl").write_bytes(b"".join(lines[9:]))
    assert kinds(tmp_path) == [(Kind.REORDERED, 1)]


def test_a_missing_head_file_is_told(log):
    (log / HEAD).unlink()
    assert kinds(log) == [(Kind.REMOVED, 0)]


def test_a_log_without_any_signature_is_no_proof_for_whoever_knows_the_key(tmp_path):
    write(tmp_path, 3, key=None)
    assert kinds(tmp_path) == [(Kind.UNSIGNED, 0)]
    assert verify(tmp_path).holds


def rewritten(lines, start=chain.START, first=1):
    """Lines chained anew, as somebody who knows the method but not the key would do it."""
    value, out = start, []
    for number, line in enumerate(lines, first):
        bare = re.sub(rb',"seq":\d+,"chain":"[0-9a-f]+"\}\n$', b"}", line)
        whole, value = chain.chained(bare, number, value)
        out.append(whole + b"\n")
    return b"".join(out)


def test_history_rewritten_with_a_perfect_chain_is_told_by_its_signatures(tmp_path):
    write(tmp_path, 5)
    (path,) = segments(tmp_path)
    lines = [line.replace(b"user2", b"user9") for line in lines_of(path)]
    path.write_bytes(rewritten(lines))
    assert verify(tmp_path, TRUST).holds is False
    # Not even without its checkpoints, nor with those of another key.
    path.write_bytes(rewritten([line for line in lines if b"audit_checkpoint" not in line]))
    assert {kind for kind, _ in kinds(tmp_path)} & {Kind.CUT_OFF, Kind.CHANGED}
    assert not verify(tmp_path).holds


def test_history_signed_by_a_strange_key_is_told(tmp_path):
    write(tmp_path, 5, key=OTHER)
    assert {kind for kind, _ in kinds(tmp_path)} == {Kind.SIGNATURE_WRONG}


def test_an_old_copy_of_everything_is_told_by_a_checkpoint_kept_elsewhere(whole, tmp_path):
    copy = copied(whole, tmp_path / "copy")
    write(copy, 3, begin=50, size=3000)
    kept = Checkpoint.of(json.loads((copy / HEAD).read_bytes()))
    trust = Trust(TRUST.keys, (kept,))
    assert verify(copy, trust).holds
    assert [finding.kind for finding in verify(whole, trust).findings] == [Kind.CUT_OFF]


def test_a_checkpoint_kept_elsewhere_tells_of_another_history(whole, tmp_path):
    other = tmp_path / "other"
    write(other, 60)
    kept = Checkpoint.of(json.loads((whole / HEAD).read_bytes()))
    found = verify(other, Trust(TRUST.keys, (kept,))).findings
    assert [finding.kind for finding in found] == [Kind.CHANGED]
    assert "kept elsewhere" in found[0].what


def test_a_forged_checkpoint_kept_elsewhere_is_told(whole):
    kept = Checkpoint.of(json.loads((whole / HEAD).read_bytes()))
    forged = Checkpoint(kept.count + 5, kept.head, kept.time, kept.node, kept.key, kept.signature)
    found = verify(whole, Trust(TRUST.keys, (forged,))).findings
    assert [finding.kind for finding in found] == [Kind.SIGNATURE_WRONG]


def test_of_what_a_collector_has_of_all_nodes_only_this_node_counts(whole):
    own = Checkpoint.of(json.loads((whole / HEAD).read_bytes()))
    bare = replace(own, node="another", head="ab" * 32)
    other = replace(bare, signature=bare.signature_by(KEY))
    report = verify(whole, Trust(TRUST.keys, (other, own)))
    assert report.holds
    assert "another" in report.notes[-1]
    # With nothing else at hand it may be this log that is another node's.
    assert not verify(whole, Trust(TRUST.keys, (other,))).holds


@pytest.mark.parametrize("name", ["audit-20200101T000000-000000.jsonl", "audit-20990101T000000-000000.jsonl"])
def test_a_file_put_in_is_told(log, name):
    (log / name).write_bytes(segments(log)[1].read_bytes())
    assert kinds(log)


def test_links_and_pipes_in_the_place_of_a_file_are_told_and_never_followed(log):
    first, second, *_ = segments(log)
    data = first.read_bytes()
    first.unlink()
    (log / "elsewhere").write_bytes(data)
    first.symlink_to(log / "elsewhere")
    second.unlink()
    os.mkfifo(second)
    assert {"it is no regular file"} <= {finding.what for finding in verify(log, TRUST).findings}


def test_what_a_crash_tore_is_told_where_it_lies_and_kept_under_watch(log):
    with segments(log)[-1].open("ab") as file:
        file.write(b'{"time":"2026')
    assert [kind for kind, _ in kinds(log)] == [Kind.TORN_END]
    with running(log):
        pass
    assert kinds(log) == []
    _, torn = log.glob("audit-*.torn")
    assert torn.read_bytes() in {b'{"time":"20', b'{"time":"2026'}
    torn.write_bytes(b'{"time":"21')
    assert [kind for kind, _ in kinds(log)] == [Kind.CHANGED]
    torn.unlink()
    assert [kind for kind, _ in kinds(log)] == [Kind.REMOVED]


def test_a_log_that_was_cut_while_nobody_wrote_keeps_the_mark_of_it(log, heard):
    path = segments(log)[-1]
    path.write_bytes(b"".join(lines_of(path)[:-1]))
    with running(log):
        audit_log_goes_on = audited(90)
        pipeline.emit(audit_log_goes_on.declaration, audit_log_goes_on.values)
    assert (Kind.CUT_OFF, 1) not in kinds(log)
    assert [kind for kind, _ in kinds(log)] == [Kind.CUT_OFF]
    assert [said for said, _ in heard("telemetry.audit")].count(events.audit_cut) == 1


def test_a_log_is_checked_while_it_is_written(tmp_path):
    journal = opened(tmp_path, size=20_000)
    stop = threading.Event()

    def busy():
        index = 0
        while not stop.is_set():
            journal.audit.append(audited(index))
            index += 1
            if index % 50 == 0:
                journal.audit.upkeep(index)

    journal.audit.append(audited(0))
    journal.audit.upkeep(0)
    writer = threading.Thread(target=busy)
    writer.start()
    reports = [verify(tmp_path, TRUST) for _ in range(20)]
    stop.set()
    writer.join()
    journal.close()
    assert [report.findings for report in reports] == [[]] * 20
    assert reports[-1].lines > reports[0].lines


def test_files_removed_by_retention_while_checking_are_no_finding(tmp_path):
    with running(tmp_path, size=3000) as journal:
        say = audited(0)
        for _ in range(40):
            pipeline.emit(say.declaration, say.values)
        journal.audit.upkeep(0)
        there = segments(tmp_path)

        def meanwhile(_done, _total):
            if there:
                journal.limits.retention = Retention(size=4000)
                journal.remove_expired()
                there.clear()
                # The records of the removals are in files that were not there at the beginning.
                for _ in range(20):
                    pipeline.emit(say.declaration, say.values)

        first, second, *_ = there
        report = verify(tmp_path, TRUST, meanwhile)
        assert not first.exists()
        assert not second.exists()
        assert report.findings == []


def test_the_very_first_checkpoint_may_be_signed_while_checking(tmp_path):
    journal = opened(tmp_path)
    journal.audit.append(audited(0))
    verifier = Verifier(Small(), TRUST)
    journal.close()
    (path,) = segments(tmp_path)
    verifier.segment(path.name, [path.read_bytes()], None, is_newest=True)
    verifier.meanwhile(Small((tmp_path / HEAD).read_bytes()))
    assert verifier.finish().holds


def test_a_torn_end_may_be_moved_aside_while_checking(log):
    (torn,) = log.glob("audit-*.torn")
    kept = torn.read_bytes()
    torn.unlink()
    assert verify(log, TRUST, lambda _done, _total: torn.write_bytes(kept)).holds


def test_files_taken_away_while_checking_are_told(log):
    first, second, *_ = segments(log)
    report = verify(log, TRUST, lambda _done, _total: second.unlink(missing_ok=True))
    assert [finding.kind for finding in report.findings] == [Kind.REMOVED]
    assert first.exists()


def test_progress_is_told(whole):
    seen = []
    verify(whole, TRUST, lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] > 0


def stored(directory):
    """Every file of the audit log."""
    return sorted(
        path for path in directory.iterdir() if path.name.startswith("audit") and path.stat().st_size
    )


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_every_change_of_a_byte_or_a_line_is_found(whole, tmp_path_factory, data):
    log = copied(whole, tmp_path_factory.mktemp("broken") / "log")
    path = data.draw(st.sampled_from(stored(log)))
    before = path.read_bytes()
    place = data.draw(st.integers(0, len(before) - 1))
    what = data.draw(
        st.sampled_from(["bit", "byte", "insert", "delete", "cut", "double", "swap", "move", "take"])
    )
    lines = before.splitlines(keepends=True)
    line = data.draw(st.integers(0, len(lines) - 1))
    match what:
        case "bit":
            bit = 1 << data.draw(st.integers(0, 7))
            after = before[:place] + bytes([before[place] ^ bit]) + before[place + 1 :]
        case "byte":
            after = before[:place] + bytes([data.draw(st.integers(0, 255))]) + before[place + 1 :]
        case "insert":
            after = before[:place] + data.draw(st.binary(min_size=1, max_size=5)) + before[place:]
        case "delete":
            after = before[:place] + before[place + data.draw(st.integers(1, 5)) :]
        case "cut":
            after = before[:place]
        case "double":
            after = b"".join([*lines[:line], lines[line], *lines[line:]])
        case "swap":
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[line], lines[other] = lines[other], lines[line]
            after = b"".join(lines)
        case "move":
            other = data.draw(st.integers(0, len(lines) - 1))
            lines.insert(other, lines.pop(line))
            after = b"".join(lines)
        case "take":
            del lines[line]
            after = b"".join(lines)
    path.write_bytes(after)
    assert verify(log, TRUST).holds is (after == before)


def test_a_file_of_empty_lines_fills_nobodys_memory(log):
    with segments(log)[-1].open("ab") as file:
        file.write(b"\n" * 300_000)
    tracemalloc.start()
    report = verify(log, TRUST)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(report.findings) + report.more >= 300_000
    assert most < 150 << 20


def test_a_line_without_an_end_fills_nobodys_memory(log):
    with segments(log)[-1].open("r+b") as file:
        file.truncate(200 << 20)
    tracemalloc.start()
    report = verify(log, TRUST)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert not report.holds
    assert most < 150 << 20
