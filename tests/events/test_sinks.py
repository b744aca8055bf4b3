from tests.events import samples
from tests.events.samples import START, Reason, record

from yett.events import Level, Query, Ring


def batch(count, begin=0):
    return [record(samples.plain, "x", index, at=START + index) for index in range(begin, begin + count)]


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
