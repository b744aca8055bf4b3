from dataclasses import replace

from tests.tokens.conftest import ADDRESS

from yett.tokens import Query, events
from yett.tokens.encoding import decode_use


async def uses(place):
    page = await place.tokens.authentications(Query("ada"), None, 100)
    return [(each.token, each.ip_address, each.event_time) for each in page.entries]


async def test_the_last_use_is_known_at_once_and_written_down_later(place, clock):
    text = await place.session()
    key = place.key(text)
    assert place.tokens.last_used(key) is None

    place.tokens.used(key, ADDRESS)
    clock.advance(5)
    place.tokens.used(key, ADDRESS)
    assert place.tokens.last_used(key) == clock.now()
    assert await place.records.get(f"tokens/uses/{key}") is None
    await place.tokens.tick()

    assert decode_use((await place.records.get(f"tokens/uses/{key}")).value).at == clock.now()
    node = place.node()
    await node.start()
    assert node.last_used(key) == clock.now()
    await node.stop()


async def test_the_history_has_each_address_once_in_a_while(place, clock):
    key = place.key(await place.session())
    began = clock.now()
    for _ in range(3):
        place.tokens.used(key, ADDRESS)
    place.tokens.used(key, "192.0.2.8")
    clock.advance(3600)
    place.tokens.used(key, ADDRESS)

    await place.tokens.tick()

    assert await uses(place) == [
        (key, ADDRESS, began + 3600),
        (key, "192.0.2.8", began),
        (key, ADDRESS, began),
    ]


async def test_many_addresses_take_no_more_room_than_a_few(place):
    key = place.key(await place.session())

    for number in range(1000):
        place.tokens.used(key, f"192.0.2.{number}")

    assert len(place.tokens._uses._told[key]) == 16
    for _ in range(130):
        key = place.key(await place.session())
        for number in range(16):
            place.tokens.used(key, f"2001:db8::{number}")
    assert len(place.tokens._uses._entries) == 2000


async def test_what_the_store_does_not_take_waits(place, heard):
    key = place.key(await place.session())
    place.tokens.used(key, ADDRESS)
    for number in (1, 2):
        place.records.fail_write = number
        await place.tokens.tick()
        assert events.use_not_stored in [event for event, _ in heard("gafaelfawr.store")]
        heard.forget()

    await place.tokens.tick()

    assert await place.records.get(f"tokens/uses/{key}") is not None
    assert len(await uses(place)) == 1


async def test_what_is_over_is_forgotten(place):
    ada = await place.actor()
    key = place.key(await place.user_token(ada))
    place.tokens.used(key, ADDRESS)
    await place.tokens.tick()
    await place.tokens.delete("ada", key, ada)

    place.tokens.used(key, ADDRESS)
    place.tokens.used("unknown")
    await place.tokens.sweep()

    assert place.tokens._uses._told == {}
    assert await place.records.list("tokens/uses/") == []


async def test_how_often_is_a_setting(place, clock):
    place.tokens.apply(replace(place.settings, use_interval=place.settings.use_interval / 60))
    key = place.key(await place.session())
    place.tokens.used(key, ADDRESS)
    clock.advance(60)
    place.tokens.used(key, ADDRESS)
    await place.tokens.tick()

    assert len(await uses(place)) == 2


async def test_a_token_from_everywhere_does_not_fill_the_history(place, clock):
    data = place.tokens.look(await place.user_token(await place.actor()))
    for number in range(500):
        place.tokens.used(data.key, f"2001:db8::{number:x}")
        clock.advance(1)
    await place.tokens.tick()
    assert (await place.tokens.authentications(Query(), None, 1)).count == 16
    assert place.tokens.last_used(data.key) == clock.now() - 1

    clock.advance(3600)
    place.tokens.used(data.key, "192.0.2.200")
    await place.tokens.tick()
    assert (await place.tokens.authentications(Query(), None, 1)).count == 17
