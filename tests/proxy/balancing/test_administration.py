"""Changing pools, also while the store fails: every trouble is said, and traffic goes on."""

from dataclasses import replace

import pytest
from tests.proxy.balancing.conftest import backend, pool
from tests.proxy.balancing.test_service import BAD, CIRCUIT, HEALTH, OUTLIERS, chosen, said, send

from yett.net.http import Upstream
from yett.proxy.balancing import Pool, Refused, events
from yett.proxy.balancing.circuit import CircuitState
from yett.proxy.balancing.discovery import DiscoveryRules
from yett.proxy.balancing.health import Failed
from yett.proxy.balancing.limits import LimitRules
from yett.proxy.balancing.model import MOST_BACKENDS, Backend, Refusal

WRITE = {"pool_id": "web", "error": "StoreUnavailable: this write failed"}
DOWN = {"pool_id": "web", "error": "StoreUnavailable: the store is down"}
A = {"backend_id": "a"}


async def test_a_pool_is_made_changed_and_deleted(started, heard):
    node = await started()
    desk = node.balancer.administration
    assert isinstance(await desk.create(pool("a")), Pool)
    assert await desk.create(pool("a")) == Refused(Refusal.POOL_EXISTS)
    assert isinstance(await desk.add_backend("web", backend("b")), Pool)
    assert await desk.add_backend("web", backend("b")) == Refused(Refusal.BACKEND_EXISTS)
    assert isinstance(await desk.update(pool("b", "c")), Pool)
    assert isinstance(await desk.remove_backend("web", "c"), Pool)
    assert await desk.remove_backend("web", "c") == Refused(Refusal.BACKEND_NOT_FOUND)
    assert [each.id for each in (await desk.get("web")).backends] == ["b"]
    assert [each.id for each in await desk.list()] == ["web"]
    assert isinstance(await desk.delete("web"), Pool)
    assert await desk.list() == ()
    assert [emitter for emitter, _ in heard("loadbalancer")] == [
        events.pool_created,
        events.backend_added,
        events.pool_updated,
        events.backend_removed,
        events.pool_deleted,
    ]
    assert said(heard, events.backend_added) == [
        {"pool_id": "web", "backend_id": "b", "address": "192.0.2.1:8080"}
    ]


async def test_nothing_is_done_to_what_is_not_there(started):
    desk = (await started(pool("a"))).balancer.administration
    missing = Refused(Refusal.POOL_NOT_FOUND)
    assert await desk.get("x") == missing
    assert await desk.update(pool(pool_id="x")) == missing
    assert await desk.delete("x") == missing
    assert await desk.add_backend("x", backend("a")) == missing
    assert await desk.remove_backend("x", "a") == missing
    assert await desk.drain("x", "a") == missing
    assert await desk.reset_circuit("x", "a", reset_by="root") == missing
    assert desk.uneject("x", "a") == missing
    nobody = Refused(Refusal.BACKEND_NOT_FOUND)
    assert await desk.drain("web", "b") == nobody
    assert await desk.reset_circuit("web", "b", reset_by="root") == nobody
    assert desk.uneject("web", "b") == nobody


async def test_a_pool_has_room_for_so_many(started):
    many = tuple(
        Backend(str(number), Upstream("192.0.2.1", 1 + number), "") for number in range(MOST_BACKENDS)
    )
    desk = (await started(replace(pool(), backends=many))).balancer.administration
    assert await desk.add_backend("web", backend("one-more")) == Refused(Refusal.TOO_MANY)
    assert await desk.create(Pool("big", (*many, backend("x")))) == Refused(Refusal.TOO_MANY)


async def test_draining_is_said_once_each_way(started, heard):
    node = await started(pool("a", "b"))
    for is_draining in (True, True, False, False):
        await node.balancer.administration.drain("web", "a", is_draining=is_draining)
    assert said(heard, events.backend_draining) == [{"pool_id": "web", **A}]
    assert said(heard, events.backend_undrained) == [{"pool_id": "web", **A}]


async def test_a_circuit_is_reset(started, heard):
    node = await started(pool("a", circuit=CIRCUIT))
    send(node, BAD, "a", 4)
    await node.balancer.administration.reset_circuit("web", "a", reset_by="root")
    assert chosen(node) == {"a": 1}
    assert said(heard, events.circuit_reset) == [{"pool_id": "web", **A, "reset_by": "root"}]


