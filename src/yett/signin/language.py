"""The language a browser asks for: one tag out of an Accept-Language field, or none."""

import re

_LONGEST_FIELD = 512
_LONGEST_TAG = 35
"""What RFC 5646, section 4.4.1, lets everybody count on."""

# RFC 9110, sections 12.4.2 and 12.5.4; ranges are the basic ones of RFC 4647, section 2.1.
_ITEM = re.compile(
    r"(?P<range>[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)"
    r"(?:[ \t]*;[ \t]*[Qq]=(?P<weight>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"
)
# RFC 5646, section 2.1: what tells languages apart, then extensions and private use, which do not.
_TAG = re.compile(
    r"(?P<tag>(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})"
    r"(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)"
    r"(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?"
)


def preferred(field: str) -> str:
    """The tag of the language that is wanted most, such as "de-AT"; empty without a usable one.

    A field that is not what RFC 9110 describes says nothing: no part of it is believed.
    """
    if len(field) > _LONGEST_FIELD:
        return ""
    best, highest = "", 0.0
    for part in field.split(","):
        text = part.strip(" \t")
        if not text:  # empty elements of lists are ignored (RFC 9110, section 5.6.1.2)
            continue
        item = _ITEM.fullmatch(text)
        if item is None:
            return ""
        weight = float(item["weight"] or 1)
        if weight > highest and (tag := _tag(item["range"])):
            best, highest = tag, weight
    return best


def _tag(text: str) -> str:
    """The part of a tag that names a language, written as RFC 5646, section 2.1.1, has it; else empty."""
    found = _TAG.fullmatch(text.lower()) if len(text) <= _LONGEST_TAG else None
    if found is None:
        return ""
    first, *others = found["tag"].split("-")
    return "-".join([first, *(_cased(subtag) for subtag in others)])


def _cased(subtag: str) -> str:
    if not subtag.isalpha():
        return subtag
    return {2: subtag.upper(), 4: subtag.title()}.get(len(subtag), subtag)
