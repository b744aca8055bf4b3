from yett.signin.forms import Notice
from yett.signin.profile.authenticator import FAILED, OwnApp


async def test_an_app_in_use_goes_on_until_the_new_one_has_shown_a_code(home):
    await home.house.enrol("ada")
    app = OwnApp(home.house.totp)
    begun = await app.begin("ada")
    assert (await home.house.totp.validate("ada", home.house.code("ada"))).left == 10
    home.house.secrets["ada"] = begun.secret
    home.house.clock.advance(30)
    codes = await app.confirm("ada", f" {home.house.code('ada')} ")
    assert len(codes) == 10


async def test_a_confirmation_is_good_once(home):
    app = OwnApp(home.house.totp)
    begun = await app.begin("ada")
    home.house.secrets["ada"] = begun.secret
    code = home.house.code("ada")
    assert not isinstance(await app.confirm("ada", code), Notice)
    assert isinstance(await app.confirm("ada", code), Notice)


async def test_without_the_store_nothing_is_done(home):
    app = OwnApp(home.house.totp)
    await home.house.enrol("ada")
    home.house.records.is_broken = True
    assert await app.begin("ada") is FAILED
    assert await app.renew_recovery("ada") is FAILED
    assert await app.remove("ada") is FAILED
