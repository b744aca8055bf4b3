"""The printed reference and the example."""

import re

from tests.config.samples import MAIL, POOL, SECTIONS, Auth, Backend, Door, Mail, Pool, Rule

from yett.config import example, load, markdown


def test_the_reference_is_the_same_for_the_same_declarations():
    assert markdown(SECTIONS) == markdown(reversed(SECTIONS))


def test_the_reference_tells_everything_about_a_key():
    text = markdown(SECTIONS)
    assert (
        "| `port` | a whole number | `443` | at least 1, at most 65535 | restart | `YETT_DOOR_PORT` | Port. |"
        in text
    )
    assert "| `host` | text | required | a host name | restart | `YETT_DOOR_HOST` | Public name. |" in text
    assert "| `key` | text, secret | empty | at least 8 characters | yes | `YETT_DOOR_KEY` | Key. |" in text
    assert "| `public_port` | a whole number, or unset | unset |" in text
    assert '| `idle` | a duration | `"1m15s"` | at least 1s |' in text
    assert "### [[pool.backend]]" in text
    assert "`YETT_POOL_BACKEND_<NAME>_CLIENT_SECRET`" in text
    assert "### [pool.auth]" in text
    assert "`YETT_POOL_AUTH_USER`" in text
    assert "- `listen_port`, now `port`: use port" in text


def test_items_without_a_name_have_no_variables():
    assert "YETT_POOL_RULE" not in markdown(SECTIONS)


def test_the_example_is_refused_only_for_what_has_to_be_given(refused):
    assert [mistake.key for mistake in refused(example(SECTIONS))] == ["door.host"]


def test_the_example_with_every_line_taken_in_stands_at_the_defaults(read):
    text = example(SECTIONS).replace('host = ""', 'host = "a.b"')
    text = re.sub(r"^#(?=\S)", "", text, flags=re.MULTILINE).replace('address = ""', 'address = "a"')
    snapshot = read(text).snapshot
    assert snapshot[Door] == Door(host="a.b")
    assert snapshot[Mail] == Mail()
    assert snapshot[Pool] == Pool(
        backend=(Backend(name="", address="a"),), rule=(Rule(),), auth=Auth(password="")
    )


def test_an_example_without_required_keys_can_be_used_at_once(tmp_path):
    source = tmp_path / "yett.toml"
    source.write_text(example([MAIL, POOL]))
    assert load(source, {}, [MAIL, POOL]).snapshot[Mail] == Mail()
