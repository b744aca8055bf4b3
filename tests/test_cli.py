"""The command line as it is typed: what comes out, where, and with which exit code."""

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.events import samples

import yett
from yett import cli
from yett.events import Journal, Limits, Sync
from yett.kernel import Place, commands

DECLARED = sorted(commands.values(), key=lambda each: each.path)
GOOD = '[service]\nhostname = "yett.localhost"\n[cluster]\ncluster_path = "{data}"\n'
ONLY_PEOPLE = "[authn.password]\nmemory = '8MiB'\npasses = 1\n"


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "yett.toml"
    path.write_text(GOOD.format(data=tmp_path / "data") + ONLY_PEOPLE)
    return path


@pytest.fixture
def run(capfd, config):
    """Type something; the exit code and both outputs."""

    def typing(*words, environ=None, source=config):
        given = {"YETT_CONFIG": str(source)} if source else {}
        code = cli.run(list(words), {**given, **(environ or {})})
        out = capfd.readouterr()
        return code, out.out, out.err

    return typing


def start(*words, environ=None, **more):
    """The program as a process of its own."""
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("yett")), *words],
        env={**os.environ, "PYTHONUNBUFFERED": "1", **(environ or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def test_a_program_looks_for_garbage_only_once_it_is_loaded():
    script = (
        "import gc, sys, runpy, atexit\n"
        "done = []\n"
        "gc.callbacks.append(lambda phase, _: phase == 'start' and not gc.get_freeze_count() and done.append(1))\n"
        "atexit.register(lambda: print(len(done), gc.isenabled(), gc.get_freeze_count() > 100_000))\n"
        "sys.argv = ['yett', 'version']\n"
        "runpy.run_module('yett', run_name='__main__')\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, text=True)
    assert ended.returncode == 0, ended.stderr
    looks, is_enabled, is_frozen = ended.stdout.splitlines()[-1].split()
    assert (is_enabled, is_frozen) == ("True", "True")
    # Some run before the first line of ours.
    assert int(looks) < 10


# Help, without a configuration and without a gateway.


@pytest.mark.parametrize("found", DECLARED, ids=lambda each: " ".join(each.path))
def test_every_command_has_help_that_needs_neither_a_configuration_nor_a_gateway(run, found):
    words = [*(["admin"] if found.place is Place.SERVER else []), *found.path]
    code, out, err = run(*words, "--help", source="/nonexistent")
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: yett {' '.join(words)}")
    synonym = ["admin", "help", *found.path] if found.place is Place.SERVER else ["help", *found.path]
    assert run(*synonym, source="/nonexistent") == (0, out, "")
    assert run("help", *words, source="/nonexistent") == (0, out, "")
    assert run(*words, "-h", source="/nonexistent") == (0, out, "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ["Usage: yett COMMAND", "--config PATH", "admin", "users", "serve"]),
        (["help"], ["Usage: yett COMMAND"]),
        (["--help"], ["Usage: yett COMMAND"]),
        (["admin"], ["Usage: yett admin COMMAND", "sessions", "status"]),
        (["admin", "help"], ["Usage: yett admin COMMAND"]),
        (["admin", "sessions"], ["Usage: yett admin sessions COMMAND", "revoke-all"]),
        (["admin", "sessions", "--help"], ["Usage: yett admin sessions COMMAND"]),
        (["users"], ["Usage: yett users COMMAND", "passwd"]),
    ],
)
def test_a_folder_of_commands_shows_what_is_in_it(run, words, expected):
    code, out, err = run(*words, source="/nonexistent")
    assert (code, err) == (0, "")
    for text in expected:
        assert text in out


@pytest.mark.parametrize("words", [["version"], ["--version"]])
def test_the_version_is_printed(run, words):
    assert run(*words, source=None) == (0, f"yett {yett.__version__}\n", "")


# What is no command.


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["chekc"], 'Unknown command "chekc". Did you mean "check"?'),
        (["nosuch"], 'Unknown command "nosuch".'),
        (["admin", "sesions", "list"], 'Did you mean "sessions"?'),
        (["users", "ad", "bob"], 'Did you mean "add"?'),
        (["sessions", "list"], 'Did you mean "yett admin sessions list"?'),
        (["sessions", "revoke", "x"], 'Did you mean "yett admin sessions revoke"?'),
        (["admin", "users", "list"], 'Did you mean "yett users list"?'),
        (["logs", "search", "--levle", "x"], "Did you mean --level?"),
        (["logs", "search", "--limit", "-1"], "it cannot be negative"),
        (["users", "add"], "requires an argument"),
        (["version", "extra"], "extra"),
        (["help", "nosuch"], 'Unknown command "nosuch".'),
        (["nosuch", "--help"], 'Unknown command "nosuch".'),
        (["admin", "nosuch", "--help"], 'Unknown command "nosuch".'),
        (["--config"], "--config needs the path of a file or a folder"),
        (["--config=", "check"], "--config needs the path of a file or a folder"),
        (["check", "-c"], "--config needs the path of a file or a folder"),
        (["\x1b[2J"], "Unknown command"),
        (["\udcff"], "Unknown command"),
    ],
)
def test_what_is_no_command_ends_with_2_and_the_nearest_one(run, words, expected):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert expected in err
    assert err.startswith("yett: ")
    assert "\x1b" not in err


