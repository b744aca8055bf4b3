import asyncio
from datetime import timedelta

import pytest
from tests.proxy.balancing import conftest as balancing
from tests.proxy.conftest import DOCS, MAPPINGS, ONLY, SIGN_IN, WIKI, mapping, pool

from yett.identity.access import Assurance
from yett.proxy import BadMapping, ProxySettings, check_proxy, events
from yett.proxy.config import PathKind
from yett.proxy.transport import events as transport

ROUTE = {
    "app": "Wiki",
    "host": WIKI,
    "route_path": "/",
    "match": PathKind.PREFIX,
    "methods": (),
    "service": "10.0.0.1:80",
    "groups": ("ops", "wiki"),
    "public": False,
    "websocket": True,
    "identity_headers": True,
    "conditions": 0,
    "reauth": 0,
    "assurance": Assurance.SINGLE,
    "step_up": 0,
}
BAD = mapping("Bad", SIGN_IN)
self_signed = balancing.self_signed


async def test_a_start_says_what_is_reachable_where_it_goes_and_who_may_enter(make_place, heard):
    place = await make_place(mapping=(mapping(groups=("wiki", "ops")),))

    assert place.proxy.hosts == (WIKI,)
    assert [each for each in heard("proxy") if each[0] is not transport.configured] == [
        (events.route_configured, ROUTE),
        (events.config_summary, {"routes": 1, "hosts": 1, "public_routes": 0}),
        (events.initialized, {"routes": 1, "hosts": 1}),
    ]


async def test_a_start_with_a_mapping_that_cannot_be_used_fails_and_says_why(make_place, heard):
    with pytest.raises(BadMapping, match="is the sign-in host"):
        await make_place(mapping=(mapping(), BAD))
    ((said, fields),) = heard("proxy")
    assert said is events.initialization_failed
    assert "Bad: host login.example.test is the sign-in host" in fields["error"]


async def test_duplicates_and_public_routes_are_pointed_out(make_place, heard):
    place = await make_place(
        mapping=(mapping(), mapping("Second", path="/"), mapping("Open", DOCS, public=True))
    )

    assert len(place.gate.table.routes) == 2
    assert [each for each in heard("proxy.config") if each[0] is not events.config_summary] == [
        (events.duplicate_route, {"app": "Second", "host": WIKI, "route_path": "/", "kept": "Wiki"}),
        (
            events.questionable_route,
            {"app": "Open", "problem": "public: everybody may enter without signing in"},
        ),
    ]


async def test_authorities_that_are_loaded_for_a_service_are_said(make_place, heard, self_signed):
    await make_place(mapping=(mapping(service="https://app.internal", ca_file=self_signed),))
    assert heard("proxy.config")[0] == (
        events.authority_loaded,
        {"app": "Wiki", "file": str(self_signed)},
    )


async def test_a_good_reload_swaps_the_table_and_says_the_new_one(place, heard):
    assert place.apply(mapping=(mapping(groups=("wiki", "ops")), mapping("New", "new.test")))

    assert set(place.proxy.hosts) == {WIKI, "new.test"}
    said = [each for each, _ in heard("proxy") if each is not transport.configured]
    assert said == [events.route_configured, events.route_configured, events.config_summary]


async def test_a_bad_reload_is_said_and_changes_nothing(place, heard):
    table, clients = place.gate.table, dict(place.provider.clients)

    assert not place.apply(
        mapping=(mapping("New", "new.test"), BAD),
        hsts=timedelta(hours=1),
        sign_in_timeout=timedelta(minutes=1),
    )

    assert place.gate.table is table
    assert place.provider.clients == clients
    assert place.login._timeout == 600
    assert place.gate._hsts == b""
    ((said, fields),) = heard("proxy")
    assert said is events.reload_failed
    assert fields["error"].startswith("BadMapping: Bad: host login.example.test is the sign-in host")


async def test_a_reload_follows_every_setting(place):
    place.apply(sign_in_timeout=timedelta(minutes=1), signature_lifetime=timedelta(seconds=10))
    assert place.login._timeout == 60
    assert place.proxy.signer._lifetime == 10


