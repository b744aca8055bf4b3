import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ops.reference.samples import event, reference

from yett.ops.reference import Unreadable, as_json, parse
from yett.ops.reference import reading as module
from yett.ops.reference.reading import read

PRINTED = as_json(reference(event()))


def changed(**changes):
    return json.dumps(json.loads(PRINTED) | changes).encode()


def test_what_a_later_version_adds_is_passed_over():
    assert parse(changed(novelty=[1, 2])) == reference(event())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no log reference"),
        (b"\xff\xfe", "no log reference"),
        (b"[]", "no log reference"),
        (b"[" * 100_000, "no log reference"),
        (b'{"version":"1"}', "no log reference"),
        (changed(events=[{"code": 1}]), "no log reference"),
        (changed(format=2), "its format is 2"),
        (changed(events=json.loads(PRINTED)["events"] * 2), "same code"),
        (changed(common=[{"name": "x", "type": "text", "class": "unheard"}]), "no log reference"),
    ],
)
def test_what_is_no_reference_is_refused_with_a_reason(data, reason):
    with pytest.raises(Unreadable, match=reason):
        parse(data)


@given(st.binary(max_size=200), st.integers(0, len(PRINTED)))
def test_no_bytes_raise_anything_else(noise, place):
    for data in (noise, PRINTED.encode()[:place] + noise):
        try:
            parse(data)
        except Unreadable:
            continue


def test_a_dash_is_standard_input(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(PRINTED.encode())))
    assert read(tmp_path.__class__("-")) == reference(event())


def test_a_file_without_an_end_is_not_read_to_its_end(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_LIMIT", 1 << 20)
    with pytest.raises(Unreadable, match="larger than 1 MiB"):
        read(tmp_path.__class__("/dev/zero"))
