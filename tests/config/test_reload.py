"""Changed files put in force, or refused, while something runs."""

import asyncio
import itertools
import os
from datetime import timedelta

import pytest
from tests.config.samples import SECTIONS, Door, Mail

from yett.config import Mistake, Reloader, Result, load
from yett.kernel import Supervisor

GOOD = '[door]\nhost = "a.b"\n'
BROKEN = GOOD + "port = 0\n"

CHANGED = "[CONFIG-HOTRELOAD] Config file changed, triggering reload"
INVALIDATED = "[CONFIG-HOTRELOAD] Config cache invalidated"
SUCCESS = "[CONFIG-HOTRELOAD] Config reload successful"
FAILED = "[CONFIG-HOTRELOAD] Config reload failed - keeping previous config"
INVALID = "[CONFIG-HOTRELOAD] ALERT: Config validation failure"


async def until(is_true, seconds=10.0):
    """Wait for a condition, within bounds."""
    end = asyncio.get_running_loop().time() + seconds
    while not is_true():
        assert asyncio.get_running_loop().time() < end, "it did not happen in time"
        await asyncio.sleep(0.005)


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "etc"
    folder.mkdir()
    path = folder / "yett.toml"
    path.write_text(GOOD)
    return path


@pytest.fixture
async def make(source):
    """A reloader of the file, or of another source; stopped at the end."""
    supervisor = Supervisor()
    made = []

    def making(path=source, checks=()):
        def again():
            return load(path, {}, SECTIONS, checks)

        reloader = Reloader(again, again(), source=path, tasks=supervisor, checks=checks)
        made.append(reloader)
        return reloader

    yield making
    for reloader in made:
        await reloader.stop()
    await supervisor.stop()