# The store fails.


async def test_pools_of_the_settings_work_without_the_store(started, heard):
    node = await started(pool("a"), is_down=True)
    assert chosen(node) == {"a": 1}
    assert said(heard, events.pool_check_failed) == [DOWN]
    assert said(heard, events.pools_list_failed)[0] == {"error": DOWN["error"]}
    assert len(said(heard, events.pool_created)) == 1


async def test_pools_of_the_settings_are_written_down_once_the_store_is_back(started, heard, clock):
    node = await started(pool("a"), is_down=True)
    node.records.is_down = False
    clock.advance(31.0)
    await node.look()
    assert isinstance(await node.balancer.administration.add_backend("web", backend("b")), Pool)
    other = await started()
    assert set(other.balancer.pools["web"].members) == {"a", "b"}
    assert len(said(heard, events.pool_created)) == 1


async def test_a_pool_deleted_by_command_does_not_come_back_by_itself(started, clock):
    node = await started(pool("a"))
    await node.balancer.administration.delete("web")
    clock.advance(31.0)
    await node.look()
    assert list(node.balancer.pools) == []


async def test_new_settings_count_without_the_store(started):
    node = await started(replace(pool("a"), fingerprint="1"))
    node.records.is_down = True
    await node.balancer.apply([replace(pool("b"), fingerprint="2"), pool("x", pool_id="new")])
    assert chosen(node) == {"b": 1}
    assert "new" in node.balancer.pools


@pytest.mark.parametrize(
    ("write", "emitter", "fields"),
    [
        (1, events.pool_store_failed, WRITE),
        (2, events.circuit_init_failed, {**WRITE, **A}),
        (3, events.outlier_init_failed, {**WRITE, **A}),
    ],
)
async def test_each_write_of_making_a_pool_may_fail(write, emitter, fields, started, heard):
    node = await started()
    node.records.fail_write = write
    made = await node.balancer.administration.create(pool("a", circuit=CIRCUIT, outliers=OUTLIERS))
    assert said(heard, emitter) == [fields]
    assert isinstance(made, Pool) is (write > 1)
    assert ("web" in node.balancer.pools) is (write > 1)


OPERATIONS = [
    (lambda desk: desk.create(pool("a", pool_id="x")), events.pool_check_failed, None),
    (lambda desk: desk.delete("web"), events.pool_get_for_delete_failed, events.pool_delete_failed),
    (
        lambda desk: desk.update(pool("z")),
        events.pool_get_for_update_failed,
        events.pool_update_failed,
    ),
    (
        lambda desk: desk.add_backend("web", backend("b")),
        events.pool_get_for_add_failed,
        events.backend_add_failed,
    ),
    (
        lambda desk: desk.remove_backend("web", "a"),
        events.pool_get_for_remove_failed,
        events.backend_remove_failed,
    ),
    (lambda desk: desk.drain("web", "a"), events.drain_get_failed, events.drain_update_failed),
    (
        lambda desk: desk.reset_circuit("web", "a", reset_by="root"),
        events.circuit_reset_failed,
        events.circuit_reset_failed,
    ),
]


@pytest.mark.parametrize(("operate", "reading", "writing"), OPERATIONS)
async def test_a_change_that_the_store_does_not_take_is_not_made(operate, reading, writing, started, heard):
    node = await started(pool("a", circuit=CIRCUIT))
    desk = node.balancer.administration
    node.records.is_down = True
    assert await operate(desk) == Refused(Refusal.STORE)
    assert len(said(heard, reading)) == 1
    node.records.is_down = False
    if writing is not None:
        heard.forget()
        node.records.fail_write = 1
        assert await operate(desk) == Refused(Refusal.STORE)
        assert len(said(heard, writing)) == 1
    assert chosen(node, 3) == {"a": 3}
    assert list(node.balancer.pools) == ["web"]


async def test_while_the_store_is_down_pools_are_shown_as_this_node_knows_them(started, heard):
    node = await started(pool("a"))
    node.records.is_down = True
    assert (await node.balancer.administration.get("web")).id == "web"
    assert [each.id for each in await node.balancer.administration.list()] == ["web"]
    assert said(heard, events.pool_get_failed) == [DOWN]
    assert said(heard, events.pools_list_failed) == [{"error": DOWN["error"]}]


