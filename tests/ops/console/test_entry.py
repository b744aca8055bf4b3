from dataclasses import replace
from datetime import timedelta

from tests.ops.console.conftest import text_of
from tests.signin.house import BOB
from tests.signin.place import ADDRESS

from yett.identity.access import Assurance
from yett.ops.console import events
from yett.ops.console.model import Refused


async def test_whoever_is_not_signed_in_signs_in_and_comes_back(browser):
    answer = await browser.get("/console/logs?q=a%26b")
    assert answer.headers["location"] == "/signin?next=%2Fconsole%2Flogs%3Fq%3Da%2526b"


async def test_without_a_group_there_is_no_console(desk, reader, heard):
    await desk.use(groups=())
    for path in ("/console/logs", "/console/requests/x", "/console/export.csv", "/console/find?id=x"):
        assert (await reader.get(path)).status_code == 404
    assert (events.disabled, {}) in heard("console")
    await desk.use()
    assert heard("console")[-1] == (events.registered, {"groups": ("wiki",), "masked_groups": ()})


async def test_whoever_is_in_no_group_is_refused_and_that_is_on_record(desk, browser, heard):
    await desk.sign_in(browser, "bob")
    answer = await browser.get("/console/logs")
    assert answer.status_code == 403
    assert "This is not for you" in text_of(answer)
    assert heard("console.access") == [
        (events.denied, {"user": "bob", "reason": Refused.NO_GROUP, "client_address": ADDRESS})
    ]
    assert desk.house.scopes[-1].user == "bob"
    assert not heard("console.search")


async def test_whoever_comes_from_elsewhere_is_refused(desk, reader, heard):
    await desk.use(networks=("10.0.0.0/8",))
    assert (await reader.get("/console/logs")).status_code == 403
    assert heard("console.access")[0][1]["reason"] is Refused.NETWORK
    await desk.use(networks=(f"{ADDRESS}/32",))
    assert (await reader.get("/console/logs")).status_code == 200


async def test_an_old_sign_in_is_asked_for_anew(desk, reader, clock):
    await desk.use(signed_in_within=timedelta(minutes=10))
    clock.advance(601)
    answer = await reader.get("/console/logs", params={"q": "x"})
    assert answer.headers["location"] == "/signin?next=%2Fconsole%2Flogs%3Fq%3Dx&again=1"
    await desk.sign_in(reader)
    assert (await reader.get("/console/logs")).status_code == 200


async def test_more_proof_is_asked_for_where_it_is_wanted(desk, reader):
    await desk.use(assurance=Assurance.MFA)
    answer = await reader.get("/console/logs")
    assert answer.headers["location"] == "/signin/step-up?next=%2Fconsole%2Flogs&acr=mfa"


async def test_whoever_is_disabled_or_loses_the_group_reads_nothing_from_that_moment(desk, reader):
    ada = desk.house.people.table["ada"]
    desk.house.people.table["ada"] = replace(ada, groups=("engineers",))
    assert (await reader.get("/console/logs")).status_code == 403
    desk.house.people.table["ada"] = replace(ada, is_disabled=True)
    assert (await reader.get("/console/logs")).status_code == 303
    desk.house.people.table["ada"] = replace(BOB, name="ada", id="another")
    assert (await reader.get("/console/logs")).status_code == 303


async def test_a_link_of_another_site_reads_nothing_in_somebodys_name(desk, reader, heard):
    desk.write()
    for site in ("cross-site", "same-site"):
        for path in (
            "/console/requests/x",
            "/console/people/bob",
            "/console/export.csv",
            "/console/sessions/x",
        ):
            answer = await reader.get(path, headers={"Sec-Fetch-Site": site})
            assert answer.status_code == 403
            assert "another site" in answer.text
            assert f'href="{path}"' in answer.text
    assert not heard("console")
