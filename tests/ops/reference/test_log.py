import json

import pytest
from tests.ops.reference.samples import COUNT, EVERY_KIND, USER, WHY, declaration

from yett.events import catalogue
from yett.events.declare import ConsoleDeclaration
from yett.ops.reference import as_json, as_markdown, log_of, parse

LINE = ConsoleDeclaration("Cannot read %s", "stderr", "Look at\nthe file.", "yett.config.load", 1)


def test_an_event_is_shown_with_its_code_fields_and_advice():
    text = as_markdown([declaration("a.b.c", audit=True, fields=(USER, COUNT), advice="What\nto do.")])
    assert "- INFO **AUDIT** Message of a.b.c (*auth.user_id*, count)\n  `a.b.c`. What to do.\n" in text


def test_events_stand_by_room_and_component():
    text = as_markdown(
        [
            declaration("s.x", component="s", module="yett.store.events"),
            declaration("a.z", component="a.z"),
            declaration("a.b", component="a.b"),
        ],
        [LINE],
    )
    heads = [line for line in text.splitlines() if line.startswith("##")]
    assert heads == ["## authn", "### `a.b`", "### `a.z`", "## store", "### `s`", "## Console lines"]


@pytest.mark.parametrize("seed", [1, -1])
def test_the_order_of_declaration_does_not_matter(seed):
    ours = [each for each in catalogue.events.values() if each.module.startswith("yett.")]
    assert as_markdown(ours) == as_markdown(ours[::seed])
    assert as_json(log_of("1", ours)) == as_json(log_of("1", ours[::seed]))


def test_as_data_an_event_has_both_halves_of_its_advice_and_the_types_of_its_fields():
    (event,) = json.loads(as_json(log_of("1.2", [declaration("a.b.c", fields=EVERY_KIND)])))["events"]
    assert event == {
        "code": "a.b.c",
        "room": "authn",
        "component": "a.b",
        "level": "INFO",
        "audit": False,
        "message": "Message of a.b.c",
        "fields": [
            {"name": "auth.user_id", "type": "text", "class": "sensitive"},
            {"name": "count", "type": "integer", "class": "public"},
            {"name": "reason", "type": "choice", "class": "public", "values": ["wrong", "spent"]},
            {"name": "names", "type": "list of text", "class": "public"},
            {"name": "end", "type": "instant", "class": "public"},
            {"name": "seconds", "type": "number", "class": "public"},
        ],
        "meaning": "Somebody did it.",
        "action": "Look at who.",
    }


def test_what_is_printed_can_be_read_again_and_has_one_entry_a_line():
    log = log_of("1.2", [declaration(f"a.b.{name}", fields=(WHY,)) for name in "xyz"], [LINE])
    text = as_json(log)
    assert parse(text.encode()) == log
    assert sum('"code":' in line for line in text.splitlines()) == 3
    assert log.console[0].advice == "Look at the file."
