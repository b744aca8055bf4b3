import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.ops.importing.documents import Unreadable, flags_of, text_of, toml_of, variables_of, yaml_of


def test_yaml_is_read_as_its_newer_edition_reads_it():
    text = "a: no\nb: 22:30\nc: 2026-01-31\nd: 012\ne: 1_000\nf: 0.5\ng: ~\nh: true\ni: '5'\nj: 1e400"
    (document,) = yaml_of(text, "x")
    assert document | {"j": None} == {
        "a": "no",
        "b": "22:30",
        "c": "2026-01-31",
        "d": 10,
        "e": 1000,
        "f": 0.5,
        "g": None,
        "h": True,
        "i": "5",
        "j": None,
    }


def test_several_documents_and_merged_tables_are_read():
    text = "base: &b {x: 1}\nmade: {<<: *b, y: 2}\n---\n---\nother: []\n"
    assert yaml_of(text, "x") == [{"base": {"x": 1}, "made": {"x": 1, "y": 2}}, {"other": []}]


BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)
MERGE_BOMB = "m0: &m0 {k: v}\n" + "".join(
    f"m{n}: &m{n} {{<<: [{','.join([f'*m{n - 1}'] * 10)}]}}\n" for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (BOMB, "means more than"),
        (MERGE_BOMB, "means more than"),
        ("a: &a [*a]", "of itself"),
        ("a: *nothing", "of something that is not there"),
        ("[" * 5000, "nested more than"),
        ("a: 1\na: 2", "a key is there twice"),
        ("a: !!python/object/apply:os.system ['true']", "a tag of its own"),
        ("a: !!binary aGk=", "a tag of its own"),
        ("a: !vault |\n  secret", "a tag of its own"),
        ("a: [", "is not YAML"),
        ("a: 'secret value\n", "is not YAML"),
        ("? {a: 1}\n: 2", "is not YAML"),
        ("a: !!int 'x'", "is not YAML"),
        ("\x00", "is not YAML"),
    ],
    ids=range(14),
)
def test_yaml_that_is_hostile_or_broken_is_refused_without_repeating_it(text, why):
    with pytest.raises(Unreadable, match=why) as caught:
        yaml_of(text, "x.yml")
    assert "secret" not in str(caught.value)
    assert len(str(caught.value)) < 400


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    for read in (yaml_of, toml_of, flags_of):
        with contextlib.suppress(Unreadable):
            read(text, "x")
    assert isinstance(variables_of(text), dict)


def test_variables_are_read_as_a_shell_would():
    text = "A=1\n export B='two words'\n# C=3\nnot a line\nD=\"x=y\"\nE="
    assert variables_of(text) == {"A": "1", "B": "two words", "D": "x=y", "E": ""}


def test_flags_have_values_beside_or_behind_them():
    text = "oauth2-proxy --upstream=http://a --email-domain '*' \\\n  --skip-provider-button --upstream http://b # no"
    assert flags_of(text, "x") == [
        ("upstream", "http://a"),
        ("email-domain", "*"),
        ("skip-provider-button", "true"),
        ("upstream", "http://b"),
    ]


def test_files_that_are_none_are_refused(tmp_path):
    (tmp_path / "odd").write_bytes(b"a = '\xff'")
    (tmp_path / "large").write_bytes(b" " * ((4 << 20) + 1))
    for name, why in (
        ("odd", "is not UTF-8"),
        ("large", "is larger"),
        ("none", "No such file"),
        ("", "no regular file"),
    ):
        with pytest.raises(Unreadable, match=why):
            text_of(str(tmp_path / name))
    with pytest.raises(Unreadable, match="no file's name"):
        text_of("a\0b")
