"""The rehearsal against the gate: for a table of people, places and states, what is foretold is what happens."""

import inspect
import itertools
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.proxy.conftest import (
    ADDRESS,
    DOCS,
    NAVIGATION,
    ONLY,
    PAGE,
    SIGN_IN,
    WIKI,
    mapping,
    pool,
    request_for,
)
from tests.signin.conftest import ADA

from yett.config import Snapshot
from yett.events import pipeline
from yett.guard import CORSSettings, Guards
from yett.guard.geo import GeoSettings
from yett.guard.pow import PowSettings
from yett.guard.rate import RateSettings
from yett.guard.size import SizeSettings
from yett.guard.time import TimeSettings
from yett.identity import Directory
from yett.identity.access import ASSURANCE, Assurance
from yett.kernel import Supervisor
from yett.keys import MasterKey
from yett.net.http import Answer, Forward, Limits, Serve
from yett.oidc.personal import PersonalAccess, PersonalToken
from yett.proxy import answers
from yett.proxy.balancing.config import LimitSettings
from yett.proxy.config import (
    AnswerSettings,
    AssetsSettings,
    ReauthSettings,
    RedirectSettings,
    StepUpSettings,
)
from yett.proxy.reauth import AUTH_TIME
from yett.proxy.rehearsal import Asked, Rehearsal, Turn
from yett.sessions import SessionType
from yett.signin import Foresight, Method, MFASettings
from yett.signin.machine import Standing
from yett.signin.model import Factor
from yett.store import MemoryRecords

SCRIPT = {"Accept": "application/json"}
MAPPINGS = (
    mapping(groups=("wiki",)),
    mapping("Admin", path="/admin", groups=("ops",)),
    mapping("Open", path="/open", public=True),
    mapping("Strong", path="/strong", groups=("wiki",), assurance=Assurance.MFA),
    mapping("Fresh", path="/fresh", reauth=(ReauthSettings(path="/fresh", max_age=timedelta(minutes=5)),)),
    mapping("Small", path="/small", max_body=10),
    mapping("Reads", path="/reads", methods=("GET",)),
    mapping(
        "Ops",
        path="/ops",
        step_up=(StepUpSettings(path="/ops/root", assurance=Assurance.PHISHING_RESISTANT),),
    ),
    mapping("Docs", DOCS),
    mapping("Only", ONLY, path="/only"),
)
URLS = [
    f"https://{WIKI}/", f"https://{WIKI}/admin/x", f"https://{WIKI}/open", f"https://{WIKI}/strong",
    f"https://{WIKI}/fresh", f"https://{WIKI}/reads", f"https://{WIKI}/small", f"https://{WIKI}/ops/root", f"https://{WIKI}/ops",
    f"https://{WIKI}/a/../admin", f"https://{WIKI}/%61dmin", f"https://{WIKI}/_yett/signout",
    f"https://{DOCS}/", f"https://{ONLY}/else", f"https://{ONLY}/only", "https://nowhere.example/", f"https://{SIGN_IN}/",
]  # fmt: skip


class Standings:
    def __init__(self, *enrolled):
        self.enrolled = frozenset(enrolled)

    async def standing(self, _person):
        return Standing(self.enrolled)


async def yes(_person):
    return True


@pytest.fixture
async def make(make_place, clock):
    tasks = Supervisor()
    started = []

    async def making(*, factors=(), rate=None, tokens=lambda *_: None, **changes):
        place = await make_place(**{"mapping": MAPPINGS, "tokens": tokens, **changes})
        size, rate = SizeSettings(max_body=1 << 20), rate or RateSettings(enabled=False)
        sections = (rate, size, GeoSettings(), TimeSettings(), CORSSettings(), PowSettings())
        snapshot = Snapshot({type(section): section for section in sections})
        guards = Guards(
            MemoryRecords(clock), snapshot, clock, tasks, identify=lambda _: None, master=MasterKey(b"k" * 32)
        )
        await guards.start()
        started.append(guards)
        place.rehearsal = Rehearsal(
            lambda: place.gate.table,
            guards=guards.rehearsal,
            directory=Directory([place.people], tasks),
            sessions=place.sessions,
            balancer=place.balancer,
            foresight=Foresight(Standings(*factors), MFASettings(), {Method.PASSWORD: yes}),
            clock=clock,
            sign_in_host=SIGN_IN,
            limits=Limits(),
            tokens=tokens,
        )
        return place

    yield making
    for guards in started:
        await guards.stop()
    await tasks.stop()


