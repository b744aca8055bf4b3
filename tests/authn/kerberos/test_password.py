import asyncio
import gc
import os
import resource
import stat

import pytest
from tests.authn.kerberos.conftest import person
from tests.kdc import KDC, PASSWORDS

from yett.authn.kerberos import (
    Changed,
    ChangeFault,
    Expired,
    NotChanged,
    Reason,
    SignedIn,
    events,
)
from yett.authn.kerberos.config import Tickets


async def test_the_password_of_the_realm_signs_in_and_the_ticket_is_handed_over(make, heard):
    kerberos = await make(tickets=Tickets.KEPT)
    found = await kerberos.password.verify(" Alice ", PASSWORDS["alice"])

    assert isinstance(found, SignedIn)
    assert (found.name, found.principal) == ("alice", "alice@CORP.TEST")
    assert found.ticket.principal == "alice@CORP.TEST"
    assert found.ticket.renewable_until > found.ticket.expires_at
    assert heard("kerberos.security")[-1] == (
        events.authentication_successful,
        {"user": "alice", "principal": "alice@CORP.TEST"},
    )
    assert PASSWORDS["alice"] not in repr(found)
    assert not list((kerberos.password._folder.path / "tickets").iterdir())


async def test_no_ticket_is_handed_over_unless_tickets_are_kept(kerberos):
    assert (await kerberos.password.verify("alice@corp.test", PASSWORDS["alice"])).ticket is None


@pytest.mark.parametrize(
    ("name", "password", "reason", "user"),
    [
        ("alice", "wrong", Reason.WRONG_PASSWORD, "alice"),
        ("alice", "", Reason.WRONG_PASSWORD, "alice"),
        ("alice", "two\nlines", Reason.WRONG_PASSWORD, "alice"),
        ("alice", "x" * 2000, Reason.WRONG_PASSWORD, "alice"),
        ("nobody", "wrong", Reason.UNKNOWN_PERSON, ""),
        ("carol", PASSWORDS["carol"], Reason.UNKNOWN_PERSON, ""),
        ("bob", PASSWORDS["bob"], Reason.DISABLED, "bob"),
        ("alice@OTHER.TEST", PASSWORDS["alice"], Reason.WRONG_PASSWORD, ""),
        ("HTTP/yett.localhost", "x", Reason.WRONG_PASSWORD, ""),
        ("--help", "x", Reason.WRONG_PASSWORD, ""),
    ],
)
async def test_everything_else_is_refused(kerberos, heard, name, password, reason, user):
    heard.forget()
    found = await kerberos.password.verify(name, password)
    failures = [
        fields for event, fields in heard("kerberos.security") if event is events.authentication_failed
    ]

    assert found.reason is reason
    assert [(fields["user"], fields["reason"]) for fields in failures] == [(user, reason)]


async def test_a_kdc_that_does_not_share_our_key_is_not_believed(make, tmp_path, heard):
    folder = tmp_path / "forged"
    folder.mkdir()
    forged = KDC(folder)
    forged.start()
    try:
        kerberos = await make(krb5_conf=forged.config)
        found = await kerberos.password.verify("alice", PASSWORDS["alice"])
    finally:
        forged.stop()

    assert found.reason is Reason.UNVERIFIED
    assert events.authentication_successful not in [event for event, _ in heard()]


async def test_a_kdc_out_of_reach_is_no_wrong_password(make, kdc, tmp_path):
    away = tmp_path / "away.conf"
    away.write_text(kdc.config.read_text().replace(f":{kdc.ports['kdc']}", ":1"))
    kerberos = await make(krb5_conf=away)

    assert (await kerberos.password.verify("alice", PASSWORDS["alice"])).reason is Reason.UNAVAILABLE


@pytest.mark.parametrize("text", [None, "[libdefaults\n", "[realms]\n X = { kdc = a }\n }\n"])
async def test_a_configuration_that_cannot_be_read_is_said(make, tmp_path, heard, kdc, text):
    kerberos = await make()
    broken = tmp_path / "broken.conf"
    if text is not None:
        broken.write_text(text)
    before = os.environ["KRB5_CONFIG"]
    # The library cannot even let go of what it has under a configuration that it cannot read.
    gc.collect()
    kerberos.password._machine = str(broken)
    os.environ["KRB5_CONFIG"] = f"{before.partition(':')[0]}:{broken}"
    found = await kerberos.password.verify("alice", PASSWORDS["alice"])

    assert found.reason is Reason.UNAVAILABLE
    assert heard("kerberos.acquire")[0][1]["file"] == str(broken)
    del kdc


