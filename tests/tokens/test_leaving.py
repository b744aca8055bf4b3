"""What people lose when they lose something. How tokens end is in `test_endings`."""

from dataclasses import replace

from tests.tokens.conftest import ADA, ROOT, until

from yett.identity import PersonChanged
from yett.tokens import Delegation


def change(place, name="ada"):
    place.tokens.told(PersonChanged(name, place.people.person(name), was_disabled=False))


async def test_whoever_is_switched_off_has_nothing_any_more_also_in_the_store(place):
    text = await place.session()
    place.people.change("ada", is_disabled=True)

    change(place)

    assert place.tokens.look(text) is None
    await until(lambda: place.tokens._endings.undone == 0)
    assert await place.keys() == []


async def test_more_groups_take_nothing_away(place):
    text = await place.session()
    place.people.change("ada", groups=(*ADA.groups, "admins"))

    change(place)

    assert place.tokens.look(text) is not None


async def test_what_was_made_with_a_browsers_token_goes_with_it(place):
    parent = place.tokens.look(await place.session())
    child = await place.tokens.delegate(parent, Delegation())
    place.people.change("ada", groups=())

    change(place)

    assert place.tokens.look(child) is None


async def test_programs_of_nobody_stay(place):
    bot = await place.service_token(await place.actor(ROOT))

    change(place, "bot-ci")
    place.tokens.apply(replace(place.settings, scope=()))
    await until(lambda: not [each for each in place.tokens.of_user("root") if each.type.value == "session"])

    assert place.tokens.look(bot) is not None


async def test_of_a_session_that_ended_nothing_more_is_made(place):
    place.tokens.session_ended("s1")

    assert place.tokens.look(await place.session(ref="s1")) is None
    assert await place.keys() == []
    assert place.tokens.look(await place.session(ref="s2")) is not None