# The configuration.


def test_a_configuration_that_is_in_order_is_said_to_be(run, config):
    code, out, _ = run("check")
    assert (code, out) == (0, f"the configuration is in order ({config})\n")


def test_a_change_of_people_that_a_gateway_does_not_hear_of_is_made_all_the_same(run, tmp_path, monkeypatch):
    password = "correct horse battery\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(password))
    # Nobody runs: nothing to say.
    assert run("users", "add", "ada", "--password-stdin") == (0, "Added ada.\n", "")
    place = tmp_path / "deaf.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place))
        listening.listen()

        def hang_up():
            listening.accept()[0].close()

        answering = threading.Thread(target=hang_up)
        answering.start()
        code, out, err = run("users", "disable", "ada", environ={"YETT_ADMIN_SOCK": str(place)})
        answering.join()
    assert (code, out) == (0, "Disabled ada.\n")
    assert "will see the change within a second; it could not be told" in err
    # Who ran here is gone.
    assert run("users", "enable", "ada", environ={"YETT_ADMIN_SOCK": str(place)}) == (0, "Enabled ada.\n", "")


def test_a_mapping_that_leads_to_a_provider_nobody_set_up_is_a_mistake(run, config):
    mapping = '[[proxy.mapping]]\napp = "Wiki"\nhost = "wiki.localhost"\nservice = "http://127.0.0.1:1"\n'
    config.write_text(config.read_text() + mapping + 'sign_in_with = "acme"\n')
    code, _, err = run("check")
    assert code == 1
    assert "proxy.mapping[0].sign_in_with" in err
    assert "is the name of no [[identity.federation.provider]]" in err
    provider = '[[identity.federation.provider]]\nname = "acme"\nissuer = "https://idp.example.org"\n'
    config.write_text(config.read_text() + provider + 'client_id = "x"\nclient_secret = "0123456789abcdef"\n')
    assert run("check")[0] == 0


PROVIDER = """\
[[identity.federation.provider]]
name = "acme"
issuer = "https://idp.example.org"
client_id = "x"
client_secret = "0123456789abcdef"
"""
CLIENT = """\
[[oidc.client]]
id = "other"
audience = "https://idp.example.org"
redirect_uris = ["https://other.example.org/back"]
"""


@pytest.mark.parametrize(
    ("mapping", "provider", "key", "words"),
    [
        (
            'sign_in_with = "acme"',
            "sign_in = false",
            "sign_in_with",
            "is a provider that has sign_in = false",
        ),
        (
            'bearer = {through = "acm"}',
            "",
            "bearer.through",
            "is the name of no [[identity.federation.provider]]",
        ),
        ('bearer = {through = "acme"}', "dpop = true", "bearer.through", "cannot be sent as a bearer token"),
        ('bearer = {grant = "jwt-bearer"}', "", "", "bearer.grant is only good with bearer.through"),
        ('bearer = {scopes = ["read"]}', "", "", "bearer.scopes are only good with bearer.through"),
        ('bearer = {through = "acme", scopes = ["a b"]}', "", "bearer.scopes", ""),
        ('bearer = {through = "acme", grant = "password"}', "", "bearer.grant", ""),
        # What speaks for people to the provider is no other client's.
        (
            'bearer = {through = "acme"}\n' + CLIENT,
            "",
            "",
            "its tokens would be good for",
        ),
    ],
)
def test_a_mapping_that_wants_what_its_provider_does_not_give_is_a_mistake(
    run, config, mapping, provider, key, words
):
    text = '[[proxy.mapping]]\napp = "Wiki"\nhost = "wiki.localhost"\nservice = "http://127.0.0.1:1"\n'
    config.write_text(f"{config.read_text()}\n{PROVIDER}{provider}\n{text}{mapping}\n")
    code, _, err = run("check")
    assert code == 1
    assert (f"proxy.mapping[0].{key}" if key else "") in err.replace("mapping[Wiki]", "mapping[0]")
    assert words in err


