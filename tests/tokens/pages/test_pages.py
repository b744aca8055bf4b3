"""The page, as a browser without scripts sees it."""

import re
from dataclasses import replace

import pytest
from tests.tokens.conftest import ORIGIN, ROOT, SETTINGS

from yett.tokens import Delegation, parse

PAGE = "/auth/tokens"


@pytest.fixture
async def browser(place):
    async with place.client(cookie=await place.session()) as client:
        yield client


async def form_of(browser, path=PAGE):
    return re.search(r'name="form" value="([^"]+)"', (await browser.get(path)).text)[1]


async def make(browser, **more):
    fields = {"form": await form_of(browser), "name": "laptop", "scope.read:all": "1", "lasts": "86400"}
    return await browser.post(PAGE, data={**fields, **more})


def token_in(answer):
    return re.search(r"gt-[A-Za-z0-9_.-]{45}", answer.text)[0]


async def test_a_token_is_made_shown_once_and_listed(place, browser):
    made = await make(browser)

    assert made.status_code == 200
    token = token_in(made)
    data = place.tokens.look(token)
    assert (data.token_name, data.scopes) == ("laptop", {"read:all"})
    assert data.expires == place.clock.now() + 86400
    listed = await browser.get(PAGE)
    assert "laptop" in listed.text
    assert data.key in listed.text
    assert parse(token).secret not in listed.text
    assert listed.headers["cache-control"] == "no-store"


async def test_tokens_are_listed_by_type(place, browser):
    await place.tokens.delegate(place.tokens.of_user("ada")[0], Delegation("portal", frozenset()))
    await make(browser)

    text = (await browser.get(PAGE)).text

    titles = ["Tokens you made", "Browsers", "Services"]
    assert [text.index(title) for title in titles] == sorted(text.index(title) for title in titles)
    assert "portal" in text
    assert "This browser" in text


@pytest.mark.parametrize(
    ("more", "status", "sentence"),
    [
        ({"name": ""}, 422, "Token name has to be"),
        ({"name": "<b>" + "x" * 80}, 422, "Token name has to be"),
        ({"scope.admin:token": "1"}, 422, "broader than your current scopes"),
        ({"scope.nothing": "1"}, 422, "broader than your current scopes"),
        ({"lasts": "1"}, 422, "Choose how long it lasts"),
        ({"lasts": "date", "date": "2020-01-01"}, 422, "at least five minutes"),
        ({"lasts": "date", "date": "never"}, 422, "Choose the day"),
    ],
)
async def test_what_is_wrong_is_said_and_what_was_typed_is_kept(place, browser, more, status, sentence):
    answer = await make(browser, **more)

    assert answer.status_code == status
    assert sentence in answer.text
    assert 'value="laptop"' in answer.text or "name" in more
    assert "<b>" not in answer.text
    assert len(place.tokens.of_user("ada")) == 1


async def test_a_name_that_is_taken(browser):
    await make(browser)

    assert (await make(browser)).status_code == 409


@pytest.mark.parametrize(
    ("headers", "form"),
    [
        ({}, "forged"),
        ({}, ""),
        ({"Origin": "https://evil.example"}, None),
        ({"Sec-Fetch-Site": "cross-site"}, None),
        ({"Sec-Fetch-Site": "same-site"}, None),
    ],
)
async def test_forms_of_others_do_nothing(place, browser, said, headers, form):
    value = await form_of(browser) if form is None else form
    said.forget()

    answer = await browser.post(PAGE, data={"form": value, "name": "x", "lasts": "never"}, headers=headers)

    assert answer.status_code == 403
    assert len(place.tokens.of_user("ada")) == 1
    assert [each["event"] for each in said()] == ["CSRF verification failed"]


async def test_the_pages_own_forms_come_with_its_origin(browser):
    form = await form_of(browser)
    headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}

    answer = await browser.post(PAGE, data={"form": form, "name": "x", "lasts": "never"}, headers=headers)

    assert answer.status_code == 200


async def test_a_token_is_deleted(place, browser):
    key = parse(token_in(await make(browser))).key
    answer = await browser.post(f"{PAGE}/{key}", data={"form": await form_of(browser), "action": "delete"})

    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}?done=deleted")
    assert place.tokens.by_key("ada", key) is None
    assert "The token is deleted." in (await browser.get(answer.headers["location"])).text
    gone = await browser.get(f"{PAGE}/{key}")
    assert "This token is over." in gone.text
    assert "Deleted" in gone.text


async def test_deleting_the_browsers_own_token_signs_out(place, browser):
    key = place.tokens.of_user("ada")[0].key

    answer = await browser.post(f"{PAGE}/{key}", data={"form": await form_of(browser), "action": "delete"})

    assert answer.headers["location"] == "/logout"
    assert place.tokens.of_user("ada") == []


