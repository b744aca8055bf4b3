import asyncio

import pytest
from tests.oidc.tokens.conftest import settled

from yett.kernel import Supervisor
from yett.oidc.tokens import events
from yett.oidc.tokens.saga import Saga, StepFailed
from yett.store import StoreUnavailable


@pytest.fixture
async def tasks():
    tasks = Supervisor(sleep=lambda _seconds: asyncio.sleep(0))
    yield tasks
    await tasks.stop()


class Steps:
    """Steps that fail when told to, and what was done and undone."""

    def __init__(self):
        self.log = []
        self.failing = {}

    def __call__(self, name):
        async def work():
            if self.failing.get(name, 0):
                self.failing[name] -= 1
                raise StoreUnavailable("no")
            self.log.append(name)
            return name

        return work


async def test_what_a_step_gives_is_handed_on(tasks):
    steps = Steps()
    assert await Saga("wiki", tasks).step("a", steps("a")(), steps("-a")) == "a"
    assert steps.log == ["a"]


@pytest.mark.parametrize(
    ("failing", "log"), [("a", ["-a"]), ("b", ["a", "-b", "-a"]), ("c", ["a", "b", "-b", "-a"])]
)
async def test_when_a_step_fails_it_and_those_before_are_undone_backwards(tasks, heard, failing, log):
    steps, saga = Steps(), Saga("wiki", tasks)
    steps.failing[failing] = 1
    with pytest.raises(StepFailed):  # noqa: PT012 - the steps are one thing
        for name in "ab":
            await saga.step(name, steps(name)(), steps(f"-{name}"))
        await saga.step("c", steps("c")())
    assert steps.log == log
    ((said, fields),) = heard("oidc.tokens.saga")
    assert said is events.step_failed
    assert (fields["client"], fields["step"]) == ("wiki", failing)
    await saga.undo()
    assert steps.log == log


async def test_what_cannot_be_undone_does_not_keep_the_rest_and_is_tried_again(tasks):
    steps, saga = Steps(), Saga("wiki", tasks)
    steps.failing["-b"] = 3
    for name in "abc":
        await saga.step(name, steps(name)())
        saga.add(name, steps(f"-{name}"))
    await saga.undo()
    assert steps.log == ["a", "b", "c", "-c", "-a"]
    await settled(lambda: steps.log[-1] == "-b")
