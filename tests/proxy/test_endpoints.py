import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.proxy.conftest import ADDRESS, DOCS, ONLY, SIGN_IN, WIKI, mapping, query_of, request_for

from yett.net.http import Forward
from yett.oidc.model import Shown
from yett.oidc.rules import read_request
from yett.proxy import events, verify_headers
from yett.sessions import SessionType

SESSION = "__Host-yett"
CSRF = "__Host-yett-login"
SIGN_OUT = f"https://{WIKI}/_yett/signout"
OURS = {"Origin": f"https://{WIKI}", "Sec-Fetch-Site": "same-origin"}


def live(place):
    return [each for each in place.sessions.live() if each.type is SessionType.AUTHENTICATED]


# The whole trip.


async def test_a_person_is_sent_to_sign_in_and_comes_back_to_where_they_wanted_to_go(place, browser, heard):
    wanted = f"https://{WIKI}/wanted/page?x=1&y=%20"
    await browser.sign_on()

    way, reply = await browser.follow(wanted)

    assert reply.text == "from the application"
    assert [address.partition("?")[0] for address in way] == [
        f"https://{WIKI}/wanted/page",
        f"https://{SIGN_IN}/oidc/authorize",
        f"https://{WIKI}/_yett/callback",
        f"https://{WIKI}/wanted/page",
    ]
    assert way[-1] == wanted
    (session,) = live(place)
    assert session.metadata["client_address"] == ADDRESS
    assert [said for said, _ in heard("proxy.oidc")] == [events.redirecting, events.sign_in_completed]
    assert [fields["app"] for said, fields in heard("http.access") if said] == [
        "Wiki",
        "sign-in",
        "Wiki",
        "Wiki",
    ]


async def test_the_record_of_the_callback_says_who_came_back(browser, heard):
    await browser.sign_in()
    records = [each for each in heard.records if each.declaration.component == "http.access"]
    assert [each.user for each in records] == ["", "", "ada", "ada"]
    assert all(each.session for each in records[2:])


async def test_the_cookies_are_for_this_host_and_out_of_reach_of_scripts(browser):
    await browser.sign_on()
    departure = await browser.get(f"https://{WIKI}/")
    callback = (await browser.get(departure["location"]))["location"]
    arrival = await browser.get(callback)

    (cookie,) = departure.all("set-cookie")
    name, _, attributes = cookie.partition("; ")
    assert name.startswith(f"{CSRF}=")
    assert attributes == "Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600"
    (cookie,) = arrival.all("set-cookie")
    name, _, attributes = cookie.partition("; ")
    assert name.startswith(f"{SESSION}=")
    assert attributes == "Path=/; Secure; HttpOnly; SameSite=Lax"
    for reply in (departure, arrival):
        assert reply["cache-control"] == "no-store"
    assert arrival["referrer-policy"] == "no-referrer"


async def test_the_port_that_people_use_is_kept(make_place):
    place = await make_place(public_port=8443)
    browser = place.browser()
    await browser.sign_on()
    way, reply = await browser.follow(f"https://{WIKI}:8443/x")
    assert reply.text == "from the application"
    assert way[-1] == f"https://{WIKI}:8443/x"


@pytest.mark.parametrize(
    "target",
    ["//evil.test/x", "///evil.test", "//evil.test", "/%2f%2fevil.test", "/@evil.test"],
)
async def test_a_link_that_looks_like_another_host_comes_back_to_this_one(browser, target):
    await browser.sign_on()
    way, _ = await browser.follow(f"https://{WIKI}{target}")
    assert way[-1] == f"https://{WIKI}{target}"


PRINTABLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(tail=st.text(PRINTABLE, max_size=40))
async def test_whatever_stands_in_a_query_comes_back_unchanged_and_in_one_line(place, tail):
    browser = place.browser()
    reply = await browser.get(f"https://{WIKI}/p?{tail}")
    query = query_of(reply["location"])
    opened = place.sealer.open(query["state"], now=place.clock.now())
    assert opened.payload["target"] == f"/p?{tail}"
    assert sorted({name.lower() for name, _ in reply.headers}) == ["cache-control", "location", "set-cookie"]


