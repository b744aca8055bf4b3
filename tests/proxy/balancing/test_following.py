"""Several nodes on one store: what one decides, all act on."""

import asyncio
from dataclasses import replace

import pytest
from tests.proxy.balancing.conftest import backend, pool
from tests.proxy.balancing.test_service import BAD, CIRCUIT, GOOD, HEALTH, OUTLIERS, chosen, said, send

from yett.proxy.balancing import BackendProtocol, Selected, encoding, events
from yett.proxy.balancing.circuit import CircuitState
from yett.proxy.balancing.health import Failed, HealthState
from yett.proxy.balancing.limits import LimitRules
from yett.proxy.balancing.model import Origin, Refused
from yett.proxy.balancing.strategies import StrategyName


@pytest.fixture
def nodes(started):
    async def make(*pools, count=2, **options):
        found = [await started(*pools, node=f"node-{number}", **options) for number in range(count)]
        for node in found * 2:
            await node.look()
        return found

    return make


async def test_a_circuit_that_opens_here_is_open_there(nodes, clock):
    here, there = await nodes(pool("a", circuit=CIRCUIT))
    send(here, BAD, "a", 4)
    await here.settle()
    assert there.balancer.select("web").is_circuit_open
    clock.advance(30.0)
    for node in (here, there) * 3:
        await node.look()
    assert there.member("a").circuits[None].state is CircuitState.HALF_OPEN
    for _ in range(2):
        there.balancer.report(there.balancer.select("web"), GOOD)
    await there.settle()
    assert here.member("a").circuits[None].state is CircuitState.CLOSED


async def test_nodes_that_try_at_the_same_time_leave_each_other_in_peace(nodes, clock):
    here, there = await nodes(pool("a", circuit=CIRCUIT))
    send(here, BAD, "a", 4)
    await here.settle()
    clock.advance(30.0)
    for node in (here, there) * 5:
        await node.look()
    assert [node.member("a").circuits[None].spell for node in (here, there)] == [1, 1]


async def test_circuits_of_protocols_are_shared_apart(nodes):
    here, there = await nodes(pool("a", circuit=replace(CIRCUIT, is_per_protocol=True)))
    send(here, BAD, "a", 4, protocol=BackendProtocol.HTTP3)
    await here.settle()
    assert there.balancer.select("web", protocol=BackendProtocol.HTTP3).is_circuit_open
    assert chosen(there) == {"a": 1}


async def test_an_ejection_counts_everywhere_and_ends_everywhere(nodes, clock):
    here, there = await nodes(pool("a", "b", outliers=OUTLIERS))
    send(here, BAD, "a", 3)
    await here.settle()
    assert chosen(there, 5) == {"b": 5}
    here.balancer.administration.uneject("web", "a")
    await here.settle()
    assert there.member("a").is_up
    send(there, BAD, "a", 3)
    await there.settle()
    assert not here.member("a").is_up
    clock.advance(60.0)
    await here.look()
    await there.look()
    assert here.member("a").is_up
    assert there.member("a").is_up


async def test_one_node_checks_for_all(nodes, heard):
    here, there = await nodes(pool("a", "b", health=HEALTH))
    assert here.doctor.asked
    assert there.doctor.asked == []
    assert there.member("a").health.is_healthy is True
    here.doctor.findings[8000] = Failed("status 500")
    live = here.balancer.pools["web"]
    for _ in range(2):
        await here.balancer.checks.check(live, here.member("a"))
    await here.settle()
    assert chosen(there, 5) == {"b": 5}
    assert len(said(heard, events.backend_failed)) == 1


async def test_when_the_node_that_checks_goes_another_one_does(nodes):
    here, there = await nodes(pool("a", health=HEALTH))
    await here.balancer.stop()
    await there.balancer.checks.check(there.balancer.pools["web"], there.member("a"))
    assert there.doctor.asked == [8000]


async def test_a_node_that_vanished_keeps_nobody_from_checking(nodes, clock):
    here, there = await nodes(pool("a", health=HEALTH))
    # No farewell: it just stops renewing.
    here.records.is_down = True
    clock.advance(16.0)
    await there.balancer.checks.check(there.balancer.pools["web"], there.member("a"))
    assert there.doctor.asked == [8000]


