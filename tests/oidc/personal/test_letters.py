from dataclasses import replace

import pytest
from tests.oidc.personal.conftest import BOB
from tests.signin.conftest import ADA

from yett.notify import MailKind


async def test_each_letter_names_the_token_in_the_language_of_its_owner(desk):
    made = await desk.make(days=1)
    await desk.personal.revoke("ada", made.token.id, by="operator")
    assert await desk.letters.expiring(ADA, made.token)
    await desk.letters.ended("ada", ADA, made.token)
    await desk.settled()
    assert {mail[0] for mail in desk.post.mails} == {
        MailKind.TOKEN_CREATED, MailKind.TOKEN_REVOKED, MailKind.TOKEN_EXPIRING,
    }  # fmt: skip
    for _, to, language, fields in [*desk.post.mails, (None, *desk.post.ended[0][1:])]:
        assert (to, language, fields["name"]) == ("ada@example.test", "de", "backup")
        assert fields["expires_at"].endswith("+00:00")


async def test_without_an_address_or_a_mail_server_none_is_written(desk):
    made = await desk.make(person=BOB)
    assert not await desk.letters.expiring(BOB, made.token)
    desk.post.is_configured = False
    assert not await desk.letters.expiring(ADA, made.token)
    desk.letters.created(ADA, made.token)
    await desk.settled()
    assert desk.post.mails == []


@pytest.mark.parametrize("person", [None, replace(ADA, is_disabled=True), BOB])
async def test_an_end_is_put_on_record_whoever_hears_of_it(desk, person):
    made = await desk.make()
    await desk.letters.ended("ada", person, made.token)
    assert [(user, to) for user, to, *_ in desk.post.ended] == [("ada", "")]


async def test_a_language_that_cannot_be_read_costs_only_itself(desk):
    made = await desk.make()
    desk.languages.is_broken = True
    assert await desk.letters.expiring(ADA, made.token)
    assert desk.post.mails[-1][2] == ""
