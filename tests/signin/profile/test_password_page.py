import pytest

from yett.authn.password import Reason, Rejected

PAGE = "/profile/password"
NEW = "another long password"


async def submit(home, browser, old="correct horse", new=NEW, again=NEW, page=None):
    page = page or await browser.get(PAGE)
    return await home.post(browser, page, PAGE, old=old, new=new, again=again)


async def test_a_password_is_changed(home, browser):
    await home.sign_in(browser)
    answer = await submit(home, browser)
    assert answer.headers["location"] == "/profile?saved=1"
    assert "Saved." in (await browser.get("/profile?saved=1")).text


@pytest.mark.parametrize(
    ("old", "new", "again", "words"),
    [
        ("", NEW, NEW, "Fill in all three"),
        ("correct horse", NEW, "other", "are not the same"),
        ("wrong", NEW, NEW, "old password is not right"),
        ("correct horse", "short", "short", "at least 12 characters"),
        ("correct horse", "correct horse", "correct horse", "is the old one"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_typed_is_repeated(home, browser, old, new, again, words):
    await home.sign_in(browser)
    answer = await submit(home, browser, old, new, again)
    assert answer.status_code == 422
    assert words in answer.text
    assert NEW not in answer.text


async def test_guessing_is_told_to_wait(home, browser):
    await home.sign_in(browser)
    home.door.verdict = Rejected(Reason.THROTTLED, 60.0)
    assert (await submit(home, browser)).status_code == 429


async def test_the_form_is_there_for_fresh_sign_ins_only(home, browser, clock):
    await home.sign_in(browser)
    page = await browser.get(PAGE)
    clock.advance(301)
    answer = await submit(home, browser, page=page)
    assert answer.headers["location"] == "/signin?next=%2Fprofile%2Fpassword&again=1"
    assert 'name="old"' not in (await browser.get(PAGE)).text


async def test_who_has_no_password_has_no_such_page(home, browser):
    home.users.set_password_hash("ada", "")
    await home.sign_in(browser)
    assert (await browser.get(PAGE)).status_code == 404
    assert "/profile/password" not in (await browser.get("/profile")).text


async def test_when_the_session_cannot_go_on_the_person_signs_in_with_the_new_one(home, browser, monkeypatch):
    await home.sign_in(browser)

    async def fail(_):
        return None

    monkeypatch.setattr(home.house.sessions, "regenerate", fail)
    answer = await submit(home, browser)
    assert answer.headers["location"] == "/signin?changed=1"
    assert home.house.sessions.live("ada") == []
