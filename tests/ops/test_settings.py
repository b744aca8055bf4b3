import pytest
from tests.config.samples import SECTIONS

from yett.config import MASK, Mistake, Reloader, load
from yett.kernel import CommandFailed, Supervisor
from yett.ops import ConfigCommands

GOOD = '[door]\nhost = "a.b"\nkey = "hunter22"\n'


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "yett.toml"
    path.write_text(GOOD)
    return path


@pytest.fixture
def checks():
    """What whole configurations are checked for; a test may add to it."""
    return []


@pytest.fixture
async def reloader(source, checks):
    tasks = Supervisor()

    def again():
        return load(source, {}, SECTIONS, checks)

    made = Reloader(again, again(), source=source, tasks=tasks)
    yield made
    await made.stop()
    await tasks.stop()


@pytest.fixture
async def commands(reloader):
    return ConfigCommands(reloader)


def rows(table):
    return {row[0]: row[1:] for row in table.rows}


async def test_the_settings_in_force_are_shown_with_where_they_come_from(commands):
    shown = rows(commands.show())
    assert shown["door.host"] == ("a.b", "yett.toml")
    assert shown["door.tls"] == ("true", "default")


async def test_only_what_begins_with_a_prefix_is_shown(commands):
    assert set(rows(commands.show("door.h"))) == {
        key for key in rows(commands.show()) if key.startswith("door.h")
    }
    table = commands.show("x.")
    assert (table.rows, table.empty) == ((), "No key begins with 'x.'.")


async def test_only_what_differs_from_the_defaults_is_shown_when_that_is_asked(commands):
    assert set(rows(commands.show(changed=True))) == {"door.host", "door.key"}


async def test_no_command_shows_a_secret(commands, source):
    tables = [commands.show()]
    source.write_text(GOOD.replace("hunter22", "hunter23"))
    tables += [await commands.compare(), await commands.reload(), commands.show()]
    assert "hunter" not in repr(tables)
    assert rows(tables[0])["door.key"][0] == MASK
    assert rows(tables[1])["door.key"] == (MASK, MASK, "at once")


async def test_what_the_files_would_change_is_shown_and_not_put_in_force(commands, reloader, source):
    before = reloader.snapshot
    source.write_text(GOOD + "tls = false\n")
    assert (await commands.compare()).rows == (("door.tls", "true", "false", "at once"),)
    assert reloader.snapshot is before


async def test_files_that_agree_with_what_is_in_force_are_no_difference(commands):
    table = await commands.compare()
    assert (table.rows, table.empty) == ((), "The files and the settings in force agree.")
    table = await commands.reload()
    assert (table.rows, table.empty) == ((), "Nothing has changed.")


async def test_a_reload_shows_what_it_changed_and_what_waits_for_a_restart(commands, source):
    source.write_text(GOOD + "tls = false\nport = 444\n")
    table = await commands.reload()
    assert table.columns == ("key", "before", "after", "takes effect")
    assert rows(table) == {
        "door.tls": ("true", "false", "at once"),
        "door.port": ("443", "444", "after a restart"),
    }
    assert rows(await commands.compare()) == {"door.port": ("443", "444", "after a restart")}


async def test_files_with_mistakes_are_named_and_change_nothing(commands, reloader, source):
    before = reloader.snapshot
    source.write_text(GOOD + "port = 0\ntsl = true\n")
    for command in (commands.compare, commands.reload):
        with pytest.raises(CommandFailed) as caught:
            await command()
        assert "door.port" in str(caught.value)
        assert "door.tsl" in str(caught.value)
    assert reloader.snapshot is before


async def test_a_mistake_that_only_shows_with_all_sections_side_by_side_is_named(commands, source, checks):
    checks.append(lambda _: [Mistake("door.tls", "false", "not today")])
    source.write_text(GOOD + "tls = false\n")
    with pytest.raises(CommandFailed, match="not today"):
        await commands.reload()


async def test_files_that_are_gone_change_nothing(commands, source):
    source.unlink()
    with pytest.raises(CommandFailed, match="the previous settings stay in force"):
        await commands.reload()
    with pytest.raises(CommandFailed, match="the files cannot be used as they are"):
        await commands.compare()


async def test_a_part_that_could_not_take_the_settings_over_is_named(commands, reloader, source):
    async def fails(_before, _after):
        raise OSError("no")

    reloader.subscribe("listener", fails)
    source.write_text(GOOD + "tls = false\n")
    with pytest.raises(CommandFailed, match="taken over, but not by: listener"):
        await commands.reload()
