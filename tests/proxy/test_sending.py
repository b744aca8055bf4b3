"""What a mapping says about methods, sizes, headers and answers, as requests meet it."""

from datetime import timedelta

import pytest
from tests.proxy.conftest import BOB, MASTER, WIKI, mapping, request_for, session_of

from yett.guard import events as guard_events
from yett.keys import MasterKey
from yett.net.http import Answer, Forward, Outcome, Refusal
from yett.proxy import ProxySettings, events
from yett.proxy.config import AnswerSettings, FieldSettings, HeaderSettings, PathKind, RedirectSettings
from yett.proxy.signing import HeaderSigner, NoKey


@pytest.fixture
def at(make_place):
    """A place with these mappings, and its answer to one request."""

    async def make(*mappings, **more):
        place = await make_place(mapping=mappings, **more)

        async def ask(target="/", method="GET", token="", **headers):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            cookie = {"Cookie": f"__Host-yett={token}"} if token else {}
            request = request_for(method, target, {"Host": WIKI, **cookie, **named})
            return await place.decide(request), request

        ask.place = place
        return ask

    return make


# Which mapping.


async def test_a_method_that_is_not_taken_is_405_with_those_that_are(at, heard):
    ask = await at(mapping(public=True, methods=("GET", "POST")))
    assert isinstance((await ask())[0], Forward)
    decision, _ = await ask(method="DELETE")
    assert decision.status == 405
    assert b"Allow: GET, HEAD, POST\r\n" in decision.headers
    assert (events.method_not_allowed, {"host": WIKI}) in heard("proxy.dispatcher")


async def test_mappings_of_one_path_have_rules_of_their_own(at):
    ask = await at(
        mapping("Read", public=True, methods=("GET",)), mapping("Write", groups=("wiki",), methods=("POST",))
    )
    assert isinstance((await ask())[0], Forward)
    assert (await ask(method="POST"))[0].status == 401
    ada = await session_of(ask.place, "ada")
    bob = await session_of(ask.place, "bob")
    for _ in range(2):  # remembered decisions must not be mixed up
        assert isinstance((await ask(method="POST", token=ada.token))[0], Forward)
        assert (await ask(method="POST", token=bob.token))[0].status == 403
        assert isinstance((await ask(token=bob.token))[0], Forward)


async def test_a_session_that_is_looked_up_finds_its_variant_as_well(at):
    ask = await at(mapping("Beta", header=(FieldSettings(name="X-Beta"),), groups=("wiki",)))
    assert (await ask(token="x" * 43))[0].status == 404
    assert (await ask(token="x" * 43, X_Beta="1"))[0].status == 401


async def test_a_path_made_to_be_slow_is_refused(at, heard):
    ask = await at(mapping(public=True), mapping("P", path="/*/x", match=PathKind.PATTERN))
    assert (await ask("/" + "a" * 5000))[0].status == 414
    assert (events.path_too_long, {"host": WIKI, "length": 5001}) in heard("proxy.dispatcher")


# How much.


async def test_a_body_larger_than_the_mapping_takes_is_refused_before_it_comes(at, heard):
    ask = await at(mapping(public=True, max_body=10))
    assert isinstance((await ask(method="POST", Content_Length="10"))[0], Forward)
    decision, _ = await ask(method="POST", Content_Length="11")
    assert decision.status == 413
    assert (events.body_too_large, {"app": "Wiki", "host": WIKI, "limit": 10, "size": 11}) in heard(
        "proxy.limit"
    )


@pytest.mark.parametrize(("common", "own", "limit"), [(100, 10, 10), (10, 100, 10), (100, 0, 100)])
async def test_of_two_limits_the_smaller_one_is_counted_and_said(at, heard, common, own, limit):
    ask = await at(mapping(public=True, max_body=own), max_body=common)
    decision, request = await ask(method="POST", Transfer_Encoding="chunked")
    assert decision.max_body == limit
    ask.place.finish(request, Outcome(413, limit + 1, 0, 0.1, refusal=Refusal.BODY_TOO_LARGE))
    assert bool(heard("proxy.limit")) is (limit == own)
    assert (guard_events.size_blocked in [said for said, _ in heard("listener")]) is (limit != own)


# Headers.


async def test_headers_are_edited_on_the_way_there_and_back(at):
    ask = await at(
        mapping(
            groups=("wiki",),
            request_headers=HeaderSettings(set=("X-Who: {user}", "X-Id: {request_id}"), remove=("X-Old",)),
            response_headers=HeaderSettings(set=("X-Frame-Options: DENY",), remove=("Server",)),
        )
    )
    ada = await session_of(ask.place, "ada")
    for _ in range(2):
        forward, _ = await ask(token=ada.token)
        assert forward.drop == {b"x-who", b"x-id", b"x-old"}
        assert b"X-Who: ada\r\n" in forward.add
        assert forward.add.endswith(b"X-Id: 0199-request\r\n")
        assert forward.add.count(b"X-Id") == 1
        assert forward.response_add == b"X-Frame-Options: DENY\r\n"
        assert forward.response_drop == {b"x-frame-options", b"server"}


