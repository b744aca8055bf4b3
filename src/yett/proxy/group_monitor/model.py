"""Nouns of the group monitor."""

from dataclasses import dataclass

GROUPS = "groups"
"""Under this name a session at an application keeps its person's groups."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is different between the groups that a session keeps and those its person has."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
