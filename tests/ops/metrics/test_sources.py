"""What is read from rooms that are really there. The whole gateway is read in the journeys."""

import time
from dataclasses import replace

import pytest
from tests.proxy.conftest import make_place, mapping, pool  # noqa: F401 - the first is a fixture

from yett.kernel import Readiness
from yett.kernel.metrics import Registry, Tally
from yett.net.http import HTTPServer
from yett.ops.metrics import EventCounts, Rooms, add_sources, detailed_events
from yett.proxy.balancing.config import CircuitSettings
from yett.proxy.metering import Meter


class NoCertificates:
    def all(self):
        return ()


class Shadows:
    def __init__(self):
        self.done = Tally()
        self.done.add(("next", "ok"), 3)


class Spans:
    exported, dropped, lost, waiting = 5, 2, 1, 7


@pytest.fixture
async def rooms(make_place):  # noqa: F811 - the fixture
    place = await make_place(
        mapping=(mapping(service="", pool="web"),),
        pool=(pool("web", 1, 2, circuit=CircuitSettings()),),
    )
    readiness = Readiness()
    readiness.add("store", lambda: False)
    server = HTTPServer(place.gate)
    return Rooms(readiness, server, place.gate, place.sessions, NoCertificates(), place.balancer, Shadows())


def gathered(rooms, **more):
    registry = Registry()
    add_sources(registry, rooms, **more)
    return {family.metric.name: family.samples for family in registry.gather()}


async def test_every_room_answers(rooms):
    found = gathered(rooms, meter=Meter((1.0,)), said=EventCounts(detailed_events()), spans=Spans())
    assert found["yett_metrics_failed_sources"] == {(): 0}
    assert found["yett_ready"] == {("store",): 0}
    assert found["yett_routes"] == {(): 1}
    assert found["yett_sessions"] == {(): 0}
    assert found["yett_shadow_copies_total"] == {("next", "ok"): 3}
    assert found["yett_trace_spans_total"] == {("exported",): 5, ("dropped",): 2, ("lost",): 1}
    assert found["yett_trace_spans_waiting"] == {(): 7}
    assert set(found["yett_guard_refusals_total"].values()) == {0}


async def test_a_pool_tells_how_each_backend_is(rooms):
    live = rooms.balancer.pools["web"]
    selected = rooms.balancer.select("web")
    rooms.balancer.opened(selected)
    chosen = selected.backend.id
    other = next(each for each in live.members if each != chosen)
    member = live.members[other]
    member.health = replace(member.health, is_draining=True)
    found = gathered(rooms)
    assert found["yett_backend_requests_in_flight"] == {("web", chosen): 1, ("web", other): 0}
    assert found["yett_backend_selections_total"] == {("web", chosen): 1, ("web", other): 0}
    assert found["yett_backend_up"] == {("web", chosen): 1, ("web", other): 0}
    assert found["yett_backend_draining"] == {("web", chosen): 0, ("web", other): 1}
    assert {labels[:2]: state for labels, state in found["yett_backend_circuit_state"].items()} == {
        ("web", chosen): 0,
        ("web", other): 0,
    }


async def test_what_is_not_counted_is_not_shown(rooms):
    found = gathered(rooms)
    assert not {"yett_http_requests_total", "yett_events_total", "yett_trace_spans_total"} & set(found)


async def test_the_process_tells_about_itself(rooms):
    found = gathered(rooms)
    assert 3 < found["process_open_fds"][()] <= found["process_max_fds"][()]
    assert found["process_resident_memory_bytes"][()] > 1 << 20
    assert 0 < time.time() - found["process_start_time_seconds"][()] < 86_400
    assert found["process_cpu_seconds_total"][()] > 0
