from dataclasses import replace
from datetime import timedelta

import pytest
from tests.identity.federation.idp import reply

from yett.identity import Directory
from yett.identity.federation import FederatedPeople, Grants, Joining, Links, Staying, Welcome
from yett.keys import MasterKey, Sealer

HOUR = timedelta(hours=1)


class Place:
    def __init__(self, house, people, directory, records, clock):
        self.house, self.people, self.clock = house, people, clock
        self.joining = Joining(people, Links(records, clock), directory)
        self.grants = Grants(records, Sealer(MasterKey(bytes(32)), "test"), clock)

    def staying(self):
        return Staying(self.house.federation, self.grants, self.joining)

    async def enter(self, idp, **settings):
        provider = idp.settings(**{"recheck": HOUR, "create": True, **settings})
        self.house.use(provider)
        idp.userinfo.setdefault("preferred_username", "ada")
        arrived = await self.house.trip(idp)
        await self.joining.person_for(provider, arrived.profile, client_address="")
        return await self.staying().keep(arrived, lifetime=86_400.0)

    async def ask(self, number):
        self.clock.advance(3601)
        return await self.staying().ask(number, "acme")


@pytest.fixture
async def place(house, records, tasks, clock):
    people = FederatedPeople(records, tasks, clock)
    await people.start()
    directory = Directory([people], tasks)
    await directory.start()
    yield Place(house, people, directory, records, clock)
    await people.stop()


def names(heard):
    return [emitter.__name__ for emitter, _ in heard("identity.oidc")]


async def test_who_is_welcome_stays_again_and_again(place, idp, heard):
    number = await place.enter(idp)
    assert await place.staying().ask(number, "acme") is Welcome.UNKNOWN
    for _ in range(3):
        assert await place.ask(number) is Welcome.STILL
    assert idp.count("/token") == 4
    assert {"refresh_wanted", "refreshing", "refreshed"} <= set(names(heard))


async def test_who_is_not_is_out(place, idp):
    number = await place.enter(idp)
    idp.refresh_tokens.clear()
    assert await place.ask(number) is Welcome.NO_MORE


@pytest.mark.parametrize(
    "answer", [reply(503), reply(429), b"garbage", reply(400, {"error": "invalid_client"})]
)
async def test_a_provider_in_trouble_throws_nobody_out(place, idp, answer):
    number = await place.enter(idp)
    idp.answers = {"/token": answer}
    assert await place.ask(number) is Welcome.UNKNOWN
    idp.answers = {}
    assert await place.ask(number) is Welcome.STILL


async def test_what_it_says_of_them_now_counts(place, idp):
    number = await place.enter(idp, take_groups=True)
    idp.userinfo |= {"groups": ["wiki"], "name": "Ada L."}
    assert await place.ask(number) is Welcome.STILL
    assert place.people.person("ada").groups == ("wiki",)
    assert place.people.person("ada").display_name == "Ada L."


async def test_an_id_token_about_somebody_else_changes_nothing(place, idp):
    number = await place.enter(idp, take_groups=True)
    idp.claims = {"sub": "eve-at-idp", "groups": ["admins"]}
    assert await place.ask(number) is Welcome.UNKNOWN
    assert place.people.person("ada").groups == ()


async def test_without_a_newer_id_token_nothing_is_known_but_that(place, idp):
    number = await place.enter(idp)
    idp.tokens = {"id_token": None}
    assert await place.ask(number) is Welcome.STILL


async def test_whose_address_left_the_domain_is_out(place, idp):
    idp.claims = {"email": "ada@example.test", "email_verified": True}
    number = await place.enter(idp, allowed_domains=("example.test",))
    idp.claims = {"email": "ada@elsewhere.test", "email_verified": True}
    assert await place.ask(number) is Welcome.NO_MORE


async def test_where_there_is_no_refresh_token_the_other_one_is_looked_at(place, idp, heard):
    idp.tokens = {"refresh_token": None}
    number = await place.enter(idp)
    assert await place.ask(number) is Welcome.STILL
    idp.is_active = False
    assert await place.ask(number) is Welcome.NO_MORE
    assert {"introspect_wanted", "introspected"} <= set(names(heard))


async def test_nor_introspection_means_that_nobody_knows(place, idp):
    idp.tokens = {"refresh_token": None}
    idp.described = {"introspection_endpoint": None}
    number = await place.enter(idp)
    assert await place.ask(number) is Welcome.UNKNOWN


async def test_tokens_go_back_when_somebody_leaves(place, idp, heard):
    number = await place.enter(idp)
    await place.staying().give_back(number)
    await place.staying().give_back(number)
    assert len(idp.revoked) == 1
    assert idp.revoked[0].startswith("refresh.")
    assert {"revoke_wanted", "revoked"} <= set(names(heard))


async def test_without_a_refresh_token_the_other_one_goes_back(place, idp):
    idp.tokens = {"refresh_token": None}
    number = await place.enter(idp)
    await place.staying().give_back(number)
    assert idp.revoked[0].startswith("access.")


async def test_nothing_is_kept_where_nothing_will_be_done_with_it(place, idp, records):
    assert await place.enter(idp, recheck=timedelta(0), revoke=False) == ""
    assert await records.list("federation/grants/") == []


async def test_what_was_kept_for_another_issuer_is_not_sent_anywhere(place, idp, house):
    """The name of a provider was given to another one meanwhile."""
    number = await place.enter(idp)
    other = replace(idp.settings(recheck=HOUR), issuer="https://idp.example:1")
    house.use(other)
    assert await place.ask(number) is Welcome.UNKNOWN
    await place.staying().give_back(number)
    assert idp.revoked == []


async def test_a_store_that_is_away_costs_only_that(place, idp, records, heard):
    number = await place.enter(idp)
    records.break_("federation/grants", "get", "take", "put")
    assert await place.ask(number) is Welcome.UNKNOWN
    await place.staying().give_back(number)
    assert await place.enter(idp) == ""
    assert names(heard).count("grant_unstored") == 3


async def test_providers_that_are_gone_are_not_asked(place, idp, house):
    number = await place.enter(idp)
    house.use()
    assert await place.ask(number) is Welcome.UNKNOWN
    await place.staying().give_back(number)
    assert idp.revoked == []