async def test_a_backend_drained_here_drains_there(nodes):
    here, there = await nodes(pool("a", "b", health=HEALTH))
    await here.balancer.administration.drain("web", "a")
    await here.settle()
    assert chosen(there, 5) == {"b": 5}
    # The node that checks does not end it by writing what it found.
    here.doctor.findings[8000] = Failed("gone")
    live = there.balancer.pools["web"]
    there.member("a").health = HealthState(is_healthy=True)
    there.balancer._spreading.health_changed(live, there.member("a"))
    await there.settle()
    assert here.member("a").health.is_draining
    await there.balancer.administration.drain("web", "a", is_draining=False)
    await there.settle()
    assert here.member("a").is_up


async def test_pools_made_changed_and_deleted_there_are_so_here(nodes):
    here, there = await nodes()
    await there.balancer.administration.create(pool("a", pool_id="shop"))
    await there.settle()
    assert here.balancer.select("shop").backend.id == "a"
    await there.balancer.administration.add_backend("shop", backend("b"))
    await there.balancer.administration.remove_backend("shop", "a")
    await there.settle()
    assert set(here.balancer.pools["shop"].members) == {"b"}
    await there.balancer.administration.delete("shop")
    await there.settle()
    assert "shop" not in here.balancer.pools


async def test_two_changes_at_once_are_both_made(nodes):
    here, there = await nodes(pool("a"))
    results = await asyncio.gather(
        *(here.balancer.administration.add_backend("web", backend(f"h{n}", 100 + n)) for n in range(4)),
        *(there.balancer.administration.add_backend("web", backend(f"t{n}", 200 + n)) for n in range(4)),
    )
    assert not any(isinstance(result, Refused) for result in results)
    await here.settle()
    for node in (here, there):
        assert len(node.balancer.pools["web"].members) == 9


async def test_requests_elsewhere_count_as_load(nodes):
    here, there = await nodes(pool("a", "b", strategy=StrategyName.LEAST_CONN))
    selected = Selected("web", here.member("a").backend)
    for _ in range(3):
        here.balancer.opened(selected)
    await here.look()
    assert there.member("a").candidate.elsewhere == 3
    assert chosen(there, 20) == {"b": 20}
    for _ in range(3):
        here.balancer.closed(selected)
    await here.look()
    assert there.member("a").candidate.elsewhere == 0


async def test_requests_of_a_node_that_is_gone_are_forgotten(nodes, clock):
    here, there = await nodes(pool("a"))
    here.balancer.opened(Selected("web", here.member("a").backend))
    await here.look()
    assert there.member("a").candidate.elsewhere == 1
    here.records.is_down = True
    clock.advance(20.0)
    await there.look()
    assert there.member("a").candidate.elsewhere == 0


async def test_open_requests_stay_known_however_long_they_last(nodes, clock):
    here, there = await nodes(pool("a"))
    here.balancer.opened(Selected("web", here.member("a").backend))
    for _ in range(6):
        await here.look()
        await there.look()
        clock.advance(5.0)
    assert there.member("a").candidate.elsewhere == 1


async def test_a_limit_holds_for_all_nodes_together(nodes, clock):
    here, there = await nodes(pool("a", limit=LimitRules(rate=1.0, burst=10.0, is_per_user=True)))
    for node in (here, there):
        assert sum(1 for _ in range(5) if isinstance(node.balancer.select("web", user="ada"), Selected)) == 5
    for node in (here, there):
        await node.look()
    assert not isinstance(here.balancer.select("web", user="ada"), Selected)
    assert not isinstance(there.balancer.select("web", user="ada"), Selected)
    assert isinstance(there.balancer.select("web", user="bob"), Selected)
    clock.advance(2.0)
    assert isinstance(here.balancer.select("web", user="ada"), Selected)


async def test_a_node_that_joins_takes_over_what_is_known(nodes, started):
    (here,) = await nodes(pool("a", "b", "c", circuit=CIRCUIT, outliers=OUTLIERS), count=1)
    send(here, BAD, "a", 4)
    send(here, BAD, "b", 3)
    await here.balancer.administration.drain("web", "c")
    await here.settle()
    late = await started(pool("a", "b", "c", circuit=CIRCUIT, outliers=OUTLIERS))
    assert not late.member("a").may_serve(None)
    assert late.member("c").health.is_draining
    assert [member.is_up for member in late.balancer.pools["web"].members.values()] == [
        member.is_up for member in here.balancer.pools["web"].members.values()
    ]


