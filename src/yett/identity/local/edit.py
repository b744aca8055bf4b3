"""From text to text: changes that keep the operator's comments, order and spelling.

Comments above a `[[user]]` line belong to that user: they go when the user goes. To tomlkit they
are the tail of whatever stands before, so tails are cut off before a table is touched and put
back afterwards.
"""

import itertools
import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import tomlkit
from tomlkit.container import Container
from tomlkit.items import AoT, Comment, Table, Whitespace

from yett.identity.local.model import LocalUser, UsersFileRefused

HEAD = """\
# The people of this gateway. Change it with `yett users`, or by hand: a change is in force at once,
# and a file with mistakes is not taken over.

"""

_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*user[ \t]*\]\]", re.MULTILINE)
_INLINE = re.compile(r"^[ \t]*user[ \t]*=", re.MULTILINE)

Value = str | bool | int | Sequence[str]


def added(text: str, user: LocalUser) -> str:
    """The text with one more person at its end."""
    if _INLINE.search(text):
        raise UsersFileRefused("the file spells people as an inline list; write [[user]] tables instead")
    table = tomlkit.table()
    for key, value in fields_of(user).items():
        table[key] = _item(value)
    users = tomlkit.aot()
    users.append(table)
    before = text or HEAD
    before += "" if before.endswith("\n") else "\n"
    before += "" if before.endswith("\n\n") else "\n"
    return before + tomlkit.dumps({"user": users})


def changed(text: str, name: str, values: Mapping[str, Value]) -> str:
    """The text with other values for one person; an empty text or list, or False, drops the key."""
    before, own, after = _around(text, name)
    document = _open(own)
    table = _find(document, name)[1]
    tail = _cut_tail(table.value)
    for key, value in values.items():
        if value:
            table[key] = _item(value)
        else:
            table.pop(key, None)
    table.value.body.extend(tail)
    return before + document.as_string() + after


def removed(text: str, name: str) -> str:
    """The text without one person, and without the comment right above them."""
    before, own, after = _around(text, name, with_previous=True)
    return before + _removed(_open(own), name) + after


def _removed(document: tomlkit.TOMLDocument, name: str) -> str:
    index, table = _find(document, name)
    tail = _cut_tail(table.value)
    users = _users(document)
    if index:
        del users[index]
        _put_in_place_of_comment_above(users.body[index - 1].value.body, tail)
        return document.as_string()
    above = [entry for entry in document.body if entry[0] is None]
    length = len(_rendered(above))
    del users[0]
    # An empty list of tables would be written as `user = []`.
    rest = document.as_string()[length:] if users.body else ""
    _put_in_place_of_comment_above(above, tail)
    return _rendered(above) + rest


def fields_of(user: LocalUser) -> dict[str, Value]:
    """What is written down about a person."""
    person = user.person
    values: dict[str, Value] = {
        "name": person.name,
        "id": person.id,
        "display_name": "" if person.display_name == person.name else person.display_name,
        "email": person.email,
        "groups": person.groups,
        **{key: number for key, number in (("uid", person.uid), ("gid", person.gid)) if number is not None},
        "disabled": person.is_disabled,
        "password_hash": user.password_hash,
        "password_changed": spoken(user.password_changed_at) if user.password_changed_at else "",
    }
    # A number may be 0, which says something.
    return {key: value for key, value in values.items() if value or type(value) is int}


def spoken(instant: float) -> str:
    """An instant as the file has it."""
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="microseconds")


def _item(value: Value) -> Any:
    if isinstance(value, (str, bool, int)):
        return value
    array = tomlkit.array()
    array.extend(value)
    return array


def _around(text: str, name: str, *, with_previous: bool = False) -> tuple[str, str, str]:
    """What stands before, in and after the part that is about a person.

    tomlkit takes half a millisecond a person, so that it is given only the part. Where the
    cutting goes wrong (a header inside a text of several lines) it gets everything.
    """
    starts = [match.start() for match in _HEADER.finditer(text)]
    for index, (start, end) in enumerate(itertools.pairwise([*starts, len(text)])):
        part = text[start:end]
        if name in part and _is_about(part, name):
            begin = start
            if with_previous or index == 0:
                begin = starts[index - 1] if index > 1 else 0
            return text[:begin], text[begin:end], text[end:]
    return "", text, ""


def _is_about(part: str, name: str) -> bool:
    try:
        users = tomllib.loads(part).get("user")
    except tomllib.TOMLDecodeError:
        return False
    return isinstance(users, list) and len(users) == 1 and users[0].get("name") == name


def _open(text: str) -> tomlkit.TOMLDocument:
    return tomlkit.parse(text if text.endswith("\n") else text + "\n")


def _users(document: tomlkit.TOMLDocument) -> AoT:
    users = document.get("user")
    if not isinstance(users, AoT):
        raise UsersFileRefused("the file spells people as an inline list; write [[user]] tables instead")
    return users


def _find(document: tomlkit.TOMLDocument, name: str) -> tuple[int, Table]:
    for index, table in enumerate(_users(document).body):
        if table.get("name") == name:
            return index, table
    raise UsersFileRefused(f"there is no user {name!r}")


def _rendered(entries: list[tuple[Any, Any]]) -> str:
    return "".join(item.as_string() for _, item in entries)


def _is_trivia(entry: tuple[Any, Any]) -> bool:
    return entry[0] is None and isinstance(entry[1], (Comment, Whitespace))


def _cut_tail(container: Container) -> list[tuple[Any, Any]]:
    """Take the blank lines and comments after the last key off a table."""
    body = container.body
    end = len(body)
    while end and _is_trivia(body[end - 1]):
        end -= 1
    tail = body[end:]
    del body[end:]
    return tail


def _put_in_place_of_comment_above(body: list[tuple[Any, Any]], tail: list[tuple[Any, Any]]) -> None:
    """Take off the comment at the end of `body`, up to the blank line above it, and put `tail` there."""
    end = len(body)
    while end and isinstance(body[end - 1][1], Comment):
        end -= 1
    # A comment that opens the file, or follows a key without a blank line, speaks of those.
    if end and isinstance(body[end - 1][1], Whitespace):
        del body[end:]
        while tail and isinstance(tail[0][1], Whitespace):
            del tail[0]
    body.extend(tail)
