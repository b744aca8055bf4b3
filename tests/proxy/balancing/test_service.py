"""The balancer as the gate sees it, and what time brings."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from tests.proxy.balancing.conftest import backend, pool

from yett.kernel import Supervisor
from yett.net.http import Outcome, Upstream
from yett.proxy.balancing import (
    Backend,
    BackendProtocol,
    Balancer,
    NoBackend,
    NotSelected,
    Pool,
    Sample,
    Selected,
    events,
)
from yett.proxy.balancing.circuit import CircuitRules, CircuitState, Combine
from yett.proxy.balancing.health import Failed, HealthRules, Passed
from yett.proxy.balancing.limits import LimitRules
from yett.proxy.balancing.model import Affinity
from yett.proxy.balancing.outliers import EjectReason, OutlierRules
from yett.proxy.balancing.strategies import StrategyName
from yett.store import MemoryRecords, SQLiteRecords

GOOD, BAD = Sample(is_error=False, latency=0.01), Sample(is_error=True, is_network_error=True)
CIRCUIT = CircuitRules(minimum_requests=4, open_for=30.0, trials=2)
ROUND_ROBIN = StrategyName.ROUND_ROBIN


def send(node, sample, name=None, count=1, protocol=BackendProtocol.HTTP1):
    """Requests that end like this, to whoever is chosen or to one backend."""
    for _ in range(count):
        if name is None:
            selected = node.balancer.select("web", protocol=protocol)
        else:
            selected = Selected("web", node.member(name).backend, protocol)
        node.balancer.opened(selected)
        node.balancer.report(selected, sample)
        node.balancer.closed(selected)


def chosen(node, count=1, **options):
    return Counter(node.balancer.select("web", **options).backend.id for _ in range(count))


def said(heard, *wanted):
    return [fields for emitter, fields in heard("loadbalancer") if emitter in wanted]


async def test_a_pool_of_the_settings_is_in_force_from_the_start(started, heard):
    node = await started(pool("a", "b", health=HealthRules(), circuit=CIRCUIT, strategy=ROUND_ROBIN))
    assert chosen(node, 4) == {"a": 2, "b": 2}
    assert said(heard, events.pool_created) == [
        {
            "pool_id": "web",
            "strategy": ROUND_ROBIN,
            "backends_count": 2,
            "health_check_enabled": True,
            "circuit_breaker_enabled": True,
            "outlier_detection_enabled": False,
        }
    ]


async def test_a_pool_that_is_not_there_has_no_backend(started):
    node = await started()
    assert node.balancer.select("web") == NotSelected(NoBackend.POOL_NOT_FOUND)


async def test_a_pool_without_backends_has_none(started):
    node = await started(pool())
    assert node.balancer.select("web") == NotSelected(NoBackend.NO_HEALTHY_BACKENDS)


async def test_selecting_says_who_was_chosen_among_how_many(started, heard):
    node = await started(pool("a", "b", strategy=ROUND_ROBIN))
    await node.balancer.administration.drain("web", "b")
    heard.forget()
    node.balancer.select("web")
    assert said(heard, events.backends_excluded) == [
        {"pool_id": "web", "total_backends": 2, "healthy_backends": 1, "excluded": 1}
    ]
    (fields,) = said(heard, events.backend_selected)
    assert (fields["backend_id"], fields["strategy"], fields["healthy_backends"]) == ("a", ROUND_ROBIN, 1)


@pytest.mark.parametrize("strategy", StrategyName)
async def test_a_second_try_goes_to_another_backend_while_there_is_one(strategy, started):
    node = await started(pool("a", "b", "c", strategy=strategy, affinity=Affinity.SESSION))
    first = node.balancer.select("web", key="ada")
    second = node.balancer.select("web", key="ada", exclude={first.backend.id})
    third = node.balancer.select("web", key="ada", exclude={first.backend.id, second.backend.id})
    assert {first.backend.id, second.backend.id, third.backend.id} == {"a", "b", "c"}
    none = node.balancer.select("web", key="ada", exclude={"a", "b", "c"})
    assert none == NotSelected(NoBackend.ALGORITHM_RETURNED_NIL)


async def test_affinity_holds_until_the_backend_is_gone(started):
    node = await started(pool("a", "b", "c", strategy=ROUND_ROBIN, affinity=Affinity.SESSION))
    (first,) = chosen(node, 5, key="ada")
    await node.balancer.administration.drain("web", first)
    (second,) = chosen(node, 5, key="ada")
    assert second != first


async def test_open_requests_are_counted(started):
    node = await started(pool("a"))
    selected = node.balancer.select("web")
    node.balancer.opened(selected)
    node.balancer.opened(selected)
    assert node.member("a").candidate.active == 2
    node.balancer.finished(selected, Outcome(200, 10, 20, 0.5))
    assert node.member("a").candidate.active == 1
    assert (node.member("a").bytes_in, node.member("a").bytes_out) == (10, 20)


async def test_who_is_outrun_is_slow_and_no_trial_is_lost_to_it(started, clock):
    node = await started(pool("a", circuit=CircuitRules(minimum_requests=1, trials=1, open_for=30.0)))
    send(node, BAD)
    clock.advance(31)
    for seconds in (0.5, 0.25):
        node.balancer.outrun(node.balancer.select("web"), seconds)
    assert node.member("a").circuits[None].state is CircuitState.HALF_OPEN
    # A shorter wait says nothing about one that is known to take longer.
    assert node.member("a").candidate.latency == pytest.approx(0.5)
    node.balancer.outrun(Selected("gone", backend("x")), 1.0)


async def test_an_end_that_comes_after_its_pool_is_gone_does_no_harm(started):
    node = await started(pool("a", circuit=CIRCUIT))
    selected = node.balancer.select("web")
    await node.balancer.administration.remove_backend("web", "a")
    node.balancer.finished(selected, Outcome(200, 0, 0, 0.1))
    await node.balancer.administration.delete("web")
    node.balancer.opened(selected)
    node.balancer.finished(selected, Outcome(200, 0, 0, 0.1))


# Circuits.


async def test_a_failing_backend_is_left_alone_and_tried_again(started, heard, clock):
    node = await started(pool("a", "b", circuit=CIRCUIT, strategy=ROUND_ROBIN))
    heard.forget()
    send(node, BAD, "a", 4)
    assert chosen(node, 6) == {"b": 6}
    clock.advance(30.0)
    await node.look()
    assert set(chosen(node, 6)) == {"a", "b"}
    trial = Selected("web", node.member("a").backend, trial=1)
    node.balancer.report(trial, GOOD)
    node.balancer.report(trial, GOOD)
    assert node.member("a").circuits[None].state is CircuitState.CLOSED
    changes = said(heard, events.circuit_changed)
    assert [(each["from_state"].value, each["to_state"].value) for each in changes] == [
        ("closed", "open"),
        ("open", "half_open"),
        ("half_open", "closed"),
    ]
    assert changes[0] == {
        "pool_id": "web",
        "backend_id": "a",
        "from_state": CircuitState.CLOSED,
        "to_state": CircuitState.OPEN,
        "error_ratio": 1.0,
    }


async def test_trials_begin_without_anybody_looking(started, clock):
    node = await started(pool("a", circuit=CIRCUIT))
    send(node, BAD, "a", 4)
    refused = node.balancer.select("web")
    assert refused == NotSelected(NoBackend.NO_HEALTHY_BACKENDS, 30.0, is_circuit_open=True)
    clock.advance(30.0)
    trials = [node.balancer.select("web") for _ in range(3)]
    assert [each.trial for each in trials[:2]] == [1, 1]
    assert trials[2].is_circuit_open
    # One trial says nothing (its client left), which makes room for another.
    node.balancer.finished(trials[0], Outcome(0, 0, 0, 0.1, client_left=True))
    assert node.balancer.select("web").trial == 1


async def test_the_conditions_are_said(started, heard):
    rules = CircuitRules(
        minimum_requests=2, latency_threshold=1.0, network_threshold=0.9, combine=Combine.ALL
    )
    node = await started(pool("a", circuit=rules))
    send(node, GOOD, "a")
    send(node, BAD, "a")
    assert said(heard, events.thresholds_evaluated) == [
        {
            "pool_id": "web",
            "backend_id": "a",
            "combine_mode": Combine.ALL,
            "conditions_met": 1,
            "error_ratio": 0.5,
            "error_threshold": 0.5,
            "p95_latency_ms": pytest.approx(10.0, rel=0.05),
            "latency_threshold_ms": 1000.0,
            "network_error_ratio": 0.5,
            "network_threshold": 0.9,
        }
    ]


async def test_circuits_can_be_kept_apart_by_protocol(started, heard):
    node = await started(pool("a", circuit=replace(CIRCUIT, is_per_protocol=True)))
    send(node, BAD, "a", 4, protocol=BackendProtocol.HTTP3)
    assert node.balancer.select("web", protocol=BackendProtocol.HTTP3).is_circuit_open
    assert chosen(node, protocol=BackendProtocol.HTTP2) == {"a": 1}
    (change,) = said(heard, events.protocol_circuit_changed)
    assert (change["protocol"], change["to_state"]) == (BackendProtocol.HTTP3, CircuitState.OPEN)
    assert said(heard, events.circuit_changed) == []


async def test_a_trip_rule_that_cannot_be_read_leaves_it_to_the_thresholds(started, heard):
    node = await started(pool("a", circuit=replace(CIRCUIT, expression="error_rate >> 1")))
    ((fields),) = said(heard, events.expression_invalid)
    assert (fields["pool_id"], fields["expression"]) == ("web", "error_rate >> 1")
    send(node, BAD, "a", 4)
    assert node.balancer.select("web").is_circuit_open


async def test_a_trip_rule_without_an_answer_leaves_it_to_the_thresholds(started, heard):
    node = await started(pool("a", circuit=replace(CIRCUIT, expression="latency_p99 > 2")))
    send(node, BAD, "a", 4)
    ((fields),) = said(heard, events.expression_failed)
    assert "latency_p99 is not known" in fields["error"]
    assert node.balancer.select("web").is_circuit_open


async def test_a_trip_rule_decides(started):
    node = await started(pool("a", circuit=replace(CIRCUIT, expression="latency_p50 > 0.005")))
    send(node, GOOD, "a", 4)
    assert node.balancer.select("web").is_circuit_open


# Outliers.


OUTLIERS = OutlierRules(consecutive=3, base_ejection=30.0, max_ejected_percent=50)


async def test_a_backend_that_fails_in_a_row_is_out_for_a_while(started, heard, clock):
    node = await started(pool("a", "b", outliers=OUTLIERS, strategy=ROUND_ROBIN))
    send(node, BAD, "a", 2)
    send(node, GOOD, "a")
    send(node, BAD, "a", 2)
    assert set(chosen(node, 4)) == {"a", "b"}
    send(node, BAD, "a")
    assert chosen(node, 4) == {"b": 4}
    assert said(heard, events.backend_ejected) == [
        {
            "pool_id": "web",
            "backend_id": "a",
            "reason": EjectReason.CONSECUTIVE,
            "ejection_count": 1,
            "duration": 30.0,
            "re_admit_at": clock.now() + 30.0,
        }
    ]
    clock.advance(30.0)
    assert set(chosen(node, 4)) == {"a", "b"}
    assert said(heard, events.backend_readmitted) == [
        {"pool_id": "web", "backend_id": "a", "total_ejections": 1}
    ]
    send(node, BAD, "a", 3)
    assert said(heard, events.backend_ejected)[1]["duration"] == 60.0


async def test_the_last_backend_is_never_ejected(started):
    node = await started(pool("a", "b", "c", outliers=replace(OUTLIERS, max_ejected_percent=100)))
    await node.balancer.administration.drain("web", "c")
    send(node, BAD, "a", 3)
    send(node, BAD, "b", 9)
    assert chosen(node, 3) == {"b": 3}


async def test_backends_are_compared_at_the_end_of_each_interval(started, heard, clock):
    rules = OutlierRules(consecutive=0, minimum_requests=10, interval=10.0)
    node = await started(pool("a", "b", "c", "d", "e", outliers=rules))
    await node.look()
    for name in "abcd":
        send(node, GOOD, name, 20)
    send(node, BAD, "e", 20)
    await node.look()
    assert said(heard, events.success_rates_analysed) == []
    clock.advance(10.0)
    await node.look()
    assert said(heard, events.success_rates_analysed) == [
        {
            "pool_id": "web",
            "eligible_backends": 5,
            "avg_success_rate": pytest.approx(0.8),
            "stdev": pytest.approx(0.4),
            "threshold": pytest.approx(0.04),
            "stdev_factor": 1.9,
        }
    ]
    assert said(heard, events.failure_percentages_analysed) == [
        {
            "pool_id": "web",
            "eligible_backends": 4,
            "threshold": 85.0,
            "ejected_count": 1,
            "max_ejectable": 1,
        }
    ]
    ((fields),) = said(heard, events.backend_ejected)
    assert (fields["backend_id"], fields["reason"]) == ("e", EjectReason.SUCCESS_RATE)
    assert node.member("a").standing.requests == 0


async def test_a_backend_that_fails_nearly_always_is_out_even_in_a_small_pool(started, heard, clock):
    rules = OutlierRules(consecutive=0, minimum_requests=10)
    node = await started(pool("a", "b", outliers=rules))
    await node.look()
    send(node, BAD, "a", 20)
    send(node, GOOD, "b", 20)
    clock.advance(10.0)
    await node.look()
    ((fields),) = said(heard, events.backend_ejected)
    assert (fields["backend_id"], fields["reason"]) == ("a", EjectReason.FAILURE_PERCENTAGE)


async def test_an_ejection_can_be_ended_early(started, heard):
    node = await started(pool("a", "b", outliers=OUTLIERS))
    send(node, BAD, "a", 3)
    assert node.balancer.administration.uneject("web", "a") is True
    assert node.balancer.administration.uneject("web", "a") is False
    assert said(heard, events.backend_unejected) == [{"pool_id": "web", "backend_id": "a"}]
    send(node, BAD, "a", 3)
    assert said(heard, events.backend_ejected)[1]["duration"] == 30.0


# Limits.


async def test_a_pool_takes_only_so_many_requests(started, heard, clock):
    node = await started(pool("a", limit=LimitRules(rate=1.0, burst=2.0)))
    assert chosen(node, 2) == {"a": 2}
    refused = node.balancer.select("web", user="ada")
    assert refused == NotSelected(NoBackend.RATE_LIMITED, 1.0)
    assert said(heard, events.rate_limit_exceeded) == [
        {
            "pool_id": "web",
            "user_id": "ada",
            "limit": 2.0,
            "current_count": 2.0,
            "cost": 1.0,
            "retry_after": 1.0,
        }
    ]
    assert isinstance(node.balancer.select("web", cost=0), Selected)
    clock.advance(1.0)
    assert chosen(node) == {"a": 1}


async def test_a_limit_can_be_for_each_user(started):
    node = await started(pool("a", limit=LimitRules(rate=1.0, burst=2.0, is_per_user=True)))
    assert chosen(node, user="ada", cost=2.0) == {"a": 1}
    assert node.balancer.select("web", user="ada").reason is NoBackend.RATE_LIMITED
    assert chosen(node, user="bob") == {"a": 1}


# Health.


HEALTH = HealthRules(healthy_after=2, unhealthy_after=2)


async def test_a_backend_that_fails_its_first_check_gets_nothing(started, heard):
    node = await started()
    node.doctor.findings[8000] = Failed("connection refused")
    await node.balancer.apply([pool("a", "b", health=HEALTH)])
    await node.balancer.checks.settle(node.balancer.pools["web"], 5.0)
    assert chosen(node, 5) == {"b": 5}
    assert (
        said(heard, events.check_failed, events.backend_failed)
        == [{"pool_id": "web", "backend_id": "a", "consecutive_fails": 1, "error": "connection refused"}] * 2
    )


async def test_a_backend_goes_and_comes_back_with_its_checks(started, heard):
    node = await started(pool("a", "b", health=HEALTH, strategy=ROUND_ROBIN))
    live = node.balancer.pools["web"]
    heard.forget()
    node.doctor.findings[8000] = Failed("status 503")
    await node.balancer.checks.check(live, node.member("a"))
    assert set(chosen(node, 4)) == {"a", "b"}
    await node.balancer.checks.check(live, node.member("a"))
    assert chosen(node, 4) == {"b": 4}
    node.doctor.findings[8000] = Passed(0.25)
    await node.balancer.checks.check(live, node.member("a"))
    assert chosen(node, 4) == {"b": 4}
    await node.balancer.checks.check(live, node.member("a"))
    assert set(chosen(node, 4)) == {"a", "b"}
    assert said(heard, events.backend_failed) == [
        {"pool_id": "web", "backend_id": "a", "consecutive_fails": 2, "error": "status 503"}
    ]
    assert said(heard, events.backend_recovered) == [
        {"pool_id": "web", "backend_id": "a", "consecutive_ok": 2, "latency": 250.0}
    ]
    assert len(said(heard, events.check_passed)) == 2
    assert len(said(heard, events.check_failed)) == 2


async def test_checks_go_on_at_their_interval(started, until):
    node = await started(pool("a", health=replace(HEALTH, interval=0.01)))
    await until(lambda: len(node.doctor.asked) > 3)
    await node.balancer.administration.remove_backend("web", "a")
    asked = len(node.doctor.asked)
    for _ in range(50):
        await asyncio.sleep(0.001)
    assert len(node.doctor.asked) <= asked + 1


async def test_without_checks_nobody_is_unhealthy(started):
    node = await started(pool("a", health=HEALTH))
    node.doctor.findings[8000] = Failed("x")
    live = node.balancer.pools["web"]
    for _ in range(2):
        await node.balancer.checks.check(live, node.member("a"))
    assert not node.member("a").is_up
    await node.balancer.administration.update(replace(live.pool, health=None))
    assert chosen(node) == {"a": 1}


async def test_backends_that_stay_keep_what_is_known_about_them(started):
    node = await started(pool("a", "b", circuit=CIRCUIT, outliers=OUTLIERS))
    send(node, BAD, "a", 4)
    before = node.member("a")
    live = node.balancer.pools["web"]
    heavier = replace(live.pool, strategy=ROUND_ROBIN, backends=(backend("a", 8000, weight=9), backend("c")))
    await node.balancer.administration.update(heavier)
    assert node.member("a") is before
    assert node.member("a").candidate.weight == 9
    assert chosen(node, 3) == {"c": 3}


async def test_a_backend_that_moved_is_another_one(started):
    node = await started(pool("a", circuit=CIRCUIT))
    send(node, BAD, "a", 4)
    await node.balancer.administration.update(replace(pool(circuit=CIRCUIT), backends=(backend("a", 9999),)))
    assert chosen(node) == {"a": 1}


async def test_real_backends_are_checked_in_their_own_words(clock, until):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 %d X\r\n\r\n" % status)
        writer.close()

    status = 200
    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    there = Backend("there", Upstream("127.0.0.1", port), f"127.0.0.1:{port}")
    rules = HealthRules(interval=0.02, healthy_after=1, unhealthy_after=1)
    tasks = Supervisor()
    balancer = Balancer(MemoryRecords(clock), [Pool("web", (there,), health=rules)], clock, tasks)
    await balancer.start()
    assert isinstance(balancer.select("web"), Selected)
    status = 500
    await until(lambda: isinstance(balancer.select("web"), NotSelected))
    status = 204
    await until(lambda: isinstance(balancer.select("web"), Selected))
    await balancer.stop()
    await tasks.stop()
    listening.close()
    await listening.wait_closed()


async def test_what_is_known_survives_a_restart(tmp_path, clock):
    for attempt in range(2):
        records = SQLiteRecords(tmp_path / "store.db", clock)
        await records.open()
        tasks = Supervisor()
        balancer = Balancer(records, [pool("a", "b", circuit=CIRCUIT)], clock, tasks)
        await balancer.start()
        if attempt:
            assert balancer.select("web").backend.id == "b"
            assert balancer.pools["web"].members["a"].circuits[None].state is CircuitState.OPEN
        else:
            for _ in range(4):
                balancer.report(Selected("web", balancer.pools["web"].members["a"].backend), BAD)
        await balancer.stop()
        await tasks.stop()
        await records.close()
