import math

import pytest
from tests.proxy.conftest import DOCS, PAGE, WIKI, mapping, pool, request_for, session_of

from yett.events import enter_scope, leave_scope
from yett.net.http import Answer, Failure, Forward, Outcome, Refusal
from yett.proxy import answers, events
from yett.proxy.balancing import BackendProtocol, NoBackend, PoolSettings
from yett.proxy.balancing.config import BackendSettings, CircuitSettings, LimitSettings
from yett.proxy.balancing.model import Affinity
from yett.proxy.retrying import Cause
from yett.proxy.retrying import events as retry_events

SPARE = "http://10.0.0.9:90"
SECURE = (BackendSettings(service="https://10.0.0.1:81", name="b81"),)
WEBSOCKET = {"Connection": "Upgrade", "Upgrade": "websocket"}


def pooled(**changes):
    return mapping("Web", **{"service": "", "pool": "web", "public": True, **changes})


@pytest.fixture
def make_web(make_place):
    """A place with one public application in front of a pool, and a plain one."""

    async def make(*ports, more=None, **changes):
        mappings = (pooled(**(more or {})), mapping("Docs", DOCS, public=True))
        return await make_place(mapping=mappings, pool=(pool("web", *(ports or (81, 82)), **changes),))

    return make


async def ask(place, target="/", *, host=WIKI, headers=None, token=""):
    cookie = {"Cookie": f"__Host-yett={token}"} if token else {}
    request = request_for("GET", target, {"Host": host, **cookie, **(headers or {})})
    return await place.decide(request), request


async def ports_of(place, count, **more):
    """Where that many requests go, each of which succeeds before the next one comes."""
    found = []
    for _ in range(count):
        decision, request = await ask(place, **more)
        found.append(decision.upstream.port)
        place.finish(request, Outcome(200, 0, 5, 0.01))
    return found


def active(place, name="b81"):
    return place.balancer.pools["web"].members[name].candidate.active


async def fail(place, **more):
    decision, request = await ask(place, **more)
    place.finish(request, Outcome(502, 0, 0, 0.01, Failure.CONNECT_REFUSED, detail="refused"))
    return decision


# Backends.


async def test_requests_are_spread_over_the_backends(make_web):
    assert sorted(await ports_of(await make_web(), 6)) == [81, 81, 81, 82, 82, 82]


def refuse(request, decision, failure=Failure.CONNECT_REFUSED):
    """No connection was to be had; what the engine asks then."""
    token = enter_scope(request.scope)
    try:
        return decision.instead(request, decision, failure)
    finally:
        leave_scope(token)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_could_not_be_sent_goes_to_another_backend_once(make_web, heard, method):
    place = await make_web(81, 82, 83, more={"preserve_host": False})
    request = request_for(method, "/", {"Host": WIKI})
    first = await place.decide(request)
    heard.forget()
    second = refuse(request, first)
    ports = (first.upstream.port, second.upstream.port)
    assert ports[0] != ports[1]
    assert second.host == f"10.0.0.2:{ports[1]}".encode()
    assert second.instead is None
    assert [active(place, f"b{port}") for port in ports] == [0, 1]
    assert heard("proxy.retry") == [
        (
            retry_events.retrying,
            {
                "app": "Web",
                "attempt": 2,
                "backend": f"10.0.0.2:{ports[1]}",
                "cause": Cause.CONNECT_FAILURE,
                "status": 0,
            },
        )
    ]
    place.finish(request, Outcome(200, 0, 5, 0.01))
    members = place.balancer.pools["web"].members
    assert [members[f"b{port}"].bytes_out for port in ports] == [0, 5]
    assert active(place, f"b{ports[1]}") == 0
    assert dict(heard("http"))[events.completed]["upstream"] == f"10.0.0.2:{ports[1]}"


async def test_the_only_backend_has_no_other_and_hears_of_the_failure_once(make_web):
    place = await make_web(81, circuit=CircuitSettings(minimum_requests=2))
    for _ in range(2):
        decision, request = await ask(place)
        assert refuse(request, decision) is None
        place.finish(request, Outcome(502, 0, 0, 0.01, Failure.CONNECT_REFUSED, detail="refused"))
    assert active(place) == 0
    assert (await ask(place))[0].status == 503


async def test_the_fallback_has_no_other(make_web):
    place = await make_web(81, more={"fallback": SPARE})
    await place.balancer.administration.drain("web", "b81")
    decision, _ = await ask(place)
    assert (decision.upstream.port, decision.instead) == (90, None)


async def test_a_drained_backend_gets_no_requests_and_the_other_gets_all(make_web):
    place = await make_web()
    await place.balancer.administration.drain("web", "b81")
    assert await ports_of(place, 4) == [82] * 4
    await place.balancer.administration.drain("web", "b81", is_draining=False)
    assert set(await ports_of(place, 4)) == {81, 82}


