import asyncio

import pytest
from tests.guard.pow.conftest import ADA, MASTER, Entropy, no_entropy

from yett.guard.pow import PowSettings, events
from yett.guard.pow.bodies import Bodies
from yett.guard.pow.model import Client, Form
from yett.keys import MasterKey

FORM = Form("multipart/form-data; boundary=x", bytes(range(256)) * 4)
SPACE = "guard/pow/bodies/"


@pytest.fixture
def bodies(records, clock):
    return Bodies(records, PowSettings(), clock, MASTER)


async def test_a_form_comes_back_as_it_was_and_once(bodies, records, heard):
    number = await bodies.keep(FORM, ADA)
    assert await bodies.restore(number, ADA) == FORM
    assert await bodies.restore(number, ADA) is None
    assert await records.list("") == []
    assert [event for event, _ in heard("pow")] == [
        events.body_stored,
        events.body_retrieved,
        events.body_deleted,
        events.body_restored,
        events.body_not_found,
    ]


async def test_of_many_who_fetch_a_form_at_once_one_gets_it(bodies):
    number = await bodies.keep(FORM, ADA)
    forms = await asyncio.gather(*(bodies.restore(number, ADA) for _ in range(20)))
    assert forms.count(FORM) == 1


async def test_the_store_learns_nothing_of_a_form(bodies, records):
    await bodies.keep(Form("application/x-www-form-urlencoded", b"password=secret"), ADA)
    ((_, record),) = await records.list("")
    assert b"secret" not in record.value
    assert b"urlencoded" not in record.value


async def test_a_form_waits_as_long_as_its_challenge(bodies, clock, heard):
    number = await bodies.keep(FORM, ADA)
    clock.advance(300)
    assert await bodies.restore(number, ADA) is None
    assert heard("pow.body")[-1] == (events.body_not_found, {"host": ADA.host})


@pytest.mark.parametrize("thief", [Client("other.example", ADA.network), Client(ADA.host, "192.0.2.2")])
async def test_a_form_goes_to_nobody_but_its_sender(bodies, heard, thief):
    number = await bodies.keep(FORM, ADA)
    assert await bodies.restore(number, thief) is None
    assert heard("pow.body")[-1] == (events.body_not_decrypted, {"host": thief.host})


@pytest.mark.parametrize("place", [0, 20, 40, -1, None])
async def test_a_form_that_was_touched_in_the_store_does_not_open(bodies, records, heard, place):
    number = await bodies.keep(FORM, ADA)
    ((key, record),) = await records.list("")
    altered = bytearray(record.value) if place is not None else bytearray(b"short")
    altered[place or 0] ^= 1
    await records.put(key, bytes(altered))
    assert await bodies.restore(number, ADA) is None
    assert heard("pow.body")[-1][0] is events.body_not_decrypted


async def test_a_form_does_not_open_under_another_name_or_key(bodies, records, clock):
    number = await bodies.keep(FORM, ADA)
    ((_, record),) = await records.list("")
    await records.put(SPACE + "x" * 22, record.value)
    assert await bodies.restore("x" * 22, ADA) is None
    other = Bodies(records, PowSettings(), clock, MasterKey(b"x" * 32))
    assert await other.restore(number, ADA) is None


@pytest.mark.parametrize("number", ["", "../" * 9, "x" * 10_000, "x" * 21 + "\n"])
async def test_what_names_no_form_finds_none(bodies, heard, number):
    assert await bodies.restore(number, ADA) is None
    assert heard("pow.body") == [(events.body_not_found, {"host": ADA.host})]


async def test_kept_forms_are_bounded_for_each_and_for_all(records, clock, heard):
    bodies = Bodies(records, PowSettings(body_room=1 << 20), clock, MASTER)
    mine = await bodies.keep(FORM, ADA)
    for _ in range(20):
        await bodies.keep(FORM, Client(ADA.host, "192.0.2.66"))
    assert len(await records.list(SPACE)) == 1 + 8
    assert await bodies.restore(mine, ADA) == FORM
    large = Form(FORM.content_type, bytes(200_000))
    for number in range(20):
        await bodies.keep(large, Client(ADA.host, f"192.0.2.{number}"))
    assert sum(len(record.value) for _, record in await records.list(SPACE)) <= 1 << 20
    records.failing = {"delete"}
    await bodies.keep(large, ADA)
    assert (events.cleanup_failed, {"error": "StoreUnavailable: out of reach"}) in heard("pow.body")


@pytest.mark.parametrize("random", [no_entropy, Entropy(2), Entropy(3)])
async def test_where_chance_fails_nothing_is_kept_in_the_clear(records, clock, heard, random):
    assert await Bodies(records, PowSettings(), clock, MASTER, random).keep(FORM, ADA) == ""
    assert await records.list("") == []
    assert heard("listener.pow") == [
        (events.body_not_encrypted, {"host": ADA.host, "error": "OSError: no entropy"})
    ]


async def test_where_the_store_fails_a_form_is_lost_and_that_is_said(bodies, records, heard):
    records.failing = {"put"}
    assert await bodies.keep(FORM, ADA) == ""
    records.failing = {"take"}
    assert await bodies.restore("x" * 22, ADA) is None
    failed = {"error": "StoreUnavailable: out of reach"}
    assert heard("pow.body") == [(events.body_not_stored, failed), (events.body_not_retrieved, failed)]
