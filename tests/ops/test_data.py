"""Looking at what modules keep about people."""

from datetime import UTC, datetime

import pytest
from tests.store.faults import FaultyRecords

from yett.kernel import CommandFailed, Place, commands
from yett.ops import DataCommands
from yett.store import ClusterSettings, MemoryRecords, ModuleData


@pytest.fixture
def inner(clock):
    return MemoryRecords(clock)


@pytest.fixture
def records(inner):
    return FaultyRecords(inner)


@pytest.fixture
def data(records):
    return ModuleData(records, ClusterSettings())


@pytest.fixture
def operator(data):
    return DataCommands(data)


def test_the_commands_are_declared():
    for path, writes in (("list", False), ("users", False), ("exists", False), ("delete", True)):
        declared = commands["data", path]
        assert (declared.owner, declared.place, declared.writes) == ("DataCommands", Place.SERVER, writes)


async def test_what_is_kept_about_a_person_is_listed_without_values_unless_asked_for(operator, data):
    await data.set("preferences", "ada", {"language": "de-AT", "theme": "dark"})
    await data.set("totp", "ada", {"digits": 6})
    await data.set("totp", "bob", {"digits": 8})

    named, valued = await operator.show("ada"), await operator.show("ada", values=True)

    assert named.columns == ("module", "key", "size")
    assert named.rows == (("preferences", "language", 6), ("preferences", "theme", 5), ("totp", "digits", 1))
    assert valued.columns == ("module", "key", "size", "value")
    assert [row[3] for row in valued.rows] == ["de-AT", "dark", 6]
    nobody = await operator.show("eve")
    assert (nobody.rows, nobody.empty) == ((), "Nothing is kept about eve.")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, True),
        (1.5, 1.5),
        ("name", "name"),
        ("\x1b[2J\u202e", '"\\u001b[2J\\u202e"'),
        ([{"at": 1.0}], '[{"at":1.0}]'),
        ({"n": {1: b"\xff"}}, '{"n":{"1":"/w=="}}'),
        (b"key", '"a2V5"'),
        (datetime(2027, 1, 15, tzinfo=UTC), '"2027-01-15T00:00:00Z"'),
    ],
)
async def test_a_value_is_shown_as_something_that_cannot_harm_a_terminal(operator, data, value, shown):
    await data.set("module", "ada", {"key": value})

    assert (await operator.show("ada", values=True)).rows[0][3] == shown


async def test_the_people_of_a_module_are_listed_by_name(operator, data, inner):
    for user in ("bob", "ada", "eve"):
        await data.set("totp", user, {"digits": 6, "secret": b"\0"})
    await inner.put("moduledata/eve/totp", b"\xc1")

    assert (await operator.users("totp")).rows == (("ada", 2), ("bob", 2))
    assert (await operator.users("nothing")).empty == "Module nothing keeps nothing."


async def test_what_is_deleted_is_gone_and_deleting_nothing_is_a_mistake(operator, data):
    await data.set("totp", "ada", {"digits": 6})
    assert (await operator.exists("totp", "ada")).rows == (("totp", "ada", True),)

    assert await operator.delete("totp", "ada") == "Removed what module totp kept about ada."

    assert (await operator.exists("totp", "ada")).rows == (("totp", "ada", False),)
    with pytest.raises(CommandFailed, match="data list ada"):
        await operator.delete("totp", "ada")


async def test_a_damaged_datum_is_told_and_can_be_removed(operator, inner):
    await inner.put("moduledata/ada/totp", b"\xc1")

    with pytest.raises(CommandFailed, match=r"module totp .* data delete MODULE USER"):
        await operator.show("ada")
    assert (await operator.exists("totp", "ada")).rows[0][2] is True
    await operator.delete("totp", "ada")
    assert (await operator.show("ada")).rows == ()


@pytest.mark.parametrize(
    "ask",
    [
        lambda operator: operator.show("ada"),
        lambda operator: operator.users("totp"),
        lambda operator: operator.exists("totp", "ada"),
        lambda operator: operator.delete("totp", "ada"),
    ],
)
async def test_a_store_that_is_down_gets_a_clear_answer(operator, records, ask):
    records.is_down = True

    with pytest.raises(CommandFailed, match="nothing was changed: the store is down"):
        await ask(operator)


@pytest.mark.parametrize(("module", "user"), [("", "ada"), ("totp", ""), ("totp", "x" * 600)])
async def test_what_cannot_be_a_name_is_said_to_be_none(operator, module, user):
    for ask in (operator.exists, operator.delete):
        with pytest.raises(CommandFailed, match="cannot be the name"):
            await ask(module, user)