@pytest.mark.parametrize("grant", ["jwt-bearer", "token-exchange"])
def test_a_mapping_may_want_the_token_of_a_provider(run, config, grant):
    text = '[[proxy.mapping]]\napp = "Wiki"\nhost = "wiki.localhost"\nservice = "http://127.0.0.1:1"\n'
    more = f'bearer = {{through = "acme", grant = "{grant}", scopes = ["read"], audience = "https://wiki"}}\n'
    config.write_text(f"{config.read_text()}\n{PROVIDER}sign_in = false\n{text}{more}")
    assert run("check")[0] == 0


@pytest.mark.parametrize(
    "words", [["--config", "{}", "check"], ["check", "--config={}"], ["check", "-c", "{}"]]
)
def test_the_configuration_is_named_by_an_option_that_is_stronger_than_the_environment(run, config, words):
    typed = [word.format(config) for word in words]
    assert run(*typed, source="/nonexistent")[0] == 0


@pytest.mark.parametrize(
    "words",
    [["check"], ["serve"], ["users", "list"], ["logs", "search"], ["admin", "status"], ["ca", "export"]],
)
def test_a_configuration_that_is_not_there_is_named_with_what_to_do(run, words):
    code, out, err = run("--config", "/nonexistent/yett.toml", *words)
    assert (code, out) == (1, "")
    assert "/nonexistent/yett.toml: there is no such file" in err
    assert "`yett reference example`" in err
    assert "--config" in err
    assert "Traceback" not in err


def test_without_anything_said_the_configuration_is_in_etc(run, monkeypatch, tmp_path):
    monkeypatch.setattr(cli, "_DEFAULT_CONFIG", tmp_path / "etc")
    for environ in ({}, {"YETT_CONFIG": ""}):
        assert str(tmp_path / "etc") in run("check", source=None, environ=environ)[2]


def test_all_mistakes_are_listed_at_once(run, config):
    config.write_text(
        '[service]\nhostname = "UPPER"\nport = 99999\nnetwork_interfce = "lo"\n'
        '[telemetry]\nlog_level = "loud"\n[proxy]\n[[proxy.mapping]]\napp = "x"\n'
    )
    code, out, err = run("check")
    assert (code, out) == (1, "")
    for key in (
        "service.hostname",
        "service.port",
        "network_interface",
        "telemetry.log_level",
        "proxy.mapping",
    ):
        assert key in err
    assert int(err.split("The configuration has ")[1].split()[0]) >= 5
    assert f"{config}:2: service.hostname" in err


def test_what_only_shows_with_all_sections_side_by_side_is_checked_too(run, config):
    config.write_text(GOOD.format(data="/x").replace("[cluster]", 'network_interface = "nosuch0"\n[cluster]'))
    code, _, err = run("check")
    assert code == 1
    assert "'nosuch0' is neither an address nor a network interface" in err


def test_checking_starts_and_makes_nothing(run, tmp_path):
    run("check")
    assert [path.name for path in tmp_path.iterdir()] == ["yett.toml"]


# Answers.


def test_people_are_added_and_listed(run, monkeypatch, tmp_path):
    (tmp_path / "data").mkdir(mode=0o700)
    code, _, err = run("users", "list")
    assert (code, err) == (0, "")
    read, write = os.pipe()
    os.write(write, b"correct horse 7\n")
    os.close(write)
    with os.fdopen(read) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        code, out, err = run("users", "add", "ada", "--group", "staff", "--password-stdin")
    assert (code, out, err) == (0, "Added ada.\n", "")
    code, out, _ = run("users", "list", "--json")
    assert code == 0
    assert [(row["name"], row["groups"]) for row in json.loads(out)] == [("ada", ["staff"])]
    code, out, err = run("users", "disable", "bob")
    assert (code, out) == (1, "")
    assert "There is no user 'bob'" in err


