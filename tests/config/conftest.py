"""Reading a configuration from text, and hearing what is printed."""

from collections.abc import Iterator, Mapping

import pytest
from tests.config.samples import SECTIONS

from yett.config import ConfigInvalid, Loaded, Mistake, load
from yett.events import pipeline


@pytest.fixture
def read(tmp_path):
    """Read text, or several texts as the files of a directory."""

    def reading(text="", environ: Mapping[str, str] | None = None, *, checks=(), **files: str) -> Loaded:
        if files:
            source = tmp_path / "conf.d"
            source.mkdir(exist_ok=True)
            for name, content in files.items():
                (source / f"{name}.toml").write_text(content)
        else:
            source = tmp_path / "yett.toml"
            source.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(source, environ or {}, SECTIONS, checks)

    return reading


@pytest.fixture
def refused(read):
    """The mistakes of a configuration that must not be accepted."""

    def refusing(*given, **more) -> tuple[Mistake, ...]:
        with pytest.raises(ConfigInvalid) as caught:
            read(*given, **more)
        return caught.value.mistakes

    return refusing


@pytest.fixture
def printed() -> Iterator[list[str]]:
    """The lines printed since the test began."""
    lines: list[str] = []
    stop = pipeline.listen_to_console(lambda _declaration, text: lines.append(text))
    yield lines
    stop()
