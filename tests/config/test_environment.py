"""Variables: how they are named, what they reach, what is said of those that reach nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.config.samples import SECTIONS, Door, Pool

from yett.config import Section, variable_name
from yett.config.environment import Targets, fill, override, sanitise

GOOD = '[door]\nhost = "a.b"\n'
ONE = GOOD + '[[pool.backend]]\nname = "My App"\naddress = "a"\n'


def test_an_item_is_reached_by_its_name(read):
    loaded = read(ONE, {"YETT_POOL_BACKEND_MY_APP_WEIGHT": "7"})
    assert loaded.snapshot[Pool].backend[0].weight == 7
    assert loaded.provenance["pool.backend[My App].weight"] == "environment YETT_POOL_BACKEND_MY_APP_WEIGHT"


@pytest.mark.parametrize("key", ["CLIENT_SECRET", "CLIENTSECRET"])
def test_a_key_may_be_written_without_its_underscores(read, key):
    loaded = read(ONE, {f"YETT_POOL_BACKEND_MY_APP_{key}": "s"})
    assert loaded.snapshot[Pool].backend[0].client_secret == "s"


def test_a_plain_key_may_be_written_without_its_underscores(read):
    assert read(GOOD, {"YETT_DOOR_PUBLICPORT": "5"}).snapshot[Door].public_port == 5


def test_both_spellings_have_to_agree(read, refused):
    same = {"YETT_DOOR_PUBLICPORT": "5", "YETT_DOOR_PUBLIC_PORT": "5"}
    assert read(GOOD, same).snapshot[Door].public_port == 5
    (mistake,) = refused(GOOD, same | {"YETT_DOOR_PUBLIC_PORT": "6"})
    assert mistake.key == "YETT_DOOR_PUBLIC_PORT"
    assert "YETT_DOOR_PUBLICPORT" in mistake.reason


def test_a_table_inside_a_section_can_come_from_variables_alone(read):
    loaded = read(GOOD, {"YETT_POOL_AUTH_USER": "me", "YETT_POOL_AUTH_PASSWORD": "x"})
    assert loaded.snapshot[Pool].auth.user == "me"


def test_variables_make_no_items(refused):
    (mistake,) = refused(ONE, {"YETT_POOL_BACKEND_OTHER_WEIGHT": "7"})
    assert mistake.reason == "no item of [[pool.backend]] has that name and key; variables make no items"
    assert mistake.place == "environment"


def test_a_variable_that_could_mean_two_items_is_refused(refused):
    text = ONE + '[[pool.backend]]\nname = "my-app"\naddress = "b"\n'
    (mistake,) = refused(text, {"YETT_POOL_BACKEND_MY_APP_WEIGHT": "7"})
    assert mistake.reason == "could mean 2 keys whose names differ only in signs"


def test_a_mistake_in_a_variable_names_the_variable(refused):
    (mistake,) = refused(GOOD, {"YETT_DOOR_PORT": "x"})
    assert (mistake.key, mistake.value, mistake.place) == ("door.port", '"x"', "environment YETT_DOOR_PORT")


def test_reserved_variables_are_no_settings(read, printed):
    read(GOOD, {"YETT_CONFIG": "/etc", "YETT_ADMIN_SOCK": "/run/x", "PATH": "/bin"})
    assert printed == []


def test_a_variable_of_no_section_is_ignored_and_told(read, printed):
    read(GOOD, {"YETT_FOO": "1", "YETT_DOR_PORT": "1"})
    assert printed == [
        "[CONFIG] Warning: environment variable YETT_DOR_PORT is ignored — YETT_DOOR_PORT is near",
        "[CONFIG] Warning: environment variable YETT_FOO is ignored — no section has that name",
    ]


def test_variables_that_kubernetes_adds_for_a_service_are_told_apart():
    links = {
        "YETT_SERVICE_HOST": "10.0.0.1",
        "YETT_SERVICE_PORT": "443",
        "YETT_SERVICE_PORT_HTTPS": "443",
        "YETT_PORT": "tcp://10.0.0.1:443",
        "YETT_PORT_443_TCP_ADDR": "10.0.0.1",
    }
    found = override({}, SECTIONS, links)
    assert found.mistakes == []
    assert {variable for variable, _ in found.ignored} == set(links)


def test_a_port_that_kubernetes_did_not_make_is_a_setting():
    links = {"YETT_SERVICE_HOST": "fd00::1", "YETT_SERVICE_PORT": "8443", "YETT_PORT": "tcp://[fd00::1]:443"}
    service = Section("service", Door, "", {})
    root = {}
    assert override(root, [service], links).mistakes == []
    assert root["service"]["port"].text == "8443"


def test_a_value_in_the_place_of_a_table_does_not_trip_a_variable(refused):
    assert [mistake.key for mistake in refused("door = []\n", {"YETT_DOOR_PORT": "1"})] == ["door"]


NAMES = st.text(min_size=1, max_size=20).filter(lambda name: "\0" not in name)


@given(NAMES, st.sampled_from(["weight", "client_secret", "address", "name"]))
def test_the_name_made_for_a_key_leads_back_to_it(name, key):
    root = {"pool": {"backend": [{"name": name, "address": "a"}]}}
    variable = variable_name("pool", "backend", name, key)
    reached = Targets(SECTIONS, root).find(variable)
    assert [target.path for target in reached] == [("pool", "backend", 0, key)]
    assert variable == f"YETT_POOL_BACKEND_{sanitise(name)}_{key.upper()}"


def test_every_plain_key_has_a_name_that_leads_back_to_it():
    targets = Targets(SECTIONS, {})
    for section in SECTIONS:
        for key in ("host", "max_body", "sender"):
            if hasattr(section.model, key) or key == "host":
                reached = targets.find(variable_name(section.name, key))
                assert all(target.path == (*section.name.split("."), key) for target in reached)
    assert targets.find("YETT_RING_MAIL_SENDER")[0].path == ("ring", "mail", "sender")


@given(st.text(alphabet="${}AB_ "), st.dictionaries(st.sampled_from("AB"), st.text()))
def test_filling_a_template_never_raises_and_blames_what_is_missing(text, environ):
    filled, problems = fill(text, environ)
    if "${" not in text:
        assert (filled, problems) == (text, [])
