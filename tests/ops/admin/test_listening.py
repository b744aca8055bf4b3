import contextlib
import fcntl
import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from yett.ops.admin import events
from yett.ops.admin.listening import AdminSocket, InTheWay, peer_uid


@pytest.fixture
def path(tmp_path):
    return tmp_path / "admin.sock"


@pytest.fixture
def listening(path):
    made = AdminSocket(path)
    with made.open():
        yield made
    made.close()


@pytest.mark.usefixtures("listening")
def test_only_the_owner_may_use_the_socket(path):
    found = path.lstat()
    assert stat.S_ISSOCK(found.st_mode)
    assert stat.S_IMODE(found.st_mode) == 0o600


def test_the_mode_does_not_depend_on_the_umask_and_the_umask_is_not_touched(path):
    before = os.umask(0)
    try:
        with AdminSocket(path).open():
            assert stat.S_IMODE(path.lstat().st_mode) == 0o600
        assert os.umask(0) == 0
    finally:
        os.umask(before)


def test_a_folder_that_is_missing_is_made_for_the_owner_alone(tmp_path):
    path = tmp_path / "run" / "admin.sock"
    with AdminSocket(path).open():
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_another_user_cannot_even_connect():
    program = """
import os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
socket.socket(socket.AF_UNIX).connect(sys.argv[1])
"""
    # A folder that everybody may look into, so that only the socket itself is in the way.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "admin.sock")
        path.parent.chmod(0o755)
        with AdminSocket(path).open():
            if os.geteuid() != 0:
                # Only root can become somebody else; what the mode says has to do here.
                assert not path.lstat().st_mode & 0o077
                return
            done = subprocess.run(
                [sys.executable, "-c", program, str(path)],
                capture_output=True,
                text=True,
                check=False,
                timeout=30,
            )
    assert done.stderr.strip().endswith("PermissionError: [Errno 13] Permission denied")


def test_the_kernel_tells_who_is_at_the_other_end():
    left, right = socket.socketpair(socket.AF_UNIX)
    with left, right:
        assert peer_uid(left) == os.geteuid()


def test_what_an_earlier_run_left_behind_is_removed_and_recorded(path, heard):
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    with AdminSocket(path).open():
        assert can_connect(path)
    assert heard("admin") == [(events.stale_removed, {"path": str(path)})]


def can_connect(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    return True


def test_a_socket_that_somebody_listens_on_is_left_alone(path):
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen(1)
        with pytest.raises(InTheWay, match="another gateway is listening"):
            AdminSocket(path).open()
        assert can_connect(path)


def test_a_gateway_with_a_full_queue_counts_as_listening_and_holds_nobody_up(path):
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen(0)
        waiting = [waiting_client(path) for _ in range(10)]
        with pytest.raises(InTheWay, match="another gateway is listening"):
            AdminSocket(path).open()
        for client in waiting:
            client.close()


def waiting_client(path):
    client = socket.socket(socket.AF_UNIX)
    client.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        client.connect(str(path))
    return client


def test_a_file_that_is_no_socket_is_left_alone(path):
    path.write_text("precious")
    with pytest.raises(InTheWay, match="is no socket"):
        AdminSocket(path).open()
    assert path.read_text() == "precious"


@pytest.mark.parametrize("is_dangling", [True, False])
def test_a_symbolic_link_is_neither_followed_nor_removed(path, tmp_path, is_dangling):
    target = tmp_path / "target"
    if not is_dangling:
        target.write_text("precious")
    path.symlink_to(target)
    with pytest.raises(InTheWay, match="is no socket"):
        AdminSocket(path).open()
    assert path.is_symlink()
    assert target.exists() is not is_dangling


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o720, 0o702])
def test_a_folder_in_which_others_can_exchange_the_socket_is_refused(tmp_path, mode):
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(InTheWay, match="others may write"):
        AdminSocket(folder / "admin.sock").open()
    assert list(folder.iterdir()) == []


def test_a_shared_folder_where_nobody_can_take_away_what_is_not_theirs_will_do(tmp_path):
    folder = tmp_path / "sticky"
    folder.mkdir()
    folder.chmod(0o1777)
    with AdminSocket(folder / "admin.sock").open():
        pass


@pytest.mark.parametrize("length", [100, 107, 108, 200, 2000])
def test_a_path_of_any_length_will_do(tmp_path, length):
    folder = tmp_path
    while len(str(folder)) + 12 < length:
        folder /= "d" * min(100, length - len(str(folder)) - 12)
    path = folder / "admin.sock"
    made = AdminSocket(path)
    with made.open():
        assert stat.S_ISSOCK(path.lstat().st_mode)
    again = AdminSocket(path)
    with again.open():
        pass
    again.close()
    assert not path.exists()


def test_closing_removes_the_socket(path):
    made = AdminSocket(path)
    with made.open():
        pass
    made.close()
    made.close()
    assert not path.exists()


def test_closing_leaves_a_socket_that_somebody_else_made_meanwhile(path):
    made = AdminSocket(path)
    with made.open():
        path.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
            made.close()
            assert path.exists()


def test_closing_what_was_never_opened_removes_nothing(path):
    path.write_text("precious")
    AdminSocket(path).close()
    assert path.exists()


def test_while_another_gateway_is_starting_there_it_is_left_alone(path):
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(InTheWay, match="just starting"):
            AdminSocket(path).open()
    finally:
        os.close(handle)


def test_of_many_gateways_that_start_at_once_over_a_stale_socket_one_gets_it(path):
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    made, refused = [], []
    barrier = threading.Barrier(8)

    def start():
        barrier.wait()
        try:
            made.append(AdminSocket(path).open())
        except InTheWay as problem:
            refused.append(str(problem))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len(refused)) == (1, 7)
    assert can_connect(path)
    made[0].close()