def replace(path, text):
    """Put a whole new file in the place of another, as editors do."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


async def test_new_values_are_in_force_after_a_reload(make, source, printed):
    reloader = make()
    before = reloader.rows()
    source.write_text(GOOD + "tls = false\nkey = 'hunter22'\n")
    outcome = await reloader.reload_now()
    assert outcome.result is Result.CHANGED
    assert [change.key for change in outcome.changes] == ["door.tls", "door.key"]
    assert reloader.snapshot[Door].tls is False
    assert reloader.snapshot.version == 1
    assert reloader.rows() != before
    assert reloader.rows() is reloader.rows()
    assert printed == [
        "[CONFIG-HOTRELOAD] Config changes detected",
        "[CONFIG-HOTRELOAD] Changed: door.tls: true → false",
        "[CONFIG-HOTRELOAD] Changed: door.key: unset → ********",
        INVALIDATED,
        SUCCESS,
    ]


async def test_a_comment_changes_nothing(make, source, printed):
    reloader = make()
    door = reloader.snapshot[Door]
    source.write_text("# words\n" + GOOD)
    outcome = await reloader.reload_now()
    assert outcome.result is Result.UNCHANGED
    assert reloader.snapshot[Door] is door
    assert printed == [INVALIDATED, "[CONFIG-HOTRELOAD] Config reloaded with no detected changes"]


@pytest.mark.parametrize(
    ("text", "alert"), [(BROKEN, INVALID), ("[door", "[CONFIG-HOTRELOAD] ALERT: Config parse failure")]
)
async def test_a_broken_file_leaves_the_last_good_settings(make, source, printed, text, alert):
    reloader = make()
    before = reloader.current
    source.write_text(text)
    outcome = await reloader.reload_now()
    assert outcome.result is Result.REFUSED
    assert len(outcome.mistakes) == 1
    assert reloader.current is before
    assert [line for line in printed if "Mistake" not in line] == [alert, FAILED]


async def test_a_reload_without_a_file_leaves_the_last_good_settings(make, source, printed):
    reloader = make()
    source.unlink()
    outcome = await reloader.reload_now()
    assert outcome.result is Result.MISSING
    assert reloader.snapshot[Door].host == "a.b"
    assert printed[0] == "[CONFIG-HOTRELOAD] ALERT: Config file missing"
    assert printed[-1] == FAILED


async def test_a_check_that_raises_costs_the_reload_and_nothing_else(make, source):
    def check(snapshot):
        if snapshot[Mail].sender:
            raise RuntimeError("a fault in the check")
        return ()

    reloader = make(checks=(check,))
    source.write_text(GOOD + "[ring.mail]\nsender = 'x'\n")
    outcome = await reloader.reload_now()
    assert outcome.result is Result.REFUSED
    assert "a fault in the check" in outcome.mistakes[0].reason


async def test_keys_that_need_a_restart_wait_for_it(make, source, printed):
    reloader = make()
    source.write_text(GOOD + "port = 80\ntls = false\n")
    outcome = await reloader.reload_now()
    assert [change.key for change in outcome.held] == ["door.port"]
    assert reloader.snapshot[Door].port == 443
    assert reloader.snapshot[Door].tls is False
    assert reloader.waiting_for_restart == outcome.held
    assert "[CONFIG-HOTRELOAD] Restart needed: door.port stays 443 until then" in printed
    rows = {row.key: row for row in reloader.rows()}
    assert (rows["door.port"].value, rows["door.port"].origin) == ("443", "default")
    source.write_text(GOOD)
    await reloader.reload_now()
    assert reloader.waiting_for_restart == ()


async def test_a_mixture_of_old_and_new_that_makes_no_sense_is_refused(make, source):
    def check(snapshot):
        if snapshot[Door].port == 443 and not snapshot[Door].tls:
            yield Mistake("door.tls", "false", "is needed on port 443")

    reloader = make(checks=(check,))
    source.write_text(GOOD + "port = 80\ntls = false\n")
    outcome = await reloader.reload_now()
    assert outcome.result is Result.REFUSED
    assert "door.port cannot change" in outcome.mistakes[0].hint
    assert reloader.snapshot[Door].tls is True


async def test_owners_are_told_and_those_who_fail_are_named(make, source):
    reloader = make()
    told = []

    async def door(old, new):
        told.append((old[Door].tls, new[Door].tls, reloader.snapshot is new))

    def mail(_old, _new):
        told.append("mail")

    def broken(_old, _new):
        raise OSError("busy")

    reloader.subscribe("door", door, sections=(Door,), timeout=timedelta(seconds=1))
    reloader.subscribe_blocking("mail", mail, sections=(Mail,))
    reloader.subscribe_blocking("broken", broken)
    source.write_text(GOOD + "tls = false\n")
    outcome = await reloader.reload_now()
    assert told == [(True, False, True)]
    assert outcome.failed_owners == ("broken",)
    assert reloader.snapshot[Door].tls is False


async def test_a_changed_file_is_in_force_within_a_second(make, source, printed):
    reloader = make()
    await reloader.start()
    replace(source, GOOD + "tls = false\n")
    await until(lambda: SUCCESS in printed, seconds=1.0)
    assert reloader.snapshot[Door].tls is False
    await reloader.stop()
    assert printed[0] == "[CONFIG-HOTRELOAD] Hot reload system started"
    assert printed[1] == CHANGED
    assert printed[-1] == "[CONFIG-HOTRELOAD] Hot reload system stopped"


async def test_a_file_that_is_only_touched_is_passed_over(make, source, printed):
    reloader = make()
    await reloader.start()
    os.utime(source)
    (source.parent / "other.toml").write_text("x = ")
    replace(source, GOOD + "tls = false\n")
    await until(lambda: SUCCESS in printed)
    assert printed.count(CHANGED) == 1


async def test_a_broken_file_is_tried_once(make, source, printed):
    reloader = make()
    await reloader.start()
    replace(source, BROKEN)
    await until(lambda: FAILED in printed)
    replace(source, BROKEN)
    again = "[CONFIG-HOTRELOAD] Config still invalid - not retrying same broken config"
    await until(lambda: again in printed)
    assert printed.count(INVALID) == 1
    replace(source, GOOD)
    await until(lambda: "[CONFIG-HOTRELOAD] Config reloaded with no detected changes" in printed)
    assert (await reloader.reload_now()).result is Result.UNCHANGED


async def test_a_reload_that_was_asked_for_tries_a_broken_file_again(make, source, printed):
    reloader = make()
    source.write_text(BROKEN)
    await reloader.reload_now()
    await reloader.reload_now()
    assert printed.count(INVALID) == 2


async def test_a_deleted_file_is_missed_and_a_restored_one_read(make, source, printed):
    reloader = make()
    await reloader.start()
    source.unlink()
    deleted = "[CONFIG-HOTRELOAD] ALERT: Config file deleted - running with last valid config"
    await until(lambda: deleted in printed)
    assert reloader.snapshot[Door].host == "a.b"
    source.write_text(GOOD + "tls = false\n")
    await until(lambda: SUCCESS in printed)
    assert printed.index("[CONFIG-HOTRELOAD] Config file restored") < printed.index(CHANGED)
    assert printed.count(deleted) == 1


async def test_a_folder_that_comes_back_is_followed_again(make, source, printed):
    reloader = make()
    await reloader.start()
    aside = source.parent.with_name("aside")
    source.parent.rename(aside)
    await until(lambda: any("deleted" in line for line in printed))
    aside.rename(source.parent)
    await until(lambda: "[CONFIG-HOTRELOAD] Config file restored" in printed)
    replace(source, GOOD + "tls = false\n")
    await until(lambda: SUCCESS in printed)


async def test_links_swapped_as_kubernetes_does_are_followed(make, tmp_path, printed):
    folder = tmp_path / "mounted"

    def publish(version, text):
        (folder / version).mkdir(parents=True)
        (folder / version / "yett.toml").write_text(text)
        (folder / "..data_tmp").symlink_to(version)
        (folder / "..data_tmp").rename(folder / "..data")

    publish("..2030_1", GOOD)
    (folder / "yett.toml").symlink_to("..data/yett.toml")
    reloader = make(folder)
    await reloader.start()
    for version, is_on in (("..2030_2", "false"), ("..2030_3", "true")):
        publish(version, GOOD + f"tls = {is_on}\n")
        await until(lambda is_on=is_on: reloader.snapshot[Door].tls == (is_on == "true"))
    assert printed.count(CHANGED) == 2


async def test_a_burst_of_changes_is_one_reload(make, source, printed):
    reloader = make()
    await reloader.start()
    combined = "[CONFIG-HOTRELOAD] Hot reload configuration optimized"
    written = itertools.count()

    def write_until_combined():
        replace(source, GOOD + f"[ring.mail]\nnote = '{next(written)}'\n")
        return combined in printed

    await until(write_until_combined)
    last = next(written)
    replace(source, GOOD + f"[ring.mail]\nnote = '{last}'\n")
    await until(lambda: reloader.snapshot[Mail].note == str(last))
    assert last > 3 * printed.count(CHANGED)


async def test_without_a_watch_the_gateway_runs_on(make, source, printed):
    reloader = make()
    source.unlink()
    source.parent.rmdir()
    await reloader.start()
    assert printed[0].startswith("[CONFIG] Warning: Failed to start hot-reload system: ")
    assert reloader.snapshot[Door].host == "a.b"
    await reloader.stop()


async def test_reloads_run_one_at_a_time(make, source):
    reloader = make()
    running = []

    async def slow(_old, _new):
        running.append(1)
        assert len(running) == 1
        await asyncio.sleep(0)
        running.pop()

    reloader.subscribe("slow", slow)
    for count in range(3):
        source.write_text(GOOD + f"[ring.mail]\nnote = '{count}'\n")
        outcomes = await asyncio.gather(*(reloader.reload_now() for _ in range(3)))
        assert [outcome.failed_owners for outcome in outcomes] == [(), (), ()]
