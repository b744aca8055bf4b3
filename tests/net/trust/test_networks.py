"""Whose proxies are believed."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.net.trust import BadNetwork, Networks


def test_addresses_in_a_network_belong_to_it_and_others_do_not():
    networks = Networks(("10.0.0.0/8", "192.0.2.7", "2001:db8::/32"))
    assert "10.255.0.1" in networks
    assert "192.0.2.7" in networks
    assert "2001:db8:1::1" in networks
    for stranger in ("11.0.0.1", "192.0.2.8", "2001:db9::1", "::ffff:10.0.0.1", "", "unknown", "10.0.0.1:80"):
        assert stranger not in networks


def test_whoever_reaches_the_unix_socket_is_trusted_only_when_asked():
    assert "" in Networks(("unix",))
    assert "" not in Networks(("0.0.0.0/0", "::/0"))


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "ten", "", "10.0.0.0/8 "])
def test_what_is_no_network_is_refused(text):
    with pytest.raises(BadNetwork):
        Networks((text,))


@given(st.lists(st.tuples(st.ip_addresses(v=4), st.integers(0, 32)), max_size=5), st.ip_addresses(v=4))
def test_looking_up_agrees_with_looking_through(pairs, address):
    texts = [str(ipaddress.ip_network(f"{base}/{length}", strict=False)) for base, length in pairs]
    expected = any(address in ipaddress.ip_network(text) for text in texts)
    assert (str(address) in Networks(texts)) is expected


def test_what_is_remembered_is_bounded():
    networks = Networks(("10.0.0.0/8",))
    for number in range(5000):
        assert f"10.{number >> 8}.{number & 255}.1" in networks
    assert len(networks._known) <= 4096
