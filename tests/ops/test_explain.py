from datetime import UTC, datetime

import pytest
from tests.events.explain.test_requests import denied_request

from yett.events import Journal, Limits
from yett.kernel import CommandFailed, new_id, time_of
from yett.ops import ExplainCommands

REQUEST = new_id()
BEGAN = time_of(REQUEST)


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    folder = tmp_path_factory.mktemp("log")
    journal = Journal(folder, Limits())
    journal.open()
    for record in denied_request(REQUEST, int(BEGAN * 1e9)):
        (journal.audit.append(record) if record.declaration.audit else journal.records.write([record]))
    journal.close()
    return ExplainCommands(folder, lambda: BEGAN + 60)


def test_a_request_a_session_and_a_person_are_told_from_one_argument(commands):
    assert commands.explain(f" {REQUEST} ").startswith(f"Request {REQUEST}")
    assert commands.explain("s-1").startswith("Session s-1")
    assert commands.explain("ada").startswith("ada, from ")


def test_a_person_is_told_of_for_a_day_unless_somebody_says_more(commands):
    later = ExplainCommands(commands._directory, lambda: BEGAN + 2 * 86_400)
    with pytest.raises(CommandFailed, match="say --since 7d"):
        later.explain("ada")
    since = datetime.fromtimestamp(BEGAN - 60, UTC).isoformat()
    assert later.explain("ada", since=since).startswith("ada, from ")


def test_why_somebody_could_not_get_somewhere(commands):
    text = commands.explain(user="ada", url="https://wiki.example/secret")
    assert text.startswith("ada asked for GET wiki.example/secret. Rule wiki-ops keeps ada out of wiki")
    assert f"Request {REQUEST}" in text
    assert "Nothing is recorded" in commands.explain(user="ada", url="wiki.example", at="2020-01-01T00:00")


def test_a_name_is_found_however_it_is_typed(commands):
    assert commands.explain("Ada").startswith("ada, from ")
    assert commands.explain(user=" ADA ", url="https://wiki.example/secret").startswith("ada asked for")


def test_everything_can_be_json(commands):
    assert commands.explain(REQUEST, json=True)["decided_by"]["reason"] == "no_group"
    assert commands.explain("s-1", json=True)["session"] == "s-1"
    answer = commands.explain(user="ada", json=True)
    assert answer["findings"][0]["closeness"] == "exact"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({}, "say what to explain"),
        ({"id": REQUEST, "user": "ada"}, "and not both"),
        ({"id": new_id()}, "there is no record"),
        ({"id": "../../etc/passwd"}, "there is no record"),
        ({"id": "\x00"}, "there is no record"),
        ({"id": ""}, "say what to explain"),
        ({"id": "ada", "at": "1h"}, "--at goes with"),
        ({"id": "x" * 300}, "--at goes with"),
        ({"user": "ada", "at": "yesterday"}, "--at"),
        ({"user": "ada", "within": "soon"}, "--within"),
        ({"user": "ada", "within": "0s"}, "--within"),
        ({"user": "ada", "within": "400d"}, "--within"),
        ({"url": "https://[::1"}, "not an address"),
        ({"url": "ftp://wiki.example"}, "not an address"),
        ({"url": "https://"}, "not an address"),
        ({"id": "ada", "since": "1h", "until": "2h"}, "not before"),
    ],
)
def test_what_cannot_be_explained_says_so(commands, words, said):
    with pytest.raises(CommandFailed, match=said):
        commands.explain(**words)


def test_a_log_that_is_not_there_is_told(tmp_path):
    with pytest.raises(CommandFailed, match="no gateway with this configuration has run"):
        ExplainCommands(tmp_path / "none").explain(REQUEST)


@pytest.mark.parametrize("url", ["https://u:p@wiki.example/a", "wiki.example", "http://WIKI.example:8443/"])
def test_an_address_is_read_as_people_paste_it(commands, url):
    assert "wiki.example" in commands.explain(user="bob", url=url)
    assert "u:p" not in commands.explain(user="bob", url=url)
