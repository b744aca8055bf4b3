import contextlib
import json
import socket
import threading

import pytest

from yett.kernel import CommandFailed, Table, Verdict
from yett.ops.admin import ask, client


@pytest.fixture
def peer(tmp_path):
    """Something that takes one connection and does with it what the test says."""
    path = tmp_path / "admin.sock"
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen(1)
    listening.settimeout(10)
    threads = []

    def answering(act):
        def serve():
            connection, _ = listening.accept()
            with connection:
                act(connection)

        threads.append(threading.Thread(target=serve))
        threads[0].start()
        return path

    yield answering
    for thread in threads:
        thread.join(10)
    listening.close()


def after_request(data):
    """Read the request, send this, hang up."""

    def act(connection):
        connection.recv(65536)
        connection.sendall(data)

    return act


def failure(path, **options):
    with pytest.raises(CommandFailed) as caught:
        ask(path, ["status"], **options)
    return str(caught.value)


def test_the_words_are_sent_as_one_line(peer):
    received = []

    def act(connection):
        received.append(connection.recv(65536))
        connection.sendall(b'{"ok": true, "answer": {"value": 7}}\n')

    assert ask(peer(act), ["sessions", "list", "--user", "ä\n"]) == 7
    assert received[0].endswith(b"\n")
    assert received[0].count(b"\n") == 1
    assert json.loads(received[0]) == {"argv": ["sessions", "list", "--user", "ä\n"]}


def test_an_answer_may_come_in_pieces(peer):
    def act(connection):
        connection.recv(65536)
        for piece in (b'{"ok": true, "ans', b'wer": {"value": [1', b", 2]}}", b"\n"):
            connection.sendall(piece)

    assert ask(peer(act), ["x"]) == [1, 2]


def test_a_table_comes_back_as_one(peer):
    answer = {"ok": True, "answer": {"table": {"columns": ["a"], "rows": [[1], [None]], "empty": "none"}}}
    path = peer(after_request(json.dumps(answer).encode() + b"\n"))
    assert ask(path, ["x"]) == Table(("a",), ((1,), (None,)), "none")


def test_a_verdict_comes_back_as_one(peer):
    answer = {"ok": True, "answer": {"verdict": {"is_yes": False, "facts": {"a": [1]}, "text": "no"}}}
    path = peer(after_request(json.dumps(answer).encode() + b"\n"))
    assert ask(path, ["x"]) == Verdict(is_yes=False, facts={"a": [1]}, text="no")


def test_a_refusal_is_passed_on(peer):
    assert failure(peer(after_request(b'{"ok": false, "error": "no such session"}\n'))) == "no such session"


def test_a_refusal_before_the_request_was_read_is_passed_on(peer):
    path = peer(lambda connection: connection.sendall(b'{"ok": false, "error": "not you"}\n'))
    with pytest.raises(CommandFailed, match="not you"):
        ask(path, ["x" * 5_000_000])


@pytest.mark.parametrize(
    "answer",
    [
        b"\n",
        b"null\n",
        b"[]\n",
        b"{}\n",
        b'{"ok": true}\n',
        b'{"ok": true, "answer": 7}\n',
        b'{"ok": true, "answer": {}}\n',
        b'{"ok": true, "answer": {"table": {}}}\n',
        b'{"ok": true, "answer": {"table": {"columns": 1, "rows": 1, "empty": ""}}}\n',
        b"HTTP/1.1 400 Bad Request\r\n",
        b"\xff\xff\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_what_is_no_answer_is_not_taken_for_one(peer, answer):
    assert "no gateway of this version" in failure(peer(after_request(answer)))


@pytest.mark.parametrize("answer", [b"", b'{"ok": true, "answer": {"val'])
def test_a_gateway_that_hangs_up_is_named_as_such(peer, answer):
    assert "closed the connection without an answer" in failure(peer(after_request(answer)))


def test_an_endless_answer_is_cut_off(peer, monkeypatch):
    monkeypatch.setattr(client, "_LONGEST_ANSWER", 1 << 20)

    def act(connection):
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b"x" * 65536)

    assert failure(peer(act)) == "the answer has more than 1 MiB; ask for less of it"


def test_a_gateway_that_does_not_answer_is_given_up(peer):
    done = threading.Event()
    path = peer(lambda _: done.wait(10))
    assert failure(path, timeout=0.05) == "the gateway did not answer within 0 seconds"
    done.set()


def test_no_socket_means_that_no_gateway_is_running(tmp_path):
    assert "no gateway is running here" in failure(tmp_path / "admin.sock")
    assert "no gateway is running here" in failure(tmp_path / "none" / ("x" * 150) / "admin.sock")


def test_a_socket_that_was_left_behind_is_named_as_such(tmp_path):
    path = tmp_path / "admin.sock"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    assert "the gateway that made it is gone" in failure(path)


def test_a_path_that_leads_through_a_file_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot be used: Not a directory" in failure(tmp_path / "file" / "admin.sock")
