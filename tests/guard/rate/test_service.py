from datetime import timedelta

import pytest

from yett.guard import events as listener
from yett.guard.rate import Caller, EntityLimit, RateSettings, Reason, events


def minutes(number):
    return timedelta(minutes=number)


def statuses(guard, clock, request, times):
    return [getattr(guard.check(request, clock.now()), "status", 200) for _ in range(times)]


async def test_a_client_that_asks_too_much_is_banned_for_a_while(guard, ask, clock, heard):
    one = await guard(requests=60, burst=2, ban_time=minutes(5))
    heard.forget()
    assert statuses(one, clock, ask(), 4) == [200, 200, 429, 429]
    assert heard("ratelimit") == [
        (events.allowed_anew, {"limit": "general"}),
        (events.allowed, {"limit": "general"}),
        (events.exceeded, {"limit": "general", "ban_time": 300.0}),
        (events.banned, {"limit": "general", "seconds_left": 300.0}),
    ]
    clock.advance(299)
    assert one.check(ask(), clock.now()).reason is Reason.BANNED
    assert b"Retry-After: 1\r\n" in one.check(ask(), clock.now()).headers
    clock.advance(1)
    assert statuses(one, clock, ask(), 3) == [200, 200, 429]


async def test_clients_do_not_count_for_one_another(guard, ask, clock):
    one = await guard(requests=1, burst=1)
    assert statuses(one, clock, ask("192.0.2.1"), 2) == [200, 429]
    assert statuses(one, clock, ask("192.0.2.2"), 1) == [200]
    # All of a /64 is one client, another /64 is another.
    assert statuses(one, clock, ask("2001:db8::1"), 1) == [200]
    assert statuses(one, clock, ask("2001:db8::2"), 1) == [429]
    assert statuses(one, clock, ask("2001:db8:0:1::2"), 1) == [200]
    # A peer without an address, as on a Unix socket, is a client too.
    assert statuses(one, clock, ask(""), 2) == [200, 429]


async def test_a_short_ban_gives_nothing_away(guard, ask, clock):
    one = await guard(requests=1, period=minutes(10), burst=3, ban_time=minutes(1))
    assert statuses(one, clock, ask(), 4) == [200, 200, 200, 429]
    clock.advance(61)
    # One request comes back in ten minutes, not in one.
    assert statuses(one, clock, ask(), 1) == [429]


async def test_a_clock_that_steps_back_bans_nobody_for_longer(guard, ask, clock):
    one = await guard(requests=1, burst=1, ban_time=minutes(1))
    statuses(one, clock, ask(), 2)
    clock.advance(-86_400)
    blocked = one.check(ask(), clock.now())
    assert b"Retry-After: 60\r\n" in blocked.headers


async def test_an_exempt_address_is_never_counted(guard, ask, clock, heard):
    one = await guard(requests=1, burst=1, exempt=("127.0.0.0/8", "2001:db8::5"))
    heard.forget()
    for address in ("127.0.0.1", "::ffff:127.0.0.1", "2001:db8::5"):
        assert statuses(one, clock, ask(address), 5) == [200] * 5
    assert heard("ratelimit") == []
    assert statuses(one, clock, ask("2001:db8::6"), 2) == [200, 429]


@pytest.mark.parametrize(
    ("kind", "other_is_blocked"), [("session", False), ("user", True), ("ip", True), ("User", True)]
)
async def test_clients_are_counted_by_what_the_setting_says(guard, ask, clock, kind, other_is_blocked):
    callers = {"/1": Caller("s1", "ada"), "/2": Caller("s2", "ada")}
    one = await guard(
        requests=1, burst=1, rate_limit_type=kind, identify=lambda request: callers.get(request.path)
    )
    assert statuses(one, clock, ask(path="/1"), 2) == [200, 429]
    assert statuses(one, clock, ask(path="/2"), 1) == [429 if other_is_blocked else 200]


async def test_requests_without_a_session_are_counted_by_address(guard, ask, clock):
    one = await guard(requests=1, burst=1, rate_limit_type="session")
    assert statuses(one, clock, ask(), 2) == [200, 429]
    assert statuses(one, clock, ask("192.0.2.2"), 1) == [200]