async def test_two_tabs_that_were_sent_together_both_come_back(browser):
    one = await browser.get(f"https://{WIKI}/one")
    two = await browser.get(f"https://{WIKI}/two")
    await browser.sign_on()

    for tab, page in ((one, "one"), (two, "two")):
        way, reply = await browser.follow(tab["location"])
        assert reply.text == "from the application"
        assert way[-1] == f"https://{WIKI}/{page}"


async def test_a_host_of_which_only_a_path_is_mapped_lets_people_in_too(browser):
    await browser.sign_on()
    way, reply = await browser.follow(f"https://{ONLY}/only/x")
    assert reply.text == "from the application"
    assert way[-1] == f"https://{ONLY}/only/x"


async def test_a_session_is_good_for_one_host_only(browser):
    await browser.sign_in()
    browser.jar[DOCS] = dict(browser.jar[WIKI])
    assert (await browser.get(f"https://{DOCS}/")).status == 303


async def test_every_sign_in_gets_a_token_of_its_own(place, browser):
    """Whoever planted a token before finds that it is not the one that counts."""
    planted = "p" * 43
    browser.jar[WIKI] = {SESSION: planted}
    await browser.sign_in()
    assert browser.jar[WIKI][SESSION] != planted
    assert place.sessions.peek(planted, WIKI) is None


async def test_the_answer_to_a_victims_browser_of_a_trip_that_an_attacker_began_is_refused(place, heard):
    attacker, victim = place.browser(), place.browser()
    await attacker.sign_on("bob")
    callback = (await attacker.get((await attacker.get(f"https://{WIKI}/"))["location"]))["location"]
    await victim.get(f"https://{WIKI}/")

    reply = await victim.get(callback)

    assert reply.status == 403
    assert reply.all("set-cookie") == []
    assert [said for said, _ in heard("proxy.oidc.callback")] == [events.csrf_failed]
    assert live(place) == []


# The callback as an address.


@pytest.mark.parametrize("query", ["state=a&state=b", "state=%", "state=%ff", "&", "a" * 3])
async def test_a_damaged_callback_is_a_page(browser, query):
    reply = await browser.get(f"https://{WIKI}/_yett/callback?{query}")
    assert reply.status == 400
    assert "broken" in reply.text
    assert "frame-ancestors 'none'" in reply["content-security-policy"]


async def test_a_refused_callback_says_how_to_go_on(browser):
    reply = await browser.get(f"https://{ONLY}/_yett/callback")
    assert reply.status == 400
    assert "You could not be signed in" in reply.text
    assert 'href="/only"' in reply.text


async def test_a_look_at_the_head_does_not_use_up_the_code(browser):
    await browser.sign_on()
    callback = (await browser.get((await browser.get(f"https://{WIKI}/"))["location"]))["location"]
    assert (await browser.send("HEAD", callback)).status == 405
    assert (await browser.get(callback)).status == 303


@pytest.mark.parametrize("path", ["callback/", "nothing", "", "callback%2f", "callback;x"])
async def test_other_reserved_paths_are_nothing_and_lead_nowhere(browser, path):
    reply = await browser.get(f"https://{WIKI}/_yett/{path}?code=secret")
    assert reply.status == 404
    assert reply["location"] == ""
    assert browser.forwarded == []


@pytest.mark.usefixtures("full_disk")
async def test_a_callback_that_cannot_be_recorded_lets_nobody_in(place, browser, heard):
    place.refuses = False
    await browser.sign_on()
    callback = (await browser.get((await browser.get(f"https://{WIKI}/"))["location"]))["location"]
    place.refuses = True

    reply = await browser.get(callback)

    assert reply.status == 503
    assert reply.all("set-cookie") == []
    assert reply["location"] == ""
    assert "could not be recorded" in reply.text
    assert (events.refused_unrecorded, {}) in heard("http.unrecorded")


@pytest.mark.usefixtures("full_disk")
async def test_an_operator_may_prefer_people_to_records(place, browser):
    place.refuses = False
    assert await browser.sign_in() is not None


# Signing out.


