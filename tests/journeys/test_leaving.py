"""When people go, what they had goes too: what is open ends, and nobody inherits what was kept."""

import json
import re

import pytest
from tests.journeys.gateway import APP, MAPPING, SIGN_IN, Gateway, Visitor, until
from tests.journeys.ldap_server import dn_of
from tests.journeys.test_devices import Program, decide, type_code
from tests.journeys.test_ldap import settings_of
from tests.journeys.test_second_factors import Phone, fill
from tests.journeys.test_traffic import open_websocket

from yett.authn.password import Hasher, PasswordSettings
from yett.identity import LocalUser, LocalUsers, Person

SETTINGS = """
[authentication.devicecode]
enabled = true
interval = "1s"

[[oidc.device.client]]
id = "tv"

[signin.mfa]
require_groups = ["careful"]
"""
PASSWORD = "a rather long sentence"
PEOPLE = {"dora": ("staff",), "rex": ("staff",), "kim": ("careful", "staff"), "pat": ("careful", "staff")}


def mappings_of(upstream):
    chat, page = upstream.websocket_port, upstream.port
    return (
        MAPPING.format(app="Chat", host=APP, service=f"http://127.0.0.1:{chat}", groups='["staff"]')
        + MAPPING.format(app="Page", host=APP, service=f"http://127.0.0.1:{page}", groups='["staff"]')
        + 'path = "/page"\n'
    )


def add(users, name, groups):
    """Add a person as `yett users add` does, without its start-up."""
    password_hash = Hasher(PasswordSettings(memory=8 << 20, passes=1)).hash_new(PASSWORD)
    users.add(LocalUser(Person(name, name, "", groups, is_disabled=False, source="local"), password_hash))


@pytest.fixture(scope="module")
def house(tmp_path_factory, heard_folder, upstream):
    gateway = Gateway(
        tmp_path_factory.mktemp("leaving"),
        mappings_of(upstream) + SETTINGS,
        heard=heard_folder,
        telemetry='log_level = "trace"',
    )
    gateway.data.mkdir(mode=0o700)
    for name, groups in PEOPLE.items():
        add(LocalUsers(gateway.data / "users.toml"), name, groups)
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def users(house):
    return LocalUsers(house.data / "users.toml")


def said(gateway, message):
    return [each for each in gateway.records() if each["msg"] == message]


def is_in(visitor):
    return visitor.get("/page").status == 200 and visitor.at[0] == APP


def confirm(gateway, visitor):
    """A device that was confirmed and has not asked for its token yet."""
    program = Program(gateway, "tv")
    codes = program.ask()
    page = decide(visitor, type_code(visitor, codes["user_code"]), "allow")
    assert "connected" in page.text
    return program, codes


def ends(chat):
    """Whether a WebSocket comes to its end."""
    with pytest.raises(Exception, match=r"close|reset|EOF"):
        chat.recv(10)
    return True


@pytest.mark.parametrize(("name", "verb"), [("dora", "disable"), ("rex", "remove")])
def test_everything_that_somebody_has_open_ends_when_they_go(house, users, name, verb):
    person = Visitor(house)
    assert person.sign_in(name, PASSWORD, "/page").status == 200
    program, codes = confirm(house, person)
    with open_websocket(house, person) as chat:
        chat.send("one")
        assert chat.recv(10) == "one"
        house.run("users", verb, name)
        assert ends(chat)
    assert not is_in(person)
    until(
        lambda: [
            each
            for each in said(house, "Device codes of a person who is out forgotten")
            if each["auth.user_id"] == name
        ],
        what="the device code",
    )

    # Who is back has nothing of it back.
    users.enable(name) if verb == "disable" else add(users, name, ("staff",))
    again = Visitor(house)
    until(lambda: again.sign_in(name, PASSWORD, "/page").status == 200, what="the new sign-in")
    assert not is_in(person)
    assert program.poll(codes) == (400, {"error": "invalid_grant"})


def test_a_half_finished_sign_in_ends_with_its_person(house, users):
    pat = Visitor(house)
    page = pat.sign_in("pat", PASSWORD, "/page")
    assert "Set up a second factor" in page.text
    house.run("users", "disable", "pat")
    until(lambda: [each for each in said(house, "User disabled, revoking OIDC tokens and sessions")
                   if each["auth.user_id"] == "pat"])  # fmt: skip
    users.enable("pat")
    until(lambda: [each for each in said(house, "Person enabled") if each["auth.user_id"] == "pat"])
    assert "Set up a second factor" not in pat.get("/signin/enrol", SIGN_IN).text


