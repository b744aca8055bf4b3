"""People of an LDAP server sign in, reach what their groups allow, and are out when the directory says so."""

import re
from datetime import timedelta

import pytest
from tests.journeys.gateway import APP, MAPPING, PASSWORDS, SIGN_IN, Visitor, run_apart, until
from tests.journeys.ldap_server import GROUPS, PEOPLE, SERVICE, SERVICE_PASSWORD, dn_of, group_dn
from tests.test_docs import run, script

from yett.app.ldap import FromLDAP
from yett.authn.ldap import LdapPasswordSettings
from yett.identity import Person
from yett.identity.ldap import LdapSettings
from yett.kernel import Lifecycle, Supervisor, SystemClock
from yett.store import MemoryRecords

SETTINGS = """
[identity.ldap]
urls = ["{url}"]
bind_dn = "{account}"
bind_password = "{password}"
ca = "{ca}"
user_bases = ["{people}"]
group_bases = ["{groups}"]
disabled_rule = "attribute"
delta_interval = "200ms"
full_interval = "{full}"
user_filter = "{filter}"
max_retry = "0s"
connect_timeout = "1s"
request_timeout = "1s"
"""
PASSWORD = "a long sentence of hers"
NEW = "another long sentence"


def settings_of(ldap, **changes):
    values = {
        "url": ldap.url, "account": SERVICE, "password": SERVICE_PASSWORD, "ca": ldap.ca, "people": PEOPLE,
        "groups": GROUPS, "full": "1s", "filter": "(objectClass=inetOrgPerson)",
    }  # fmt: skip
    return SETTINGS.format(**{**values, **changes})


@pytest.fixture
def start(ldap, make_gateway, upstream):
    """A gateway whose people are those of the server, and Alice and Bob of a file if asked for."""

    def start(*, has_file=False, **changes):
        service = f"http://127.0.0.1:{upstream.port}"
        mapping = MAPPING.format(app="Wiki", host=APP, service=service, groups='["staff"]')
        gateway = make_gateway(mappings=mapping + settings_of(ldap, **changes))
        if has_file:
            gateway.people()
        return gateway.start()

    ldap.add_user("carol", PASSWORD, display_name="Carol")
    ldap.add_user("dave", PASSWORD)
    ldap.add_group("wiki", "carol")
    ldap.add_group("staff", group_dn("wiki"))
    return start


def test_a_person_of_ldap_reaches_an_application_by_group_and_is_out_without_it(ldap, start):
    gateway = start()
    carol, dave = Visitor(gateway), Visitor(gateway)
    page = carol.sign_in("Carol", PASSWORD)
    assert (page.status, carol.at[0]) == (200, APP)
    assert "Carol" in page.text
    assert dave.sign_in("dave", PASSWORD).status == 403
    assert Visitor(gateway).sign_in("carol", "wrong").status != 200

    ldap.modify(group_dn("wiki"), member=[dn_of("dave")])
    until(lambda: carol.get("/").status == 403, what="carol being out")
    assert dave.get("/").status == 200


def test_somebody_who_is_locked_in_ldap_loses_their_session(ldap, start):
    gateway = start()
    carol = Visitor(gateway)
    assert carol.sign_in("carol", PASSWORD).status == 200
    ldap.disable("carol")
    until(carol.is_out, what="carol being out")
    assert Visitor(gateway).sign_in("carol", PASSWORD).status != 200
    assert "carol" not in gateway.run("admin", "sessions", "list")


def test_whoever_ldap_finds_no_more_does_not_sign_in_anew_though_their_password_is_right(ldap, start):
    gateway = start(full="1h", filter="(!(employeeType=left))")
    carol = Visitor(gateway)
    assert carol.sign_in("carol", PASSWORD).status == 200
    ldap.modify(dn_of("carol"), employeeType="left")
    refused = Visitor(gateway)
    assert refused.sign_in("carol", PASSWORD).status == 422
    assert refused.at[0] == SIGN_IN
    # What is open goes on until the next full sync, as the document says.
    assert carol.get("/").status == 200


