import pytest

from yett.guard.rate import RateCommands, events
from yett.kernel import CommandFailed
from yett.store import StoreUnavailable


@pytest.fixture
async def commands(guard):
    async def start(**settings):
        one = await guard(**settings)
        return one, RateCommands(one)

    return start


async def test_an_operator_bans_a_client_and_lets_it_in_again(commands, ask, clock, heard):
    guard, operator = await commands()
    assert guard.check(ask(), clock.now()) is None
    heard.forget()
    answer = await operator.ban("192.0.2.1", duration="1h")
    assert answer.rows == (("192.0.2.1", "2027-01-15T09:00:00+00:00"),)
    assert guard.check(ask(), clock.now()).status == 429
    listed = await operator.show()
    assert listed.rows == (
        ("192.0.2.1", "operator", None, "2027-01-15T08:00:00+00:00", "2027-01-15T09:00:00+00:00"),
    )
    assert (await operator.unban("192.0.2.1")).rows == (("192.0.2.1", True),)
    assert guard.check(ask(), clock.now()) is None
    assert [pair for pair in heard("ratelimit") if pair[0] is not events.allowed] == [
        (events.client_banned, {"client": "192.0.2.1", "seconds": 3600.0}),
        (events.banned, {"limit": "", "seconds_left": 3600.0}),
        (events.client_unbanned, {"client": "192.0.2.1"}),
    ]


async def test_a_ban_without_a_time_has_no_end(commands, ask, clock, heard):
    guard, operator = await commands()
    assert (await operator.ban("2001:db8::1")).rows == (("2001:db8::/64", None),)
    clock.advance(10 * 366 * 86_400)
    blocked = guard.check(ask("2001:db8::2"), clock.now())
    assert b"Retry-After: 86400\r\n" in blocked.headers
    assert (events.banned, {"limit": "", "seconds_left": -1.0}) in heard("ratelimit")


async def test_unbanning_also_ends_what_the_limit_brought(commands, ask, clock):
    guard, operator = await commands(requests=1, burst=1)
    guard.check(ask(), clock.now())
    assert guard.check(ask(), clock.now()) is not None
    assert [row[:3] for row in (await operator.show()).rows] == [("192.0.2.1", "limit", "general")]
    await operator.unban("192.0.2.0/24")
    assert (await operator.show()).rows == ()
    assert guard.check(ask(), clock.now()) is None


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("everybody",), "no address and no network"),
        (("127.0.0.1",), "exempt"),
        (("0.0.0.0/0",), "everybody out"),
        (("192.0.2.1", "soon"), "--for"),
        (("192.0.2.1", "0s"), "longer than nothing"),
    ],
)
async def test_what_cannot_be_banned_is_refused(commands, words, complaint, heard):
    guard, operator = await commands()
    with pytest.raises(CommandFailed, match=complaint):
        await operator.ban(words[0], duration=words[1] if words[1:] else None)
    assert guard.bans() == ()
    assert heard("ratelimit.ban") == []


async def test_who_is_not_banned_cannot_be_unbanned(commands):
    _, operator = await commands()
    with pytest.raises(CommandFailed, match="not banned"):
        await operator.unban("192.0.2.1")


async def test_with_the_limit_off_a_ban_is_refused_because_it_would_not_hold(commands):
    _, operator = await commands(enabled=False)
    with pytest.raises(CommandFailed, match="switched off"):
        await operator.ban("192.0.2.1")


async def test_a_full_list_takes_no_more(commands, monkeypatch):
    monkeypatch.setattr("yett.guard.rate.bans.MOST", 0)
    _, operator = await commands()
    with pytest.raises(CommandFailed, match="banned already"):
        await operator.ban("192.0.2.1")


async def test_a_store_that_does_not_take_it_is_said(commands, records, monkeypatch, heard):
    _, operator = await commands()

    async def refuse(*_arguments, **_options):
        raise StoreUnavailable("full")

    monkeypatch.setattr(records, "put", refuse)
    monkeypatch.setattr(records, "delete", refuse)
    with pytest.raises(CommandFailed, match="Nothing was changed"):
        await operator.ban("192.0.2.1")
    with pytest.raises(CommandFailed, match="Nothing was changed"):
        await operator.unban("192.0.2.1")
    expected = {"client": "192.0.2.1", "error": "StoreUnavailable: full"}
    assert heard("ratelimit.ban", "ratelimit.unban") == [
        (events.ban_failed, expected),
        (events.unban_failed, expected),
    ]