async def test_a_type_that_is_none_falls_back_to_the_address_and_says_so(guard, ask, clock, heard):
    one = await guard(requests=1, burst=1, rate_limit_type="cookie")
    assert (listener.rate_limit_type_invalid, {"type_used": "ip"}) in heard("listener.ratelimit")
    assert statuses(one, clock, ask(), 2) == [200, 429]


async def test_without_a_fingerprint_the_address_counts_and_that_is_said(guard, ask, clock, heard):
    one = await guard(requests=1, burst=1, rate_limit_type="fingerprint")
    assert statuses(one, clock, ask(), 2) == [200, 429]
    assert heard("listener.ratelimit") == [
        (listener.no_fingerprint, {"fallback": "ip"}),
        (listener.fingerprint_fallback, {"fallback": "ip"}),
        (listener.fingerprint_fallback, {"fallback": "ip"}),
    ]


async def test_an_entity_has_a_limit_of_its_own_in_place_of_the_general_one(guard, ask, clock, heard):
    login = EntityLimit(name="login", path="/login", requests=1, burst=1)
    one = await guard(requests=100, burst=100, entity=(login,))
    assert statuses(one, clock, ask(path="/login/form"), 2) == [200, 429]
    assert statuses(one, clock, ask(path="/other"), 3) == [200] * 3
    assert (
        heard("listener.ratelimit")
        == [(listener.entity_limited, {"limit": "login", "host": "app.example"})] * 2
    )
    blocked = one.check(ask(path="/login"), clock.now())
    assert b'RateLimit-Policy: "login";q=1;w=60\r\n' in blocked.headers


async def test_at_capacity_known_clients_go_on_and_unknown_ones_are_refused(guard, ask, clock, heard):
    one = await guard(requests=60, burst=60, max_clients=100)
    for number in range(100):
        assert statuses(one, clock, ask(f"198.51.100.{number}"), 1) == [200]
    heard.forget()
    blocked = one.check(ask(), clock.now())
    assert (blocked.status, blocked.reason) == (503, Reason.CAPACITY)
    assert heard() == [(events.at_capacity, {"clients": 100})]
    assert statuses(one, clock, ask("198.51.100.7"), 1) == [200]
    clock.advance(5)
    assert statuses(one, clock, ask(), 1) == [200]


async def test_it_says_at_the_start_and_at_each_change_what_is_in_force(guard, heard):
    one = await guard()
    one.apply(RateSettings())
    one.apply(RateSettings(enabled=False))
    assert not one.is_enabled
    one.apply(RateSettings(exempt=("nobody",)))
    assert heard("ratelimit.init") == [
        (
            events.enabled,
            {"requests": 6000, "period": 60.0, "burst": 2000, "ban_time": 60.0, "entities": 0},
        ),
        (events.disabled, {}),
        (events.invalid, {"problems": ("exempt: 'nobody' is no address and no network",)}),
    ]


async def test_wrong_settings_are_said_once_a_minute_and_the_rest_holds(guard, ask, clock, heard):
    one = await guard(requests=1, burst=1, exempt=("nobody",))
    assert statuses(one, clock, ask(), 2) == [200, 429]
    clock.advance(60)
    one.check(ask(), clock.now())
    said = [event for event, _ in heard("ratelimit.check") if event is events.check_misconfigured]
    assert len(said) == 2


async def test_switching_off_and_on_forgets_whoever_was_banned(guard, ask, clock):
    one = await guard(requests=1, burst=1)
    statuses(one, clock, ask(), 2)
    one.apply(RateSettings(enabled=False, requests=1, burst=1))
    one.apply(RateSettings(requests=1, burst=1))
    assert statuses(one, clock, ask(), 1) == [200]
    assert one.automatic_bans() == ()


async def test_a_limit_of_one_request_in_a_long_time_is_kept(guard, ask, clock):
    one = await guard(requests=1, period=minutes(60), burst=0, ban_time=minutes(1))
    assert statuses(one, clock, ask(), 2) == [200, 429]
    clock.advance(3600)
    assert one.check(ask(), clock.now()) is None
