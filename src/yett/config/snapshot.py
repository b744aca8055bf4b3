"""The settings in force: one immutable value, swapped as a whole."""

from collections.abc import Mapping
from typing import Any, TypeVar

S = TypeVar("S")


class Snapshot:
    """All sections of one successful load. `snapshot[ProxySettings]` is that section."""

    __slots__ = ("_sections", "digest", "version")

    def __init__(self, sections: Mapping[type[Any], Any], *, digest: str = "", version: int = 0) -> None:
        self._sections = dict(sections)
        self.digest = digest
        self.version = version

    def __getitem__(self, model: type[S]) -> S:
        section = self._sections[model]
        if not isinstance(section, model):
            raise TypeError(f"{model.__qualname__} is not a section")
        return section

    def sections(self) -> Mapping[type[Any], Any]:
        """Every section by its class."""
        return self._sections
