"""Giving out codes, and everything that can come in between."""

import pytest
from tests.authn.device_code.conftest import ADA, ORIGIN, SETTINGS

from yett.authn.device_code import Codes, DeviceCodeSettings, NotIssued, Origin, Question, Reason, events
from yett.authn.device_code.issuing import Issuing
from yett.authn.device_code.shelf import Shelf
from yett.store import StoreUnavailable


def issuing(place, *, settings=SETTINGS, **more):
    return Issuing(Shelf(place.records), settings, place.clock, **more)


async def test_codes_are_long_enough_and_shown_in_groups(place):
    issued = await place.issue()

    assert len(issued.device_code) == 43
    assert len(issued.user_code) == 9
    assert issued.user_code[4] == "-"
    assert (issued.expires_in, issued.interval) == (600, 5)


async def test_what_nobody_types_has_no_user_code(place):
    issued = await place.issue(is_typed=False, lifetime=90.0)

    assert (issued.user_code, issued.expires_in) == ("", 90)
    assert await place.records._records.list("device/users/") == []


async def test_one_address_gets_so_many_codes_and_no_more(place, heard):
    place.set(max_per_address=2)
    for _ in range(2):
        assert isinstance(await place.issue(), Codes)

    refused = await place.issue()

    assert refused == NotIssued(Reason.THROTTLED, pytest.approx(300))
    assert heard("devicecode.authorize")[-1] == (
        events.throttled,
        {"client": "cli", "client_address": "192.0.2.7", "retry_after": 300.0},
    )
    elsewhere = await place.codes.authorize("test", "cli", Origin("203.0.113.1", ""))
    assert isinstance(elsewhere, Codes)


async def test_without_randomness_there_is_no_device_code(place, heard):
    def fails():
        raise OSError("no entropy")

    outcome = await issuing(place, new_token=fails).authorize("test", "cli", ORIGIN)

    assert outcome == NotIssued(Reason.UNAVAILABLE)
    assert heard("devicecode")[-1][0] is events.device_code_not_generated


async def test_a_device_code_that_is_in_use_is_not_given_out_again(place, heard):
    maker = issuing(place, new_token=lambda: "x" * 43)
    await maker.authorize("test", "cli", ORIGIN)

    assert await maker.authorize("test", "cli", ORIGIN) == NotIssued(Reason.UNAVAILABLE)

    assert heard("devicecode")[-1][0] is events.device_code_not_generated


async def test_without_randomness_there_is_no_user_code(place, heard):
    def fails():
        raise OSError("no entropy")

    outcome = await issuing(place, new_user_code=fails).authorize("test", "cli", ORIGIN)

    assert outcome == NotIssued(Reason.UNAVAILABLE)
    assert heard("devicecode")[-1][0] is events.user_code_not_generated


async def test_a_user_code_that_is_in_use_is_drawn_again_and_then_given_up(place, heard):
    drawn = iter(["BBBBBBBB", "BBBBBBBB", "CCCCCCCC", *["BBBBBBBB"] * 5])
    maker = issuing(place, new_user_code=lambda: next(drawn))

    assert (await maker.authorize("test", "cli", ORIGIN)).user_code == "BBBB-BBBB"
    assert (await maker.authorize("test", "cli", ORIGIN)).user_code == "CCCC-CCCC"
    assert await maker.authorize("test", "cli", ORIGIN) == NotIssued(Reason.UNAVAILABLE)

    assert heard("devicecode")[-1][0] is events.user_code_not_generated


async def test_a_code_that_is_not_stored_is_not_given_out(place, heard):
    place.records.broken_prefix = "device/codes/"

    assert await place.issue() == NotIssued(Reason.UNAVAILABLE)

    assert [emitter for emitter, _ in heard("devicecode")] == [events.not_stored]


class Unseen:
    """Records that take a code and do not show it."""

    def __init__(self, records, *, raises):
        self._records = records
        self._raises = raises

    def __getattr__(self, name):
        return getattr(self._records, name)

    async def get(self, key):  # noqa: ARG002 - the port's
        if self._raises:
            raise StoreUnavailable("no majority")


@pytest.mark.parametrize("raises", [True, False])
async def test_a_code_that_the_store_does_not_show_again_is_not_given_out(place, heard, raises):
    maker = Issuing(
        Shelf(Unseen(place.records, raises=raises)), DeviceCodeSettings(enabled=True), place.clock
    )

    assert await maker.authorize("test", "cli", ORIGIN) == NotIssued(Reason.UNAVAILABLE)

    assert [emitter for emitter, _ in heard("devicecode")] == [events.no_quorum]


async def test_a_user_code_that_is_not_stored_is_known_to_this_node(place, heard):
    place.records.broken_prefix = "device/users/"
    issued = await place.issue()
    assert [emitter for emitter, _ in heard("devicecode")] == [events.user_code_not_stored, events.issued]

    place.records.broken_prefix = ""
    assert isinstance(await place.codes.find(issued.user_code, ADA, "192.0.2.9"), Question)