async def session(place, user, host, **metadata):
    """A session at an application, as if somebody had signed in."""
    kept = {AUTH_TIME: str(place.clock.now()), ASSURANCE: "single", "amr": "pwd", **metadata}
    return await place.sessions.create(SessionType.AUTHENTICATED, user, audience=host, metadata=kept)


async def really(place, url, *, method="GET", token="", headers=None, length=0):
    """The status that such a request gets from the gateway itself; 0 when it goes through."""
    host = url.split("/")[2]
    target = url.partition(host)[2]
    fields = {"Host": host, **(NAVIGATION if headers is None else headers)}
    fields |= {"Cookie": f"__Host-yett={token}"} if token else {}
    fields |= {"Content-Length": str(length)} if length else {}
    decision = await place.decide(request_for(method, target, fields))
    assert isinstance(decision, (Answer, Forward, Serve))
    return decision.status if isinstance(decision, Answer) else 0


async def foretold(place, url, *, user="", method="GET", headers=None, length=0):
    lines = () if headers is None else tuple(f"{name}: {value}" for name, value in headers.items())
    asked = Asked(url=url, method=method, user=user, client_address=ADDRESS, headers=lines, body_size=length)
    return await place.rehearsal.rehearse(asked)


@pytest.mark.parametrize("state", ["nobody", "fresh", "mfa", "old", "disabled", "gone"])
async def test_what_is_foretold_is_what_happens(make, clock, state):
    place = await make(factors=(Factor.TOTP,))
    users = {"nobody": ("",)}.get(state, ("ada", "bob"))
    for user, url, (method, length), headers in itertools.product(
        users, URLS, (("GET", 0), ("POST", 11), ("PUT", 2 << 20)), (None, SCRIPT)
    ):
        host = url.split("/")[2]
        token = ""
        if user and host in {WIKI, DOCS, ONLY}:
            more = {"mfa": {ASSURANCE: "mfa"}, "old": {AUTH_TIME: str(clock.now() - 3600)}}.get(state, {})
            token = (await session(place, user, host, **more)).token
        if state == "disabled" and user:
            place.people.set(user, is_disabled=True)
        if state == "gone" and user and place.people.person(user):
            place.people.set(user)
        found = await foretold(place, url, user=user, method=method, headers=headers, length=length)
        happens = await really(place, url, method=method, token=token, headers=headers, length=length)
        assert found.status == happens, (user, url, method, headers, found.steps)
        assert (found.turn is Turn.PASSES) is (happens == 0), (user, url, method, found.steps)
        await place.sessions.revoke_all(user or "nobody")


ANSWERS = {
    "ambiguous": "route",
    "nothing_here": "route",
    "wrong_method": "route",
    "departure": "session, proof or freshness",
    "signed_out": "session",
    "sign_in_required": "session",
    "forbidden": "access",
    "prove_more": "proof",
    "better_sign_in_required": "proof or freshness",
    "sign_in_again": "freshness",
    "refused": "request, route or body",
    "too_many": "upstream",
    "no_backend": "upstream",
    # What only trying can tell, and what would be a fault of the gateway.
    "not_answering": None,
    "out_of_order": None,
    "unrecorded": None,
    "token_refused": "token",
}
"""Every answer that the gate can give, and the steps of a rehearsal that foretell it."""
ANSWERING = {
    "answers.py",
    # The gateway's own answers, which a rehearsal asks for.
    "own.py",
    "assets/serving.py",
    # For a request that is over, and nobody waits any more.
    "gate.py",
    "plan.py",
    # What only trying can tell: keys and bodies.
    "bearer/step.py",
    "request_signing/step.py",
    # What other proxies ask of the sign-in host: a rehearsal is for requests that come here themselves.
    "forward_auth/service.py",
    "forward_auth/told.py",
}
"""Files that make answers."""


