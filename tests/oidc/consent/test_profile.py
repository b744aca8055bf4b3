"""`/profile/applications`: what applications know of a person, and how they take it back."""

import html
import re
from dataclasses import dataclass, replace

import httpx2
import pytest
from starlette.applications import Starlette
from tests.oidc.conftest import HOST, ISSUER, SHOP
from tests.signin.conftest import ADA

from yett.keys import MasterKey, Sealer
from yett.net.pages import SIGN_ON_COOKIE
from yett.oidc.consent import ApplicationsPage, events
from yett.store import StoreUnavailable

PAGE = "/profile/applications"


@dataclass
class Family:
    client_id: str
    grant_ref: str


class Tokens:
    """Families from a table."""

    def __init__(self):
        self.table = {"ada": [Family("house", "g1"), Family("house", "g2"), Family("shop", "g3")]}
        self.is_broken = False
        self.broken_ref = ""

    def families(self, user):
        return list(self.table.get(user, ()))

    async def revoke_family(self, grant_ref, user):
        assert user == "ada"
        if self.is_broken or grant_ref == self.broken_ref:
            raise StoreUnavailable("the disk is full")
        for families in self.table.values():
            families[:] = [each for each in families if each.grant_ref != grant_ref]
        return 1


@pytest.fixture
async def account(place):
    page = ApplicationsPage(
        place.provider,
        place.consents,
        place.provider.clients,
        Sealer(MasterKey(bytes(32)), "applications"),
        place.clock,
        origin=ISSUER,
        is_enabled=lambda: place.origin.get("portal", True),
    )
    page.tokens = place.tokens = Tokens()
    transport = httpx2.ASGITransport(app=Starlette(routes=page.routes))
    async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as client:
        yield client


async def sign_on(place, account, name="ada"):
    issued = await place.sign_on(name)
    account.cookies.set(SIGN_ON_COOKIE, issued.token, domain=HOST)
    return issued


async def withdraw(account, page, client, **headers):
    sealed = html.unescape(re.search(r'name="form" value="([^"]+)"', page.text)[1])
    return await account.post(PAGE, data={"form": sealed, "client": client}, headers=headers)


async def test_a_person_sees_what_they_allowed_and_what_is_signed_in(place, account):
    await sign_on(place, account)
    await place.decide(await place.shop(), "allow")
    page = await account.get(PAGE)
    assert page.status_code == 200
    text = html.unescape(re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page.text)))
    assert "The Shop" in text
    assert "Know your mail address" in text
    assert "Signed in once at the moment" in text
    assert "Signed in 2 times at the moment" in text
    assert 'aria-label="Take back the access of The Shop"' in page.text


async def test_taking_back_forgets_the_consent_and_revokes_the_tokens(place, account, heard):
    issued = await sign_on(place, account)
    await place.decide(await place.shop(), "allow")
    done = await withdraw(account, await account.get(PAGE), "shop")
    assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}?done=1")
    assert [each.client_id for each in place.tokens.families("ada")] == ["house", "house"]
    assert heard("oidc.consent")[-1] == (
        events.withdrawn,
        {"user": "ada", "client": "shop", "session": issued.session.ref, "revoked": 1},
    )
    assert 'role="status"' in (await account.get(done.headers["location"])).text
    assert (await place.shop()).status_code == 200


async def test_nobody_takes_back_anothers(place, account):
    place.people.table["bob"] = replace(ADA, name="bob")
    await sign_on(place, account)
    page = await account.get(PAGE)
    await sign_on(place, account, "bob")
    assert (await withdraw(account, page, "shop")).status_code == 403
    own = await account.get(PAGE)
    assert "No application knows anything of you" in own.text
    assert len(place.tokens.families("ada")) == 3


async def test_what_is_not_there_cannot_be_taken_back(place, account, heard):
    await sign_on(place, account)
    page = await account.get(PAGE)
    heard.forget()
    assert (await withdraw(account, page, "evil")).headers["location"] == PAGE
    assert (await withdraw(account, page, "shop", Origin="https://evil.test")).status_code == 403
    assert heard("oidc.consent") == []


async def test_without_the_store_the_person_is_told(place, account, heard):
    await sign_on(place, account)
    page = await account.get(PAGE)
    place.tokens.is_broken = True
    assert (await withdraw(account, page, "house")).status_code == 503
    assert heard("oidc.consent")[-1][0] is events.not_withdrawn
    place.records.broken_prefix = "module"
    assert (await account.get(PAGE)).status_code == 503


async def test_what_can_be_taken_back_without_the_store_is(place, account, heard):
    await sign_on(place, account)
    page = await account.get(PAGE)
    # What was allowed cannot be read, and one sign-in is ended here only.
    place.records.broken_prefix = "module"
    place.tokens.broken_ref = "g1"

    assert (await withdraw(account, page, "house")).status_code == 503

    assert [each.grant_ref for each in place.tokens.families("ada")] == ["g1", "g3"]
    assert heard("oidc.consent")[-1][0] is events.not_withdrawn


async def test_the_page_is_for_people_who_are_signed_in_where_there_are_such_pages(place, account):
    assert (await account.get(PAGE)).headers["location"] == "/signin?next=%2Fprofile%2Fapplications"
    await sign_on(place, account)
    place.origin["portal"] = False
    assert (await account.get(PAGE)).status_code == 404
    assert (await account.post(PAGE)).status_code == 404


async def test_an_application_that_is_gone_keeps_the_name_it_had(place, account):
    await sign_on(place, account)
    await place.decide(await place.shop(), "allow")
    place.use(replace(SHOP, id="other"))
    place.tokens.table.clear()
    page = await account.get(PAGE)
    assert "The Shop" in page.text
    await withdraw(account, page, "shop")
    assert "The Shop" not in (await account.get(PAGE)).text