async def test_nobody_sees_or_deletes_what_is_anothers(place, browser):
    bob = await place.actor(place.people.table["bob"])
    key = parse(await place.user_token(bob)).key

    assert (await browser.get(f"{PAGE}/{key}")).status_code == 404
    await browser.post(f"{PAGE}/{key}", data={"form": await form_of(browser), "action": "delete"})
    assert place.tokens.by_key("bob", key) is not None


async def test_only_administrators_may_change_a_token(place, browser):
    key = parse(token_in(await make(browser))).key
    assert "Change it" not in (await browser.get(f"{PAGE}/{key}")).text
    fields = {"form": await form_of(browser), "action": "edit", "name": "desk", "lasts": "keep"}

    assert (await browser.post(f"{PAGE}/{key}", data=fields)).status_code == 403

    root = await place.actor(ROOT)
    async with place.client(cookie=await place.session(ROOT)) as administrator:
        own = parse(await place.user_token(root)).key
        assert "Change it" in (await administrator.get(f"{PAGE}/{own}")).text
        fields["form"] = await form_of(administrator)
        answer = await administrator.post(f"{PAGE}/{own}", data={**fields, "scope.read:all": "1"})
        assert answer.headers["location"] == f"{PAGE}/{own}?done=changed"
        page = (await administrator.get(answer.headers["location"])).text
        assert "The token is changed." in page
        assert "Changed name, before: laptop" in page
        wrong = await administrator.post(f"{PAGE}/{own}", data={**fields, "lasts": "x"})
        assert wrong.status_code == 422
        taken = await administrator.post(f"{PAGE}/{own}", data={**fields, "name": ""})
        assert taken.status_code == 422


async def test_a_history_is_searched_and_paged(place, browser):
    actor = await place.actor(ref="s2")
    for number in range(30):
        place.clock.advance(1)
        await place.user_token(actor, f"t{number}")

    first = await browser.get(f"{PAGE}/history?type=user")
    assert "30 changes" in first.text
    assert "t29" in first.text
    assert ">t4<" not in first.text
    older = re.search(r'href="([^"]+)">Older', first.text)[1].replace("&amp;", "&")
    second = await browser.get(older)
    assert ">t4<" in second.text
    assert "Newer" in second.text
    wrong = await browser.get(f"{PAGE}/history?key=x&address=y")
    assert wrong.status_code == 422
    assert "Write an address" in wrong.text
    assert (await browser.get(f"{PAGE}/history?key=a&key=b")).status_code == 400
    none = await browser.get(f"{PAGE}/history?address=2001:db8::1&since=2020-01-01&until=2020-01-02")
    assert "0 changes" in none.text


async def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_comes_back(place):
    async with place.client() as browser:
        answer = await browser.get(f"{PAGE}/history?type=user")
        posted = await browser.post(PAGE, data={})

    assert answer.status_code == 303
    assert answer.headers["location"] == (
        "/login?rd=https%3A%2F%2Flogin.example.test%2Fauth%2Ftokens%2Fhistory%3Ftype%3Duser"
    )
    assert posted.status_code == 303


async def test_without_the_scope_there_is_only_a_look(place):
    async with place.client(cookie=await place.session(scopes=("read:all",))) as browser:
        page = await browser.get(PAGE)
        assert "A new token" not in page.text
        assert (await browser.get(f"{PAGE}/history")).status_code == 403
        assert (await browser.get(f"{PAGE}/{place.tokens.of_user('ada')[0].key}")).status_code == 403
        data = place.tokens.of_user("ada")[0]
        made = await browser.post(
            PAGE, data={"form": place.door.csrf_of(data), "name": "x", "lasts": "never"}
        )
        assert made.status_code == 403
        deleted = await browser.post(
            f"{PAGE}/{data.key}", data={"form": place.door.csrf_of(data), "action": "delete"}
        )
        assert deleted.status_code == 403


async def test_a_store_that_fails_is_said_so(place, browser):
    form = await form_of(browser)
    key = place.tokens.of_user("ada")[0].key
    place.records.is_down = True

    for answer in (
        await browser.post(PAGE, data={"form": form, "name": "x", "lasts": "never"}),
        await browser.post(f"{PAGE}/{key}", data={"form": form, "action": "delete"}),
        await browser.get(f"{PAGE}/history"),
        await browser.get(f"{PAGE}/{key}"),
    ):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_while_there_are_none_there_is_no_page(place, browser):
    place.tokens.apply(replace(SETTINGS, enabled=False))

    assert (await browser.get(PAGE)).status_code == 404
    assert (await browser.get(f"{PAGE}/nothing")).status_code == 404


async def test_a_form_that_does_not_say_what_to_do_deletes_nothing(place, browser):
    key = place.key(await place.user_token(await place.actor()))

    answer = await browser.post(f"{PAGE}/{key}", data={"form": await form_of(browser)})

    assert answer.status_code == 400
    assert place.tokens.by_key("ada", key) is not None
