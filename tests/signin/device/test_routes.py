"""Typing a code, seeing who asks, deciding: over HTTP."""

from dataclasses import dataclass, replace

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from tests.authn.device_code.conftest import ORIGIN as DEVICE
from tests.authn.device_code.conftest import SETTINGS, Giver
from tests.signin.place import ADA, ADDRESS, ORIGIN, Place

from yett.authn.device_code import DeviceCodes, NotMade, Status
from yett.keys import MasterKey, Sealer
from yett.net.pages import http_error
from yett.signin.device import PAGE, DeviceStep


@dataclass
class Desk:
    """Everything a test may turn."""

    host: Place
    codes: DeviceCodes
    giver: Giver

    async def issue(self):
        return await self.codes.authorize("test", "cli", DEVICE, scope="read")

    async def status(self, issued):
        return (await self.codes.look(issued.device_code)).status


@pytest.fixture
def desk(place, clock):
    codes = DeviceCodes(place.records, Sealer(MasterKey(bytes(32)), "codes"), SETTINGS, clock)
    giver = Giver()
    codes.join("test", giver)
    step = DeviceStep(place.flow, codes, place.sealer, clock, origin=ORIGIN)
    place.app = Starlette(
        routes=[*place.front.routes, *step.routes], exception_handlers={HTTPException: http_error}
    )
    return Desk(place, codes, giver)


async def find(browser, code):
    page = await browser.get(PAGE)
    return await browser.submit(page, PAGE, user_code=code)


async def test_the_device_is_shown_before_it_is_allowed(desk, browser):
    issued = await desk.issue()
    await browser.sign_in()

    asked = await find(browser, issued.user_code.lower())
    assert "Let Command line in?" in asked.text
    assert "192.0.2.7" in asked.text
    assert await desk.status(issued) is Status.PENDING
    done = await browser.submit(asked, "/device/decide", decision="allow")

    assert "Command line is connected" in done.text
    assert await desk.status(issued) is Status.APPROVED
    again = await browser.submit(asked, "/device/decide", decision="deny")
    assert (again.status_code, "used already" in again.text) == (422, True)
    assert await desk.status(issued) is Status.APPROVED


async def test_a_device_can_be_denied(desk, browser):
    issued = await desk.issue()
    await browser.sign_in()

    done = await browser.submit(await find(browser, issued.user_code), "/device/decide", decision="deny")

    assert "Command line was denied" in done.text
    assert await desk.status(issued) is Status.DENIED


async def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(desk, browser):
    issued = await desk.issue()

    answer = await browser.get(PAGE, params={"user_code": issued.user_code})

    assert answer.headers["location"] == f"/signin?next=%2Fdevice%3Fuser_code%3D{issued.user_code}"
    assert (await browser.post(PAGE)).headers["location"] == "/signin?next=%2Fdevice"
    assert (await browser.post("/device/decide")).headers["location"] == "/signin?next=%2Fdevice"


async def test_a_complete_address_fills_the_code_in_escaped(desk, browser):  # noqa: ARG001 - the page
    await browser.sign_in()

    page = await browser.get(PAGE, params={"user_code": '"><script>alert(1)</script>'})

    assert page.status_code == 200
    assert "<script" not in page.text
    assert (await browser.get(f"{PAGE}?user_code=%")).status_code == 200
    assert (await browser.get(f"{PAGE}?user_code={'x' * 7000}")).status_code == 200


@pytest.mark.parametrize(
    ("typed", "status", "words"),
    [
        ("BBBB-BBBB", 422, "There is no such code."),
        ("my password", 422, "That is not a code."),
        ("", 422, "That is not a code."),
        ("x" * 9000, 422, "That is not a code."),
    ],
)
async def test_a_wrong_code_is_shown_again_and_marked(desk, browser, typed, status, words):  # noqa: ARG001 - the page
    await browser.sign_in()

    page = await find(browser, typed)

    assert (page.status_code, words in page.text) == (status, True)
    assert 'role="alert"' in page.text


async def test_too_many_wrong_codes_have_to_wait(desk, browser):
    issued = await desk.issue()
    await browser.sign_in()
    for _ in range(10):
        await find(browser, "BBBB-BBBB")

    page = await find(browser, issued.user_code)

    assert (page.status_code, page.headers["retry-after"]) == (429, "60")
    assert "Command line" not in page.text


async def test_a_form_of_another_session_or_step_decides_nothing(desk, browser, place):
    issued = await desk.issue()
    await browser.sign_in()
    asked = await find(browser, issued.user_code)
    typing = await browser.get(PAGE)
    place.people.table["bob"] = replace(ADA, name="bob")
    async with place.browser() as other:
        await other.sign_in("bob", "staple")
        stolen = await other.submit(asked, "/device/decide", decision="allow")
    swapped = await browser.submit(typing, "/device/decide", decision="allow")
    foreign = await browser.submit(
        asked, "/device/decide", headers={"Origin": "https://evil.example"}, decision="allow"
    )
    unknown = await browser.submit(asked, "/device/decide", decision="yes")

    assert [answer.status_code for answer in (stolen, swapped, foreign, unknown)] == [403, 403, 403, 400]
    assert await desk.status(issued) is Status.PENDING


@pytest.mark.parametrize(
    ("turn", "status"),
    [
        (lambda desk: setattr(desk.giver, "refuses", True), 403),
        (lambda desk: setattr(desk.giver, "gives", NotMade.NOTHING), 503),
        (lambda desk: setattr(desk.host.records, "broken_prefix", "device/"), 503),
    ],
)
async def test_what_cannot_be_decided_is_told(desk, browser, turn, status):
    issued = await desk.issue()
    await browser.sign_in()
    asked = await find(browser, issued.user_code)
    turn(desk)

    answer = await browser.submit(asked, "/device/decide", decision="allow")

    assert answer.status_code == status
    desk.host.records.broken_prefix = ""
    assert await desk.status(issued) is Status.PENDING


async def test_while_device_codes_are_off_there_is_no_page(desk, browser):
    desk.codes.apply(replace(SETTINGS, enabled=False))

    assert (await browser.get(PAGE)).status_code == 404
    assert (await browser.post(PAGE)).status_code == 404


async def test_whose_code_it_is_hears_where_people_are_both_times(desk, browser):
    issued = await desk.issue()
    await browser.sign_in()
    asked = await find(browser, issued.user_code)
    await browser.submit(asked, "/device/decide", decision="allow")
    assert desk.giver.offered_to == [("ada", ADDRESS)] * 2
