"""Whole configurations: merging, precedence, mistakes."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.config.samples import SECTIONS, Auth, Door, Mail, Mode, Pool

from yett.config import ConfigInvalid, Mistake, Stage, flatten, load

GOOD = '[door]\nhost = "a.b"\n'


def reasons(mistakes):
    return [(mistake.key, mistake.reason) for mistake in mistakes]


def test_sections_that_nobody_wrote_stand_at_their_defaults(read):
    snapshot = read(GOOD).snapshot
    assert snapshot[Door].host == "a.b"
    assert snapshot[Door].port == 443
    assert snapshot[Door].mode is Mode.SAFE
    assert snapshot[Pool] == Pool()
    assert snapshot[Mail] == Mail()


def test_a_variable_outranks_a_template_which_outranks_the_default(read):
    text = '[door]\nhost = "${NAME}"\nport = "${PORT}"\nidle = "9s"\n'
    loaded = read(text, {"NAME": "a.b", "PORT": "8443", "YETT_DOOR_IDLE": "7s", "YETT_DOOR_HOST": "c.d"})
    assert loaded.snapshot[Door].host == "c.d"
    assert loaded.snapshot[Door].port == 8443
    assert loaded.snapshot[Door].idle == timedelta(seconds=7)
    assert loaded.snapshot[Door].mode is Mode.SAFE
    assert loaded.provenance["door.port"] == "yett.toml template"
    assert loaded.provenance["door.host"] == "environment YETT_DOOR_HOST"
    assert loaded.notices == ()


def test_files_of_a_directory_are_merged_in_the_order_of_their_names(read, printed):
    loaded = read(
        b='[[pool.backend]]\nname = "two"\naddress = "b:2"\n',
        a=GOOD + '[[pool.backend]]\nname = "one"\naddress = "a:1"\n[pool.auth]\npassword = "x"\n',
        c="[pool.auth]\nuser = 'me'\n",
    )
    assert [backend.name for backend in loaded.snapshot[Pool].backend] == ["one", "two"]
    assert loaded.snapshot[Pool].auth == Auth(user="me", password="x")
    assert loaded.provenance["pool.backend[two].address"] == "b.toml"
    assert [path.name for path in loaded.files] == ["a.toml", "b.toml", "c.toml"]
    assert printed == [f"[CONFIG] Loading configuration from directory: {loaded.files[0].parent}"]


def test_hidden_files_and_other_names_are_passed_over(read, tmp_path):
    read(a=GOOD)
    (tmp_path / "conf.d" / ".a.toml.swp").write_text("junk [")
    (tmp_path / "conf.d" / ".b.toml").write_text("junk [")
    (tmp_path / "conf.d" / "a.toml~").write_text("junk [")
    assert len(load(tmp_path / "conf.d", {}, SECTIONS).files) == 1


def test_the_same_key_in_two_files_is_a_mistake_that_names_both(refused):
    (mistake,) = refused(a=GOOD + "port = 1\n", b="[door]\n\nport = 2\n")
    assert mistake.key == "door.port"
    assert mistake.place.endswith("b.toml:3")
    assert "a.toml:3" in mistake.reason


def test_all_mistakes_are_reported_at_once_with_their_lines(refused):
    mistakes = refused(
        '[door]\nport = 99999\nidle = 5\n[pool]\nbakend = 1\n[[pool.backend]]\nname = "x"\n[dor]\na = 1\n',
        {"YETT_DOOR_HOTS": "x"},
    )
    assert [(mistake.place.rpartition(":")[2], mistake.key) for mistake in mistakes] == [
        ("1", "door.host"),
        ("2", "door.port"),
        ("3", "door.idle"),
        ("5", "pool.bakend"),
        ("6", "pool.backend[x].address"),
        ("8", "dor"),
        ("environment", "YETT_DOOR_HOTS"),
    ]
    hints = {mistake.key: mistake.hint for mistake in mistakes}
    assert hints["pool.bakend"] == '"backend" is near'
    assert hints["dor"] == '"door" is near'
    assert hints["YETT_DOOR_HOTS"] == "YETT_DOOR_HOST is near"
    assert hints["door.host"] == "set host in the file, or YETT_DOOR_HOST in the environment"


def test_mistakes_are_rendered_one_to_a_line(read):
    with pytest.raises(ConfigInvalid) as caught:
        read('[door]\nhost = "A"\n"a\\nb" = 1\n')
    first, host, strange = str(caught.value).split("\n")
    assert first == "The configuration has 2 mistakes:"
    assert host.endswith('yett.toml:2: door.host: is not a host name (given: "A")')
    assert "a\\nb: there is no such key" in strange


def test_secrets_are_never_shown(read, refused, printed):
    mistakes = refused(
        '[door]\nhost = "a.b"\nkey = "hunter2"\nkye = "hunter2"\n[pool]\nauth = "hunter2"\n'
        '[[pool.backend]]\nname = "n"\naddress = "a"\nclient_secret = ["hunter2"]\n',
        {"YETT_DOOR_KEE": "hunter2"},
    )
    assert len(mistakes) == 5
    assert "hunter2" not in str(mistakes)
    read(GOOD + "key = 1234567890\n")
    assert "1234567890" not in "".join(printed)


def test_a_template_in_a_mistake_is_shown_unfilled(refused):
    (mistake,) = refused('[door]\nhost = "${DSN}"\n', {"DSN": "S3cret!"})
    assert mistake.value == '"${DSN}"'


def test_a_template_without_its_variable_is_one_mistake(refused):
    mistakes = refused('[door]\nhost = "${NOPE}"\nport = "${"\ngroups = ["${A-B}"]\nkey = "${X"\n')
    assert [mistake.key for mistake in mistakes] == [
        "door.host",
        "door.port",
        "door.groups[#1]",
        "door.key",
    ]
    assert mistakes[0].reason == "needs the environment variable NOPE, which is not set"


def test_two_dollars_stand_for_the_characters_themselves(read):
    text = GOOD + '[ring.mail]\nsender = "$${HOME} ${X}"\nnote = "$${HOME} $5"\n'
    loaded = read(text, {"X": "${Y}"})
    assert loaded.snapshot[Mail].sender == "${HOME} ${Y}"
    assert loaded.snapshot[Mail].note == "${HOME} $5"
    assert loaded.provenance["ring.mail.note"] == "yett.toml"


def test_a_corrected_type_prints_the_documented_line(read, printed):
    read('[door]\nhost = "a.b"\nport = "8443"\n[pool.backend]\nname = "x"\naddress = "a"\n')
    assert printed == [
        '[CONFIG] Warning: door.port: expected a whole number, got text — "8443" is read as 8443',
        (
            "[CONFIG] Warning: pool.backend: expected an array of tables, got a table — "
            "write [[pool.backend]], with two brackets"
        ),
    ]


def test_a_single_table_in_place_of_an_array_is_reached_by_variables(read):
    loaded = read(GOOD + '[pool.backend]\nname = "x"\naddress = "a"\n', {"YETT_POOL_BACKEND_X_WEIGHT": "3"})
    assert [backend.weight for backend in loaded.snapshot[Pool].backend] == [3]


def test_deprecated_keys_still_work_and_print_what_replaces_them(read, printed):
    loaded = read('[door]\nhost = "a.b"\nlisten_port = 81\ncolour = 1\n[pool]\nfrom_address = "x"\n')
    assert loaded.snapshot[Door].port == 81
    assert loaded.snapshot[Mail].sender == "x"
    assert printed == [
        "[CONFIG] DEPRECATED: door.listen_port is deprecated — use port",
        "[CONFIG] DEPRECATED: door.colour is deprecated — it has no effect",
        "[CONFIG] DEPRECATED: pool.from_address is deprecated — use [ring.mail] sender",
    ]


def test_the_new_key_wins_over_a_deprecated_one_of_the_same_rank(read):
    assert read(GOOD + "listen_port = 81\nport = 82\n").snapshot[Door].port == 82
    assert read(GOOD + "port = 82\n", {"YETT_DOOR_LISTEN_PORT": "83"}).snapshot[Door].port == 83


def test_a_mistake_in_a_deprecated_key_is_reported_for_its_successor(refused):
    assert reasons(refused(GOOD + "listen_port = 0\n")) == [("door.port", "is less than 1")]


def test_checks_look_at_sections_side_by_side(refused, read):
    def check(snapshot):
        if snapshot[Door].tls and snapshot[Mail].sender:
            yield Mistake("ring.mail.sender", "x", "does not go with tls")

    (mistake,) = refused(GOOD + '[ring.mail]\nsender = "x"\n', checks=(check,))
    assert mistake.place.endswith(":4")
    assert read(GOOD + "tls = false\n", checks=(check,))


def test_a_value_in_the_place_of_a_section_is_a_mistake(refused):
    assert reasons(refused("door = 5\nring = 6\n")) == [
        ("door", "has to be a table, not a whole number"),
        ("ring", "has to be a table"),
    ]


def test_unknown_keys_of_a_section_that_holds_only_sections_are_mistakes(refused):
    assert reasons(refused(GOOD + "[ring]\nx = 1\n[ring.male]\n")) == [
        ("ring.x", "there is no such key"),
        ("ring.male", "there is no such section"),
    ]


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(ConfigInvalid) as caught:
        load(tmp_path / "yett.toml", {}, SECTIONS)
    assert caught.value.stage is Stage.MISSING
    assert "--config" in str(caught.value)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigInvalid, match="holds no file"):
        load(tmp_path / "empty", {}, SECTIONS)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[door\n", "is not TOML"),
        (b"\n\na = \n", "is not TOML"),
        (b"[door]\nhost = '\xff'\n", "is not UTF-8"),
        (b"x = " + b"9" * 5000, "is not TOML"),
        (b"x = " + b"[" * 5000, "is nested too deeply"),
        (b"a" + b".a" * 200 + b" = 1", "is nested more than 32 deep"),
        (b"#" * ((4 << 20) + 1), "is larger than 4 MiB"),
    ],
)
def test_a_file_that_is_not_toml_is_refused_with_its_place(refused, read, content, reason):
    (mistake,) = refused(content)
    assert mistake.reason.startswith(reason)
    with pytest.raises(ConfigInvalid) as caught:
        read(content)
    assert caught.value.stage is Stage.PARSING


def test_files_that_cannot_be_parsed_are_all_reported(refused):
    mistakes = refused(a="[x", b=GOOD, c="\n\n=")
    assert [Path(mistake.place).name for mistake in mistakes] == ["a.toml:1", "c.toml:3"]


def test_a_byte_order_mark_and_windows_lines_do_no_harm(refused, read):
    assert read(b"\xef\xbb\xbf[door]\r\nhost = 'a.b'\r\n").snapshot[Door].host == "a.b"
    assert refused(b"[door]\r\nhost = 'a.b'\r\n\r\nport = 0\r\n")[0].place.endswith(":4")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "yett.toml")
    with pytest.raises(ConfigInvalid, match="is no regular file"):
        load(tmp_path / "yett.toml", {}, SECTIONS)


def test_the_digest_follows_the_content(read):
    first = read(GOOD).digest
    assert read(GOOD).digest == first
    assert read(GOOD + "# more\n").digest != first


def test_numbers_too_long_to_print_are_refused(refused):
    assert reasons(refused(GOOD + f"port = 0x{'f' * 9000}\n")) == [
        ("door.port", "is a number beyond 64 bits")
    ]


KEYS = st.sampled_from(["door", "pool", "ring", "mail", "host", "port", "backend", "auth", "name", "x", "é"])
VALUES = st.recursive(
    st.integers(-5, 70000).map(str)
    | st.sampled_from(
        ["true", "1.5", "nan", '"8443"', '"${A}"', '"${B"', '"10s"', "1979-05-27", '""', "07:32:00", '"a"']
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: "[" + ", ".join(parts) + "]")
        | st.lists(st.tuples(KEYS, inner), max_size=3, unique_by=lambda pair: pair[0]).map(
            lambda pairs: "{" + ", ".join(f'"{key}" = {value}' for key, value in pairs) + "}"
        )
    ),
    max_leaves=8,
)
LINES = st.one_of(
    st.tuples(KEYS, VALUES).map(lambda pair: f'"{pair[0]}" = {pair[1]}'),
    st.lists(KEYS, min_size=1, max_size=3).map(lambda keys: "[" + ".".join(f'"{key}"' for key in keys) + "]"),
    st.lists(KEYS, min_size=1, max_size=3).map(
        lambda keys: "[[" + ".".join(f'"{key}"' for key in keys) + "]]"
    ),
)
VARIABLES = st.dictionaries(
    st.sampled_from(
        ["A", "YETT_DOOR_PORT", "YETT_POOL_AUTH_USER", "YETT_POOL_BACKEND_A_NAME", "YETT_X", "YETT_DOOR_"]
    ),
    st.text(max_size=5),
)


def attempt(source, environ):
    try:
        return load(source, environ, SECTIONS)
    except ConfigInvalid as problem:
        return problem


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(st.lists(LINES, max_size=8), VARIABLES)
def test_junk_gets_mistakes_and_never_another_exception(tmp_path, lines, environ):
    source = tmp_path / "junk.toml"
    source.write_text("\n".join(lines))
    outcome = attempt(source, environ)
    if isinstance(outcome, ConfigInvalid):
        assert outcome.mistakes
        assert len(str(outcome).split("\n")) == len(outcome.mistakes) + 1
    else:
        assert flatten(outcome.snapshot, outcome.provenance)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(st.binary(max_size=60))
def test_any_bytes_get_mistakes_and_never_another_exception(tmp_path, content):
    source = tmp_path / "junk.toml"
    source.write_bytes(content)
    with pytest.raises(ConfigInvalid):
        load(source, {}, SECTIONS)
