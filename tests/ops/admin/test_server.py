import asyncio
import json
import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ops.admin.conftest import COMMANDS, until

from yett.kernel import Table
from yett.ops import shell
from yett.ops.admin import events
from yett.ops.admin.server import _words, without


def said(heard):
    return heard("admin")


async def test_a_command_is_run_with_its_arguments_and_its_answer_comes_back(admin):
    assert await admin.ask("hello") == "hello you"
    assert await admin.ask("hello", "bob", "--loud") == "hello bob!"
    assert await admin.ask("rows", "3") == Table(
        ("number", "is odd"), ((0, False), (1, True), (2, False)), "Nothing to show."
    )


async def test_each_command_is_on_the_audit_trail_without_its_arguments(admin, heard):
    await admin.ask("hello", "secret-name")
    ((emitter, fields),) = said(heard)
    assert emitter is events.executed
    assert emitter.declaration.audit
    assert 0 <= fields.pop("seconds") < 5
    assert fields == {
        "command": "hello",
        "operator": "root",
        "source": "cli",
        "peer_uid": os.getuid(),
        "writes": False,
    }


async def test_a_command_that_cannot_do_it_says_why_and_is_audited(admin, heard):
    assert await admin.failure("refuse") == "there is no session 7;\nsee: sessions list"
    ((emitter, fields),) = said(heard)
    assert emitter is events.failed
    assert emitter.declaration.audit
    assert fields["detail"] == "there is no session 7; see: sessions list"


@pytest.mark.parametrize(
    ("detail", "typed", "recorded"),
    [
        ("there is no session tokentoken1; see", ["tokentoken1"], "there is no session …; see"),
        ("there is no 'tokentoken1tok'", ["tokentoken1" * 9], "there is no '…'"),
        ("no person alice: see", ["Alice"], "no person …: see"),
        ("--user: alice is gone", ["--user=alice"], "--user: … is gone"),
        ("--user is wrong", ["--user", "al"], "--user is wrong"),
        ("alicette is not alice", ["alice"], "alicette is not …"),
        ("twice tokentoken1 tokentoken1", ["tokentoken1"], "twice … …"),
        ("a.b+c(d", ["a.b+c(d"], "…"),
        ("nothing typed", [], "nothing typed"),
    ],
)
def test_what_was_typed_is_left_out_of_the_record(detail, typed, recorded):
    assert without(detail, typed) == recorded


@given(st.text(), st.lists(st.text()))
def test_any_words_are_left_out_in_the_end(detail, typed):
    without(detail, typed)


async def test_a_reason_is_recorded_without_the_word_that_was_wrong(admin, heard):
    assert "surprising-secret" in await admin.failure("refuse", "surprising-secret")
    ((_, fields),) = said(heard)
    assert fields["detail"] == "there is no session …; see: sessions list"


@pytest.mark.parametrize(
    ("words", "error"), [(["crash"], "KeyError: 'surprise'"), (["timeout"], "TimeoutError: the store")]
)
async def test_a_crash_in_a_command_is_contained_and_audited(admin, heard, words, error):
    assert error in await admin.failure(*words)
    ((emitter, fields),) = said(heard)
    assert emitter is events.crashed
    assert emitter.declaration.audit
    assert fields["error"] == error
    assert await admin.ask("hello") == "hello you"


async def test_an_answer_that_cannot_be_sent_is_a_crash(admin, heard):
    assert "TypeError" in await admin.failure("odd")
    assert [emitter for emitter, _ in said(heard)] == [events.crashed]


async def test_a_command_that_takes_too_long_is_stopped_and_audited(make, heard):
    admin = await make(command_timeout=0.05)
    assert await admin.failure("wait") == "it was stopped after 0 seconds"
    ((emitter, fields),) = said(heard)
    assert emitter is events.failed
    assert fields["command"] == "wait"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["helo"], 'Unknown command "helo". Did you mean "hello"?'),
        (["hello", "a", "b"], "Unused Tokens: ['b']."),
        (["hello", "--quiet"], "Unknown option: --quiet."),
        (["rows", "many"], "many"),
        (["deep"], "help is given by the client"),
        (["deep", "long"], "requires an argument"),
        (["hello", "--help"], "help is given by the client"),
        ([], "help is given by the client"),
    ],
)
async def test_what_is_no_command_is_refused_with_what_would_fit(admin, heard, words, expected):
    assert expected in await admin.failure(*words)
    assert admin.probe.done == []
    assert said(heard) == []


HOSTILE = [
    b"",
    b"\n",
    b"status\n",
    b"null\n",
    b"[]\n",
    b"{}\n",
    b'{"argv": null}\n',
    b'{"argv": "hello"}\n',
    b'{"argv": [1]}\n',
    b'{"argv": [["hello"]]}\n',
    b'{"argv": ["\\ud800"]}\n',
    b'{"argv": ["hello"\n',
    b"\xff\xfe\x00\n",
    b"[" * 60_000 + b"\n",
    b'{"argv": ' * 6000 + b"\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
]


@pytest.mark.parametrize("data", HOSTILE, ids=lambda data: repr(data[:20]))
async def test_what_is_no_request_is_refused(admin, data):
    answer = await admin.send(data)
    assert answer == {"ok": False, "error": 'a request is one line of JSON: {"argv": ["status"]}'}
    assert await admin.ask("hello") == "hello you"


@pytest.mark.parametrize("size", [64 * 1024 + 1, 1_000_000])
async def test_a_request_that_is_too_long_is_refused(admin, size):
    assert await admin.failure("hello", "x" * size) == "a request has at most 65536 bytes"


