import inspect

import pytest
from tests.events import samples

from yett.events import INFO, TRACE, Level, catalogue, console, event, pipeline
from yett.events.fields import Host, Name


def declare(**changes):
    def thing(name: Name) -> None:
        """Nothing to do."""

    thing.__doc__ = changes.get("advice", thing.__doc__)
    return event(changes.get("component", "sample.declare"), INFO, "Thing", code=changes.get("code", ""))(
        thing
    )


def test_the_signature_is_the_fields_and_the_docstring_the_advice():
    declaration = samples.audited.declaration
    assert (declaration.code, declaration.component, declaration.level.name) == (
        "sample.audited.audited",
        "sample.audited",
        "WARN",
    )
    assert [(field.parameter, field.name) for field in declaration.fields] == [
        ("user", "auth.user_id"),
        ("reason", "reason"),
    ]
    assert declaration.fields[1].type_name == "one of no_group"
    assert declaration.advice == "Nothing to do."
    assert declaration.emitter is samples.audited


def test_the_emitter_has_the_signature_that_was_declared():
    assert list(inspect.signature(samples.plain).parameters) == ["name", "count"]
    with pytest.raises(TypeError):
        samples.plain()
    with pytest.raises(TypeError):
        samples.plain("x", amount=3)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"advice": ""}, "no advice"),
        ({"component": "Sample"}, "not a component"),
        ({"component": "a..b"}, "not a component"),
    ],
)
def test_a_declaration_that_lacks_something_is_refused(changes, said):
    with pytest.raises(TypeError, match=said):
        declare(**changes)


def test_a_code_is_taken_once_for_ever():
    declare(code="taken")

    def other(name: Name) -> None:
        """Nothing to do."""

    with pytest.raises(TypeError, match="declared in"):
        event("sample.declare", INFO, "Other", code="taken")(other)


def test_documented_components_with_capitals_can_be_declared():
    assert declare(component="sample.revokeBySerial").declaration.component == "sample.revokeBySerial"


def test_an_event_declared_later_follows_the_levels_in_force():
    with pipeline.at_level(Level.ERROR):
        assert not declare(code="late").declaration.enabled
    with pipeline.at_level(TRACE):
        assert declare(code="later").declaration.enabled


def test_the_catalogue_knows_every_event():
    assert catalogue.events["sample.plain.plain"] is samples.plain.declaration


def test_a_printed_line_has_as_many_places_as_its_template(capsys):
    console("[TEST] %s and %v", advice="Nothing to do.")(1, "b\rc")
    console("[TEST] 100% sure", advice="Nothing to do.")()
    console("[TEST] 100% of %s", advice="Nothing to do.")("\x1b[2J")
    assert capsys.readouterr().out == "[TEST] 1 and b c\n[TEST] 100% sure\n[TEST] 100% of  [2J\n"
    with pytest.raises(ValueError, match="longer"):
        console("[TEST] %s and %s", advice="Nothing to do.")(1)
    assert catalogue.console["[TEST] %s and %v"].parts == 2


def test_two_fields_that_a_record_would_call_the_same_are_refused():
    with pytest.raises(TypeError, match="two fields"):

        @event("sample.twice", INFO, "Twice the same")
        def twice(first: Host, second: Host) -> None:
            """Nothing to do."""
