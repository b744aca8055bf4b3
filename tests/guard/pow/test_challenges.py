import asyncio
import itertools
from datetime import timedelta

import msgspec
import pytest
from tests.guard.pow.conftest import ADA, Entropy

from yett.guard.pow import PowSettings, events, rules
from yett.guard.pow.challenges import Challenges, NotIssued
from yett.guard.pow.model import Check, Client, Reason, Solution, Token

EASY = PowSettings(enabled=True, difficulty=9, minimum_time=timedelta(seconds=1), ttl=timedelta(seconds=60))


@pytest.fixture
def challenges(records, clock):
    return Challenges(records, EASY, clock)


def hunted(token, check=Check.PASSED):
    for number in itertools.count():
        if rules.check_bits(rules.digest_of(token.challenge, str(number)), token.difficulty) is check:
            return str(number)
    raise AssertionError


def solved(issued, **changes):
    fields = dict.fromkeys(issued.token.decoys, "")
    return Solution(issued.id, hunted(issued.token), {**fields, **changes})


def key(issued):
    return f"guard/pow/challenges/{issued.id}"


async def test_a_program_gets_a_challenge_and_its_work_counts_once(challenges, heard):
    issued = await challenges.generate(ADA)
    token = await challenges.validate(solved(issued), ADA)
    again = await challenges.validate(solved(issued), ADA)

    assert isinstance(token, Token)
    assert again is Reason.UNKNOWN
    assert [event for event, _ in heard("pow")] == [
        events.default_difficulty,
        events.token_stored,
        events.challenge_issued,
        events.hash_passed,
        events.token_spent,
        events.solution_valid,
        events.challenge_unknown,
    ]


async def test_a_page_gets_decoys_and_a_least_time_as_well(challenges, clock, heard):
    issued = await challenges.create(ADA)
    assert len(set(issued.token.decoys)) == 2
    assert heard("pow.create") == [
        (events.challenge_created, {"challenge_id": issued.id, "decoys": 2, "minimum_time": 1.0})
    ]
    clock.advance(1)
    heard.forget()
    assert isinstance(await challenges.validate(solved(issued), ADA), Token)
    assert [event for event, _ in heard("pow.timing", "pow.honeypot")] == [
        events.timing_checked,
        events.decoys_checked,
        events.decoys_empty,
    ]


async def test_who_is_faster_than_the_page_allows_is_a_program(challenges, clock, heard):
    issued = await challenges.create(ADA)
    clock.advance(0.5)
    assert await challenges.validate(solved(issued), ADA) is Reason.TOO_FAST
    assert heard("pow.timing")[-1] == (
        events.too_fast,
        {"host": ADA.host, "seconds": 0.5, "minimum_time": 1.0},
    )


@pytest.mark.parametrize("is_missing", [False, True])
async def test_who_touches_a_decoy_is_a_program(challenges, clock, heard, is_missing):
    issued = await challenges.create(ADA)
    clock.advance(1)
    decoy = issued.token.decoys[1]
    solution = solved(issued, **{decoy: "Ltd"})
    if is_missing:
        del solution.fields[decoy]
    assert await challenges.validate(solution, ADA) is Reason.DECOY
    assert heard("pow.honeypot")[-1] == (events.decoy_filled, {"host": ADA.host, "decoy": decoy})


@pytest.mark.parametrize(
    ("check", "event"),
    [
        (Check.FULL_BYTE, events.hash_failed_at_full_byte),
        (Check.PARTIAL_BYTE, events.hash_failed_at_partial_byte),
    ],
)
async def test_a_number_that_does_not_fit_is_no_proof(challenges, heard, check, event):
    issued = await challenges.generate(ADA)
    solution = Solution(issued.id, hunted(issued.token, check), {})
    assert await challenges.validate(solution, ADA) is Reason.WRONG
    assert [said for said, _ in heard("pow.hash", "pow.validate")] == [event, events.solution_wrong]


@pytest.mark.parametrize("nonce", ["", "-1", "1e3", "٣", "0" * 13, "1\n", " 1"])
async def test_what_is_no_number_is_no_proof(challenges, nonce):
    issued = await challenges.generate(ADA)
    assert await challenges.validate(Solution(issued.id, nonce, {}), ADA) is Reason.WRONG


@pytest.mark.parametrize("number", ["", "x" * 22, "../" * 8, "x" * 100_000, "é" * 22, "a" * 21 + "\n"])
async def test_a_challenge_that_was_never_issued_has_no_solution(challenges, heard, number):
    assert await challenges.validate(Solution(number, "1", {}), ADA) is Reason.UNKNOWN
    assert [event for event, _ in heard("pow")] == [events.challenge_unknown]


@pytest.mark.parametrize("thief", [Client("other.example", ADA.network), Client(ADA.host, "192.0.2.2")])
async def test_work_counts_for_whom_it_was_asked_of(challenges, thief):
    issued = await challenges.generate(ADA)
    assert await challenges.validate(solved(issued), thief) is Reason.UNKNOWN
    assert isinstance(await challenges.validate(solved(issued), ADA), Token)


