"""Which requests take more proof, who is asked for it, and that nothing but the proof helps."""

import json
import re
from urllib.parse import urlencode, urlsplit

import pytest
from tests.proxy.conftest import NAVIGATION, SIGN_IN, WIKI, mapping, query_of

from yett.identity.access import Assurance, Demand
from yett.net.http import Answer, Forward
from yett.net.pages import SIGN_ON_COOKIE
from yett.oidc.rules import read_request
from yett.proxy import BadMapping, check_proxy, compile_routes, events
from yett.proxy.config import ProxySettings, ReauthSettings, StepUpSettings
from yett.proxy.step_up import demands_at
from yett.sessions import SessionType

SINGLE, MFA, RESISTANT = Assurance
VAULT = f"https://{WIKI}/vault"


def rule(path="", groups=(), assurance=MFA):
    return StepUpSettings(path=path, groups=groups, assurance=assurance)


# Rules.


@pytest.mark.parametrize(
    ("path", "demands"),
    [
        ("/", (Demand(MFA, frozenset({"ops"})),)),
        ("/vault", (Demand(MFA, frozenset({"ops"})), Demand(RESISTANT))),
        ("/vault/x", (Demand(MFA, frozenset({"ops"})), Demand(RESISTANT))),
        ("/vaults", (Demand(MFA, frozenset({"ops"})),)),
    ],
)
def test_what_is_demanded_below_a_path(path, demands):
    rules = (rule(groups=("ops",)), rule("/vault/", assurance=RESISTANT))
    assert demands_at(path, mapping(step_up=rules)) == demands
    of_all = demands_at(path, mapping(assurance=MFA, step_up=rules))
    assert of_all == (Demand(MFA), *demands)


def test_parts_of_a_mapping_demand_what_is_theirs_and_what_is_the_whole_mappings():
    table = compile_routes(
        (
            mapping(
                assurance=MFA,
                step_up=(rule("/vault", assurance=RESISTANT), rule("/vault/x", ("a",), RESISTANT)),
            ),
            mapping("Other", path="/vault/open"),
        ),
        "id.example",
    )
    demanded = {
        path: [demand.assurance for demand in table.find(WIKI, path).rule.demands]
        for path in ("/", "/vault", "/vault/y", "/vault/x/y", "/vault/open/x", "/vaults")
    }
    assert demanded == {
        "/": [MFA],
        "/vault": [MFA, RESISTANT],
        "/vault/y": [MFA, RESISTANT],
        "/vault/x/y": [MFA, RESISTANT, RESISTANT],
        "/vault/open/x": [],
        "/vaults": [MFA],
    }
    assert all(table.find(WIKI, path).is_plain for path in demanded)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"public": True, "assurance": MFA}, "public"),
        ({"public": True, "step_up": (rule(),)}, "public"),
        ({"step_up": (rule(assurance=SINGLE),)}, "no more than the whole mapping"),
        ({"assurance": RESISTANT, "step_up": (rule("/x", assurance=MFA),)}, "no more than the whole mapping"),
        ({"path": "/a", "step_up": (rule("/b"),)}, "step_up.path /b is not below /a"),
        ({"path": "/a", "reauth": (ReauthSettings(path="/b"),)}, "reauth.path /b is not below /a"),
    ],
)
def test_demands_that_cannot_be_are_told(changes, problem):
    with pytest.raises(BadMapping, match=re.escape(problem)):
        compile_routes((mapping(**changes),), "id.example")
    (mistake,) = check_proxy(ProxySettings(mapping=(mapping(**changes),)), "id.example")
    assert problem in str(mistake)


# People.


@pytest.fixture
async def place(make_place):
    made = mapping(
        groups=("wiki",),
        step_up=(rule("/vault"), rule("/keys", assurance=RESISTANT), rule("/safe"), rule(groups=("ops",))),
        reauth=(ReauthSettings(path="/safe"),),
    )
    return await make_place(mapping=(made,))


async def sign_on(place, browser, assurance, name="ada"):
    """Sign on as the flow does, or prove more."""
    issued = await place.sessions.create(
        SessionType.SIGN_ON,
        name,
        audience=SIGN_IN,
        metadata={"assurance": assurance, "amr": "pwd otp mfa" if assurance != "single" else "pwd"},
    )
    browser.jar.setdefault(SIGN_IN, {})[SIGN_ON_COOKIE] = issued.token
    return issued


