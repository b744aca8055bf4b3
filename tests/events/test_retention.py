import pytest

from yett.events import Retention, notices
from yett.events.retention import Stored, expired, remove_expired

FILES = [
    Stored("audit-1", True, 100, 10),
    Stored("records-1", False, 100, 20),
    Stored("records-2", False, 100, 30),
    Stored("audit-2", True, 100, 40),
]


@pytest.mark.parametrize(
    ("rule", "gone"),
    [
        (Retention(0, 0, 0), []),
        (Retention(75, 0, 0), ["records-1"]),
        (Retention(0, 65, 0), ["audit-1"]),
        (Retention(0, 0, 300), ["records-1"]),
        (Retention(0, 0, 299), ["records-1", "records-2"]),
        (Retention(0, 0, 150), ["records-1", "records-2", "audit-1"]),
        (Retention(0, 0, 1), ["records-1", "records-2", "audit-1", "audit-2"]),
        (Retention(0, 85, 300), ["audit-1"]),
        (Retention(1000, 1000, 400), []),
    ],
)
def test_age_goes_first_then_size_and_audit_files_last(rule, gone):
    assert [file.name for file in expired(FILES, rule, now=100)] == gone


def test_no_audit_file_goes_before_an_older_one():
    files = [Stored("audit-1", True, 100, 99), Stored("audit-2", True, 100, 10)]
    assert expired(files, Retention(0, 50, 0), now=100) == []
    assert [file.name for file in expired(files, Retention(0, 0, 100), now=100)] == ["audit-1"]


def test_the_files_in_use_count_for_the_size_but_stay(tmp_path):
    for name in ("audit-1.jsonl", "records-1.jsonl", "records-2.jsonl"):
        (tmp_path / name).write_bytes(b"x" * 100)
    remove_expired(tmp_path, Retention(0, 0, 200), {"records-2.jsonl"}, now=0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["audit-1.jsonl", "records-2.jsonl"]


def test_what_was_torn_off_goes_with_its_file(tmp_path):
    for name in ("records-1.jsonl", "records-1.00.torn", "records-1.01.torn.new"):
        (tmp_path / name).write_bytes(b"x")
    remove_expired(tmp_path, Retention(age=1), set(), now=1e12)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_removed_is_reported(tmp_path, heard, monkeypatch):
    path = tmp_path / "records-1.jsonl"
    path.write_bytes(b"x")

    def refused(_path, **_how):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "unlink", refused)
    remove_expired(tmp_path, Retention(age=1), set(), now=1e12)
    assert [said for said, _ in heard("telemetry")] == [notices.segment_kept]


def test_an_audit_file_without_a_seal_stays_and_that_is_said_once(tmp_path, heard):
    for name in ("audit-1.jsonl", "audit-2.jsonl"):
        (tmp_path / name).write_bytes(b"x")
    told = set()
    for _ in range(3):
        remove_expired(tmp_path, Retention(audit_age=1), {"audit-2.jsonl"}, now=1e12, told=told)
    assert heard("telemetry") == [
        (notices.segment_kept, {"segment": "audit-1.jsonl", "error": "the file has no seal"})
    ]
    assert (tmp_path / "audit-1.jsonl").exists()
