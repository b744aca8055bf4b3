"""Comparing one value of an entry with what somebody typed: numbers, times, networks, texts."""

import datetime
import enum
import functools
import ipaddress
import math
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

Test = Callable[[Any], bool]


class Operator(enum.StrEnum):
    """How a field is compared."""

    IS = "="
    IS_NOT = "!="
    HOLDS = "~"
    LESS = "<"
    MORE = ">"
    AT_MOST = "<="
    AT_LEAST = ">="
    IS_THERE = "exists"


_WORDS = frozenset({"true", "false", "null"})
"""What JSON writes without quotes."""

_ORDERS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.LESS: operator.lt,
    Operator.MORE: operator.gt,
    Operator.AT_MOST: operator.le,
    Operator.AT_LEAST: operator.ge,
}


def value_of(entry: Mapping[str, Any], name: str) -> Any:
    """What an entry has under a name; None for nothing. Dotted names also reach into what is nested."""
    value = entry.get(name)
    if value is not None or "." not in name:
        return value
    first, _, rest = name.partition(".")
    inner = entry.get(first)
    return value_of(inner, rest) if isinstance(inner, Mapping) else None


def texts_of(value: Any) -> Iterator[str]:
    """A value, or each of a list, as it is shown."""
    for each in value if isinstance(value, list) else (value,):
        yield text_of(each)


def text_of(value: Any) -> str:
    """One value as text: what JSON would say, without quotes."""
    if isinstance(value, str):
        return value
    if value is True or value is False:
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else msgspec.json.encode(value).decode()


def is_only_text(value: str) -> bool:
    """Whether an equal field must hold the value as a text in just these characters."""
    return (
        number_in(value) is None
        and value.lower() not in _WORDS
        and value[:1] not in {"[", "{"}
        and _network(value) is None
    )


def test_for(operator: Operator, value: str) -> Test:
    """What tells whether one value meets a condition. Raises ValueError when nothing could."""
    match operator:
        case Operator.IS_THERE:
            return lambda _: True
        case Operator.HOLDS:
            if not value:
                raise ValueError("~ needs something to look for")
            # Unlike lower(), it makes the same of a letter wherever in a word that stands.
            word = value.casefold()
            return lambda is_: word in text_of(is_).casefold()
        case Operator.IS:
            return _equality(value)
        case Operator.IS_NOT:
            is_equal = _equality(value)
            return lambda is_: not is_equal(is_)
        case _:
            return _order(operator, value)


def _equality(value: str) -> Test:
    network = _network(value)
    if network is not None:
        return lambda is_: is_ == value or (isinstance(is_, str) and _is_within(is_, network))
    number = number_in(value)
    wanted = {value, value.lower()} if value.lower() in _WORDS else {value}

    def is_equal(is_: Any) -> bool:
        if text_of(is_) in wanted:
            return True
        return number is not None and not isinstance(is_, (bool, str)) and bool(is_ == number)

    return is_equal


def _order(operator: Operator, value: str) -> Test:
    holds = _ORDERS[operator]
    number = number_in(value)
    if number is not None:
        return lambda is_: (own := _as_number(is_)) is not None and holds(own, number)
    moment = _moment(value)
    if moment is None:
        raise ValueError(f"{operator} compares numbers and times, and {value[:100]!r} is neither")
    return lambda is_: (own := _moment(is_)) is not None and holds(own, moment)


def number_in(text: str) -> int | float | None:
    """The number that a text is; None for none, and for what no record can hold."""
    if "_" in text:
        return None  # Python would read 1_000 as a number
    try:
        number = int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        return None
    return number if isinstance(number, int) or math.isfinite(number) else None


def _as_number(value: Any) -> int | float | None:
    if isinstance(value, str):
        return number_in(value)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _moment(value: Any) -> float | None:
    """An instant in seconds. One without a zone is local, as everywhere on the command line."""
    try:
        return datetime.datetime.fromisoformat(value).timestamp()
    except (TypeError, ValueError, OverflowError, OSError):
        return None


_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(text: str) -> _Network | None:
    """The network that is written as 10.0.0.0/8; None for anything else."""
    if "/" not in text:
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _is_within(text: str, network: _Network) -> bool:
    address = _address(text)
    return address is not None and address in network


@functools.lru_cache(maxsize=4096)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address, with or without a port behind it."""
    for each in (text, text.rpartition(":")[0].strip("[]")):
        try:
            address = ipaddress.ip_address(each)
        except ValueError:
            continue
        mapped = getattr(address, "ipv4_mapped", None)
        return mapped or address
    return None