async def test_a_circuit_that_cannot_be_written_down_is_open_all_the_same(started, heard):
    node = await started(pool("a", circuit=CIRCUIT))
    node.records.is_down = True
    send(node, BAD, "a", 4)
    await node.balancer._outbox.flush()
    assert node.balancer.select("web").is_circuit_open
    assert said(heard, events.circuit_store_failed)[0] == {**DOWN, **A}
    # What could not be written is written later.
    node.records.is_down = False
    await node.settle()
    other = await started()
    assert other.member("a").circuits[None].state is CircuitState.OPEN


async def test_an_ejection_that_cannot_be_written_down_holds_here(started, heard, clock):
    node = await started(pool("a", "b", outliers=OUTLIERS))
    node.records.is_down = True
    send(node, BAD, "a", 3)
    await node.balancer._outbox.flush()
    assert chosen(node, 3) == {"b": 3}
    assert said(heard, events.outlier_store_failed)[0] == {**DOWN, **A}
    clock.advance(30.0)
    node.balancer.select("web")
    await node.balancer._outbox.flush()
    assert node.member("a").is_up
    assert said(heard, events.readmission_store_failed)[0] == {**DOWN, **A}


async def test_an_interval_that_cannot_be_written_down_is_over_all_the_same(started, heard, clock):
    node = await started(pool("a", "b", outliers=OUTLIERS))
    await node.look()
    send(node, BAD, "a", 1)
    node.records.is_down = True
    clock.advance(10.0)
    await node.look()
    assert said(heard, events.interval_store_failed)[0] == {**DOWN, **A}
    assert node.member("a").standing.requests == 0


async def test_health_that_cannot_be_written_down_counts_here(started, heard):
    node = await started(pool("a", "b", health=HEALTH))
    node.records.is_down = True
    node.doctor.findings[8000] = Failed("x")
    for _ in range(2):
        await node.balancer.checks.check(node.balancer.pools["web"], node.member("a"))
    await node.balancer._outbox.flush()
    assert chosen(node, 3) == {"b": 3}
    assert said(heard, events.health_store_failed)[0] == {**DOWN, **A}


async def test_counts_and_limits_that_cannot_be_written_down_keep_nobody_out(started, heard):
    limited = pool("a", limit=LimitRules(1.0, 5.0, is_per_user=True))
    node = await started(limited, node="here")
    other = await started(node="there")
    await other.look()
    await node.look()
    node.records.is_down = True
    selected = node.balancer.select("web", user="ada")
    node.balancer.opened(selected)
    await node.balancer.look()
    await node.balancer._outbox.flush()
    assert said(heard, events.connections_store_failed)[0] == {**DOWN, **A}
    assert said(heard, events.limit_store_failed)[0] == {**DOWN, "key": "ada"}
    assert chosen(node, user="ada") == {"a": 1}


@pytest.mark.parametrize("write", range(1, 13))
async def test_whichever_write_fails_requests_are_served(write, started, clock):
    node = await started(
        pool("a", "b", circuit=CIRCUIT, outliers=OUTLIERS, health=HEALTH, limit=LimitRules(100.0, 100.0))
    )
    other = await started()
    await other.look()
    node.records.fail_write = write
    for _ in range(3):
        send(node, BAD, "a", 4)
        await node.look()
        await node.balancer.administration.add_backend("web", backend("c"))
        assert node.balancer.select("web").backend.id in {"b", "c"}
        clock.advance(11.0)
    await node.settle()
    await other.settle()
    assert set(other.balancer.pools["web"].members) == set(node.balancer.pools["web"].members)


async def test_discovery_is_switched_on_and_off_while_running(started, heard):
    node = await started(pool("a"))
    rules = DiscoveryRules("pool.example.test", 80)
    assert isinstance(await node.balancer.administration.discover("web", rules), Pool)
    assert isinstance(await node.balancer.administration.discover("web", None), Pool)
    assert said(heard, events.discovery_enabled) == [
        {"pool_id": "web", "hostname": "pool.example.test", "refresh": 30.0}
    ]
    assert said(heard, events.discovery_disabled) == [{"pool_id": "web"}]