async def test_the_backend_stands_in_the_log_where_a_service_would(make_web, heard):
    place = await make_web(81)
    heard.forget()
    _, request = await ask(place)
    place.finish(request, Outcome(200, 0, 5, 0.01))

    said = dict(heard("proxy.request", "http"))
    assert said[events.proxying] == {"app": "Web", "backend": "10.0.0.2:81"}
    assert said[events.completed]["upstream"] == "10.0.0.2:81"
    assert (said[events.completed]["route"], said[events.completed]["rule"]) == ("/", "Web")


async def test_a_pool_is_named_as_the_service_of_its_route(make_web, heard):
    await make_web()
    said = [fields for each, fields in heard("proxy.route") if each is events.route_configured]
    assert [fields["service"] for fields in said] == ["pool web", "10.0.0.1:80"]


@pytest.mark.parametrize(("preserve_host", "host"), [(True, b""), (False, b"10.0.0.2:81")])
async def test_a_backend_is_sent_its_own_name_or_the_one_people_opened(make_web, preserve_host, host):
    place = await make_web(81, more={"preserve_host": preserve_host})
    decision, _ = await ask(place)
    assert decision.host == host


async def test_a_backend_on_a_socket_is_called_localhost(make_web):
    backend = (BackendSettings(service="unix:/run/web.sock"),)
    place = await make_web(backend=backend, more={"preserve_host": False})
    decision, _ = await ask(place)
    assert (decision.upstream.unix_path, decision.host) == ("/run/web.sock", b"localhost")


async def test_who_is_calling_is_told_to_whichever_backend_it_is(make_place):
    place = await make_place(
        mapping=(mapping("Web", service="", pool="web", groups=("wiki",)),), pool=(pool("web", 81, 82),)
    )
    issued = await session_of(place, "ada")
    decisions = [(await ask(place, token=issued.token))[0] for _ in range(2)]
    assert {decision.upstream.port for decision in decisions} == {81, 82}
    for decision in decisions:
        assert b"X-Yett-User: ada\r\n" in decision.add


async def test_whoever_may_not_enter_is_no_selection(make_place):
    place = await make_place(
        mapping=(mapping("Web", service="", pool="web", groups=("ops",)),), pool=(pool("web", 81),)
    )
    issued = await session_of(place, "ada")
    decision, request = await ask(place, token=issued.token)
    place.finish(request, Outcome(403, 0, 0, 0.01))
    assert decision.status == 403
    assert place.balancer.pools["web"].members["b81"].selects == 0


async def test_requests_that_belong_together_reach_the_same_backend(make_web):
    place = await make_web(81, 82, 83, affinity=Affinity.COOKIE, affinity_cookie="app")
    for name in ("one", "two", "three"):
        assert len(set(await ports_of(place, 5, headers={"Cookie": f"app={name}"}))) == 1


async def test_a_websocket_is_chosen_for_as_one(make_web):
    place = await make_web(81)
    for headers, protocol in (
        (WEBSOCKET, BackendProtocol.WEBSOCKET),
        ({**WEBSOCKET, "Upgrade": "h2c"}, BackendProtocol.HTTP1),
        ({}, BackendProtocol.HTTP1),
    ):
        _, request = await ask(place, headers=headers)
        assert request.note.chosen.protocol is protocol


@pytest.mark.parametrize(
    ("spoken", "protocol"),
    [
        ("http/1.1", BackendProtocol.HTTP1),
        ("h2", BackendProtocol.HTTP2),
        ("h3", BackendProtocol.HTTP3),
        ("auto", BackendProtocol.HTTP1),
    ],
)
async def test_a_request_is_chosen_for_as_what_its_pool_speaks(make_web, spoken, protocol):
    place = await make_web(protocol=spoken, backend=SECURE)
    _, request = await ask(place)
    assert request.note.chosen.protocol is protocol
    _, request = await ask(place, headers=WEBSOCKET)
    assert request.note.chosen.protocol is BackendProtocol.WEBSOCKET


async def test_a_circuit_of_http_3_opens_by_what_happens_to_its_requests_only(make_web):
    circuit = CircuitSettings(minimum_requests=2, per_protocol=True)
    place = await make_web(protocol="h3", backend=SECURE, circuit=circuit)
    for _ in range(2):
        _, request = await ask(place)
        place.finish(request, Outcome(504, 0, 0, 0.01, Failure.CONNECT_TIMEOUT))
    refused, _ = await ask(place)
    assert isinstance(refused, Answer)
    assert refused.status == 503
    going_on, _ = await ask(place, headers=WEBSOCKET)
    assert going_on.upstream.port == 81


