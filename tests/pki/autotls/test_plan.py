import pytest

from yett.pki.autotls.cycle import Period
from yett.pki.autotls.plan import Plan, key_for, plans_for, serial_for

PERIOD = Period(
    number=3, begin=1_800_000_000, renew_at=1_802_592_000, not_before=1_799_996_400, not_after=1_805_184_000
)
PLAN = Plan(("id.example.com", "*.id.example.com"), ("id.example.com", "*.id.example.com"))


@pytest.mark.parametrize(
    ("hostname", "further", "names"),
    [
        ("id.example.com", (), [("id.example.com", "*.id.example.com")]),
        (
            "id.example.com",
            ("wiki.example.com", "app.id.example.com", "WIKI.example.com.", "id.example.com"),
            [("id.example.com", "*.id.example.com"), ("wiki.example.com",)],
        ),
        (
            "example.com",
            ("*.apps.example.com", "not a name"),
            [("example.com", "*.example.com"), ("*.apps.example.com",)],
        ),
        ("localhost", ("wiki.localhost",), [("localhost",), ("wiki.localhost",)]),
        ("192.0.2.7", (), [("192.0.2.7",)]),
    ],
)
def test_every_served_name_is_covered_once(hostname, further, names):
    assert [plan.names for plan in plans_for(hostname, further)] == names


def test_nodes_with_one_cluster_key_arrive_at_the_same_key_and_serial(master):
    first, second = (key_for(master, PLAN, PERIOD, 0).private_numbers() for _ in range(2))
    assert first == second
    assert serial_for(master, PLAN, PERIOD, 0, b"ca") == serial_for(master, PLAN, PERIOD, 0, b"ca")


def test_whatever_changes_in_a_certificate_changes_its_serial(master):
    later = Period(4, 1_802_592_000, 1_805_184_000, 1_802_588_400, 1_807_776_000)
    other = Plan(("wiki.example.com",), ("wiki.example.com",))
    serials = {
        serial_for(master, PLAN, PERIOD, 0, b"ca"),
        serial_for(master, PLAN, PERIOD, 1, b"ca"),
        serial_for(master, PLAN, later, 0, b"ca"),
        serial_for(master, PLAN, PERIOD, 0, b"another ca"),
        serial_for(master, other, PERIOD, 0, b"ca"),
    }
    assert len(serials) == 5
    assert all(0 < serial < 1 << 127 for serial in serials)


def test_each_cycle_name_and_generation_has_a_key_of_its_own(master):
    later = Period(4, 1_802_592_000, 1_805_184_000, 1_802_588_400, 1_807_776_000)
    other = Plan(("wiki.example.com",), ("wiki.example.com",))
    keys = {
        key_for(master, plan, period, generation).private_numbers().private_value
        for plan in (PLAN, other)
        for period in (PERIOD, later)
        for generation in (0, 1)
    }
    assert len(keys) == 8