async def test_the_provider_knows_the_hosts_that_are_served_and_no_others(place):
    assert set(place.provider.clients) == {f"app:{host}" for host in (WIKI, DOCS, ONLY)}

    place.apply(mapping=(mapping(), mapping("New", "new.test")))

    assert set(place.provider.clients) == {f"app:{WIKI}", "app:new.test"}
    client = place.provider.clients["app:new.test"]
    assert client.redirect_uris == {"https://new.test/_yett/callback"}


async def test_a_host_that_went_serves_nothing_and_comes_back_whole(place, browser):
    await browser.sign_in(f"https://{DOCS}/")
    place.apply(mapping=(mapping(),))
    assert (await browser.get(f"https://{DOCS}/")).status == 404
    assert (await browser.get(f"https://{DOCS}/_yett/signout")).status == 404

    place.apply(mapping=MAPPINGS)
    assert (await browser.get(f"https://{DOCS}/")).text == "from the application"


async def test_a_trip_that_began_before_a_reload_ends_well_after_it(place, browser):
    await browser.sign_on()
    departure = await browser.get(f"https://{WIKI}/page")
    place.apply(mapping=(*MAPPINGS, mapping("New", "new.test")))
    _, reply = await browser.follow(departure["location"])
    assert reply.text == "from the application"


async def test_a_trip_to_a_host_that_went_meanwhile_ends_nowhere(place, browser):
    await browser.sign_on()
    departure = await browser.get(f"https://{DOCS}/page")
    callback = (await browser.get(departure["location"]))["location"]
    place.apply(mapping=(mapping(),))
    assert (await browser.get(callback)).status == 404
    assert len(place.sessions.live()) == 1


async def test_requests_in_flight_survive_reloads(place):
    """Whoever asks while tables are swapped gets an answer by one of them, never an error."""
    browser = place.browser()
    await browser.sign_in()
    cookie = dict(browser.jar)

    async def visit():
        one = place.browser()
        one.jar = cookie
        for _ in range(20):
            assert (await one.get(f"https://{WIKI}/page")).text == "from the application"
            await asyncio.sleep(0)

    async def reload():
        for number in range(20):
            place.apply(mapping=(mapping(service=f"http://10.0.0.{number + 1}:80"),))
            await asyncio.sleep(0)

    await asyncio.gather(*(visit() for _ in range(5)), reload())


async def test_without_mappings_there_is_the_sign_in_host_and_nothing_else(make_place, heard):
    place = await make_place(mapping=())
    browser = place.browser()
    assert (await browser.get(f"https://{WIKI}/")).status == 404
    assert (await browser.get(f"https://{SIGN_IN}/oidc/authorize")).status == 400
    assert (events.initialized, {"routes": 0, "hosts": 0}) in heard("proxy.init")


def test_every_pool_and_mapping_that_cannot_be_used_is_a_mistake_of_its_own():
    settings = ProxySettings(
        mapping=(mapping(), BAD, mapping("Lost", service="", pool="gone")),
        pool=(pool("web", 81), pool("empty"), pool("bare")),
    )
    found = {mistake.key: mistake.reason for mistake in check_proxy(settings, SIGN_IN)}
    assert list(found) == ["proxy.pool[1]", "proxy.pool[2]", "proxy.mapping[1]", "proxy.mapping[2]"]
    assert "empty: a pool needs" in found["proxy.pool[1]"]
    assert "named 'gone'" in found["proxy.mapping[2]"]


def test_a_public_mapping_sends_nobody_to_another_provider():
    settings = ProxySettings(mapping=(mapping(public=True, sign_in_with="acme"),))
    (mistake,) = check_proxy(settings, SIGN_IN)
    assert "sign_in_with" in mistake.reason


def test_two_pools_of_one_name_are_a_mistake():
    settings = ProxySettings(pool=(pool("web", 81), pool("web", 82)))
    (mistake,) = check_proxy(settings, SIGN_IN)
    assert (mistake.key, mistake.reason) == ("proxy.pool", "web: there are two pools of that name")
