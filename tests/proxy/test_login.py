import asyncio
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.proxy.conftest import DOCS, MASTER, SIGN_IN, WIKI, mapping, query_of
from tests.tampering import altered

from yett.events import Scope, enter_scope, leave_scope
from yett.kernel import FrozenClock
from yett.keys import MasterKey, Sealer
from yett.net.pages import parse_fields
from yett.oidc.model import Asked
from yett.oidc.rules import read_request
from yett.proxy import ProxySettings, events
from yett.proxy.login import Arrival, Login, NotArrived
from yett.sessions import SessionType

TARGET = "/page?x=1&y=%20"
OAUTH_ERROR = "access_denied"


class Trip:
    """Somebody who was sent to sign in from the wiki, and what they bring back."""

    def __init__(self, place, sign_on, csrf, query):
        self.place = place
        self.sign_on = sign_on
        self.csrf = csrf
        self.query = query

    async def arrive(self, *, host=WIKI, csrf=None, earlier="", **changes):
        """Come back, with another query; None leaves a parameter out."""
        query = {name: value for name, value in {**self.query, **changes}.items() if value is not None}
        return await self.place.login.arrive(
            host, query, csrf=self.csrf if csrf is None else csrf, metadata={}, earlier=earlier
        )

    @property
    def app_sessions(self):
        return [each for each in self.place.sessions.live() if each.type is SessionType.AUTHENTICATED]


def depart(place, target=TARGET, *, csrf="", host=WIKI):
    made = place.login.depart(host, target, app="Wiki", home="/", csrf=csrf, now=place.clock.now())
    cookie = made.cookie.partition(";")[0].removeprefix("__Host-yett-login=")
    return query_of(made.location), cookie


async def code_for(place, asked, sign_on):
    """A code, as the provider's page makes one for this query and this sign-on."""
    found = read_request(tuple(asked.items()), place.provider.clients)
    assert isinstance(found, Asked), found
    return await place.provider.authorize(found, sign_on.token)


@pytest.fixture
async def begin(place):
    """Send somebody to sign in, let them do so, and give them the code they come back with."""

    async def make(target=TARGET, name="ada", asked=(), host=WIKI, sign_on=None):
        query, csrf = depart(place, target, host=host)
        sign_on = sign_on or await place.sessions.create(SessionType.SIGN_ON, name, audience=SIGN_IN)
        code = await code_for(place, {**query, **dict(asked)}, sign_on)
        back = {"code": code, "state": query["state"], "iss": place.provider.issuer}
        return Trip(place, sign_on, csrf, back)

    return make


@pytest.fixture
async def trip(begin):
    return await begin()


# Leaving.


async def test_the_way_out_is_a_proper_request_for_a_code(place):
    query, csrf = depart(place)

    asked = read_request(tuple(query.items()), place.provider.clients)

    assert isinstance(asked, Asked)
    assert asked.redirect_uri == f"https://{WIKI}/_yett/callback"
    assert TARGET not in str(query)
    assert csrf not in str(query)


async def test_what_travels_differs_each_time(place):
    one, two = depart(place)[0], depart(place)[0]
    assert all(one[name] != two[name] for name in ("state", "nonce", "code_challenge"))


async def test_tabs_of_one_browser_share_the_cookie_and_a_made_up_one_is_replaced(place):
    _, csrf = depart(place)
    assert depart(place, csrf=csrf)[1] == csrf
    assert depart(place, csrf="chosen by somebody else")[1] != "chosen by somebody else"


async def test_the_cookie_lasts_as_long_as_the_trip_may(place):
    made = place.login.depart(WIKI, "/", app="Wiki", home="/", csrf="", now=0)
    assert made.cookie.endswith("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600")


async def test_the_longest_target_on_the_longest_host_still_reaches_the_provider(make_place):
    host = ".".join(["a" * 62] * 4)[:253]
    place = await make_place(mapping=(mapping(host=host),), public_port=65535)
    made = place.login.depart(host, "/" + "%" * 2047, app="W" * 63, home="/", csrf="", now=place.clock.now())
    assert len(made.location) < 8000
    fields = parse_fields(made.location.partition("?")[2].encode())
    assert isinstance(read_request(fields, place.provider.clients), Asked)


