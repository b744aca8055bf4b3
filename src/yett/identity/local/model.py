"""People of the file, and why a file or a change is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from yett.identity.model import Person

SOURCE = "local"


@dataclass(frozen=True, slots=True)
class LocalUser:
    """A person of the file with what proves them. Without a hash they cannot sign in by password."""

    person: Person
    password_hash: str = field(default="", repr=False)
    password_changed_at: float = 0.0
    """Since when the password is this one, as far as the file says; sessions from before it are over."""


@dataclass(frozen=True, slots=True)
class PasswordChanged:
    """Somebody has another password from now on, which sessions from before `at` do not know."""

    name: str
    at: float


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a text says: people, or mistakes."""

    users: Mapping[str, LocalUser]
    mistakes: tuple[str, ...]
    disabled: frozenset[str]
    """Names that the text switches off, as far as it can be understood; also of a text with mistakes."""


class UsersFileBroken(Exception):
    """The file cannot be used; `mistakes` has a sentence for each thing that is wrong with it."""

    def __init__(self, path: str, mistakes: tuple[str, ...]) -> None:
        super().__init__(f"{path}: " + "; ".join(mistakes))
        self.path = path
        self.mistakes = mistakes


class UsersFileRefused(Exception):
    """A change was not made; the text says why, and the file is as it was."""