async def test_a_password_that_ran_out_is_only_good_for_changing_it(kerberos, people, kdc, heard):
    kdc.admin('addprinc -pw "run out 1" -pwexpire yesterday dora')
    people.table["dora"] = person("dora")

    assert await kerberos.password.verify("dora", "run out 1") == Expired("dora")
    wrong = await kerberos.password.verify("dora", "a guess")
    assert wrong.reason is Reason.WRONG_PASSWORD
    assert await kerberos.password.change("dora", "run out 1", "a fresh one 2") == Changed("dora")
    assert isinstance(await kerberos.password.verify("dora", "a fresh one 2"), SignedIn)
    assert [event for event, _ in heard("kerberos.security")][-3:] == [
        events.change_successful,
        events.revoked_after_change,
        events.authentication_successful,
    ]


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        ("alice", "wrong", "another one 3", ChangeFault.WRONG_PASSWORD),
        ("nobody", "wrong", "another one 3", ChangeFault.WRONG_PASSWORD),
        ("alice", "", "another one 3", ChangeFault.WRONG_PASSWORD),
        ("-h", "x", "another one 3", ChangeFault.WRONG_PASSWORD),
        ("alice", PASSWORDS["alice"], "with\nline", ChangeFault.UNFIT),
        ("alice", PASSWORDS["alice"], "", ChangeFault.UNFIT),
    ],
)
async def test_a_password_is_not_changed_without_the_old_one_or_to_what_cannot_be_typed(
    kerberos, heard, name, old, new, fault
):
    found = await kerberos.password.change(name, old, new)

    assert found == NotChanged(fault)
    assert heard("kerberos.security")[-1][0] is events.change_failed


async def test_a_realm_may_refuse_a_new_password(kerberos, people, kdc):
    kdc.admin("addpol -minlength 20 long") if "long" not in kdc.admin("listpols").split() else None
    kdc.admin('addprinc -policy long -pw "a very long one indeed" erin')
    people.table["erin"] = person("erin")

    found = await kerberos.password.change("erin", "a very long one indeed", "short")

    assert found.reason is ChangeFault.REFUSED
    assert "20" in found.text
    assert "short" not in found.text.replace("too short", "")


async def test_a_missing_program_is_said(make, tmp_path, heard):
    kerberos = await make(kpasswd=tmp_path / "nothing")
    found = await kerberos.password.change("alice", PASSWORDS["alice"], "another one 3")

    assert found == NotChanged(ChangeFault.UNAVAILABLE)
    assert [event for event, _ in heard("kerberos.password_change")] == [events.start_failed]


async def test_a_program_that_does_not_listen_is_said(make, tmp_path, heard):
    program = tmp_path / "deaf"
    program.write_text("#!/bin/sh\nexec 0<&-\necho hello\nexec sleep 30\n")
    program.chmod(0o755)
    kerberos = await make(kpasswd=program)
    found = await kerberos.password.change("alice", PASSWORDS["alice"], "another one 3")

    assert found == NotChanged(ChangeFault.UNAVAILABLE)
    assert [event for event, _ in heard("kerberos.password_change")] == [events.write_failed]


async def test_too_few_open_files_are_said(kerberos, heard):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        found = await kerberos.password.change("alice", PASSWORDS["alice"], "another one 3")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert found == NotChanged(ChangeFault.UNAVAILABLE)
    assert [event for event, _ in heard("kerberos.password_change")] == [events.pipe_failed]


async def test_a_password_stands_in_no_argument_and_no_environment(make, tmp_path, people):
    people.table["alice"] = person("alice")
    program, seen = tmp_path / "spy", tmp_path / "seen"
    program.write_text(
        f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {seen}\nenv >> {seen}\necho prompt\ncat > /dev/null\nexit 2\n"
    )
    program.chmod(0o755)
    kerberos = await make(kpasswd=program)
    await kerberos.password.change("alice", "old secret 1", "new secret 2")

    text = await asyncio.to_thread(seen.read_text)
    assert "alice@CORP.TEST" in text
    assert "secret" not in text


async def test_caches_are_for_the_gateway_alone(make):
    kerberos = await make(tickets=Tickets.KEPT)
    await asyncio.gather(*(kerberos.password.verify("alice", PASSWORDS["alice"]) for _ in range(3)))
    folder = kerberos.password._folder.path

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "krb5.conf").stat().st_mode) == 0o600