async def test_whoever_left_from_too_long_an_address_comes_back_to_the_start(begin):
    trip = await begin("/" + "x" * 2048)
    arrival = await trip.arrive()
    assert arrival.return_to == f"https://{WIKI}/"


# Coming back.


async def test_whoever_comes_back_gets_a_session_for_this_host_that_hangs_on_their_sign_on(trip, heard):
    arrival = await trip.arrive()

    assert isinstance(arrival, Arrival)
    assert arrival.return_to == f"https://{WIKI}{TARGET}"
    session = arrival.issued.session
    assert (session.module_key, session.audience, session.type) == ("ada", WIKI, SessionType.AUTHENTICATED)
    assert session.parent == trip.sign_on.session.ref
    assert heard("proxy") == [(events.sign_in_completed, {"user": "ada", "app": "Wiki", "host": WIKI})]


async def test_what_follows_in_the_exchange_knows_who_came_back(trip):
    scope = Scope("r1")
    token = enter_scope(scope)
    try:
        arrival = await trip.arrive()
    finally:
        leave_scope(token)
    assert (scope.user, scope.session) == ("ada", arrival.issued.session.ref)


@given(
    start=st.sampled_from(["/", "//", "//evil.test", "/%5c%5cevil.test/", "/@evil.test/"]),
    tail=st.text(string.printable[:94], max_size=60),
)
def test_nobody_is_led_to_another_host(start, tail):
    """The target is whatever stood in the request line; in front of it stands our own origin."""
    clock = FrozenClock()
    login = Login(
        None, None, Sealer(MASTER, "x"), ProxySettings(), clock, issuer="https://i", public_port=443
    )
    made = login.depart(WIKI, start + tail, app="Wiki", home="/", csrf="", now=clock.now())
    csrf = made.cookie.partition(";")[0].partition("=")[2]

    trip = login._judge_state(WIKI, query_of(made.location), csrf)

    assert login._address(trip) == f"https://{WIKI}{start}{tail}"


def sealed_by(key, context, payload, clock):
    return Sealer(MasterKey(key), context).seal(payload, expires_at=clock.now() + 60)


@pytest.mark.parametrize(
    "state",
    [
        "",
        "junk",
        "é",
        lambda clock: sealed_by(b"o" * 32, "proxy/state", {"host": WIKI}, clock),
        lambda clock: sealed_by(b"m" * 32, "signin.form", {"host": WIKI}, clock),
        lambda clock: sealed_by(b"m" * 32, "proxy/state", {"host": WIKI, "csrf": ""}, clock),
    ],
    ids=["missing", "junk", "not ascii", "other key", "other purpose", "other contents"],
)
async def test_a_state_that_was_not_sealed_for_this_is_refused(trip, clock, heard, state):
    outcome = await trip.arrive(state=state(clock) if callable(state) else state, csrf="")

    assert (outcome.status, outcome.again) == (400, "")
    assert heard("proxy") == [(events.state_unreadable, {"host": WIKI})]
    assert trip.app_sessions == []


async def test_a_changed_state_is_refused(trip, heard):
    state = trip.query["state"]
    await trip.arrive(state=altered(state))
    assert heard("proxy") == [(events.state_unreadable, {"host": WIKI})]


async def test_whoever_takes_too_long_has_to_begin_again(trip, clock, heard):
    clock.advance(600)
    outcome = await trip.arrive()

    assert outcome.status == 400
    assert heard("proxy") == [(events.state_expired, {"host": WIKI})]
    assert trip.app_sessions == []


async def test_a_trip_begun_at_one_host_does_not_end_at_another(trip, heard):
    outcome = await trip.arrive(host=DOCS)

    assert outcome.status == 400
    assert heard("proxy") == [(events.host_mismatch, {"host": DOCS, "expected_host": WIKI})]
    assert trip.app_sessions == []


@pytest.mark.parametrize("csrf", ["", "x" * 43, "é"])
async def test_a_browser_that_was_not_sent_is_not_signed_in(trip, heard, csrf):
    outcome = await trip.arrive(csrf=csrf)

    assert (outcome.status, outcome.again) == (403, "")
    assert heard("proxy") == [(events.csrf_failed, {"host": WIKI})]
    assert trip.app_sessions == []


