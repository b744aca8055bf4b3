from yett.signin.machine import Standing
from yett.signin.profile import events
from yett.signin.profile.entry import Entry, Portal
from yett.signin.profile.model import Way
from yett.store import StoreUnavailable


class Broken:
    """Factors that cannot be read."""

    async def standing(self, _) -> Standing:
        raise StoreUnavailable("the disk is full")


async def test_the_portal_says_whether_there_are_pages(heard):
    portal = Portal(is_enabled=True, has_onboarding=True)
    await portal.start()
    await portal.apply(is_enabled=True, has_onboarding=False)
    await portal.apply(is_enabled=False, has_onboarding=False)
    assert [each for each, _ in heard("profile")] == [events.registered, events.disabled]


async def test_whoever_cannot_be_read_sets_nothing_up(home):
    entry = Entry(home.house.flow, Broken(), home.portal)
    owner = await home.owner()
    assert await entry.way_to_add(owner) is Way.UNAVAILABLE
    assert (await entry.refuse_adding(owner.session, owner.person)).status_code == 503


async def test_passkeys_are_set_up_under_the_same_conditions(home):
    owner = await home.owner()
    entry = home.profile.entry
    assert await entry.refuse_adding(owner.session, owner.person) is None
    home.portal.has_onboarding = True
    assert (await entry.refuse_adding(owner.session, owner.person)).status_code == 403
    await home.portal.apply(is_enabled=False, has_onboarding=True)
    assert (await entry.refuse_adding(owner.session, owner.person)).status_code == 404


async def test_whoever_is_disabled_is_shown_nothing(home, browser, disabled_ada):
    await home.sign_in(browser)
    home.house.people.table["ada"] = disabled_ada
    assert (await browser.get("/profile")).headers["location"] == "/signin?next=%2Fprofile"
