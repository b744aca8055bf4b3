"""Settings and differences as text."""

import pytest
from tests.config.samples import Auth, Backend, Door, Mail, Pool

from yett.config import MASK, Change, Row, Snapshot, diff, flatten
from yett.config.show import hold


def snapshot(door=None, pool=None, version=0):
    sections = {Door: Door(host="a.b", **(door or {})), Pool: Pool(**(pool or {})), Mail: Mail()}
    return Snapshot(sections, version=version)


def backend(name, **more):
    return Backend(name=name, address=f"{name}:1", **more)


def test_every_key_is_a_row_and_secrets_are_masked():
    rows = flatten(
        snapshot({"key": "hunter22"}, {"backend": (backend("x"),), "auth": Auth(password="p")}),
        {"door.key": "yett.toml"},
    )
    assert [row.key for row in rows][:2] == ["door.host", "door.port"]
    assert Row("door.key", MASK, False, "yett.toml") in rows
    assert Row("door.mode", "safe", True, "default") in rows
    assert Row("door.groups", "[]", True, "default") in rows
    assert Row("door.idle", "1m15s", True, "default") in rows
    assert Row("pool.backend[x].address", "x:1", False, "default") in rows
    assert Row("pool.backend[x].client_secret", "", True, "default") in rows
    assert Row("pool.auth.password", MASK, False, "default") in rows
    assert Row("pool.rule", "[]", True, "default") in rows
    assert "hunter22" not in repr(rows)


def test_equal_settings_do_not_differ():
    assert diff(snapshot(), snapshot()) == ()


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({"door": {"tls": False}}, {}, [Change("door.tls", "false", "true", True)]),
        ({}, {"door": {"port": 80}}, [Change("door.port", "443", "80", False)]),
        (
            {"door": {"key": "hunter22"}},
            {"door": {"key": "hunter33"}},
            [Change("door.key", MASK, MASK, True)],
        ),
        ({}, {"pool": {"auth": Auth(password="p")}}, [Change("pool.auth", "", "present", True)]),
        (
            {"pool": {"auth": Auth(password="p")}},
            {"pool": {"auth": Auth(password="q")}},
            [Change("pool.auth.password", MASK, MASK, True)],
        ),
        (
            {"pool": {"backend": (backend("x"), backend("y"))}},
            {"pool": {"backend": (backend("y", weight=2), backend("z"))}},
            [
                Change("pool.backend[x]", "present", "", True),
                Change("pool.backend[y].weight", "1", "2", True),
                Change("pool.backend[z]", "", "present", True),
            ],
        ),
        (
            {"pool": {"backend": (backend("x"), backend("y"))}},
            {"pool": {"backend": (backend("y"), backend("x"))}},
            [Change("pool.backend", "x, y", "y, x", True)],
        ),
    ],
)
def test_differences_are_told_key_by_key(before, after, changes):
    assert list(diff(snapshot(**before), snapshot(**after))) == changes


def test_what_needs_a_restart_is_held_at_its_old_value():
    old = snapshot(pool={"backend": (backend("x", zone="1"), backend("y"))}, version=4)
    new = snapshot(
        {"port": 80, "tls": False},
        {"backend": (backend("x", zone="2", weight=5), backend("z", zone="9"))},
    )
    mixed, held = hold(old, new)
    assert mixed[Door] == Door(host="a.b", tls=False)
    assert mixed[Pool].backend == (backend("x", zone="1", weight=5), backend("z", zone="9"))
    assert [change.key for change in held] == ["door.port", "pool.backend[x].zone"]
    assert mixed.version == 5


def test_equal_sections_stay_the_same_objects():
    old = snapshot()
    mixed, held = hold(old, snapshot({"port": 80}))
    assert len(held) == 1
    assert all(mixed[model] is old[model] for model in (Door, Pool, Mail))
    assert mixed.version == 0
