import datetime
import enum
from typing import Annotated

import pytest

from yett.events.fields import Groups, Kind, NotAfter, Sensitivity, User, describe, field_of


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("annotation", "name", "type_name", "sensitivity"),
    [
        (int, "x", "integer", Sensitivity.PUBLIC),
        (float, "x", "number", Sensitivity.PUBLIC),
        (bool, "x", "boolean", Sensitivity.PUBLIC),
        (Colour, "x", "one of red", Sensitivity.PUBLIC),
        (User, "auth.user_id", "text", Sensitivity.SENSITIVE),
        (Groups, "x", "list of text", Sensitivity.SENSITIVE),
        (NotAfter, "certauth.x509.not_after", "instant", Sensitivity.PUBLIC),
        (Annotated[int, "something else"], "x", "integer", Sensitivity.PUBLIC),
    ],
)
def test_a_field_says_its_name_type_and_sensitivity(annotation, name, type_name, sensitivity):
    field = field_of("x", annotation)
    assert (field.name, field.type_name, field.sensitivity) == (name, type_name, sensitivity)


@pytest.mark.parametrize("annotation", [str, None, bytes, dict, tuple[str, ...], datetime.datetime])
def test_text_without_a_class_is_refused(annotation):
    with pytest.raises(TypeError, match="sensitivity"):
        field_of("x", annotation)


def test_a_secret_cannot_be_a_field():
    with pytest.raises(TypeError, match="never logged"):
        field_of("x", Annotated[str, Kind(Sensitivity.SECRET)])


@pytest.mark.parametrize("name", ["time", "level", "msg", "code", "component", "audit", "chain"])
def test_a_field_does_not_take_the_name_of_what_every_record_carries(name):
    assert field_of(name, int).name == f"event.{name}"


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (ValueError("no"), "ValueError: no"),
        (ValueError(), "ValueError"),
        (ValueError("first\nsecond"), "ValueError: first"),
        (ValueError("\x1b[2Jx"), "ValueError: [2Jx"),
        (ValueError("x" * 1000), "ValueError: " + "x" * 300),
    ],
)
def test_an_exception_is_described_in_one_short_line(problem, text):
    assert describe(problem) == text
