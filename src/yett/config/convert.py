"""From what a file or the environment holds to the declared type.

Nothing here reads a file or prints. A value of the wrong type is corrected where only one reading
is possible ("8443" for a number), and the correction is told; where a second reading is
thinkable (5 for a duration: seconds or minutes?), it is refused with a hint.
"""

import dataclasses
import datetime
import difflib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from yett.config.declare import Setting
from yett.config.forms import Field, Form, Shape, in_words, parse_duration, parse_size, value_text
from yett.config.mistakes import one_of, shown

_WHOLE = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?[0-9]{1,19}(\.[0-9]{1,19})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


@dataclasses.dataclass(frozen=True, slots=True)
class Outside:
    """Text from the environment: it stands for a value of any type, so reading it is no correction."""

    text: str
    written: str
    """What the operator wrote: the template, or "" when the text itself may be shown."""
    origin: str
    is_variable: bool = True
    """Whether a variable of the key's own name gave it, rather than a template in a file."""


@dataclasses.dataclass(frozen=True, slots=True)
class Correction:
    """A value that was read as something else than it is."""

    expected: str
    got: str
    outcome: str


@dataclasses.dataclass(frozen=True, slots=True)
class Good:
    """The value in its declared type."""

    value: Any
    corrections: tuple[Correction, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Bad:
    """Why there is no value."""

    reason: str
    hint: str = ""


def convert(raw: Any, field: Field) -> Good | Bad:
    """The value of one key that is no table, within its bounds.

    The default is always within bounds: it may stand for "off" or "not set".
    """
    result = _read(raw, field.form, is_secret=field.setting.secret)
    if isinstance(result, Bad) or (not field.is_required and result.value == field.default):
        return result
    return check_bounds(result.value, field) or result


def check_bounds(value: Any, field: Field) -> Bad | None:
    """What the declared bounds have against a value. Of text and lists they bound the length."""
    if value is None:
        return None
    setting, form = field.setting, field.form
    counted = {Shape.TEXT: " characters", Shape.LIST: " entries", Shape.ITEMS: " entries"}
    unit = counted.get(form.shape)
    measure = value if unit is None else len(value)
    if setting.at_least is None and form.shape in {Shape.DURATION, Shape.SIZE} and value < type(value)():
        return Bad("is negative")
    if setting.at_least is not None and measure < setting.at_least:
        return Bad(f"is less than {_bound(setting.at_least, field, unit)}")
    if setting.at_most is not None and measure > setting.at_most:
        return Bad(f"is more than {_bound(setting.at_most, field, unit)}")
    return _check_pattern(value, setting)


def _check_pattern(value: Any, setting: Setting) -> Bad | None:
    if not setting.matches:
        return None
    for each in value if isinstance(value, tuple) else (value,):
        if re.fullmatch(setting.matches, str(each)) is None:
            return Bad(
                f"is not {setting.expects}" if setting.expects else f"does not match {setting.matches}"
            )
    return None


def _bound(bound: Any, field: Field, unit: str | None) -> str:
    return f"{bound}{unit}" if unit is not None else value_text(bound, field.form)


def _read(raw: Any, form: Form, *, is_secret: bool) -> Good | Bad:
    text = raw.text if isinstance(raw, Outside) else raw
    if form.is_optional and text == "" and form.shape is not Shape.TEXT:
        return Good(None)
    if isinstance(text, str) and (fault := _fault_of(text)):
        return Bad(fault)
    if isinstance(text, int) and abs(text) >= 1 << 63:
        return Bad("is a number beyond 64 bits")
    if form.shape is Shape.LIST and form.element is not None:
        return _list(raw, form.element, is_secret=is_secret)
    if isinstance(raw, Outside):
        result = _FROM_TEXT[form.shape](raw.text, form)
        return Good(result.value) if isinstance(result, Good) else result
    result = _FROM_TOML[form.shape](raw, form)
    if isinstance(result, Good) and result.corrections and is_secret:
        hidden = Correction(in_words(form), type_name(raw), "it was converted")
        return Good(result.value, (hidden,))
    return result


def _fault_of(text: str) -> str:
    if "\0" in text:
        return "holds a NUL character"
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        return "is not UTF-8"
    return ""


def type_name(raw: Any) -> str:
    """What a TOML value is, in the words used for what is expected."""
    match raw:
        case bool():
            return Shape.FLAG.value
        case int():
            return Shape.INTEGER.value
        case float():
            return Shape.NUMBER.value
        case str() | Outside():
            return Shape.TEXT.value
        case dict():
            return Shape.ITEM.value
        case list():
            return Shape.LIST.value
        case _:
            return "a date or time"


def _unexpected(raw: Any, form: Form, hint: str = "") -> Bad:
    return Bad(f"has to be {in_words(form)}, not {type_name(raw)}", hint)


def _corrected(raw: Any, form: Form, value: Any) -> Good:
    text = value_text(value, form)
    outcome = f"{shown(raw)} is read as {shown(text) if form.shape in _QUOTED else text}"
    return Good(value, (Correction(in_words(form), type_name(raw), outcome),))


_QUOTED = frozenset({Shape.TEXT, Shape.CHOICE, Shape.PATH, Shape.DURATION, Shape.SIZE})


# From text, of the environment or in quotes where another type was expected.


def _text_to_text(text: str, _form: Form) -> Good | Bad:
    return Good(text)


def _text_to_integer(text: str, form: Form) -> Good | Bad:
    if _WHOLE.fullmatch(text) and abs(int(text)) < 1 << 63:
        return Good(int(text))
    return _unexpected(text, form)


def _text_to_number(text: str, form: Form) -> Good | Bad:
    if _DECIMAL.fullmatch(text) and abs(float(text)) != float("inf"):
        return Good(float(text))
    return _unexpected(text, form)


def _text_to_flag(text: str, form: Form) -> Good | Bad:
    word = text.lower()
    return Good(word in _TRUE) if word in _TRUE | _FALSE else _unexpected(text, form)


def _text_to_duration(text: str, _form: Form) -> Good | Bad:
    try:
        return Good(parse_duration(text))
    except ValueError as problem:
        hint = f'write "{text}s" for seconds' if text.isdecimal() else 'durations read "30s", "1m30s", "720h"'
        return Bad(str(problem), hint)


def _text_to_size(text: str, _form: Form) -> Good | Bad:
    try:
        return Good(parse_size(text))
    except ValueError as problem:
        return Bad(str(problem), 'sizes read "512", "64KiB", "10MB"')


def _text_to_path(text: str, _form: Form) -> Good | Bad:
    return Good(Path(text)) if text else Bad("is empty where a path is needed")


def _text_to_choice(text: str, form: Form) -> Good | Bad:
    exact = dict(form.choices)
    if text in exact:
        return Good(exact[text])
    folded = {name.lower(): member for name, member in form.choices}
    if text.lower() in folded:
        return Good(folded[text.lower()], (Correction(in_words(form), shown(text), "case is ignored"),))
    near = difflib.get_close_matches(text[:100].lower(), list(folded), n=1)
    names = one_of(name for name, _ in form.choices)
    return Bad(f"has to be {names}", f'"{near[0]}" is near' if near else "")


# From TOML.


def _to_text(raw: Any, form: Form) -> Good | Bad:
    match raw:
        case str():
            return Good(raw)
        case bool() | float():
            # 1.10 has become 1.1 by now, and nobody names a host "true": quotes settle it.
            return _unexpected(raw, form, "put it in quotes")
        case int():
            return _corrected(raw, form, str(raw))
        case datetime.date() | datetime.time():
            return _corrected(raw, form, raw.isoformat())
        case _:
            return _unexpected(raw, form)


def _to_integer(raw: Any, form: Form) -> Good | Bad:
    match raw:
        case bool():
            return _unexpected(raw, form)
        case int():
            return Good(raw)
        case float() if raw.is_integer() and abs(raw) < 1 << 53:
            return _corrected(raw, form, int(raw))
        case _:
            return _from_text(raw, form, _text_to_integer)


def _to_number(raw: Any, form: Form) -> Good | Bad:
    match raw:
        case bool():
            return _unexpected(raw, form)
        case int():
            return Good(float(raw))
        case float():
            # NaN passes every comparison with a bound.
            return Good(raw) if abs(raw) < float("inf") else Bad("has to be a finite number")
        case _:
            return _from_text(raw, form, _text_to_number)


def _to_flag(raw: Any, form: Form) -> Good | Bad:
    match raw:
        case bool():
            return Good(raw)
        case int() if raw in {0, 1}:
            return _corrected(raw, form, bool(raw))
        case _:
            return _from_text(raw, form, _text_to_flag)


def _to_duration(raw: Any, form: Form) -> Good | Bad:
    match raw:
        case str():
            return _text_to_duration(raw, form)
        case bool():
            return _unexpected(raw, form)
        case int() | float() if raw == 0:
            return _corrected(raw, form, datetime.timedelta(0))
        case int() | float():
            return Bad("needs a unit", f'write "{raw}s" for seconds')
        case _:
            return _unexpected(raw, form)


def _to_size(raw: Any, form: Form) -> Good | Bad:
    match raw:
        case str():
            return _text_to_size(raw, form)
        case bool():
            return _unexpected(raw, form)
        case int():
            return Good(raw)
        case float() if raw.is_integer() and abs(raw) < 1 << 53:
            return _corrected(raw, form, int(raw))
        case _:
            return _unexpected(raw, form)


def _to_path(raw: Any, form: Form) -> Good | Bad:
    return _text_to_path(raw, form) if isinstance(raw, str) else _unexpected(raw, form)


def _to_choice(raw: Any, form: Form) -> Good | Bad:
    return _text_to_choice(raw, form) if isinstance(raw, str) else _unexpected(raw, form)


def _from_text(raw: Any, form: Form, read: Callable[[str, Form], Good | Bad]) -> Good | Bad:
    if not isinstance(raw, str):
        return _unexpected(raw, form)
    result = read(raw, form)
    return _corrected(raw, form, result.value) if isinstance(result, Good) else result


def _list(raw: Any, element: Form, *, is_secret: bool) -> Good | Bad:
    form = Form(Shape.LIST, element=element)
    corrections: list[Correction] = []
    entries: list[Any]
    match raw:
        case list():
            entries = raw
        case Outside():
            pieces = (piece.strip() for piece in raw.text.split(","))
            entries = [dataclasses.replace(raw, text=piece) for piece in pieces if piece]
        case str():
            entries = [raw]
            corrections.append(Correction(in_words(form), type_name(raw), "it is read as the only entry"))
        case _:
            return _unexpected(raw, form)
    values = []
    for position, entry in enumerate(entries, start=1):
        result = _read(entry, element, is_secret=is_secret)
        if isinstance(result, Bad):
            return Bad(f"entry {position} {result.reason}", result.hint)
        values.append(result.value)
        corrections += result.corrections
    return Good(tuple(values), tuple(corrections))


_FROM_TEXT: Mapping[Shape, Callable[[str, Form], Good | Bad]] = {
    Shape.TEXT: _text_to_text,
    Shape.INTEGER: _text_to_integer,
    Shape.NUMBER: _text_to_number,
    Shape.FLAG: _text_to_flag,
    Shape.DURATION: _text_to_duration,
    Shape.SIZE: _text_to_size,
    Shape.PATH: _text_to_path,
    Shape.CHOICE: _text_to_choice,
}
_FROM_TOML: Mapping[Shape, Callable[[Any, Form], Good | Bad]] = {
    Shape.TEXT: _to_text,
    Shape.INTEGER: _to_integer,
    Shape.NUMBER: _to_number,
    Shape.FLAG: _to_flag,
    Shape.DURATION: _to_duration,
    Shape.SIZE: _to_size,
    Shape.PATH: _to_path,
    Shape.CHOICE: _to_choice,
}
