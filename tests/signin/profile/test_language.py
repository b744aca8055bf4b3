import pytest

from yett.signin.profile import events
from yett.signin.profile.language import OwnLanguage
from yett.store import StoreUnavailable


async def test_other_preferences_are_kept(home, heard):
    await home.house.data.set("preferences", "ada", {"language": "en", "theme": "dark"})
    language = OwnLanguage(home.house.data)
    assert await language.chosen("ada") == ""
    assert await language.choose("ada", "de")
    assert (await home.house.data.get("preferences", "ada"))["theme"] == "dark"
    assert await language.chosen("ada") == "de"
    assert heard("profile") == [(events.language_changed, {"user": "ada", "language": "de"})]


async def test_only_languages_that_mails_are_written_in_can_be_chosen(home):
    assert not await OwnLanguage(home.house.data).choose("ada", "tlh")


async def test_a_write_that_always_loses_fails_in_the_end():
    class Contended:
        async def load(self, *_):
            return None

        async def replace(self, *_, **__):
            return False

    with pytest.raises(StoreUnavailable):
        await OwnLanguage(Contended()).choose("ada", "de")
