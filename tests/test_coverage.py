from pathlib import Path

import pytest
from tests import coverage
from tests.events import samples

from yett.events import Retention, catalogue, notices, pipeline
from yett.events.declare import ConsoleDeclaration, Declaration
from yett.events.levels import Level
from yett.events.retention import remove_expired


def declared(component, level, message, *, audit=False, module="yett.room"):
    return Declaration(f"{component}.x", component, Level[level], audit, message, (), "", module, "x")


def numbers(events=(), lines=()):
    return sorted(
        {coverage.ENTRIES[position]["n"] for position, _ in coverage.match(list(events), list(lines))}
    )


def test_an_event_stands_for_its_entry():
    assert numbers([declared("loadbalancer", "INFO", "pool created")]) == [1]
    assert numbers([declared("loadbalancer", "WARN", "pool created")]) == []
    assert numbers([declared("loadbalancer", "INFO", "pool created", audit=True)]) == []


def test_an_event_declared_by_a_test_stands_for_nothing():
    assert numbers([declared("loadbalancer", "INFO", "pool created", module="tests.events.samples")]) == []


def test_entries_that_repeat_each_other_are_met_together():
    message = coverage.ENTRIES[1860]["message"]
    found = numbers(
        [declared(coverage.ENTRIES[1860]["component"], coverage.ENTRIES[1860]["levels"][0], message)]
    )
    assert 1861 in found


def test_the_entry_that_covers_most_of_the_message_is_meant():
    by_message = {entry["message"]: entry for entry in coverage.ENTRIES if entry["component"] == "proxy.dns"}
    long = by_message["DNS resolution failed, fallback to system DNS"]
    assert numbers([declared("proxy.dns", long["levels"][0], long["message"])]) == [long["n"]]


def test_an_entry_counts_when_each_outcome_does():
    key, other = [key for key in coverage.OUTCOMES if coverage.ENTRIES[key[0]]["n"] == 83]
    half = coverage.summarise({key, other}, {key})
    assert half["modules"]["Reverse Proxy"] == {"entries": 76, "declared": 1, "heard": 0}
    assert coverage.summarise({key, other}, {key, other})["total"] == {
        "entries": 2074,
        "declared": 1,
        "heard": 1,
    }
    assert half["modules"]["Hot Reload"] == {"entries": 0, "declared": 0, "heard": 0}


def test_printed_lines_are_matched_by_their_template():
    lines = [
        ConsoleDeclaration("Failed to marshal log entry: %s", "stderr", "", "yett.events", 1),
        ConsoleDeclaration("[CONFIG] Using SSH authentication", "stdout", "", "yett.config", 0),
        ConsoleDeclaration("[CONFIG] Using another way", "stdout", "", "yett.config", 0),
    ]
    assert numbers(lines=lines) == [1937, 2007]


def test_every_row_stands_in_the_table():
    rows = coverage.table(coverage.summarise(set(), set()))
    assert len(rows) == 2 + 54
    assert rows[-1].split() == ["total", "2074", "0", "0"]


def test_gaps_name_what_is_unheard_and_what_has_no_entry():
    event = declared("loadbalancer", "INFO", "pool created")
    text = coverage.gaps(coverage.match([event], []), set())
    assert "n=1 loadbalancer: pool created" in text


@pytest.fixture
def recorder(request):
    return request.config.pluginmanager.get_plugin("event-coverage")


def test_what_a_test_emits_is_not_heard(recorder):
    samples.plain("x")
    notices.audit_gap(missed=1)  # ours, but said by this file
    assert "sample.plain.plain" not in recorder._codes


def test_what_our_code_emits_is_heard(recorder, tmp_path):
    (tmp_path / "records-1.jsonl").touch()
    recorder._codes.discard("telemetry.store.segment_removed")
    remove_expired(tmp_path, Retention(age=1), set(), now=1e12)
    assert "telemetry.store.segment_removed" in recorder._codes


def test_the_whole_run_listens_at_every_level():
    assert pipeline.level is Level.TRACE
    assert all(event.enabled for event in catalogue.events.values())


def test_the_catalogue_is_complete():
    assert len(coverage.ENTRIES) == 2074
    assert [entry["n"] for entry in coverage.ENTRIES] == list(range(1, 2075))
    assert (Path(coverage.__file__).parent / "catalogue" / "README.md").is_file()