async def test_a_refused_browser_leaves_the_code_to_the_right_one(trip):
    await trip.arrive(csrf="x" * 43)
    assert isinstance(await trip.arrive(), Arrival)


@pytest.mark.parametrize("issuer", [None, "", "https://evil.test", f"https://{SIGN_IN}:444"])
async def test_an_answer_that_does_not_name_our_provider_is_refused(trip, heard, issuer):
    outcome = await trip.arrive(iss=issuer)

    assert outcome.status == 400
    assert heard("proxy") == [
        (events.provider_error, {"host": WIKI, "oauth_error": "issuer_mismatch"}),
    ]
    assert trip.app_sessions == []


@pytest.mark.parametrize(
    ("error", "status", "logged"),
    [
        (OAUTH_ERROR, 403, OAUTH_ERROR),
        ("temporarily_unavailable", 503, "temporarily_unavailable"),
        ("", 403, "invalid"),
        ("<script>\r\nforged line", 403, "invalid"),
        ("x" * 41, 403, "invalid"),
    ],
)
async def test_an_error_of_the_provider_is_recorded_by_its_code_only(trip, heard, error, status, logged):
    outcome = await trip.arrive(error=error)

    assert (outcome.status, outcome.again) == (status, f"https://{WIKI}{TARGET}")
    assert heard("proxy") == [(events.provider_error, {"host": WIKI, "oauth_error": logged})]
    assert trip.app_sessions == []


@pytest.mark.parametrize("code", [None, "", "x", "x" * 43, "é" * 3000])
async def test_a_code_nobody_made_gives_no_session(trip, heard, code):
    outcome = await trip.arrive(code=code)

    assert outcome.status == 400
    assert heard("proxy") == [(events.exchange_failed, {"host": WIKI, "reason": "code_unknown"})]
    assert trip.app_sessions == []


async def test_a_code_that_is_too_old_gives_no_session(trip, clock, heard):
    # The store forgets a code with its last second, so there is nothing left that could be called expired.
    clock.advance(60)
    await trip.arrive()
    ((said, fields),) = heard("proxy")
    assert said is events.exchange_failed
    assert fields["reason"] in {"code_unknown", "code_expired"}
    assert trip.app_sessions == []


async def test_a_code_used_twice_ends_the_session_it_gave(trip, heard):
    assert isinstance(await trip.arrive(), Arrival)
    heard.forget()

    outcome = await trip.arrive()

    assert isinstance(outcome, NotArrived)
    assert heard("proxy") == [(events.exchange_failed, {"host": WIKI, "reason": "code_reused"})]
    assert trip.app_sessions == []


async def test_of_fifty_arrivals_with_one_code_exactly_one_gets_a_session(trip, heard):
    made = []
    trip.place.sessions.created.connect(made.append)

    outcomes = await asyncio.gather(*(trip.arrive() for _ in range(50)))

    assert sum(isinstance(outcome, Arrival) for outcome in outcomes) == 1
    assert len(made) == 1
    said = [each for each, _ in heard("proxy")]
    assert said.count(events.sign_in_completed) == 1
    assert said.count(events.exchange_failed) == 49
    assert len(said) == 50


async def test_a_code_made_for_another_host_gives_no_session(begin, heard):
    here, there = await begin(), await begin(host=DOCS)
    heard.forget()

    await here.arrive(code=there.query["code"])

    assert heard("proxy") == [(events.exchange_failed, {"host": WIKI, "reason": "other_client"})]
    assert here.app_sessions == []


async def test_a_code_of_another_trip_to_the_same_host_gives_no_session(begin, heard):
    """An attacker's code in a victim's trip: the proof key differs."""
    mine, theirs = await begin(), await begin(name="bob")
    heard.forget()

    await mine.arrive(code=theirs.query["code"])

    assert heard("proxy") == [(events.exchange_failed, {"host": WIKI, "reason": "verifier_wrong"})]
    assert mine.app_sessions == []