def enrol(gateway, name):
    """Sign in for the first time and set up an app."""
    visitor = Visitor(gateway)
    page = visitor.sign_in(name, PASSWORD, "/page")
    assert "Set up a second factor" in page.text
    page = fill(visitor, page)
    phone = Phone(re.search(r"<code>([A-Z2-7]{32})</code>", page.body.decode())[1])
    page = fill(visitor, page, code=phone.code())
    assert "Recovery codes" in page.text
    assert is_in(visitor)
    return visitor, phone


def withheld(gateway):
    listed = json.loads(gateway.run("--json", "admin", "belongings", "list"))
    return {(each["user"], each["module"]) for each in listed}


def test_the_next_person_of_a_name_inherits_no_factor_and_the_same_person_has_it_again(house, users):
    kim, phone = enrol(house, "kim")
    before = users.path.read_text()
    house.run("users", "remove", "kim")
    until(lambda: kim.is_out("/page"), what="kim being out")
    until(lambda: ("kim", "totp") in withheld(house), what="the app being withheld")

    add(users, "kim", ("careful", "staff"))
    until(lambda: [each for each in said(house, "Person added") if each["auth.user_id"] == "kim"])
    next_kim = Visitor(house)
    page = next_kim.sign_in("kim", PASSWORD, "/page")
    assert "Set up a second factor" in page.text
    assert ("kim", "totp") in withheld(house)
    assert "has no authenticator" in house.run("admin", "totp", "show", "kim")
    assert not is_in(kim)

    # The entry of before is put back by hand, in one step: it is the first person again.
    users.path.write_text(before)
    until(
        lambda: said(house, "Person is back, what is kept about them is theirs again"),
        what="the first person being back",
    )
    assert said(house, "User replaced, revoking OIDC tokens and sessions")
    page = kim.sign_in("kim", PASSWORD, "/page")
    assert "code" in page.text
    assert "Set up" not in page.text
    assert fill(kim, page, code=phone.code()).status == 200
    assert is_in(kim)
    assert next_kim.get("/page").status == 200
    assert next_kim.at[0] == SIGN_IN


def test_a_name_that_changed_hands_while_nobody_was_looking_opens_nothing(house, users):
    person = Visitor(house)
    until(lambda: person.sign_in("dora", PASSWORD, "/page").status == 200)
    house.stop()
    users.remove("dora")
    add(users, "dora", ("staff",))
    house.start()
    assert not is_in(person)
    assert person.at[0] == SIGN_IN
    assert said(house, "Sessions of people who went meanwhile ended")
    until(lambda: ("dora", "signin") in withheld(house))
    assert "Wiped what was left behind under dora" in house.run("admin", "belongings", "wipe", "dora")


def test_an_entry_of_ldap_that_is_made_anew_is_another_person(make_gateway, ldap, upstream):
    ldap.add_user("carol", PASSWORD)
    ldap.add_group("staff", "carol")
    gateway = make_gateway(
        mappings=mappings_of(upstream) + SETTINGS + settings_of(ldap, max_loss=100)
    ).start()
    carol = Visitor(gateway)
    assert carol.sign_in("carol", PASSWORD, "/page").status == 200
    with open_websocket(gateway, carol) as chat:
        ldap.delete(dn_of("carol"))
        ldap.add_user("carol", PASSWORD)
        gateway.run("admin", "directory", "sync", "--full")
        assert ends(chat)
    assert not is_in(carol)
    assert ("carol", "signin") in until(lambda: withheld(gateway), what="what is withheld")

    # It was the same person after all: the operator says so.
    assert "carol has back: signin" in gateway.run("admin", "belongings", "return", "carol")
    assert withheld(gateway) == set()
    again = Visitor(gateway)
    assert again.sign_in("carol", PASSWORD, "/page").status == 200

    ldap.delete(dn_of("carol"))
    gateway.run("admin", "directory", "sync", "--full")
    until(lambda: again.is_out("/page"), what="carol being out")
    until(lambda: ("carol", "signin") in withheld(gateway))