async def test_signing_out_ends_every_session_of_the_sign_on(place, browser, heard):
    session = await browser.sign_in()
    await browser.follow(f"https://{DOCS}/")
    assert len(place.sessions.live()) == 3

    page = await browser.get(SIGN_OUT)
    assert "signed in as <strong>ada</strong>" in page.text
    assert len(place.sessions.live()) == 3

    heard.forget()
    reply = await browser.send("POST", SIGN_OUT, OURS)

    assert reply.status == 200
    assert "You are signed out" in reply.text
    assert reply["clear-site-data"] == '"cache"'
    assert browser.jar[WIKI] == {}
    assert place.sessions.live() == []
    assert heard("proxy.signout") == [(events.signed_out, {"user": "ada", "host": WIKI})]
    (record,) = [each for each in heard.records if each.declaration.component == "http.access"]
    assert (record.user, record.session) == ("ada", session.ref)


async def test_a_session_without_a_sign_on_ends_alone(place, browser):
    issued = await place.sessions.create(SessionType.AUTHENTICATED, "ada", audience=WIKI)
    browser.jar[WIKI] = {SESSION: issued.token}
    await browser.send("POST", SIGN_OUT, OURS)
    assert place.sessions.live() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": f"https://{DOCS}", "Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"},
        {"Origin": f"http://{WIKI}"},
        {"Origin": f"https://{WIKI}:8443"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": f"https://{WIKI}", "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {},
    ],
)
async def test_another_page_cannot_sign_anybody_out(place, browser, heard, headers):
    await browser.sign_in()
    before = len(place.sessions.live())

    reply = await browser.send("POST", SIGN_OUT, headers)

    assert reply.status == 403
    assert reply.all("set-cookie") == []
    assert len(place.sessions.live()) == before
    assert heard("proxy.signout") == []


@pytest.mark.parametrize("headers", [{"Origin": f"https://{WIKI}"}, {"Sec-Fetch-Site": "same-origin"}])
async def test_one_sign_of_the_same_origin_is_enough(place, browser, headers):
    await browser.sign_in()
    assert (await browser.send("POST", SIGN_OUT, headers)).status == 200
    assert place.sessions.live() == []


async def test_signing_out_without_a_session_just_says_so(browser, heard):
    assert "You are signed out" in (await browser.get(SIGN_OUT)).text
    assert (await browser.send("POST", SIGN_OUT, OURS)).status == 200
    assert heard("proxy.signout") == []
    page = await browser.get(f"https://{ONLY}/_yett/signout")
    assert 'href="/only"' in page.text


@pytest.mark.usefixtures("full_disk")
async def test_a_sign_out_that_cannot_be_recorded_is_not_acknowledged(place, browser):
    place.refuses = False
    await browser.sign_in()
    place.refuses = True
    reply = await browser.send("POST", SIGN_OUT, OURS)
    assert reply.status == 503


async def test_a_name_on_the_sign_out_page_is_text(place, browser):
    issued = await place.sessions.create(SessionType.AUTHENTICATED, "<b>ada", audience=WIKI)
    browser.jar[WIKI] = {SESSION: issued.token}
    assert "&lt;b&gt;ada" in (await browser.get(SIGN_OUT)).text


# Keys.


async def test_the_published_keys_verify_what_an_application_gets(place, browser, heard):
    await browser.sign_in()
    lines = browser.forwarded[-1].add.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines if line)}

    reply = await place.browser().send("GET", f"https://{WIKI}/_yett/keys.json")

    assert verify_headers(headers, json.loads(reply.text), host=WIKI, now=place.clock.now())
    assert headers["x-yett-user"] == "ada"
    assert reply["cache-control"] == "public, max-age=300"
    assert heard("proxy.signing_key") == [(events.keys_served, {"host": WIKI})]


# Hosts that are served by a wildcard.

ONE, TWO = "one.apps.example.test", "two.apps.example.test"
FAMILY = "*.apps.example.test"


@pytest.fixture
async def tenants(make_place):
    return await make_place(
        mapping=(
            mapping("Apps", FAMILY),
            mapping("Own", "own.apps.example.test", path="/own"),
            mapping(),
        )
    )