def test_whoever_gives_the_gate_another_answer_thinks_of_the_rehearsal():
    made = {
        name
        for name, function in inspect.getmembers(answers, inspect.isfunction)
        if function.__module__ == answers.__name__ and inspect.signature(function).return_annotation is Answer
    }
    assert {name for name in made if not name.startswith("_")} == set(ANSWERS)
    room = Path(answers.__file__).parent
    making = {
        str(file.relative_to(room))
        for file in room.rglob("*.py")
        if re.search(r"\bAnswer\(", file.read_text(encoding="utf-8"))
    }
    assert making == ANSWERING


async def test_nothing_is_left_of_a_rehearsal(make, heard):
    place = await make(rate=RateSettings(requests=1, burst=1))
    await session(place, "ada", WIKI)
    before = (place.gate.remembered, place.gate.table.remembered, place.sessions.count)
    heard.forget()
    dropped = pipeline.processed
    for url in URLS:
        for user in ("", "ada", "bob", "eve"):
            found = await foretold(place, url, user=user)
            assert found == await foretold(place, url, user=user)
    assert heard() == []
    assert pipeline.processed == dropped
    assert (place.gate.remembered, place.sessions.count) == (before[0], before[2])


async def test_somebody_without_a_session_is_told_what_would_be_asked(make):
    place = await make(factors=(Factor.TOTP,))
    found = await foretold(place, f"https://{WIKI}/", user="ada")
    assert (found.turn, found.status, found.rule, found.app) == (Turn.ASKED, 303, "Wiki", "Wiki")
    assert found.decided_by.name == "session"
    assert "would be asked to sign in: password, then totp" in found.decided_by.sentence


async def test_what_somebody_could_not_reach_after_signing_in_is_refused_now(make):
    place = await make()
    found = await foretold(place, f"https://{WIKI}/", user="bob")
    assert found.turn is Turn.REFUSED
    assert found.decided_by.reason == "no_group"
    assert "needed: wiki; held: none" in found.decided_by.sentence
    assert found.status == 303


async def test_somebody_who_is_unknown_or_disabled_could_not_sign_in(make):
    place = await make()
    found = await foretold(place, f"https://{DOCS}/", user="eve")
    assert (found.turn, found.decided_by.reason) == (Turn.REFUSED, "unknown_person")
    place.people.set("ada", is_disabled=True)
    found = await foretold(place, f"https://{DOCS}/", user="ada")
    assert (found.turn, found.decided_by.reason) == (Turn.REFUSED, "disabled")


async def test_a_sign_on_brings_somebody_in_without_a_question(make, clock):
    place = await make()
    await place.sessions.create(
        SessionType.SIGN_ON, "ada", audience=SIGN_IN, metadata={"method": "password", "amr": "pwd"}
    )
    found = await foretold(place, f"https://{WIKI}/", user="ada")
    assert (found.turn, found.status) == (Turn.PASSES, 303)
    assert (await foretold(place, f"https://{WIKI}/", user="ada", headers=SCRIPT)).turn is Turn.ASKED
    clock.advance(301)
    fresh = await foretold(place, f"https://{WIKI}/fresh", user="ada")
    assert (fresh.turn, fresh.decided_by.reason) == (Turn.ASKED, "reauth")


@pytest.mark.parametrize(
    ("factors", "turn"), [((), Turn.REFUSED), ((Factor.TOTP,), Turn.REFUSED), ((Factor.PASSKEY,), Turn.ASKED)]
)
async def test_proof_that_nobody_can_give_is_a_refusal(make, factors, turn):
    place = await make(factors=factors)
    await place.sessions.create(
        SessionType.SIGN_ON, "ada", audience=SIGN_IN, metadata={"method": "password", "amr": "pwd"}
    )
    found = await foretold(place, f"https://{WIKI}/ops/root", user="ada")
    assert (found.turn, found.decided_by.name) == (turn, "proof")


