"""Backends from DNS."""

from dataclasses import replace

import pytest
from tests.proxy.balancing.conftest import backend, pool
from tests.proxy.balancing.test_service import said

from yett.net.http import Upstream
from yett.proxy.balancing import Balancer, events
from yett.proxy.balancing.discovering import backend_at
from yett.proxy.balancing.discovery import DiscoveryRules, Resolved, Unresolved
from yett.proxy.balancing.model import Backend
from yett.store import MemoryRecords

RULES = DiscoveryRules("pool.example.test", 8443)
DNS = pool(discovery=RULES)
WHO = {"pool_id": "web", "hostname": "pool.example.test"}


@pytest.fixture
async def node(started, heard):
    heard.forget()
    node = await started()
    node.names.answer = Resolved(("192.0.2.10", "2001:db8::1"))
    await node.balancer.apply([DNS])
    await node.settle()
    return node


def members(node):
    return set(node.balancer.pools["web"].members)


async def test_every_address_of_the_name_is_a_backend(node, heard):
    assert members(node) == {"192.0.2.10:8443", "[2001:db8::1]:8443"}
    assert said(heard, events.discovery_enabled) == [{**WHO, "refresh": 30.0}]
    assert said(heard, events.discovery_updated) == [{**WHO, "total_ips": 2, "added": 2, "removed": 0}]
    assert node.balancer.select("web").backend.upstream.port == 8443


async def test_addresses_come_and_go_and_what_was_set_by_hand_stays(node, heard):
    await node.balancer.administration.add_backend("web", backend("by-hand"))
    node.names.answer = Resolved(("192.0.2.10", "192.0.2.11"))
    heard.forget()
    await node.balancer.discoveries.refresh("web")
    assert members(node) == {"by-hand", "192.0.2.10:8443", "192.0.2.11:8443"}
    assert said(heard, events.discovery_updated) == [{**WHO, "total_ips": 2, "added": 1, "removed": 1}]
    heard.forget()
    await node.balancer.discoveries.refresh("web")
    assert said(heard, events.discovery_updated) == []


async def test_no_answer_and_an_empty_one_keep_what_is_known(node, heard):
    before = members(node)
    node.names.answer = Unresolved("gaierror: Temporary failure in name resolution")
    await node.balancer.discoveries.refresh("web")
    node.names.answer = Resolved(())
    await node.balancer.discoveries.refresh("web")
    assert members(node) == before
    assert said(heard, events.discovery_failed) == [
        {**WHO, "error": "gaierror: Temporary failure in name resolution"}
    ]
    assert said(heard, events.discovery_empty) == [WHO]


async def test_what_the_store_does_not_take_is_tried_again(node, heard):
    node.names.answer = Resolved(("192.0.2.10", "192.0.2.11"))
    node.records.is_down = True
    await node.balancer.discoveries.refresh("web")
    why = "the store did not answer"
    assert said(heard, events.discovered_add_failed) == [{"pool_id": "web", "ip": "192.0.2.11", "error": why}]
    assert said(heard, events.discovered_remove_failed) == [
        {"pool_id": "web", "ip": "2001:db8::1", "error": why}
    ]
    node.records.is_down = False
    await node.balancer.discoveries.refresh("web")
    assert members(node) == {"192.0.2.10:8443", "192.0.2.11:8443"}


async def test_an_address_that_is_a_backend_already_is_left_alone(node, heard):
    by_hand = Backend("192.0.2.12:8443", Upstream("192.0.2.12", 8443), "192.0.2.12:8443")
    await node.balancer.administration.add_backend("web", by_hand)
    node.names.answer = Resolved(("192.0.2.10", "2001:db8::1", "192.0.2.12"))
    await node.balancer.discoveries.refresh("web")
    assert said(heard, events.discovered_add_failed) == []
    assert not node.member("192.0.2.12:8443").backend.is_discovered


async def test_one_node_asks_for_all(node, started):
    other = await started(DNS)
    other.names.answer = Resolved(("192.0.2.99",))
    await node.look()
    await other.balancer.discoveries.refresh("web")
    assert other.names.asked == 0
    assert members(other) == members(node)


async def test_other_settings_of_the_same_name_keep_what_was_found(node):
    heavier = replace(
        pool(discovery=replace(RULES, refresh=5.0)),
        fingerprint="2",
        template=Upstream("", 0, connect_timeout=1.0),
    )
    await node.balancer.apply([heavier])
    assert members(node) == {"192.0.2.10:8443", "[2001:db8::1]:8443"}
    assert node.member("192.0.2.10:8443").backend.upstream.connect_timeout == 1.0


async def test_a_name_with_tls_is_what_certificates_are_checked_for(started):
    node = await started()
    node.names.answer = Resolved(("192.0.2.10",))
    await node.balancer.apply([pool(discovery=replace(RULES, is_tls=True))])
    await node.settle()
    assert node.member("192.0.2.10:8443").backend.upstream.tls_name == "pool.example.test"


async def test_names_are_looked_up_again_and_again_until_that_is_switched_off(started, until):
    node = await started()
    node.names.answer = Resolved(("192.0.2.10",))
    await node.balancer.apply([pool(discovery=replace(RULES, refresh=0.005))])
    await until(lambda: node.names.asked > 3)
    await node.balancer.apply([])
    asked = node.names.asked
    await node.settle()
    assert node.names.asked <= asked + 1


async def test_the_system_finds_localhost(clock, until):
    from yett.kernel import Supervisor  # noqa: PLC0415 - only this test starts one without a node

    tasks = Supervisor()
    balancer = Balancer(MemoryRecords(clock), [pool(discovery=DiscoveryRules("localhost", 80))], clock, tasks)
    await balancer.start()
    await until(lambda: balancer.pools["web"].members)
    assert set(balancer.pools["web"].members) <= {"127.0.0.1:80", "[::1]:80"}
    await balancer.stop()
    await tasks.stop()


def test_a_discovered_backend_is_called_by_its_name():
    found = backend_at("2001:db8::1", DNS, DiscoveryRules("app.test", 8443, is_tls=True))
    assert (found.address, found.upstream.tls_name, found.host) == (
        "[2001:db8::1]:8443",
        "app.test",
        "app.test:8443",
    )