@pytest.mark.parametrize("seconds", [60, 110, -61])
async def test_a_challenge_expires_and_a_clock_put_back_ends_it_too(
    challenges, records, clock, heard, seconds
):
    issued = await challenges.generate(ADA)
    clock.advance(seconds)
    assert await challenges.validate(solved(issued), ADA) is Reason.EXPIRED
    assert await records.get(key(issued)) is None
    assert heard("pow.validate") == [(events.challenge_expired, {"challenge_id": issued.id})]


async def test_of_fifty_equal_solutions_at_once_one_counts(challenges):
    issued = await challenges.generate(ADA)
    verdicts = await asyncio.gather(*(challenges.validate(solved(issued), ADA) for _ in range(50)))
    assert sum(isinstance(verdict, Token) for verdict in verdicts) == 1


async def test_who_only_asks_pushes_out_themselves_and_not_others(records, clock):
    challenges = Challenges(records, EASY, clock)
    honest = await challenges.generate(ADA)
    eve = Client(ADA.host, "192.0.2.66")
    first = await challenges.generate(eve)
    for _ in range(200):
        await challenges.generate(eve)
    assert len(await records.list("guard/pow/challenges/")) == 1 + 64
    assert await challenges.validate(solved(first), eve) is Reason.UNKNOWN
    assert isinstance(await challenges.validate(solved(honest), ADA), Token)


async def test_open_challenges_are_bounded_and_get_harder(records, clock, heard):
    challenges = Challenges(records, PowSettings(difficulty=2, max_challenges=100), clock)
    asked = [await challenges.generate(Client(ADA.host, f"192.0.2.{number}")) for number in range(250)]
    assert len(await records.list("guard/pow/challenges/")) == 100
    assert [asked[number].token.difficulty for number in (0, 7, 60, 249)] == [2, 3, 6, 6]
    assert len(heard("pow.generate")) == 250 * 2 + 7


async def test_where_chance_fails_nothing_is_issued(records, clock, heard):
    for fails_at, event in ((1, events.challenge_not_generated), (2, events.id_not_generated)):
        with pytest.raises(NotIssued):
            await Challenges(records, EASY, clock, Entropy(fails_at)).generate(ADA)
        assert heard("pow.generate")[-1] == (event, {"error": "OSError: no entropy"})
    with pytest.raises(NotIssued):
        await Challenges(records, EASY, clock, Entropy(1)).create(ADA)
    assert await records.list("") == []


@pytest.mark.parametrize(
    ("way", "event"), [("generate", events.token_not_stored), ("create", events.page_token_not_stored)]
)
async def test_where_the_store_fails_nothing_is_issued(challenges, records, heard, way, event):
    records.failing = {"put"}
    with pytest.raises(NotIssued):
        await getattr(challenges, way)(ADA)
    assert heard("pow")[-1] == (event, {"error": "StoreUnavailable: out of reach"})


@pytest.mark.parametrize(
    ("operation", "wait", "verdict", "event"),
    [
        ("get", 0, Reason.UNAVAILABLE, events.query_failed),
        ("take", 0, Reason.UNAVAILABLE, events.used_not_deleted),
        ("delete", 60, Reason.EXPIRED, events.expired_not_deleted),
    ],
)
async def test_where_the_store_fails_no_solution_counts(
    challenges, records, clock, heard, operation, wait, verdict, event
):
    issued = await challenges.generate(ADA)
    clock.advance(wait)
    records.failing = {operation}
    assert await challenges.validate(solved(issued), ADA) is verdict
    assert event in [said for said, _ in heard("pow.validate")]
    records.failing = set()
    if not wait:
        assert isinstance(await challenges.validate(solved(issued), ADA), Token)


async def test_what_makes_room_and_cannot_be_deleted_is_said(records, clock, heard):
    challenges = Challenges(records, EASY, clock)
    records.failing = {"delete"}
    for _ in range(65):
        await challenges.generate(ADA)
    assert heard("pow.body") == [(events.cleanup_failed, {"error": "StoreUnavailable: out of reach"})]


@pytest.mark.parametrize(
    ("value", "event"),
    [
        (b"\xff", events.token_unreadable),
        (b'{"type": ', events.token_unreadable),
        (b"[]", events.token_of_other_type),
        (b'{"type": "challenge"}', events.token_of_other_type),
        (None, events.token_of_other_type),
    ],
)
async def test_what_is_no_challenge_in_the_store_is_not_solved(challenges, records, heard, value, event):
    issued = await challenges.generate(ADA)
    if value is None:
        value = msgspec.json.encode(msgspec.structs.replace(issued.token, type="session"))
    await records.put(key(issued), value)
    assert await challenges.validate(solved(issued), ADA) is Reason.UNKNOWN
    assert [said for said, _ in heard("pow.validate")] == [event]