async def app_session(place, assurance, name="ada", **more):
    return await place.sessions.create(
        SessionType.AUTHENTICATED, name, audience=WIKI, metadata={"assurance": assurance, **more}
    )


async def test_too_little_proof_is_sent_to_prove_more_and_enough_goes_through(place, browser, heard):
    await sign_on(place, browser, "single")
    _, reply = await browser.follow(f"https://{WIKI}/page")
    assert reply.text == "from the application"
    heard.forget()

    reply = await browser.get(f"{VAULT}/x?y=1")

    assert reply.status == 303
    asked = query_of(reply["location"])
    assert (asked["acr_values"], "max_age" in asked) == ("mfa", False)
    assert heard("proxy.stepup") == [
        (
            events.step_up_required,
            {"user": "ada", "app": "Wiki", "host": WIKI, "path": "/vault/x", "needed": MFA, "held": SINGLE},
        )
    ]
    # The provider wants more proof, and whoever has given it comes back to where they wanted to go.
    assert (await browser.get(reply["location"]))["location"].startswith("/signin/step-up?acr=mfa&")
    await sign_on(place, browser, "mfa")
    way, last = await browser.follow(reply["location"])
    assert (way[-1], last.text) == (f"{VAULT}/x?y=1", "from the application")
    (session,) = [
        each
        for each in place.sessions.live("ada")
        if each.type is SessionType.AUTHENTICATED and each.metadata["assurance"] == "mfa"
    ]
    assert session.metadata["amr"] == "pwd otp mfa"


async def test_whoever_comes_back_with_too_little_is_told_and_gets_no_session(place, browser, heard):
    await sign_on(place, browser, "single")
    departure = (await browser.get(f"{VAULT}/x"))["location"]
    query = query_of(departure)
    # Who it is nobody knows yet, but what everybody has to prove there.
    assert query.pop("acr_values") == "mfa"
    before = len(place.sessions.live())

    _, reply = await browser.follow(f"https://{SIGN_IN}/oidc/authorize?{urlencode(query)}")

    assert reply.status == 403
    assert "takes more proof" in reply.text
    assert len(place.sessions.live()) == before
    assert heard("proxy.stepup")[-1] == (
        events.proved_too_little,
        {"user": "ada", "app": "Wiki", "host": WIKI, "needed": MFA, "held": SINGLE},
    )


async def test_an_old_and_weak_sign_in_is_asked_for_both_at_once(place, ask):
    session = await app_session(place, "single", auth_time="1")
    decision, _ = await ask("/safe/x", token=session.token, headers=NAVIGATION)
    location = re.search(rb"Location: (\S+)", decision.headers)[1].decode()
    assert (query_of(location)["max_age"], query_of(location)["acr_values"]) == ("900", "mfa")
    decision, _ = await ask("/safe/x", token=session.token, headers={"Accept": "application/json"})
    assert json.loads(decision.body) == {
        "error": "insufficient_user_authentication",
        "max_age": 900,
        "acr_values": "mfa",
    }


async def test_a_strong_sign_in_that_is_old_has_to_be_as_strong_when_it_is_fresh(place, ask):
    session = await app_session(place, "mfa", auth_time="1")
    decision, _ = await ask("/safe/x", token=session.token, headers=NAVIGATION)
    location = re.search(rb"Location: (\S+)", decision.headers)[1].decode()
    assert (query_of(location)["max_age"], query_of(location)["acr_values"]) == ("900", "mfa")


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "application/json"},
        {"Accept": "text/html", "X-Requested-With": "XMLHttpRequest"},
        {"Sec-Fetch-Mode": "cors", "Accept": "text/html"},
        {"Upgrade": "websocket", "Connection": "Upgrade", "Accept": "text/html"},
    ],
)
async def test_a_script_is_told_what_is_missing(place, ask, headers):
    session = await app_session(place, "single")
    decision, _ = await ask("/vault", token=session.token, headers=headers)
    assert isinstance(decision, Answer)
    assert (decision.status, decision.body) == (
        401,
        b'{"error":"insufficient_user_authentication","acr_values":"mfa"}\n',
    )
    assert b'error="insufficient_user_authentication", acr_values="mfa"\r\n' in decision.headers