async def test_a_body_of_unknown_length_is_counted_on_the_way_to_a_backend(make_web):
    place = await make_web(81)
    decision, _ = await ask(place, headers={"Transfer-Encoding": "chunked"})
    assert (decision.max_body, decision.upstream.port) == (1 << 20, 81)


# How it went.


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(200, 3, 7, 0.01),
        Outcome(502, 3, 7, 0.01, Failure.CONNECT_REFUSED),
        Outcome(403, 3, 7, 0.01, refusal=Refusal.UPGRADE),
        Outcome(0, 3, 7, 0.01, client_left=True),
        Outcome(101, 3, 7, 0.01),
    ],
)
async def test_a_request_is_counted_while_it_lasts_however_it_ends(make_web, outcome):
    place = await make_web(81)
    _, request = await ask(place)
    assert active(place) == 1
    place.finish(request, outcome)
    member = place.balancer.pools["web"].members["b81"]
    assert (active(place), member.bytes_in, member.bytes_out) == (0, 3, 7)


async def test_an_end_is_told_to_the_pool_once(make_web, monkeypatch):
    place = await make_web(81)
    told = []
    monkeypatch.setattr(place.balancer, "finished", lambda *said: told.append(said))
    _, request = await ask(place)
    chosen, outcome = request.note.chosen, Outcome(200, 0, 0, 0.01)
    place.finish(request, outcome)
    assert told == [(chosen, outcome)]


async def test_a_plain_service_asks_no_pool(make_web, monkeypatch):
    place = await make_web()
    for name in ("select", "opened", "finished"):
        monkeypatch.setattr(place.balancer, name, None)
    decision, request = await ask(place, host=DOCS)
    place.finish(request, Outcome(200, 0, 0, 0.01))
    assert decision.upstream.host == "10.0.0.1"


async def test_a_client_that_leaves_before_the_decision_leaves_nothing_open(make_web, heard):
    place = await make_web(81)
    request = request_for("GET", "/", {"Host": WIKI, "Cookie": f"__Host-yett={'x' * 43}"})
    pending = place.gate.decide(request)
    place.finish(request, Outcome(0, 0, 0, 0.01, client_left=True))
    await pending
    assert active(place) == 0
    assert request.note.__class__ is object
    assert [fields["app"] for each, fields in heard("http") if each is events.completed] == ["Web"]


async def test_a_backend_that_fails_is_named_and_the_visitor_reads_the_application(make_web, heard):
    place = await make_web(81)
    _, request = await ask(place)
    page = place.gate.failed(request, Failure.CONNECT_REFUSED, "refused")
    assert (page.status, b"Web is not answering" in page.body) == (502, True)
    place.finish(request, Outcome(502, 0, 0, 0.01, Failure.CONNECT_REFUSED, detail="refused"))
    failure = {
        "app": "Web",
        "backend": "10.0.0.2:81",
        "failure": Failure.CONNECT_REFUSED,
        "error": "refused",
    }
    assert (events.request_failed, failure) in heard("proxy.error")


# No backend.


async def drained(make_web, **more):
    place = await make_web(81, **more)
    await place.balancer.administration.drain("web", "b81")
    return place


async def test_without_a_backend_the_visitor_gets_a_page_and_the_log_says_why(make_web, heard):
    place = await drained(make_web)
    decision, request = await ask(place, headers=PAGE)
    place.finish(request, Outcome(503, 0, 0, 0.01))

    assert isinstance(decision, Answer)
    assert decision.status == 503
    assert b"Web is not available" in decision.body
    assert b"Retry-After" not in decision.headers
    said = dict(heard("proxy", "http"))
    assert said[events.no_backend] == {
        "app": "Web",
        "pool_id": "web",
        "reason": NoBackend.NO_HEALTHY_BACKENDS,
    }
    assert said[events.completed]["upstream"] == ""
    assert said[events.completed]["app"] == "Web"


async def test_an_open_circuit_is_said_with_the_time_until_it_is_tried_again(make_web, heard):
    place = await make_web(81, circuit=CircuitSettings(minimum_requests=2))
    for _ in range(2):
        await fail(place)
    decision, _ = await ask(place)
    assert decision.status == 503
    assert b"Retry-After: 30\r\n" in decision.headers
    ((said, fields),) = heard("proxy.circuit_breaker")
    assert said is events.circuit_open
    assert fields == {"app": "Web", "pool_id": "web", "retry_after": 30.0}


async def test_a_circuit_is_tried_again_and_closes_by_itself(make_web, clock):
    place = await make_web(81, circuit=CircuitSettings(minimum_requests=2, trials=1))
    for _ in range(2):
        await fail(place)
    clock.advance(31)
    assert await ports_of(place, 3) == [81] * 3


