import asyncio
from datetime import timedelta

import dns.rcode
import pytest

from yett.net.dns import DNSSEC, DNSSettings, Found, Missing, Resolver, Trouble, events

PATIENCE = timedelta(milliseconds=50)


def addresses(*servers):
    return tuple(f"127.0.0.1:{server.port}" for server in servers)


@pytest.fixture
async def there(nameserver):
    server = await nameserver()
    server.add("app.test", "192.0.2.1", "2001:db8::1", ttl=60)
    return server


@pytest.fixture
def resolver_at(clock):
    def make(*servers, **changes):
        return Resolver(DNSSettings(resolvers=addresses(*servers), timeout=PATIENCE, **changes), clock)

    return make


def said(heard, prefix="dns.resolve"):
    return [event for event, _ in heard(prefix)]


async def test_a_name_becomes_addresses_and_is_known_until_its_time_is_over(there, resolver_at, clock, heard):
    resolver = resolver_at(there)
    for _ in range(3):
        assert await resolver.resolve("App.test.") == Found(("2001:db8::1", "192.0.2.1"))
    assert sorted(there.asked) == [("app.test", "A"), ("app.test", "AAAA")]
    assert said(heard) == [events.requested, events.resolved, *[events.requested, events.cache_hit] * 2]
    assert heard("dns.cache") == [(events.cached, {"name": "app.test", "ttl": 60.0})]
    clock.advance(60.0)
    await resolver.resolve("app.test")
    assert len(there.asked) == 4


async def test_that_there_is_no_address_is_known_for_a_while(there, resolver_at, clock, heard):
    resolver = resolver_at(there)
    for _ in range(2):
        assert await resolver.resolve("none.test") == Missing(Trouble.NO_ADDRESS)
    assert len(there.asked) == 2
    assert events.no_records in said(heard)
    clock.advance(7.0)
    await resolver.resolve("none.test")
    assert len(there.asked) == 4


async def test_everybody_who_asks_at_the_same_time_shares_an_answer(there, resolver_at, heard):
    resolver = resolver_at(there)
    there.held = asyncio.Event()
    loop = asyncio.get_running_loop()
    asking = [loop.create_task(resolver.resolve("app.test")) for _ in range(5)]
    async with asyncio.timeout(5):
        while said(heard).count(events.waiting) < 4:  # noqa: ASYNC110 - an event of the log is waited for
            await asyncio.sleep(0)
    # Who began it leaves, and the others still get their answer.
    asking[0].cancel()
    there.held.set()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert set(outcomes[1:]) == {Found(("2001:db8::1", "192.0.2.1"))}
    assert len(there.asked) == 2
    assert said(heard).count(events.waiting) == 4


async def test_what_is_no_name_is_not_asked_for(there, resolver_at, heard):
    resolver = resolver_at(there)
    for name in ("a..b", "-a.test", "a\r\nb", "x" * 300, ""):
        assert await resolver.resolve(name) == Missing(Trouble.NOT_A_NAME)
    assert not there.asked
    assert said(heard, "dns.validate") == [events.not_a_name] * 5


async def test_addresses_and_this_machine_are_known(there, resolver_at):
    resolver = resolver_at(there)
    assert (await resolver.resolve("192.0.2.9")).addresses == ("192.0.2.9",)
    assert (await resolver.resolve("LOCALHOST.")).addresses == ("127.0.0.1", "::1")
    assert not there.asked


@pytest.mark.parametrize("trouble", ["silent", "servfail", "refused", "gone"])
async def test_the_next_name_server_is_asked_when_one_gives_no_answer(
    there, nameserver, resolver_at, heard, trouble
):
    bad = await nameserver()
    if trouble == "silent":
        bad.is_silent = True
    elif trouble == "gone":
        bad.stop()
    else:
        bad.rcode = dns.rcode.from_text(trouble)
    resolver = resolver_at(bad, there)
    assert (await resolver.resolve("app.test")).addresses == ("2001:db8::1", "192.0.2.1")
    assert said(heard) == [events.requested, events.trying_next, events.resolved]


async def test_when_none_answers_that_is_known_for_a_moment(nameserver, resolver_at, clock, heard):
    bad = await nameserver()
    bad.rcode = dns.rcode.SERVFAIL
    resolver = resolver_at(bad)
    for _ in range(2):
        assert await resolver.resolve("app.test") == Missing(Trouble.NO_ANSWER)
    assert len(bad.asked) == 2
    assert said(heard)[:3] == [events.requested, events.all_failed, events.failed]
    clock.advance(2.0)
    bad.rcode = None
    bad.add("app.test", "192.0.2.1")
    assert await resolver.resolve("app.test") == Found(("192.0.2.1",))


@pytest.mark.parametrize(
    ("signed", "validates", "outcome", "event"),
    [
        (True, True, Found(("2001:db8::1", "192.0.2.1"), is_validated=True), events.validated),
        (True, False, Missing(Trouble.NOT_VALIDATED), events.not_validated),
        (False, False, Missing(Trouble.NOT_VALIDATED), events.not_signed),
    ],
)
async def test_what_has_to_be_validated_is_or_is_missing(
    there, resolver_at, heard, signed, validates, outcome, event
):
    there.is_signed, there.validates = signed, validates
    assert await resolver_at(there, dnssec=DNSSEC.REQUIRE).resolve("app.test") == outcome
    assert said(heard, "dns.dnssec") == [event]


async def test_that_there_is_no_address_has_to_be_validated_too(there, resolver_at):
    assert await resolver_at(there, dnssec=DNSSEC.REQUIRE).resolve("none.test") == Missing(
        Trouble.NOT_VALIDATED
    )


async def test_another_name_server_may_validate_it(there, nameserver, resolver_at, heard):
    better = await nameserver()
    better.add("app.test", "192.0.2.7")
    better.validates = True
    resolver = resolver_at(there, better, dnssec=DNSSEC.REQUIRE)
    assert await resolver.resolve("app.test") == Found(("192.0.2.7",), is_validated=True)
    assert said(heard, "dns.dnssec") == [events.not_signed, events.not_validated_here, events.validated]


async def test_what_was_found_under_other_settings_is_forgotten(there, resolver_at):
    resolver = resolver_at(there)
    await resolver.resolve("app.test")
    resolver.use(DNSSettings(resolvers=addresses(there), timeout=PATIENCE, dnssec=DNSSEC.REQUIRE))
    assert await resolver.resolve("app.test") == Missing(Trouble.NOT_VALIDATED)
    resolver.use(DNSSettings())
    assert not resolver.is_used


async def test_authorities_that_went_away_are_a_name_server_that_fails(there, clock, tmp_path, heard):
    settings = DNSSettings(resolvers=(f"tls://127.0.0.1:{there.port}",), ca_file=tmp_path / "gone.pem")
    assert await Resolver(settings, clock).resolve("app.test") == Missing(Trouble.NO_ANSWER)
    assert said(heard, "dns.query") == [events.query_failed]
