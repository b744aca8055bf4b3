import ipaddress
import socket
import struct

import pytest

from yett.net import addresses_of, interfaces


def entry(label, address):
    return struct.pack("@16sHH4s16x", label.encode(), socket.AF_INET, 0, socket.inet_aton(address))


def test_an_address_is_itself():
    assert addresses_of("127.0.0.1") == ("127.0.0.1",)
    assert addresses_of("::1") == ("::1",)
    assert addresses_of("0:0:0:0:0:0:0:1") == ("::1",)


def test_nothing_means_every_address(monkeypatch):
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: True)
    assert addresses_of("") == ("0.0.0.0", "::")
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
    assert addresses_of("") == ("0.0.0.0",)


def test_an_interface_stands_for_its_addresses():
    found = addresses_of("lo")
    assert found[0] == "127.0.0.1"
    for address in found:
        assert ipaddress.ip_address(address).is_loopback


def test_each_address_of_an_interface_can_be_listened_on():
    for address in addresses_of("lo"):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family) as probe:
            probe.bind((address, 0))


def test_an_interface_may_have_several_addresses_and_aliases():
    entries = (
        entry("lo", "127.0.0.1")
        + entry("eth0", "192.0.2.1")
        + entry("eth0", "192.0.2.2")
        + entry("eth0:web", "192.0.2.3")
        + entry("eth01", "192.0.2.4")
        + entry("eth0", "192.0.2.1")
    )
    assert interfaces._named(entries, "eth0") == ("192.0.2.1", "192.0.2.2", "192.0.2.3")
    assert interfaces._named(entries, "eth1") == ()


@pytest.mark.parametrize(
    "name", ["nosuch0", "lo ", "127.0.0.256", "127.0.0.1:80", "example.org", "x" * 300, "\x00"]
)
def test_what_is_neither_is_refused_with_what_there_is(name):
    with pytest.raises(ValueError, match="neither an address nor a network interface") as caught:
        addresses_of(name)
    assert "lo" in str(caught.value)


def test_an_interface_without_an_address_is_refused(monkeypatch):
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo"), (2, "dummy7")])
    with pytest.raises(ValueError, match="the network interface dummy7 has no address"):
        addresses_of("dummy7")


def test_addresses_that_need_a_zone_are_left_out(monkeypatch, tmp_path):
    table = tmp_path / "if_inet6"
    table.write_text(
        "20010db8000000000000000000000001 02 40 00 80 eth0\n"
        "fe800000000000000000000000000001 02 40 20 80 eth0\n"
        "00000000000000000000000000000001 01 80 10 80 lo\n"
    )
    monkeypatch.setattr(interfaces, "_IF_INET6", table)
    assert interfaces._ipv6("eth0") == ("2001:db8::1",)
    assert interfaces._ipv6("lo") == ("::1",)
    monkeypatch.setattr(interfaces, "_IF_INET6", tmp_path / "none")
    assert interfaces._ipv6("eth0") == ()