@pytest.fixture
def tenant(tenants):
    return tenants.browser()


async def test_signing_in_on_one_name_is_for_that_name(tenant):
    session = await tenant.sign_in(f"https://{ONE}/page")
    assert session.audience == ONE
    assert (await tenant.get(f"https://{TWO}/page")).status == 303
    # The sign-on carries over; the session does not.
    _, reply = await tenant.follow(f"https://{TWO}/page")
    assert reply.text == "from the application"
    assert tenant.jar[ONE]["__Host-yett"] != tenant.jar[TWO]["__Host-yett"]


async def test_a_session_of_one_name_is_nothing_at_another(tenants, tenant, heard):
    await tenant.sign_in(f"https://{ONE}/")
    token = tenant.jar[ONE]["__Host-yett"]
    request = request_for("GET", "/", {"Host": TWO, "Cookie": f"__Host-yett={token}"})
    assert (await tenants.decide(request)).status == 401
    (fields,) = [each for said, each in heard("listener.session") if said is events.session_invalid]
    assert (fields["host"], fields["audience"]) == (TWO, ONE)


async def test_identity_headers_are_signed_for_the_name_that_was_opened(tenants, tenant):
    await tenant.sign_in(f"https://{ONE}/")
    await tenant.get(f"https://{ONE}/x")
    forward = tenant.forwarded[-1]
    assert isinstance(forward, Forward)
    headers = dict(line.split(": ", 1) for line in forward.add.decode().split("\r\n") if line)
    headers = {name.lower(): value for name, value in headers.items()}
    keys = tenants.proxy.signer.public_keys(tenants.clock.now())
    assert verify_headers(headers, keys, host=ONE, now=tenants.clock.now())
    assert not verify_headers(headers, keys, host=TWO, now=tenants.clock.now())


async def test_the_provider_knows_every_name_and_keeps_none(tenants, tenant):
    for number in range(50):
        departure = await tenant.get(f"https://h{number}.apps.example.test/")
        query = query_of(departure["location"])
        assert query["redirect_uri"] == f"https://h{number}.apps.example.test/_yett/callback"
    assert not [name for name in dict(tenants.provider.clients) if "apps" in name and "own" not in name]


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "a.b.apps.example.test",
        "*.apps.example.test",
        "a_b.apps.example.test",
        "apps.example.test",
    ],
)
async def test_the_provider_knows_no_other_name(tenants, tenant, host):
    departure = await tenant.get(f"https://{ONE}/")
    query = {**query_of(departure["location"]), "client_id": f"app:{host}"}
    query["redirect_uri"] = f"https://{host}/_yett/callback"
    assert isinstance(read_request(tuple(query.items()), tenants.provider.clients), Shown)
    query["client_id"] = f"app:{ONE}"
    assert isinstance(read_request(tuple(query.items()), tenants.provider.clients), Shown)


async def test_a_wildcard_that_went_takes_its_names_along(tenants, tenant):
    await tenant.sign_on()
    departure = await tenant.get(f"https://{ONE}/")
    tenants.apply(mapping=(mapping(),))
    assert (await tenant.get(departure["location"])).status == 400
    assert (await tenant.get(f"https://{ONE}/")).status == 404


async def test_signing_out_and_the_way_home_work_on_every_name(tenant):
    await tenant.sign_in(f"https://{ONE}/")
    page = await tenant.get(f"https://{ONE}/_yett/signout")
    assert "ada" in page.text
    done = await tenant.send("POST", f"https://{ONE}/_yett/signout", {"Origin": f"https://{ONE}"})
    assert done.status == 200
    assert (await tenant.get(f"https://{ONE}/")).status == 303
    assert (await tenant.get("https://apps.example.test/_yett/signout")).status == 404


async def test_the_sign_in_host_is_no_application_even_where_a_wildcard_covers_it(make_place):
    place = await make_place(mapping=(mapping("All", "*.example.test"),))
    assert "app:any.example.test" in place.provider.clients
    assert f"app:{SIGN_IN}" not in place.provider.clients