def test_ways_to_sign_in_that_ask_ldap_nothing_hear_who_is_there_now(ldap):
    run_apart(_hear_who_is_there(ldap))


async def _hear_who_is_there(ldap):
    ldap.add_user("carol", PASSWORD)
    clock = SystemClock()
    tasks, lifecycle = Supervisor(), Lifecycle()
    settings = LdapSettings(
        urls=(ldap.url,), bind_dn=SERVICE, bind_password=SERVICE_PASSWORD, ca=ldap.ca, user_bases=(PEOPLE,),
        connect_timeout=timedelta(seconds=1), max_retry=timedelta(0),
    )  # fmt: skip
    snapshot = {LdapSettings: settings, LdapPasswordSettings: LdapPasswordSettings()}
    source = FromLDAP(MemoryRecords(clock), snapshot, tasks, clock, lifecycle)
    await source.people.start()
    carol, alice = (
        source.people.person("carol"),
        Person("alice", "Alice", "", (), is_disabled=False, source="local"),
    )
    ldap.delete(dn_of("carol"))
    assert await source.is_known("carol", carol) is None
    assert await source.is_known("stranger", None) is None
    assert await source.is_known("alice", alice) is True
    ldap.add_user("carol", PASSWORD)
    assert await source.is_known("carol", carol) is True
    ldap.kill()
    assert await source.is_known("carol", carol) is False
    assert await source.is_known("alice", alice) is True
    await source.people.stop()
    await tasks.stop()


def test_people_of_the_file_sign_in_whatever_becomes_of_ldap(ldap, start):
    gateway = start(has_file=True)
    ldap.kill()
    alice = Visitor(gateway)
    assert alice.sign_in("alice", PASSWORDS["alice"]).status == 200
    assert Visitor(gateway).sign_in("carol", PASSWORD).status != 200


def test_who_is_signed_in_stays_so_over_a_restart_while_ldap_is_away(ldap, start):
    gateway = start()
    carol = Visitor(gateway)
    assert carol.sign_in("carol", PASSWORD).status == 200
    gateway.stop()
    ldap.stop()
    gateway.start()
    page = carol.get("/")
    assert (page.status, carol.at[0]) == (200, APP)
    ldap.start()
    ldap.modify(group_dn("wiki"), member=[dn_of("dave")])
    until(lambda: carol.get("/").status == 403, what="carol being out")


def test_a_gateway_with_a_wrong_account_does_not_start_and_says_why(ldap, start):
    with pytest.raises(AssertionError, match="LDAP cannot be used"):
        start(password="wrong")
    assert ldap.process.poll() is None


def test_an_operator_sees_and_syncs_what_the_directory_knows_as_the_document_says(ldap, start, tmp_path):
    gateway = start()
    ldap.add_user("eve")
    assert "people" in gateway.run("admin", "directory", "sync", "--full")
    shown = gateway.run("admin", "directory", "show", "eve")
    assert dn_of("eve") in shown
    assert "last full sync" in gateway.run("admin", "directory", "status")
    done = run(script("directory.md"), tmp_path, YETT_CONFIG=str(gateway.config))
    assert done.returncode == 0, done.stdout + done.stderr
    assert ldap.url in done.stdout


def test_a_password_that_has_to_be_changed_is_changed_on_the_way_in(ldap, start):
    gateway = start()
    ldap.must_change("carol")
    carol = Visitor(gateway)
    page = carol.sign_in("carol", PASSWORD)
    assert "Choose a new password" in page.text
    assert carol.is_out()
    page = carol.go("GET", SIGN_IN, "/signin/password")
    form = re.search(rb'name="form" value="([^"]+)"', page.body)[1].decode()
    fields = {"form": form, "old": PASSWORD, "new": NEW, "again": NEW}
    page = carol.go("POST", SIGN_IN, "/signin/password", form=fields)
    assert "Your password is changed" in page.text
    assert carol.sign_in("carol", NEW).status == 200
    assert NEW not in gateway.output.read_text()
