import inspect

import pytest
from tests.proxy.balancing.conftest import pool
from tests.proxy.balancing.test_service import BAD, CIRCUIT, HEALTH, OUTLIERS, chosen, said, send

from yett.kernel import CommandFailed
from yett.proxy.balancing import BalancingCommands, events
from yett.proxy.balancing.discovery import DiscoveryRules, Resolved
from yett.proxy.balancing.health import Failed
from yett.proxy.balancing.limits import LimitRules


def table(made):
    return [dict(zip(made.columns, row, strict=True)) for row in made.rows]


@pytest.fixture
async def node(started):
    node = await started(pool("a", "b", circuit=CIRCUIT, outliers=OUTLIERS, limit=LimitRules(50.0, 50.0)))
    node.commands = BalancingCommands(node.balancer)
    return node


async def test_pools_are_listed(node):
    node.names.answer = Resolved(())
    await node.balancer.administration.create(
        pool("x", pool_id="db", health=HEALTH, discovery=DiscoveryRules("db.example.test", 1))
    )
    await node.settle()
    db, web = table(await node.commands.pools())
    assert (db["pool"], db["check"], db["limit"], db["discovery"]) == ("db", "http", None, "db.example.test")
    assert (web["backends"], web["up"], web["circuit"], web["outliers"], web["limit"]) == (
        2,
        2,
        True,
        True,
        "50/s",
    )


async def test_backends_are_listed_with_what_keeps_requests_away(node):
    send(node, BAD, "a", 3)
    first, second = table(await node.commands.backends(pool="web"))
    assert (first["backend"], first["state"], second["state"]) == ("a", "ejected", "up")
    node.balancer.administration.uneject("web", "a")
    send(node, BAD, "a", 1)
    first, _ = table(await node.commands.backends())
    assert first["state"] == "circuit open"
    await node.commands.drain("web", "a")
    first, _ = table(await node.commands.backends())
    assert first["state"] == "draining"


async def test_health_is_shown(node):
    node.doctor.findings[8000] = Failed("status 500")
    await node.balancer.administration.create(pool("x", "y", pool_id="db", health=HEALTH))
    await node.settle()
    x, y, a, _ = table(await node.commands.health())
    assert (x["health"], x["problem"], y["health"]) == ("unhealthy", "status 500", "healthy")
    assert (a["health"], a["circuit"], x["circuit"]) == ("not checked", "closed", None)
    assert (await node.commands.pools()).rows[0][5] == 1


async def test_a_backend_is_drained_and_brought_back(node):
    selected = node.balancer.select("web", exclude={"b"})
    node.balancer.opened(selected)
    assert await node.commands.drain("web", "a") == "a is draining; this node still has 1 requests there."
    assert chosen(node, 3) == {"b": 3}
    await node.commands.undrain("web", "a")
    assert node.member("a").is_up


async def test_circuits_are_reset_by_the_operator(node, heard):
    send(node, BAD, "a", 4)
    await node.commands.circuit_reset("web", "a")
    assert node.member("a").circuits[None].allows
    assert [fields["reset_by"] for fields in said(heard, events.circuit_reset)] == ["root"]


async def test_an_ejection_is_ended(node):
    send(node, BAD, "a", 3)
    assert await node.commands.uneject("web", "a") == "a takes requests again."
    assert await node.commands.uneject("web", "a") == "a was not ejected."


async def test_backends_are_added_and_removed(node):
    assert await node.commands.backend_add("web", "https://app.example.test", weight=3) == (
        "Added app.example.test:443 to web."
    )
    added = node.member("app.example.test:443").backend
    assert (added.upstream.tls_name, added.weight) == ("app.example.test", 3)
    assert await node.commands.backend_add("web", "unix:/run/app.sock", name="local") == "Added local to web."
    await node.commands.backend_remove("web", "local")
    assert "local" not in node.balancer.pools["web"].members


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (lambda it: it.drain("nowhere", "a"), "there is no pool 'nowhere'; `yett proxy pools`"),
        (lambda it: it.drain("web", "x"), "there is no backend 'x' in 'web'; `yett proxy backends`"),
        (lambda it: it.undrain("web", "x"), "no backend"),
        (lambda it: it.circuit_reset("web", "x"), "no backend"),
        (lambda it: it.uneject("web", "x"), "no backend"),
        (lambda it: it.backends(pool="nowhere"), "no pool"),
        (lambda it: it.health(pool="nowhere"), "no pool"),
        (lambda it: it.backend_remove("web", "x"), "no backend"),
        (lambda it: it.backend_add("nowhere", "http://x:1"), "no pool"),
        (lambda it: it.backend_add("web", "http://x:1", name="a"), "there is a backend 'a' in 'web' already"),
        (lambda it: it.backend_add("web", "ftp://x:1"), "is not http://host:port"),
        (lambda it: it.backend_add("web", "http://x:99999"), "out of range"),
        (lambda it: it.backend_add("web", "http://x/path"), "is not http://host:port"),
        (lambda it: it.backend_add("web", "http://büro:1"), "is not http://host:port"),
        (lambda it: it.backend_add("web", "http://x:1", weight=0), "between 1 and 1000"),
        (lambda it: it.backend_add("web", "http://x:1", name="\x1b[1m"), "printable"),
    ],
)
async def test_what_cannot_be_done_is_refused_with_advice(command, complaint, node):
    with pytest.raises(CommandFailed) as refused:
        await command(node.commands)
    assert complaint in str(refused.value)


async def test_a_failing_store_is_told_to_the_operator(node):
    node.records.is_down = True
    with pytest.raises(CommandFailed, match="the store did not answer; the log says why"):
        await node.commands.drain("web", "a")


def test_every_command_is_a_coroutine_with_help():
    for name, function in inspect.getmembers(BalancingCommands, inspect.isfunction):
        assert name.startswith("_") or (inspect.iscoroutinefunction(function) and function.__doc__)
