import asyncio
from dataclasses import replace

import pytest
from tests.authn.passkey.test_rules import KEY

from yett.notify import MailKind

PHONE = replace(KEY, created_at=1_800_000_000.0, expires_at=1_831_536_000.0)


async def settle(tasks):
    while len(tasks):  # noqa: ASYNC110 - tasks end by themselves
        await asyncio.sleep(0)


async def test_what_people_are_told(letters, post, tasks, data):
    await data.set("preferences", "ada", {"language": "de-AT"})
    letters.created("ada", PHONE)
    letters.revoked("ada", PHONE, "lost", by="operator")
    assert await letters.expiring("ada", PHONE)
    await settle(tasks)
    by_kind = {kind: (to, language, fields) for kind, to, language, fields in post.mails}
    assert by_kind[MailKind.PASSKEY_CREATED] == (
        "ada@example.test", "de-AT", {"name": "Phone", "at": "2027-01-15T08:00:00+00:00", "by": "ada"},
    )  # fmt: skip
    assert by_kind[MailKind.PASSKEY_REVOKED][2]["by"] == "operator"
    assert by_kind[MailKind.PASSKEY_EXPIRING][2] == {
        "name": "Phone",
        "expires_at": "2028-01-15T08:00:00+00:00",
    }


async def test_nobody_is_told_who_cannot_be(letters, post, people, tasks):
    letters.created("nobody", PHONE)
    people.table["ada"] = replace(people.table["ada"], email="")
    letters.created("ada", PHONE)
    assert not await letters.expiring("ada", PHONE)
    assert not await letters.expiring("ada", KEY)
    await settle(tasks)
    assert post.mails == []


async def test_without_a_mail_server_no_mail_is_tried(letters, post, tasks):
    post.is_configured = False
    letters.created("ada", PHONE)
    assert not letters.is_possible
    assert len(tasks) == 0


@pytest.mark.parametrize("part", ["languages"])
async def test_a_language_that_cannot_be_read_costs_only_that(letters, post, records, part):
    records.fails = lambda _, key: part in key
    assert await letters.expiring("ada", PHONE)
    assert post.mails[0][2] == ""