async def test_pools_are_looked_at_and_not_used(make):
    web = mapping("Web", service="", pool="web", public=True)
    place = await make(mapping=(web,), pool=(pool("web", 81, 82),))
    url = f"https://{WIKI}/"
    for _ in range(5):
        assert (await foretold(place, url)).turn is Turn.PASSES
    members = place.balancer.pools["web"].members
    assert all(member.selects == 0 for member in members.values())
    for member in members.values():
        member.health = replace(member.health, is_draining=True)
    place.balancer.pools["web"].changed()
    found = await foretold(place, url)
    assert (found.turn, found.status, found.decided_by.reason) == (Turn.REFUSED, 503, "no_healthy_backends")
    assert await really(place, url) == 503


async def test_what_a_pool_may_take_is_not_taken_by_asking(make):
    web = mapping("Web", service="", pool="web", public=True)
    place = await make(mapping=(web,), pool=(pool("web", 81, limit=LimitSettings(rate=1, burst=1)),))
    url = f"https://{WIKI}/"
    for _ in range(3):
        assert (await foretold(place, url)).status == 0
    assert await really(place, url) == 0
    assert (await foretold(place, url)).status == await really(place, url) == 429


@pytest.mark.parametrize("user", ["", "ada", "eve"])
async def test_a_public_place_asks_nobody_who_they_are(make, user):
    """Somebody without a session at the host comes as nobody, whatever the directory says about their name."""
    place = await make()
    place.people.set("ada", is_disabled=True)
    found = await foretold(place, f"https://{WIKI}/open", user=user)
    assert (found.turn, found.status) == (Turn.PASSES, await really(place, f"https://{WIKI}/open"))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("own", "turn"),
    [
        ({"answer": AnswerSettings(status=503)}, Turn.REFUSED),
        ({"answer": AnswerSettings(status=200)}, Turn.PASSES),
        ({"redirect": RedirectSettings(to="https://new.example/")}, Turn.PASSES),
        ({"assets": AssetsSettings(directory=Path("/"))}, None),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
async def test_what_a_mapping_answers_by_itself_is_foretold(make, own, turn, method):
    place = await make(mapping=(mapping("Own", service="", public=True, **own),))
    found = await foretold(place, f"https://{WIKI}/", method=method)
    assert found.status == await really(place, f"https://{WIKI}/", method=method)
    assert found.turn is (turn or (Turn.PASSES if method == "GET" else Turn.REFUSED))


async def test_more_proof_than_a_session_shows_is_looked_for_where_they_sign_in(make):
    place = await make(factors=(Factor.PASSKEY,))
    token = (await session(place, "ada", WIKI)).token
    url = f"https://{WIKI}/ops/root"
    found = await foretold(place, url, user="ada")
    assert (found.turn, found.decided_by.name) == (Turn.ASKED, "proof")
    assert found.status == await really(place, url, token=token) == 303
    known = {"method": "passkey", "amr": "hwk", ASSURANCE: "phishing_resistant"}
    await place.sessions.create(SessionType.SIGN_ON, "ada", audience=SIGN_IN, metadata=known)
    found = await foretold(place, url, user="ada")
    assert (found.turn, found.status) == (Turn.PASSES, 303)
    assert (await foretold(place, url, user="ada", headers=SCRIPT)).turn is Turn.ASKED


async def test_a_sign_on_that_is_newer_than_the_session_is_recent_enough(make, clock):
    place = await make()
    token = (await session(place, "ada", WIKI)).token
    clock.advance(301)
    url = f"https://{WIKI}/fresh"
    assert (await foretold(place, url, user="ada")).turn is Turn.ASKED
    await place.sessions.create(
        SessionType.SIGN_ON, "ada", audience=SIGN_IN, metadata={"method": "password", "amr": "pwd"}
    )
    found = await foretold(place, url, user="ada")
    assert (found.turn, found.status) == (Turn.PASSES, 303)
    assert await really(place, url, token=token) == 303


@pytest.mark.parametrize(
    "url",
    [
        "ftp://wiki.example.test/", "wiki.example.test", "", "https://", "https://a b/", "https:///x",
        "https://wiki.example.test/\r\nX: y", "https://wiki.example.test/ü", "https://user@wiki.example.test/",
        "https://wiki.example.test/" + "a" * 100_000, "https://[::1/", "https://wiki.example.test/\x00",
    ],
)  # fmt: skip
async def test_what_no_client_could_send_is_refused_and_never_raises(make, url):
    place = await make()
    found = await foretold(place, url)
    assert found.turn is Turn.REFUSED
    assert found.steps[0].name == "request"
    assert found.status >= 400


async def test_a_fragment_stays_with_the_browser(make):
    place = await make()
    found = await foretold(place, f"https://{WIKI}/open#secret")
    assert (found.path, found.turn) == ("/open", Turn.PASSES)


async def test_headers_choose_among_mappings_as_they_do_for_real(make):
    place = await make()
    page = await foretold(place, f"https://{WIKI}/", headers=PAGE)
    assert page.status == 303
    assert (await foretold(place, f"https://{WIKI}/", headers=SCRIPT)).status == 401


PROGRAMS = (
    mapping(token_scope="applications", groups=("wiki",)),
    mapping("Ops", path="/ops", token_scope="applications", groups=("ops",)),
    mapping("Strong", path="/strong", token_scope="applications", assurance=Assurance.MFA),
    mapping("Fresh", path="/fresh", token_scope="applications", reauth=(ReauthSettings(),)),
    mapping("Other", path="/other", token_scope="other"),
    mapping("People", path="/people", groups=("wiki",)),
)


def token_session(text, scope, host):
    """The session of ada's only token, as the gate and the rehearsal ask for it."""
    token = PersonalToken("01990000-0000-7000-8000-000000000001", "script", ("applications",), 1.0, 9e9, "")
    is_good = text == "aaa.bbb" and scope in token.scopes
    return PersonalAccess(ADA, token, frozenset(token.scopes)).as_session(host) if is_good else None


@pytest.mark.parametrize("state", ["", "disabled", "gone"])
async def test_what_is_foretold_to_programs_is_what_happens_to_them(make, state):
    place = await make(mapping=PROGRAMS, tokens=token_session)
    if state:
        place.people.set("ada", is_disabled=True) if state == "disabled" else place.people.set("ada")
    shown = ("Bearer aaa.bbb", "bearer  aaa.bbb", "Bearer x", "Bearer", "Basic aaa.bbb")
    paths = ("/", "/ops", "/strong", "/fresh", "/other", "/people")
    for path, text, user, headers in itertools.product(paths, shown, ("", "bob"), (NAVIGATION, SCRIPT)):
        url, sent = f"https://{WIKI}{path}", {**headers, "Authorization": text}
        found = await foretold(place, url, user=user, headers=sent)
        happens = await really(place, url, headers=sent)
        assert found.status == happens, (path, text, user, headers, found.steps)
        assert "aaa.bbb" not in str(found)


@pytest.mark.parametrize(
    ("path", "step", "word"),
    [("/other", "token", "scope other"), ("/strong", "proof", "token"), ("/fresh", "freshness", "token"),
     ("/ops", "access", "ada")],
)  # fmt: skip
async def test_a_program_cannot_be_asked_for_anything(make, path, step, word):
    place = await make(factors=(Factor.TOTP,), mapping=PROGRAMS, tokens=token_session)
    found = await foretold(place, f"https://{WIKI}{path}", headers={"Authorization": "Bearer aaa.bbb"})
    assert (found.turn, found.decided_by.name) == (Turn.REFUSED, step)
    assert word in found.decided_by.sentence


async def test_a_session_comes_before_a_token(make):
    place = await make(mapping=PROGRAMS, tokens=token_session)
    token = (await session(place, "ada", WIKI)).token
    sent = {**SCRIPT, "Authorization": "Bearer x"}
    found = await foretold(place, f"https://{WIKI}/", user="ada", headers=sent)
    assert (found.turn, found.status) == (Turn.PASSES, 0)
    assert await really(place, f"https://{WIKI}/", token=token, headers=sent) == 0
