import pytest

from yett.ops.console import events


async def test_it_says_that_it_is_there(heard, desk):
    await desk.console.start()
    assert heard("console") == [
        (events.registered, {"groups": ("wiki",), "masked_groups": ()}),
    ] * len(heard("console"))
    assert heard("console")


async def test_where_nobody_may_read_nothing_is_said(heard, desk):
    await desk.use(groups=())
    heard.forget()
    await desk.console.start()
    assert not heard("console")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_nothing_can_be_changed_here(reader, method):
    for path in ("/console/logs", "/console/export.csv", "/console/people/x"):
        assert (await reader.request(method, path)).status_code == 405
