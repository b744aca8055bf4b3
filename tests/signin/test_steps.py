"""Forms of a method's own pages: good for one step, one browser and half an hour."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from tests.signin.place import ORIGIN

from yett.signin import events
from yett.signin.model import FormFault
from yett.signin.steps import Forms, Received


@pytest.fixture
def forms(place, clock):
    forms = Forms(place.sealer, clock, step="test", origin=ORIGIN)

    async def read(request):
        received = await forms.read(request, request.headers.get("x-bound", ""), back="/again")
        if isinstance(received, Received):
            return PlainTextResponse(f"{received.fields['typed']} {received.kept['kept']}")
        assert isinstance(received, Response)
        return received

    place.app = Starlette(routes=[Route("/form", read, methods=["POST"])])
    return forms


async def send(browser, form, **headers):
    return await browser.post(
        "/form", data={"form": form, "typed": "x"}, headers={"X-Bound": "me", **headers}
    )


async def test_a_form_of_ours_gives_what_was_typed_and_what_we_kept(forms, browser):
    answer = await send(browser, forms.seal("me", kept="y"))

    assert (answer.status_code, answer.text) == (200, "x y")


@pytest.mark.parametrize(
    ("bound_to", "headers", "fault"),
    [
        ("me", {"Origin": "https://evil.example"}, FormFault.CROSS_SITE),
        ("me", {"Sec-Fetch-Site": "same-site"}, FormFault.CROSS_SITE),
        ("me", {"X-Bound": ""}, FormFault.NO_COOKIE),
        ("other", {}, FormFault.FOREIGN),
    ],
)
async def test_a_form_from_elsewhere_is_refused(forms, browser, heard, bound_to, headers, fault):
    answer = await send(browser, forms.seal(bound_to, kept="y"), **headers)

    assert answer.status_code == 403
    assert "/again" in answer.text
    assert [fields["reason"] for emitter, fields in heard("signin.form")] == [fault]


async def test_a_form_of_another_step_is_refused(forms, browser, place, clock):  # noqa: ARG001 - the page
    other = Forms(place.sealer, clock, step="other", origin=ORIGIN)

    for form in (other.seal("me", kept="y"), other.seal("me", kept="y", step="test"), "x", ""):
        assert (await send(browser, form)).status_code == 403


async def test_what_we_keep_cannot_overrule_what_the_form_is_for(forms, browser):
    form = forms.seal("me", kept="y", use="signin")

    assert (await send(browser, form)).status_code == 200


async def test_a_form_that_was_open_for_too_long_is_refused(forms, browser, clock, heard):
    form = forms.seal("me", kept="y")
    clock.advance(1800)

    answer = await send(browser, form)

    assert (answer.status_code, "open for too long" in answer.text) == (422, True)
    assert heard("signin.form") == [(events.form_expired, {})]


async def test_what_is_no_form_is_refused(forms, browser):  # noqa: ARG001 - the page
    assert (await browser.post("/form", json={})).status_code == 415
    assert (await browser.post("/form", data={"form": "x" * 20_000})).status_code == 413
