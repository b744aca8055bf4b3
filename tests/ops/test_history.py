"""Which settings were in force when."""

import json

import pytest
from tests.config.samples import SECTIONS

from yett.config import Reloader, load
from yett.kernel import CommandFailed, Place, Supervisor, commands
from yett.ops import ConfigHistory
from yett.ops.history import MAX_STATES
from yett.store import FileStorage
from yett.store.files import events
from yett.store.files.events import Operation

GOOD = '[door]\nhost = "a.b"\n'


class Gateway:
    """The settings of a gateway and their history, from one start to the next."""

    def __init__(self, folder, clock) -> None:
        self.source = folder / "yett.toml"
        self.root = folder / "files"
        self.folder = self.root / "config"
        self.files = FileStorage(self.root)
        self.clock = clock
        self.tasks = Supervisor()
        self.reloader = None
        self.history = None

    async def start(self, text=GOOD):
        self.source.write_text(text)

        def again():
            return load(self.source, {}, SECTIONS)

        self.reloader = Reloader(again, again(), source=self.source, tasks=self.tasks)
        self.history = ConfigHistory(self.files, self.reloader, self.clock)
        self.reloader.subscribe("history", self.history.apply)
        await self.history.start()

    async def reload(self, text):
        self.source.write_text(text)
        return await self.reloader.reload_now()

    async def states(self):
        return (await self.history.show()).rows

    @property
    def names(self):
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
async def gateway(tmp_path, clock):
    made = Gateway(tmp_path, clock)
    yield made
    await made.tasks.stop()


def values(table):
    return {key: value for key, value, _ in table.rows}


def test_the_commands_are_declared():
    for path in ("history", "history-show"):
        declared = commands["config", path]
        assert (declared.owner, declared.place, declared.writes) == ("ConfigHistory", Place.SERVER, False)


async def test_the_state_at_the_start_is_kept_with_its_time_and_digest(gateway):
    await gateway.start()

    digest = gateway.reloader.current.digest[:8]
    name = f"20270115T080000-000000-{digest}.json"
    assert await gateway.states() == ((name, "2027-01-15T08:00:00+00:00", digest, []),)
    assert gateway.names == [name]
    kept = json.loads((gateway.folder / name).read_text())
    assert kept["digest"] == gateway.reloader.current.digest
    assert kept["version"] == 0
    assert (gateway.folder / name).stat().st_mode & 0o077 == 0


async def test_a_start_with_the_same_settings_keeps_nothing_more(gateway, clock):
    await gateway.start()
    clock.advance(60)

    await gateway.start("# A comment is no setting.\n" + GOOD)

    assert len(gateway.names) == 1


async def test_a_reload_is_kept_with_what_it_changed(gateway, clock):
    await gateway.start()
    before = await gateway.states()
    clock.advance(60)

    await gateway.reload(GOOD + "ratio = 0.25\ntls = false\n")

    first, second = await gateway.states()
    assert (first,) == before
    assert second[1:] == (
        "2027-01-15T08:01:00+00:00", gateway.reloader.current.digest[:8], ["door.ratio", "door.tls"]
    )  # fmt: skip
    then, now = [values(await gateway.history.show_one(name, "door.")) for name in gateway.names]
    assert (then["door.ratio"], now["door.ratio"]) == ("0.5", "0.25")
    assert now == {row.key: row.value for row in gateway.reloader.rows() if row.key.startswith("door.")}


async def test_what_changed_while_the_gateway_was_down_is_seen_at_the_next_start(gateway, clock):
    await gateway.start()
    clock.advance(60)

    await gateway.start('[door]\nhost = "c.d"\n[[pool.backend]]\nname = "one"\naddress = "a"\n')

    changed = (await gateway.states())[1][3]
    assert "door.host" in changed
    assert "pool.backend[one].address" in changed


async def test_going_back_is_a_state_of_its_own(gateway, clock):
    await gateway.start()
    for text in (GOOD + "tls = false\n", GOOD):
        clock.advance(60)
        await gateway.reload(text)

    assert [row[3] for row in await gateway.states()] == [[], ["door.tls"], ["door.tls"]]


async def test_a_reload_without_changes_keeps_nothing(gateway):
    await gateway.start()
    await gateway.reload(GOOD + "# only a comment\n")
    await gateway.reload(GOOD + "port = 0\n")

    assert len(gateway.names) == 1


async def test_no_secret_is_kept_but_that_one_changed_is(gateway):
    await gateway.start(GOOD + 'key = "first secret"\n')

    await gateway.reload(GOOD + 'key = "second secret"\n')

    assert (await gateway.states())[1][3] == ["door.key"]
    kept = b"".join(path.read_bytes() for path in gateway.folder.iterdir())
    assert b"door.key" in kept
    assert b"secret" not in kept.replace(b"client_secret", b"")


async def test_only_the_newest_states_stay(gateway, clock):
    await gateway.start()
    for number in range(1, MAX_STATES + 5):
        clock.advance(1)
        await gateway.reload(GOOD + f"public_port = {number + 80}\n")

    rows = await gateway.states()

    assert len(rows) == len(gateway.names) == MAX_STATES
    assert values(await gateway.history.show_one(rows[-1][0]))["door.public_port"] == str(MAX_STATES + 84)
    assert values(await gateway.history.show_one(rows[0][0]))["door.public_port"] == "85"