async def test_older_news_changes_nothing(nodes, memory, clock):
    (here,) = await nodes(pool("a", circuit=CIRCUIT), count=1)
    send(here, BAD, "a", 4)
    stale = encoding.StoredCircuit("another", clock.now() - 5.0)
    await memory.put("balancing/circuit/web/a", encoding.encode(stale))
    await here.settle()
    assert here.member("a").circuits[None].state is CircuitState.OPEN


async def test_a_node_whose_clock_is_ahead_is_not_obeyed_for_ever(nodes, memory, clock):
    here, there = await nodes(pool("a", "b", circuit=CIRCUIT, outliers=OUTLIERS))
    ahead = clock.now() + 1e6
    opened = encoding.StoredCircuit("another", ahead, CircuitState.OPEN, ahead + 30.0)
    await memory.put("balancing/circuit/web/a", encoding.encode(opened))
    ejected = encoding.StoredOutlier("another", ahead, ahead + 30.0, 1, 1)
    await memory.put("balancing/outlier/web/b", encoding.encode(ejected))
    await here.settle()
    assert here.member("a").circuits[None].until <= clock.monotonic() + 30.0
    assert here.member("b").standing.ejected_until <= clock.monotonic() + 300.0
    await there.balancer.administration.reset_circuit("web", "a", reset_by="root")
    await there.settle()
    assert here.member("a").circuits[None].state is CircuitState.CLOSED


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("pools/web", b"{"),
        ("pools/web", b"\xff"),
        ("health/web/a", b"[]"),
        ("health/web", b"{}"),
        ("circuit/web/a", b'{"node":"x","at":1,"state":"ajar"}'),
        ("circuit/web/a/smoke", b'{"node":"x","at":1}'),
        ("outlier/web/a", b"null"),
        ("limit/web/all", b"{}"),
        ("connections/web", b"{}"),
        ("connections/x/web", b'{"counts":{"a":"many"}}'),
    ],
)
async def test_what_cannot_be_read_is_said_and_left_out(key, value, nodes, memory, heard):
    (here,) = await nodes(pool("a", circuit=CIRCUIT, limit=LimitRules(1, 1)), count=1)
    await memory.put(f"balancing/{key}", value)
    await here.settle()
    assert [fields["key"] for fields in said(heard, events.state_unreadable)] == [key]
    assert chosen(here) == {"a": 1}


async def test_states_of_strangers_change_nothing(nodes, memory):
    (here,) = await nodes(pool("a"), count=1)
    for key in ("health/nowhere/a", "health/web/nobody", "outlier/web/a", "circuit/web/a", "limit/web/all"):
        kind = {"h": encoding.StoredHealth("x", 1, HealthState()), "o": encoding.StoredOutlier("x", 1)}
        stored = kind.get(key[0]) or (
            encoding.StoredLimit("x", 1, 0) if key[0] == "l" else encoding.StoredCircuit("x", 1)
        )
        await memory.put(f"balancing/{key}", encoding.encode(stored))
    await here.settle()
    assert chosen(here) == {"a": 1}


async def test_a_pool_that_left_the_settings_is_gone_and_one_made_by_command_stays(started):
    node = await started(replace(pool("a"), origin=Origin.SETTINGS, fingerprint="1"))
    await node.balancer.administration.create(pool("x", pool_id="made"))
    await node.balancer.apply([])
    await node.settle()
    assert set(node.balancer.pools) == {"made"}


async def test_what_was_changed_by_command_lasts_until_the_settings_change(started):
    made = replace(pool("a"), origin=Origin.SETTINGS, fingerprint="1")
    node = await started(made)
    await node.balancer.administration.add_backend("web", backend("b"))
    again = await started(made)
    assert set(again.balancer.pools["web"].members) == {"a", "b"}
    await again.balancer.apply([replace(made, fingerprint="2")])
    assert set(again.balancer.pools["web"].members) == {"a"}
    await node.settle()
    assert set(node.balancer.pools["web"].members) == {"a"}
