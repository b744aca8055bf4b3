"""As much of JSON Schema (draft 2020-12) as the schema of the log uses. An unknown keyword is a mistake."""

import datetime

_TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}
_SAID_ONLY = {"$schema", "$id", "$defs", "title", "description", "x-class", "unevaluatedProperties"}


def faults(root, schema, value, at="record"):
    """Everything in which `value` does not keep to `schema`."""
    return _look(root, schema, value, at)[0]


def of_record(root, record):
    """The faults of a record by the definition that has its code."""
    definition = root["$defs"].get(record.get("code"))
    if definition is None:
        return [f"no event has the code {record.get('code')!r}"]
    return faults(root, definition, record)


def _look(root, schema, value, at):
    """The faults, and the members that some part of the schema has spoken of."""
    found, seen = [], set()
    for keyword, wanted in schema.items():
        if keyword == "$ref":
            more, known = _look(root, root["$defs"][wanted.removeprefix("#/$defs/")], value, at)
            found += more
            seen |= known
        elif keyword == "oneOf":
            fitting = [each for each in wanted if not faults(root, each, value, at)]
            found += [f"{at} fits {len(fitting)} of the forms"] if len(fitting) != 1 else []
        elif keyword == "properties":
            seen |= wanted.keys() & value.keys()
            for name in wanted.keys() & value.keys():
                found += faults(root, wanted[name], value[name], name)
        elif keyword == "required":
            found += [f"{at} has no {name}" for name in wanted if name not in value]
        elif keyword == "items":
            for each in value if isinstance(value, list) else ():
                found += faults(root, wanted, each, f"{at}[]")
        elif keyword in _JUDGED:
            found += (
                [] if _JUDGED[keyword](value, wanted) else [f"{at} is {value!r}, not {keyword} {wanted!r}"]
            )
        else:
            assert keyword in _SAID_ONLY, keyword
    if schema.get("unevaluatedProperties") is False:
        found += [f"{at} has {name}, which is not declared" for name in value.keys() - seen]
    return found, seen


def _is(value, name):
    return isinstance(value, _TYPES[name]) and not (name != "boolean" and isinstance(value, bool))


def _same(value, wanted):
    return value == wanted and isinstance(value, bool) is isinstance(wanted, bool)


def _is_instant(value, wanted):
    assert wanted == "date-time"
    try:
        return datetime.datetime.fromisoformat(value).tzinfo is not None
    except (ValueError, TypeError):
        return False


_JUDGED = {
    "type": lambda value, wanted: any(
        _is(value, name) for name in ([wanted] if isinstance(wanted, str) else wanted)
    ),
    "const": _same,
    "enum": lambda value, wanted: any(_same(value, each) for each in wanted),
    "format": _is_instant,
}
