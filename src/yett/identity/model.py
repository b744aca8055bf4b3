"""Who people are, as far as the gateway cares."""

import re
from dataclasses import dataclass

NAME = r"[a-z0-9][a-z0-9._-]{0,62}"
"""What names of people and of groups look like: lower case only, so that two spellings are never two people."""

_NAME = re.compile(NAME)


@dataclass(frozen=True, slots=True)
class Person:
    """One person, as the directory knows them at this moment."""

    name: str
    display_name: str
    email: str
    groups: tuple[str, ...]
    is_disabled: bool
    source: str
    """Which source of the directory this comes from."""
    id: str = ""
    """What their entry there is called for good, and no other will be; empty when it has only the name."""
    uid: int | None = None
    """Their number on Unix systems, where the source has one."""
    gid: int | None = None
    """The number of their own group there."""

    @property
    def entry(self) -> str:
        """Which entry of which source this is. The same name with another entry is another person."""
        return f"{self.source}:{self.id}"


@dataclass(frozen=True, slots=True)
class PersonChanged:
    """What the directory says about a person is different from now on; `person` is None when they are gone."""

    name: str
    person: Person | None
    was_disabled: bool
    before: Person | None = None
    """Who had the name until now, where the directory tells it; a source need not know."""

    @property
    def is_another(self) -> bool:
        """Whether the name is another person's than before."""
        return self.before is not None and self.person is not None and self.before.entry != self.person.entry

    @property
    def is_out(self) -> bool:
        """Whether the person may no longer use anything: gone or disabled."""
        return self.person is None or self.person.is_disabled


def is_name(text: str) -> bool:
    """Whether a text is a proper name of a person or a group."""
    return _NAME.fullmatch(text) is not None


def fold_name(typed: str) -> str | None:
    """The name a person means by what they typed, or None when it cannot be one.

    Only ASCII is folded: the lower case of other letters (the Kelvin sign, the dotted I) may be
    an ASCII letter, and two different texts would name one person.
    """
    if len(typed) > 256 or not typed.isascii():
        return None
    name = typed.strip().lower()
    return name if is_name(name) else None