async def test_more_requests_than_a_pool_takes_are_put_off(make_web):
    place = await make_web(81, limit=LimitSettings(rate=0.5), more={"fallback": SPARE})
    assert isinstance((await ask(place))[0], Forward)
    decision, request = await ask(place)
    place.finish(request, Outcome(429, 0, 0, 0.01))
    assert decision.status == 429
    assert b"Retry-After: 2\r\n" in decision.headers


def test_when_waiting_never_helps_nobody_is_told_to():
    for seconds in (0.0, math.inf):
        assert b"Retry-After" not in answers.too_many("Web", "id", seconds).headers
    assert b"Retry-After: 2\r\n" in answers.no_backend("Web", "", "id", 1.2).headers


# The fallback.


async def test_without_a_backend_the_fallback_serves(make_web, heard):
    place = await drained(make_web, more={"fallback": SPARE, "preserve_host": False})
    decision, request = await ask(place)
    place.finish(request, Outcome(200, 0, 5, 0.01))

    assert (decision.upstream.host, decision.upstream.port) == ("10.0.0.9", 90)
    assert decision.host == b"10.0.0.9:90"
    said = dict(heard("proxy.circuit_breaker", "http"))
    assert said[events.fallback_activated] == {
        "app": "Web",
        "pool_id": "web",
        "backend": "10.0.0.9:90",
        "reason": NoBackend.NO_HEALTHY_BACKENDS,
    }
    assert said[events.completed]["upstream"] == "10.0.0.9:90"


async def test_the_fallback_serves_while_a_circuit_is_open(make_web, heard):
    place = await make_web(81, circuit=CircuitSettings(minimum_requests=2), more={"fallback": SPARE})
    for _ in range(2):
        await fail(place)
    decision, _ = await ask(place)
    assert decision.upstream.port == 90
    assert [each for each, _ in heard("proxy.circuit_breaker")] == [events.fallback_activated]


async def test_a_fallback_that_fails_too_is_an_error_of_its_own(make_web, heard):
    place = await drained(make_web, more={"fallback": SPARE})
    await fail(place)
    ((said, fields),) = heard("proxy.fallback")
    assert said is events.fallback_failed
    assert (fields["backend"], fields["failure"]) == ("10.0.0.9:90", Failure.CONNECT_REFUSED)
    assert not heard("proxy.error")


async def test_a_fallback_that_cannot_be_used_is_said_and_the_pool_serves_all_the_same(make_web, heard):
    place = await make_web(81, more={"fallback": "http://10.0.0.9:99999"})
    ((said, fields),) = heard("proxy.fallback")
    assert said is events.invalid_fallback
    assert (fields["app"], fields["service"]) == ("Web", "http://10.0.0.9:99999")
    assert await ports_of(place, 1) == [81]
    await place.balancer.administration.drain("web", "b81")
    assert (await ask(place))[0].status == 503


# Reloads.


async def test_a_reload_keeps_what_is_known_of_the_backends_that_stay(make_web):
    place = await drained(make_web)
    assert await place.follow(pool=(pool("web", 81, 83),))
    assert await ports_of(place, 3) == [83] * 3


async def test_a_request_that_lasts_longer_than_its_pool_ends_well(make_web):
    place = await make_web(81)
    _, request = await ask(place)
    assert await place.follow(mapping=(mapping("Docs", DOCS),), pool=())
    assert not place.balancer.pools
    place.finish(request, Outcome(200, 0, 5, 0.01))


async def test_no_request_meets_a_mapping_whose_pool_is_not_there(make_web, monkeypatch):
    """The old pool goes after the old mappings, the new one is there before the new mappings are."""
    place = await make_web(81)
    apply, seen = place.balancer.apply, []

    async def watching(pools):
        await apply(pools)
        seen.append((await ask(place))[0].upstream.port)

    monkeypatch.setattr(place.balancer, "apply", watching)
    assert await place.follow(
        mapping=(mapping("Web", service="", pool="new", public=True),), pool=(pool("new", 84),)
    )
    assert seen == [81, 84]
    assert list(place.balancer.pools) == ["new"]


async def test_a_reload_whose_mappings_cannot_be_used_leaves_the_pools_as_they_were(make_web, heard):
    place = await make_web(81)
    heard.forget()
    assert not await place.follow(mapping=(pooled(pool="other"),), pool=(pool("new", 84),))
    assert list(place.balancer.pools) == ["web"]
    assert [each for each, _ in heard("proxy")] == [events.reload_failed]
    assert await ports_of(place, 1) == [81]


async def test_a_reload_whose_pools_cannot_be_used_changes_nothing(make_web, heard):
    place = await make_web(81)
    heard.forget()
    assert not await place.follow(pool=(PoolSettings(name="web"),))
    ((said, fields),) = heard("proxy")
    assert said is events.reload_failed
    assert "web: a pool needs a [[proxy.pool.backend]]" in fields["error"]
    assert await ports_of(place, 1) == [81]
