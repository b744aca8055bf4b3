"""Fixtures that every room's tests may use."""

import os

# Before anything of ours is loaded: who said an event is read from Python's frames, and compiled code has
# none. `test_native.py` runs the compiled modules.
os.environ.setdefault("YETT_PURE", "1")

import signal
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
from tests.coverage import Recorder

from yett.events import TRACE, Record, current_scope, enter_scope, pipeline
from yett.kernel import FrozenClock

pytest_plugins = ["tests.journeys.fixtures", "tests.kdc", "tests.journeys.ldap_fixtures"]


# Several processes share a machine's cores; how long one example takes says nothing.
hypothesis.settings.register_profile("yett", deadline=None)
hypothesis.settings.load_profile("yett")


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # As in the background of a shell without job control; programs started here would inherit it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.pluginmanager.register(Recorder(config), "event-coverage")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Journeys come last: they are the slow ones, and once a browser was driven its event loop
    # counts as running in the main thread, where no other loop can run any more.
    items.sort(key=lambda item: "journeys" in item.path.parts)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    # Tests that call a connection as its loop would leave its scope behind in the loop's place, which is theirs.
    before = current_scope()
    try:
        return (yield)  # type: ignore[func-returns-value]
    finally:
        enter_scope(before)


class Heard:
    """Call it for what was said since the test began, or since `forget`, as (event, fields) pairs.

    With prefixes, only what components under one of them said: `heard("authn", "sessions.create")`.
    """

    def __init__(self) -> None:
        self.records: list[Record] = []

    def __call__(self, *prefixes: str) -> list[tuple[Callable[..., None] | None, dict[str, Any]]]:
        return [
            (
                record.declaration.emitter,
                dict(
                    zip((field.parameter for field in record.declaration.fields), record.values, strict=True)
                ),
            )
            for record in self.records
            if not prefixes
            or any(f"{record.declaration.component}.".startswith(f"{prefix}.") for prefix in prefixes)
        ]

    def forget(self) -> None:
        """Start anew."""
        self.records.clear()


@pytest.fixture
def heard() -> Iterator[Heard]:
    """What the code under test says, at every level."""
    ears = Heard()
    stop = pipeline.listen(ears.records.append)
    with pipeline.at_level(TRACE):
        yield ears
    stop()


@pytest.fixture
def clock() -> FrozenClock:
    """A clock that stands still until the test moves it."""
    return FrozenClock()


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The loop that the gateway runs on."""
    return ("asyncio", {"use_uvloop": True})
