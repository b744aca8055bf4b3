"""Forms of the provider's own pages."""

from urllib.parse import urlencode

import pytest
from starlette.requests import Request
from starlette.responses import Response

from yett.keys import MasterKey, Sealer
from yett.oidc import events
from yett.oidc.forms import Forms, Received
from yett.oidc.model import FormFault

ORIGIN = "https://login.example.test"


@pytest.fixture
def forms(clock):
    return Forms(Sealer(MasterKey(bytes(32)), "test"), clock, step="one", origin=ORIGIN)


def posted(fields, **headers):
    body = urlencode(fields).encode()

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    sent = {"content-type": "application/x-www-form-urlencoded", **headers}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/x",
        "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()],
    }
    return Request(scope, receive)


async def test_a_form_brings_back_what_was_written_into_it(forms):
    sealed = forms.seal("session", query="a=1")
    received = await forms.read(posted({"form": sealed, "decision": "allow"}, origin=ORIGIN), "session")
    assert isinstance(received, Received)
    assert (received.kept["query"], received.fields["decision"]) == ("a=1", "allow")


@pytest.mark.parametrize(
    ("headers", "bound_to", "fault"),
    [
        ({"origin": "https://evil.test"}, "session", FormFault.CROSS_SITE),
        ({"origin": "null"}, "session", FormFault.CROSS_SITE),
        ({"sec-fetch-site": "cross-site"}, "session", FormFault.CROSS_SITE),
        ({"sec-fetch-site": "same-site"}, "session", FormFault.CROSS_SITE),
        ({}, "other", FormFault.FOREIGN),
        ({}, "", FormFault.FOREIGN),
    ],
)
async def test_a_form_from_elsewhere_is_refused(forms, heard, headers, bound_to, fault):
    answer = await forms.read(posted({"form": forms.seal("session")}, **headers), bound_to, back="/again")
    assert isinstance(answer, Response)
    assert answer.status_code == 403
    assert heard("oidc.forms") == [(events.form_refused, {"reason": fault, "client_address": ""})]


async def test_a_form_of_another_step_or_none_is_refused(forms, clock):
    other = Forms(Sealer(MasterKey(bytes(32)), "test"), clock, step="two", origin=ORIGIN)
    for sealed in (other.seal("session"), "", "AAAA"):
        assert (await forms.read(posted({"form": sealed}), "session")).status_code == 403


async def test_an_old_form_is_told_so(forms, clock):
    sealed = forms.seal("session")
    clock.advance(1801)
    assert (await forms.read(posted({"form": sealed}), "session")).status_code == 422


async def test_what_is_no_form_is_refused(forms):
    assert (await forms.read(posted({"form": "x" * 40_000}), "session")).status_code == 413
    request = posted({}, **{"content-type": "text/plain"})
    assert (await forms.read(request, "session")).status_code == 415