def test_json_stays_json_when_the_configuration_is_a_folder_with_something_to_say(run, config, tmp_path):
    (tmp_path / "data").mkdir(mode=0o700)
    code, out, err = run("--json", "users", "list", source=config.parent)
    assert (code, json.loads(out)) == (0, [])
    assert "[CONFIG] Loading configuration from directory" in err


def test_behind_two_dashes_nothing_is_an_option(run, tmp_path):
    (tmp_path / "data" / "log").mkdir(parents=True)
    assert run("logs", "search", "--", "--json") == (0, "Nothing found.\n", "")
    assert run("logs", "search", "--json") == (0, "", "")


def test_without_a_data_directory_there_is_nothing_to_look_at(run, config):
    config.write_text('[service]\nhostname = "yett.localhost"\n[cluster]\ncluster_path = ""\n')
    code, _, err = run("logs", "search")
    assert code == 1
    assert "keeps everything in memory" in err


def test_without_a_gateway_admin_commands_say_so(run, tmp_path):
    code, out, err = run("admin", "status")
    assert (code, out) == (1, "")
    assert f"no gateway is running here: there is no socket {tmp_path / 'data' / 'admin.sock'}" in err


def test_the_socket_in_the_environment_needs_no_configuration(run, tmp_path):
    path = tmp_path / "other.sock"
    code, _, err = run("admin", "status", source="/nonexistent", environ={"YETT_ADMIN_SOCK": str(path)})
    assert code == 1
    assert f"there is no socket {path}" in err


def test_what_an_answer_holds_cannot_take_over_the_terminal(run, tmp_path):
    journal = Journal(tmp_path / "data" / "log", Limits(segment_size=1 << 20, sync=Sync.NONE))
    journal.open()
    journal.records.write([samples.record(samples.odd, "\x1b]0;owned\x07")])
    journal.close()
    _, out, _ = run("logs", "search", "--component", "sample")
    assert "owned" in out
    assert "\x1b" not in out


def test_the_owners_of_commands_have_different_names():
    owners = {each.owner: each.function.__module__ for each in DECLARED if each.owner}
    for each in DECLARED:
        assert not each.owner or owners[each.owner] == each.function.__module__


@pytest.mark.parametrize(
    "found",
    [each for each in DECLARED if each.place is Place.HERE],
    ids=lambda each: " ".join(each.path),
)
def test_every_command_that_runs_here_can_be_bound(config, found):
    context = cli.Context(config, {})
    assert callable(cli._bind(context)(found))


# Signals and pipes, which need a process of their own.


def test_a_reader_that_has_seen_enough_is_no_error():
    with start("reference", "log") as process:
        assert process.stdout.readline() == "# Log reference\n"
        process.stdout.close()
        # All of it may have gone into the pipe before that was closed.
        assert process.wait(30) in {0, 141}
        assert process.stderr.read() == ""


@pytest.mark.parametrize("words", [["version"], ["--help"], ["reference", "commands"]])
def test_output_that_nobody_reads_at_all_is_no_error(words):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [str(Path(sys.executable).with_name("yett")), *words],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
        timeout=30,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_following_ends_with_ctrl_c_and_without_a_traceback(config, tmp_path):
    journal = Journal(tmp_path / "data" / "log", Limits(segment_size=1 << 20, sync=Sync.NONE))
    journal.open()
    with start("--config", str(config), "logs", "search", "-f", "--json", "--component", "sample") as process:
        os.set_blocking(process.stdout.fileno(), False)
        line, deadline = "", time.monotonic() + 30
        while not line and time.monotonic() < deadline:
            journal.records.write([samples.record(samples.plain, "x", 1, at=time.time_ns())])
            line = process.stdout.readline()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
        assert json.loads(line)["msg"] == "Plain thing happened"
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stderr.read() == ""
    journal.close()


def test_a_name_in_another_encoding_is_shown_escaped():
    with start(b"explain\xff", "x") as process:
        assert process.wait(30) == 2
        assert "explain\\udcff" in process.stderr.read()
