import os
import threading

from tests.events import samples
from tests.events.samples import START, Reason, record

from yett.events import Level, Native, Query, Ring, StdoutSink, Text, sinks


def batch(count, begin=0):
    return [record(samples.plain, "x", index, at=START + index) for index in range(begin, begin + count)]


def test_a_batch_is_one_write(monkeypatch, tmp_path):
    with (tmp_path / "out").open("wb") as file:
        sink = StdoutSink(Native(), descriptor=file.fileno())
        real, sizes = os.write, []
        monkeypatch.setattr(
            os, "write", lambda descriptor, data: sizes.append(len(data)) or real(descriptor, data)
        )
        sink.write(batch(100))
        sink.close()
    assert len(sizes) == 1
    assert (tmp_path / "out").read_bytes().count(b"\n") == 100


def test_text_is_written_for_people(tmp_path):
    with (tmp_path / "out").open("wb") as file:
        StdoutSink(Text(), descriptor=file.fileno()).write(batch(1))
    assert "Plain thing happened name=x count=0" in (tmp_path / "out").read_text()


def test_a_reader_that_went_away_is_survived_and_not_tried_again():
    reader, writer = os.pipe()
    sink = StdoutSink(Native(), descriptor=writer)
    os.close(reader)
    sink.write(batch(3))
    assert sink.is_gone
    sink.write(batch(2))
    assert sink.lost == 5
    sink.close()
    os.close(writer)


def test_a_closed_output_is_survived():
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)
    sink = StdoutSink(Native(), descriptor=writer)
    sink.write(batch(1))
    assert sink.is_gone
    sink.close()


def test_a_reader_that_stalls_does_not_hold_up_the_others_and_lines_stay_whole(monkeypatch):
    monkeypatch.setattr(sinks, "_PATIENCE", 0.01)
    reader, writer = os.pipe()
    sink = StdoutSink(Native(), descriptor=writer)
    sink.write(batch(2000))
    assert sink.lost > 0
    assert os.get_blocking(writer)  # whoever shares the pipe sees no change
    first = os.read(reader, 1 << 20)
    sink.write(batch(1, begin=9999))
    second = os.read(reader, 1 << 20)
    lines = (first + second).splitlines()
    assert b'"count":9999}' in lines[-1]
    assert lines[-1].startswith(b"{")
    sink.close()
    os.close(reader)
    os.close(writer)


def test_a_slow_reader_gets_everything():
    reader, writer = os.pipe()
    sink = StdoutSink(Native(), descriptor=writer)
    got = bytearray()

    def read():
        while data := os.read(reader, 4096):
            got.extend(data)

    thread = threading.Thread(target=read)
    thread.start()
    sink.write(batch(3000))
    sink.close()
    os.close(writer)
    thread.join(10)
    os.close(reader)
    assert got.count(b"\n") == 3000
    assert sink.lost == 0


def test_the_ring_keeps_the_newest_and_answers_queries():
    ring = Ring(50, node="n")
    ring.write(batch(200))
    ring.write([record(samples.audited, "ada", Reason.NO_GROUP, at=START + 500)])
    assert len(ring) == 50
    assert [entry["auth.user_id"] for entry in ring.search(Query(is_audit=True))] == ["ada"]
    assert [entry["count"] for entry in ring.search(Query(component="sample.plain", limit=2))] == [199, 198]
    oldest = next(iter(ring.search(Query(level=Level.INFO, is_newest_first=False))))
    assert (oldest["count"], oldest["node"]) == (151, "n")


def test_a_record_without_a_json_form_is_left_out_of_answers():
    ring = Ring(5)
    ring.write([record(samples.odd, object()), *batch(1)])
    assert len(list(ring.search(Query()))) == 1
