import os
from pathlib import Path

import pytest

from yett.authn.kerberos.programs import Ended, NotRun, Step, run


@pytest.fixture
def program(tmp_path):
    def make(text):
        path = tmp_path / "program"
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return path

    return make


async def test_it_hears_the_lines_and_little_of_the_environment(program):
    path = program('echo ask\nread a\nread b\necho "$a|$b|$1|$SECRET|$KRB5_CONFIG"\nexit 3\n')
    ended = await run(
        path, ("word",), ("one", "two words"), {"SECRET": "x", "KRB5_CONFIG": "/c", "PATH": "/bin"}
    )

    assert ended == Ended(3, "ask\none|two words|word||/c\n")


async def test_what_ends_without_listening_has_ended(program):
    assert await run(program("echo no such thing\nexit 1\n"), (), ("x",), os.environ) == Ended(
        1, "no such thing\n"
    )


async def test_what_stops_listening_and_goes_on_is_said(program):
    ended = await run(program("exec 0<&-\necho hello\nexec sleep 60\n"), (), ("x",), os.environ)

    assert ended.step is Step.WRITE


def is_running(pid):
    return Path(f"/proc/{int(pid.read_text())}").exists()


async def test_what_does_not_end_is_ended(program, tmp_path):
    path = program(f"echo $$ > {tmp_path}/pid\nexec sleep 60\n")
    ended = await run(path, (), (), os.environ, patience=0.3)

    assert isinstance(ended, NotRun)
    assert ended.step is Step.WAIT
    assert not is_running(tmp_path / "pid")


async def test_endless_output_does_not_fill_memory(program):
    ended = await run(program("yes | head -c 3000000\n"), (), (), os.environ)

    assert len(ended.output) <= 16 * 1024


@pytest.mark.parametrize("name", ["missing", "a\0b"])
async def test_what_cannot_be_started_is_said(tmp_path, name):
    ended = await run(Path(f"{tmp_path}/{name}"), (), (), {})

    assert ended.step is Step.START


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_no_descriptor_is_left_behind(program, tmp_path):
    path = program("echo ask\ncat > /dev/null\n")
    await run(path, (), ("x",), os.environ)
    before = open_files()
    for _ in range(3):
        await run(path, (), ("x",), os.environ)
        await run(tmp_path / "missing", (), ("x",), os.environ)

    assert open_files() == before