async def test_a_code_asked_for_with_another_nonce_gives_no_session(begin, heard):
    trip = await begin(asked={"nonce": "chosen"})
    heard.forget()

    outcome = await trip.arrive()

    assert outcome.status == 400
    assert heard("proxy") == [(events.exchange_failed, {"host": WIKI, "reason": "nonce"})]
    assert trip.app_sessions == []


async def test_a_person_switched_off_on_the_way_is_not_let_in(place, trip, heard):
    place.people.set("ada", is_disabled=True)
    heard.forget()

    outcome = await trip.arrive()

    assert outcome.status == 403
    assert heard("proxy") == [(events.exchange_failed, {"host": WIKI, "reason": "person"})]
    assert trip.app_sessions == []


async def test_a_sign_on_that_ended_on_the_way_lets_nobody_in(place, trip, heard):
    await place.sessions.revoke(trip.sign_on.session.ref)
    heard.forget()

    await trip.arrive()

    assert heard("proxy") == [(events.exchange_failed, {"host": WIKI, "reason": "sign_on_ended"})]
    assert trip.app_sessions == []


async def test_a_host_that_is_served_no_more_lets_nobody_in(place, trip, heard):
    place.login.forget(WIKI)
    await trip.arrive()
    assert heard("proxy") == [(events.exchange_failed, {"host": WIKI, "reason": "unknown_client"})]
    assert trip.app_sessions == []


async def test_a_store_out_of_reach_is_our_fault_and_the_code_stays_good(place, trip, heard):
    place.records.fails = frozenset({"get", "replace"})
    outcome = await trip.arrive()
    assert outcome.status == 503
    assert heard("proxy") == [(events.exchange_failed, {"host": WIKI, "reason": "unavailable"})]

    place.records.fails = frozenset()
    assert isinstance(await trip.arrive(), Arrival)


async def test_a_session_that_cannot_be_kept_is_not_given_out(place, trip, heard):
    place.records.fails = frozenset({"create"})

    outcome = await trip.arrive()

    assert (outcome.status, outcome.again) == (503, f"https://{WIKI}{TARGET}")
    ((said, fields),) = heard("proxy")
    assert said is events.session_failed
    assert fields["host"] == WIKI
    assert trip.app_sessions == []


async def test_a_browser_that_is_somebody_else_now_loses_who_it_was(begin):
    first, second = await begin(name="bob"), await begin(name="ada")
    before = await first.arrive()

    after = await second.arrive(earlier=before.issued.token)

    assert second.app_sessions == [after.issued.session]


async def test_further_tabs_of_the_same_sign_on_go_on(begin):
    one = await begin()
    two = await begin(sign_on=one.sign_on)
    before = await one.arrive()

    after = await two.arrive(earlier=before.issued.token)

    assert {each.ref for each in two.app_sessions} == {before.issued.session.ref, after.issued.session.ref}


# A machine without randomness.


class Dry:
    """A random source that gives so many values and then fails."""

    def __init__(self, count):
        self.count = count

    def __call__(self):
        if not self.count:
            raise OSError("no entropy")
        self.count -= 1
        return "r" * 43


@pytest.mark.parametrize(
    ("count", "csrf", "said"),
    [
        (0, "", events.csrf_not_made),
        (1, "", events.verifier_not_made),
        (0, "c" * 43, events.verifier_not_made),
        (2, "", events.verifier_not_made),
    ],
)
async def test_nobody_is_sent_off_without_what_protects_the_trip(place, heard, count, csrf, said):
    place.login._new_secret = Dry(count)
    assert place.login.depart(WIKI, "/", app="Wiki", home="/", csrf=csrf, now=0) is None
    assert [each for each, _ in heard("proxy.oidc")] == [said]


class Unsealing:
    """A sealer on such a machine."""

    def seal(self, _payload, *, expires_at):
        raise OSError(f"no entropy until {expires_at}")


async def test_nobody_is_sent_off_with_a_state_that_was_not_sealed(place, browser, heard):
    place.login._sealer = Unsealing()
    assert (await browser.get(f"https://{WIKI}/")).status == 503
    assert [each for each, _ in heard("proxy.oidc")] == [events.state_not_sealed]