async def test_a_clock_that_is_set_back_does_not_change_the_order(gateway, clock):
    await gateway.start()
    clock.advance(-86400)
    await gateway.reload(GOOD + "tls = false\n")
    await gateway.reload(GOOD + "tls = false\nratio = 0.1\n")

    rows = await gateway.states()

    assert [row[3] for row in rows] == [[], ["door.tls"], ["door.ratio"]]
    assert rows[1][1] == rows[2][1] == "2027-01-14T08:00:00+00:00"
    assert rows[1][0].startswith("20270115T080000-000001-")


async def test_a_machine_that_begins_in_1970_has_a_history_too(gateway, clock):
    clock.advance(-clock.now())
    await gateway.start()
    await gateway.start()

    assert [row[1] for row in await gateway.states()] == ["1970-01-01T00:00:00+00:00"]


async def test_a_file_whose_name_is_no_text_does_not_stop_it(gateway):
    gateway.source = gateway.source.with_name("\udcff.toml")

    await gateway.start()

    state = await gateway.history.show_one(gateway.names[0])
    assert ("door.host", "a.b", "\\udcff.toml") in state.rows


# What somebody else may have done to the folder.


@pytest.mark.parametrize(
    "stray",
    [
        "notes.txt",
        "draft.json",
        "29999999T999999-999999-aaaaaaaa.json",
        "99991231T235959-999999-aaaaaaaa.json",
        ".new-1",
    ],
)
async def test_what_is_no_state_is_neither_shown_nor_removed(gateway, stray):
    gateway.folder.mkdir(parents=True)
    (gateway.folder / stray).write_text("{}")

    await gateway.start()

    assert len(await gateway.states()) == 1
    with pytest.raises(CommandFailed):
        await gateway.history.show_one(stray)
    assert (stray in gateway.names) == (stray != "draft.json")  # ours, left by a start that was cut short


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"time":7}', "null"])
async def test_a_damaged_state_is_shown_as_such_and_a_new_one_is_kept(gateway, clock, content):
    await gateway.start()
    (name,) = gateway.names
    (gateway.folder / name).write_text(content)
    clock.advance(60)

    await gateway.start()

    first, second = await gateway.states()
    assert first == (name, None, None, "cannot be read")
    assert second[3] == []
    with pytest.raises(CommandFailed, match="cannot be read"):
        await gateway.history.show_one(name)
    assert (gateway.folder / name).read_text() == content


async def test_a_folder_that_leads_elsewhere_is_not_followed_and_keeps_nobody_from_starting(
    gateway, tmp_path, heard
):
    gateway.root.mkdir()
    (tmp_path / "elsewhere").mkdir()
    gateway.folder.symlink_to(tmp_path / "elsewhere")

    await gateway.start()

    assert not list((tmp_path / "elsewhere").iterdir())
    assert heard("storage") == [(events.traversal_blocked, {"operation": Operation.LIST, "file": "config"})]


async def test_a_disk_that_fails_keeps_nobody_from_starting_and_is_told_at_a_reload(gateway, heard):
    gateway.root.write_text("a file where the directory should be")

    await gateway.start()

    assert events.directory_unread in [emitter for emitter, _ in heard("storage")]
    outcome = await gateway.reload(GOOD + "tls = false\n")
    assert outcome.failed_owners == ("history",)
    assert [change.key for change in outcome.changes] == ["door.tls"]
    with pytest.raises(CommandFailed, match="cannot be read"):
        await gateway.history.show()


async def test_what_cannot_be_saved_costs_no_older_state(gateway, heard):
    await gateway.start()
    (gateway.folder / "draft.json").mkdir()
    before = gateway.names

    assert (await gateway.reload(GOOD + "tls = false\n")).failed_owners == ("history",)

    assert gateway.names == before
    assert events.unsaved in [emitter for emitter, _ in heard("storage")]


# Names come from whoever types.


@pytest.mark.parametrize("name", ["../../etc/passwd", "..", "../config/x.json", "/etc/passwd", "a/../../x"])
async def test_a_name_that_leads_out_is_refused_and_recorded(gateway, heard, name):
    await gateway.start()
    heard.forget()

    with pytest.raises(CommandFailed, match="leads out of the history"):
        await gateway.history.show_one(name)

    ((emitter, fields),) = heard("storage")
    assert emitter is events.traversal_blocked
    assert fields["operation"] is Operation.EXISTS


@pytest.mark.parametrize(
    "name",
    ["", ".", "x", "x.json", "20270115T080000-000000-aaaaaaaa.json", "a/b.json", ".hidden", "\0", "\n"],
)
async def test_a_name_that_is_none_gets_a_clear_answer(gateway, name):
    await gateway.start()

    with pytest.raises(CommandFailed, match=r"no kept state|no name of a kept state"):
        await gateway.history.show_one(name)


async def test_without_a_data_directory_there_is_no_history_and_the_commands_say_so(gateway, clock):
    await gateway.start()
    history = ConfigHistory(None, gateway.reloader, clock)

    await history.start()
    await history.apply(gateway.reloader.snapshot, gateway.reloader.snapshot)

    for ask in (history.show(), history.show_one("x")):
        with pytest.raises(CommandFailed, match="without a data directory"):
            await ask
