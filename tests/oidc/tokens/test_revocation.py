import asyncio

import pytest

from yett.oidc.tokens import REVOKE, events


async def give_back(web, token, who="wiki", **more):
    return await web.post(REVOKE, {"token": token, **more}, who=who)


@pytest.mark.parametrize("hint", ["", "access_token", "refresh_token", "nonsense"])
async def test_a_token_that_was_given_back_is_over(web, place, heard, hint):
    answer = await place.issue()
    heard.forget()
    told = await give_back(web, answer.refresh_token, **({"token_type_hint": hint} if hint else {}))
    assert (told.status_code, told.content) == (200, b"")
    assert told.headers["cache-control"] == "no-store"
    assert await place.are_good(answer) == [False]
    assert [said for said, _ in heard("oidc.revoke")] == [events.revoked]


async def test_the_answer_says_nothing_about_the_token(web, place):
    answer = await place.issue()
    answers = [
        await give_back(web, answer.access_token, "other"),
        await give_back(web, answer.refresh_token, "other"),
        await give_back(web, "never was"),
        await give_back(web, answer.id_token),
        await give_back(web, answer.access_token),
        await give_back(web, answer.access_token),
    ]
    assert {(told.status_code, told.content, str(told.headers)) for told in answers} == {
        (200, b"", str(answers[0].headers))
    }


async def test_a_public_client_gives_its_own_back(web, place):
    answer = await place.issue(client=place.clients["spa"], client_id="spa")
    told = await web.http.post(REVOKE, data={"token": answer.access_token, "client_id": "spa"})
    assert told.status_code == 200
    assert await place.are_good(answer) == [False]


async def test_strangers_and_requests_that_are_none_are_refused(web, place):
    answer = await place.issue()
    assert (await web.post(REVOKE, {"token": answer.access_token}, secret="wrong")).status_code == 401
    told = await web.post(REVOKE, {"x": "y"})
    assert (told.status_code, told.json()["error"]) == (400, "invalid_request")
    assert (await web.http.post(REVOKE, json={})).status_code == 415
    assert (await web.http.get(REVOKE)).status_code == 405
    assert await place.are_good(answer) == [True]


async def test_a_revocation_that_cannot_be_kept_is_told(web, place):
    answer = await place.issue()
    place.records.is_down = True
    told = await give_back(web, answer.refresh_token)
    assert (told.status_code, told.headers["retry-after"]) == (503, "5")
    assert await place.are_good(answer) == [False]
    place.records.is_down = False
    assert (await give_back(web, answer.refresh_token)).status_code == 200


async def test_fifty_at_once_end_it_as_well_as_one(web, place):
    answer = await place.issue()
    answers = await asyncio.gather(*(give_back(web, answer.refresh_token) for _ in range(50)))
    assert {told.status_code for told in answers} == {200}
    assert await place.are_good(answer) == [False]


async def test_scripts_of_other_origins_may_ask(web):
    told = await web.http.options(REVOKE, headers={"Origin": "https://app.example"})
    assert (told.status_code, told.headers["access-control-allow-methods"]) == (204, "POST")