async def test_what_is_told_about_one_person_is_not_told_about_another(at):
    ask = await at(mapping(request_headers=HeaderSettings(set=("X-Who: {user}/{groups}",))))
    ada, bob = await session_of(ask.place, "ada"), await session_of(ask.place, "bob")
    for _ in range(2):
        assert b"X-Who: ada/engineers,wiki" in (await ask(token=ada.token))[0].add
        assert b"X-Who" not in (await ask(token=bob.token))[0].add
    ask.place.people.set("bob", groups=("new",))
    assert BOB.groups == ()
    assert b"X-Who: bob/new" in (await ask(token=bob.token))[0].add


# Answers of our own.


async def test_a_redirect_is_for_those_who_may_come(at):
    ask = await at(mapping(service="", groups=("wiki",), redirect=RedirectSettings(to="https://new.example")))
    assert (await ask("/a?b"))[0].status == 401
    bob, ada = await session_of(ask.place, "bob"), await session_of(ask.place, "ada")
    assert (await ask("/a?b", token=bob.token))[0].status == 403
    decision, request = await ask("/a?b", token=ada.token)
    assert isinstance(decision, Answer)
    assert b"Location: https://new.example/a?b\r\n" in decision.headers
    assert (request.note.app, request.note.address) == ("Wiki", "redirect to https://new.example")


async def test_a_page_in_place_of_the_application_carries_the_mappings_header(at):
    ask = await at(
        mapping(
            service="",
            public=True,
            answer=AnswerSettings(),
            response_headers=HeaderSettings(set=("X-Why: maintenance {host}",)),
        )
    )
    decision, request = await ask()
    assert decision.status == 503
    assert decision.headers.endswith(b"X-Why: maintenance wiki.example.test\r\n")
    ask.place.finish(request, Outcome(503, 0, 10, 0.1))


# Sessions, as the listener says them.


async def test_the_life_of_a_session_is_told_step_by_step(make_place, heard):
    place = await make_place()
    browser = place.browser()
    session = await browser.sign_in()
    await browser.get(f"https://{WIKI}/x")
    await place.sessions.revoke(session.ref)
    await browser.get(f"https://{WIKI}/x")
    said = [each for each, _ in heard("listener.session")]
    assert said == [
        events.session_created,
        events.session_validated,
        events.session_validated,
        events.session_expired,
    ]


async def test_a_session_that_cannot_be_made_is_told(make_place, heard):
    place = await make_place()
    browser = place.browser()
    await browser.sign_on()
    way = (await browser.get(f"https://{WIKI}/x"))["location"]
    callback = (await browser.get(way))["location"]
    place.records.fails = frozenset({"create"})
    assert (await browser.get(callback)).status == 503
    assert [each for each, _ in heard("listener.session")] == [events.session_not_created]


# Keys.


class Broken:
    """A cluster key under a cryptographic library that cannot do what is asked."""

    def __init__(self):
        self.is_broken = True

    def derive(self, context, size=32):
        if self.is_broken:
            raise ValueError("no such algorithm here")
        return MASTER.derive(context, size)


async def test_without_a_key_nobody_is_let_through_unsigned(at, heard):
    ask = await at(mapping())
    broken = Broken()
    ask.place.proxy.signer._keys.epochs._master = broken
    ada = await session_of(ask.place, "ada")
    assert (await ask(token=ada.token))[0].status == 503
    ((said, fields),) = heard("proxy.signing")
    assert said is events.key_not_derived
    assert fields["is_initial"] is True
    broken.is_broken = False
    assert isinstance((await ask(token=ada.token))[0], Forward)


async def test_without_a_key_there_are_none_to_fetch(at, heard):
    ask = await at(mapping())
    ask.place.proxy.signer._keys.epochs._master = Broken()
    assert (await ask.place.browser().get(f"https://{WIKI}/_yett/keys.json")).status == 503
    assert events.key_not_derived in [said for said, _ in heard("proxy.signing")]


def test_a_rotation_without_a_key_is_told_from_a_start_without_one(heard):
    broken = Broken()
    broken.is_broken = False
    signer = HeaderSigner(broken, ProxySettings(), key_length=32)
    signer.headers(BOB, session="s", host=WIKI, now=1e9)
    broken.is_broken = True
    with pytest.raises(NoKey):
        signer.headers(BOB, session="s", host=WIKI, now=2e9)
    ((_, fields),) = heard("proxy.signing")
    assert fields["is_initial"] is False


def test_a_short_key_and_a_hasty_rotation_are_warned_of(heard):
    settings = ProxySettings(signing_rotation=timedelta(seconds=60), signature_lifetime=timedelta(seconds=60))
    HeaderSigner(MasterKey(b"k" * 16), settings, key_length=16)
    assert [said for said, _ in heard("proxy.signing")] == [events.rotation_too_short, events.key_too_short]