async def test_nothing_behind_the_first_line_is_run(admin):
    line = json.dumps({"argv": ["hello", "one"]}).encode() + b"\n"
    assert (await admin.send(line * 5))["ok"]
    assert admin.probe.done == ["one"]


async def test_a_client_that_asks_nothing_is_sent_away(make):
    admin = await make(client_timeout=0.05)
    assert await admin.send(b"", hang_up=False) == {"ok": False, "error": "nothing was asked in time"}
    assert await admin.send(b'{"argv": ["hel', hang_up=False) == {
        "ok": False,
        "error": "nothing was asked in time",
    }


async def test_a_client_that_leaves_does_not_stop_its_command_from_being_audited(admin, heard):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(admin.path))
        connection.sendall(b'{"argv": ["wait"]}\n')
        await until(lambda: admin.probe.done == ["waiting"])
    admin.probe.release.set()
    await until(lambda: said(heard))
    assert said(heard)[0][0] is events.executed


async def test_a_client_that_does_not_take_its_answer_is_cut_off(make):
    admin = await make(client_timeout=0.1)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(admin.path))
        connection.sendall(b'{"argv": ["deep", "long", "8000000"]}\n')
        await until(lambda: admin.server._clients)
        await until(lambda: not admin.server._clients)
        received = await asyncio.to_thread(read_all, connection)
    assert 0 < len(received) < 8_000_000


def read_all(connection):
    connection.settimeout(10)
    received = b""
    try:
        while chunk := connection.recv(1 << 20):
            received += chunk
    except ConnectionResetError:
        pass
    return received


async def test_a_table_of_many_rows_arrives_whole(admin):
    answer = await admin.ask("rows", "10000")
    assert len(answer.rows) == 10_000
    assert answer.rows[-1] == (9999, True)


async def test_a_huge_answer_arrives_whole_at_a_client_that_takes_its_time(admin):
    assert await admin.ask("deep", "long", "20000000") == "x" * 20_000_000


async def test_many_clients_at_once_are_served_side_by_side(admin):
    waiting = [asyncio.get_running_loop().create_task(admin.ask("wait")) for _ in range(3)]
    await until(lambda: len(admin.probe.done) == 3)
    answers = await asyncio.gather(*(admin.ask("hello", str(each)) for each in range(20)))
    assert answers == [f"hello {each}" for each in range(20)]
    admin.probe.release.set()
    assert await asyncio.gather(*waiting) == ["done"] * 3


@pytest.mark.parametrize("uid", [1, 4321, 2**32 - 1])
async def test_another_user_is_refused_and_audited_before_anything_is_read(make, heard, uid):
    admin = await make(uid_of=lambda _: uid)
    assert await admin.failure("hello") == "only root and the gateway's own user may ask"
    assert admin.probe.done == []
    assert said(heard) == [(events.refused, {"peer_uid": uid})]
    assert events.refused.declaration.audit


async def test_another_user_with_a_long_request_is_told_the_same(make):
    admin = await make(uid_of=lambda _: 4321)
    assert "only root" in await admin.failure("hello", "x" * 2_000_000)


async def test_root_is_served_by_whomever_the_gateway_runs_as(make, monkeypatch):
    admin = await make(uid_of=lambda _: 0)
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    assert await admin.ask("hello") == "hello you"


async def test_starting_says_on_the_console_where_the_socket_is(make, capfd, tmp_path):
    await make()
    assert capfd.readouterr().out == f"[ADMIN] Admin socket listening on {tmp_path / 'admin.sock'}\n"


async def test_a_socket_that_cannot_be_made_is_recorded_and_the_gateway_goes_on(make, heard, tmp_path):
    (tmp_path / "file").write_text("")
    await make(tmp_path / "file" / "admin.sock")
    ((emitter, fields),) = said(heard)
    assert emitter is events.unavailable
    assert "file" in fields["error"]


async def test_a_second_gateway_leaves_the_socket_of_the_first_alone(make, heard):
    first = await make()
    second = await make()
    assert said(heard)[0][0] is events.unavailable
    assert "another gateway is listening" in said(heard)[0][1]["error"]
    await second.server.stop()
    assert await first.ask("hello") == "hello you"


async def test_stopping_removes_the_socket_and_cuts_off_who_is_there(make):
    admin = await make()
    asking = asyncio.get_running_loop().create_task(admin.failure("wait"))
    await until(lambda: admin.probe.done)
    async with asyncio.timeout(5):
        await admin.server.stop()
    assert "closed the connection without an answer" in await asking
    assert not admin.path.exists()
    assert "no gateway is running here" in await admin.failure("hello")
    await admin.server.stop()


async def test_it_can_be_started_again(make):
    admin = await make()
    await admin.server.stop()
    await admin.server.start()
    assert await admin.ask("hello") == "hello you"


APP = shell.build("yett admin", "", COMMANDS)


@given(
    st.lists(
        st.text(max_size=12) | st.sampled_from(["hello", "rows", "--loud", "--", "-h", "deep", "=", "--name"])
    )
)
def test_whatever_is_typed_is_a_command_or_a_usage_error(words):
    try:
        parsed = shell.parse(APP, words)
    except shell.UsageError as problem:
        told = str(problem)
    else:
        told = "" if shell.is_of_app(parsed.function) or parsed.path else "neither help nor a command"
    assert told != "neither help nor a command"
    assert len(told) < 600


@given(st.binary(max_size=300))
def test_no_bytes_at_all_break_the_reading_of_a_request(line):
    words = _words(line)
    assert words is None or all(isinstance(word, str) for word in words)