async def test_a_form_is_not_lost_to_a_redirect(place, browser):
    await sign_on(place, browser, "single")
    await browser.follow(f"https://{WIKI}/page")
    reply = await browser.send("POST", VAULT, NAVIGATION)
    assert reply.status == 401
    assert "Prove it now" in reply.text
    link = re.search(r'href="(https://[^"]*acr_values=mfa[^"]*)"', reply.text)[1].replace("&amp;", "&")
    assert read_request(tuple(query_of(link).items()), place.provider.clients).assurance is MFA


async def test_a_group_is_asked_and_others_are_not(place, ask):
    session = await app_session(place, "single")
    assert isinstance((await ask("/page", token=session.token))[0], Forward)
    # Whoever comes into the group is asked from the next request on, whatever was decided before.
    place.people.set("ada", groups=("wiki", "ops"))
    decision, _ = await ask("/page", token=session.token, headers=NAVIGATION)
    assert (decision.status, b"acr_values=mfa" in decision.headers) == (303, True)
    strong = await app_session(place, "mfa")
    assert isinstance((await ask("/page", token=strong.token))[0], Forward)
    place.people.set("ada", groups=("wiki",))
    assert isinstance((await ask("/page", token=session.token))[0], Forward)


async def test_enough_for_one_part_is_not_enough_for_another(place, ask):
    session = await app_session(place, "mfa")
    assert isinstance((await ask("/vault", token=session.token))[0], Forward)
    assert (await ask("/keys", token=session.token, headers=NAVIGATION))[0].status == 303
    assert isinstance((await ask("/vault", token=session.token))[0], Forward)


@pytest.mark.parametrize("kept", ["", "MFA", "mfa phishing_resistant", "everything"])
async def test_a_session_that_does_not_say_what_it_knows_knows_little(place, ask, kept):
    session = await app_session(place, kept)
    assert (await ask("/vault", token=session.token))[0].status == 401


@pytest.mark.parametrize(
    "path", ["/vault", "/vault/", "/vault/x", "/%76ault", "/vault%2Fx", "//vault", "/x/../vault", "/vault;x"]
)
async def test_no_other_reading_of_a_path_gets_round_its_rule(place, ask, path):
    session = await app_session(place, "single")
    decision, _ = await ask(path, token=session.token)
    assert isinstance(decision, Answer), path
    assert decision.status in {400, 401}, path


async def test_access_comes_before_proof(place, ask, heard):
    bob = await app_session(place, "single", "bob")
    assert (await ask("/vault", token=bob.token, headers=NAVIGATION))[0].status == 403
    assert not heard("proxy.stepup")


@pytest.mark.usefixtures("full_disk")
async def test_an_audit_record_that_cannot_be_written_stops_the_trip(place, ask):
    session = await app_session(place, "single")
    decision, _ = await ask("/vault", token=session.token, headers=NAVIGATION)
    assert decision.status == 503


async def test_a_decision_is_made_once_and_remembered(place, ask, monkeypatch):
    session = await app_session(place, "mfa")
    await ask("/vault", token=session.token)

    def judge(*_):
        raise AssertionError("decided already")

    monkeypatch.setattr("yett.proxy.gate.judge", judge)
    assert isinstance((await ask("/vault", token=session.token))[0], Forward)


async def test_settings_that_ask_for_more_count_from_the_next_request_on(place, ask):
    session = await app_session(place, "single")
    assert isinstance((await ask("/page", token=session.token))[0], Forward)
    assert place.apply(mapping=(mapping(groups=("wiki",), assurance=MFA),))
    assert (await ask("/page", token=session.token))[0].status == 401


async def test_where_the_way_leads_is_our_own_sign_in_host(place, ask):
    session = await app_session(place, "single")
    decision, _ = await ask("/vault", token=session.token, headers=NAVIGATION)
    location = re.search(rb"Location: (\S+)", decision.headers)[1].decode()
    assert urlsplit(location).hostname == SIGN_IN
