from dataclasses import replace

from tests.tokens.conftest import ADA, SETTINGS, until

from yett.tokens import Group, Identity, TokenType, UserInfo
from yett.tokens.config import QuotaSettings, ServiceQuotaSettings
from yett.tokens.quotas import Quota, Quotas


async def test_signing_in_is_on_record_word_for_word(place, said):
    text = await place.session()

    assert said() == [
        {
            "event": "Successfully authenticated user",
            "event_code": "gafaelfawr.user_authenticated",
            "severity": "info",
            "logger": "gafaelfawr",
            "audit": True,
            "token_key": place.key(text),
            "token_username": "ada",
            "token_expires": "2027-02-14 08:00:00+00:00",
            "token_scopes": ["exec:admin", "read:all", "user:token"],
        }
    ]


async def test_an_oidc_token_ends_with_its_session_and_is_good_for_nothing_else(place, said):
    text = await place.tokens.make_oidc("ada", "s1", place.clock.now() + 600)

    data = place.tokens.look(text)
    assert (data.type, data.scopes, data.session_ref) == (TokenType.OIDC, frozenset(), "s1")
    assert said() == [
        {
            "event": "Created new OpenID Connect token",
            "event_code": "gafaelfawr.oidc_token_created",
            "severity": "info",
            "logger": "gafaelfawr",
            "audit": True,
            "user": "ada",
            "token_key": data.key,
            "token_expires": "2027-01-15 08:10:00+00:00",
        }
    ]
    place.tokens.session_ended("s1")
    assert place.tokens.look(text) is None
    await place.tokens.tick()


async def test_a_token_that_was_recognised_may_be_asked_about_again(place):
    ada = await place.actor()

    assert place.tokens.is_good(ada.token)
    await place.tokens.delete("ada", ada.token.key, ada)
    assert not place.tokens.is_good(ada.token)


async def test_who_somebody_is_comes_from_the_token_or_the_directory(place):
    root = await place.actor(place.people.table["root"])
    bot = place.tokens.look(await place.service_token(root))
    named = place.tokens.look(
        await place.service_token(root, "bot-named", email="ops@example.test", groups=(Group("ops", 5),))
    )

    assert place.tokens.user_info(bot) == UserInfo("bot-ci")
    assert place.tokens.user_info(named) == UserInfo(
        "bot-named", None, "ops@example.test", None, None, (Group("ops", 5),)
    )
    assert named.identity == Identity(email="ops@example.test", groups=(Group("ops", 5),))
    assert place.tokens.info_of("ada").uid == 4711
    assert place.tokens.info_of("nobody") is None
    place.people.change("ada", is_disabled=True)
    assert place.tokens.info_of("ada") is None
    assert [info.username for info in place.tokens.everybody()] == ["bob", "root"]


async def test_tokens_are_listed_newest_first(place, clock):
    ada = await place.actor()
    clock.advance(1)
    first = await place.user_token(ada, "first")
    clock.advance(1)
    second = await place.user_token(ada, "second")

    listed = [data.key for data in place.tokens.of_user("ada")]
    assert listed == [place.key(second), place.key(first), ada.token.key]
    assert place.tokens.count_of_tokens == 3
    assert place.tokens.by_key("bob", place.key(first)) is None


async def test_quotas_follow_settings_and_overrides_on_every_node(place):
    limits = (ServiceQuotaSettings(service="portal", amount=2),)
    place.settings = replace(SETTINGS, quota=(QuotaSettings(api=limits),))
    place.tokens.apply(place.settings)
    node = place.node()
    await node.start()
    ada = place.tokens.info_of("ada")
    assert place.tokens.count(ada, "other") is None
    assert [place.tokens.count(ada, "portal").is_exceeded for _ in range(3)] == [False, False, True]

    await place.tokens.override(Quotas(Quota(api={"portal": 0})))
    await until(lambda: node.overrides is not None)
    assert node.count(ada, "portal").is_blocked
    assert await place.tokens.drop_overrides()
    assert not await place.tokens.drop_overrides()
    await until(lambda: node.overrides is None)
    assert node.quota(ada) == Quota(api={"portal": 2})
    await node.stop()


async def test_settings_are_in_force_at_once(place):
    assert place.tokens.scopes_for(ADA)

    place.tokens.apply(replace(SETTINGS, scope=()))

    assert place.tokens.scopes_for(ADA) == frozenset()
