import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.config import ConfigInvalid, load
from yett.guard.geo import BadRule, GeoSettings, OnFailure, Reason, check_geo
from yett.guard.geo.rules import COUNTRIES, Networks, Place, Policy, compile_policy, judge, parse_address

ADDRESSES = st.ip_addresses()
NETWORKS = st.one_of(
    st.tuples(st.integers(0, (1 << 32) - 1), st.integers(0, 32)).map(
        lambda pair: ipaddress.ip_network((pair[0], pair[1]), strict=False)
    ),
    st.tuples(st.integers(0, (1 << 128) - 1), st.integers(0, 128)).map(
        lambda pair: ipaddress.ip_network((pair[0], pair[1]), strict=False)
    ),
)
PLACES = st.builds(Place, st.sampled_from(["", "AT", "DE", "FR"]), st.sampled_from([0, 1, 2, 3]))
POLICIES = st.builds(
    Policy,
    *[st.frozensets(st.sampled_from([1, 2, 3]))] * 2,
    *[st.frozensets(st.sampled_from(["AT", "DE", "FR"]))] * 2,
)


def policy(**lists):
    return compile_policy(GeoSettings(**lists))


@pytest.mark.parametrize(
    ("lists", "place", "reason"),
    [
        ({}, Place("AT", 1), None),
        ({}, Place(), None),
        ({"deny_asns": (1,)}, Place("AT", 1), Reason.ASN_DENIED),
        ({"deny_asns": (1,)}, Place("AT", 2), None),
        ({"deny_asns": (1,)}, Place("AT", 0), None),
        ({"allow_asns": (1,)}, Place("AT", 1), None),
        ({"allow_asns": (1,)}, Place("AT", 2), Reason.ASN_NOT_ALLOWED),
        ({"allow_asns": (1,)}, Place("AT", 0), Reason.ASN_NOT_ALLOWED),
        ({"deny_countries": ("AT",)}, Place("AT", 1), Reason.COUNTRY_DENIED),
        ({"deny_countries": ("AT",)}, Place("", 1), None),
        ({"allow_countries": ("AT",)}, Place("AT", 1), None),
        ({"allow_countries": ("AT",)}, Place("DE", 1), Reason.COUNTRY_NOT_ALLOWED),
        ({"allow_countries": ("AT",)}, Place("", 1), Reason.COUNTRY_NOT_ALLOWED),
        # Denying wins over allowing, within a kind and across kinds.
        ({"deny_asns": (1,), "allow_asns": (1,)}, Place("AT", 1), Reason.ASN_DENIED),
        ({"deny_countries": ("AT",), "allow_countries": ("AT",)}, Place("AT", 1), Reason.COUNTRY_DENIED),
        ({"allow_asns": (1,), "deny_countries": ("AT",)}, Place("AT", 1), Reason.COUNTRY_DENIED),
        ({"deny_asns": (1,), "allow_countries": ("AT",)}, Place("AT", 1), Reason.ASN_DENIED),
        # The first list that keeps out is named.
        ({"deny_asns": (1,), "deny_countries": ("AT",)}, Place("AT", 1), Reason.ASN_DENIED),
        ({"allow_asns": (2,), "deny_countries": ("AT",)}, Place("AT", 1), Reason.ASN_NOT_ALLOWED),
    ],
)
def test_a_request_has_to_pass_every_list(lists, place, reason):
    assert judge(place, policy(**lists)) is reason


@given(PLACES, POLICIES)
def test_a_place_passes_only_what_every_single_list_lets_pass(place, lists):
    alone = [
        Policy(deny_asns=lists.deny_asns),
        Policy(allow_asns=lists.allow_asns),
        Policy(deny_countries=lists.deny_countries),
        Policy(allow_countries=lists.allow_countries),
    ]
    reasons = [reason for each in alone if (reason := judge(place, each)) is not None]
    assert judge(place, lists) is (reasons[0] if reasons else None)


@given(PLACES, POLICIES)
def test_lists_without_a_database_are_not_enforced(place, lists):
    assert judge(place, lists.enforceable(has_countries=False, has_asns=False)) is None
    only_asns = lists.enforceable(has_countries=False, has_asns=True)
    assert not only_asns.needs_countries
    assert only_asns.needs_asns is lists.needs_asns
    assert lists.enforceable(has_countries=True, has_asns=True) == lists


@given(ADDRESSES, st.lists(NETWORKS, max_size=6))
def test_an_address_belongs_to_networks_as_the_standard_library_says(address, networks):
    expected = any(address in network for network in networks)
    assert (address in Networks(str(network) for network in networks)) is expected


@given(NETWORKS, st.data())
def test_both_ends_of_a_network_belong_to_it(network, data):
    known = Networks([str(network)])
    assert network[0] in known
    assert network[-1] in known
    assert network[data.draw(st.integers(0, network.num_addresses - 1))] in known


@pytest.mark.parametrize(
    ("address", "is_private"),
    [
        ("10.1.2.3", True),
        ("127.0.0.1", True),
        ("192.168.1.1", True),
        ("172.31.255.255", True),
        ("169.254.1.1", True),
        ("::1", True),
        ("fd00::1", True),
        ("fe80::1%eth0", True),
        ("::ffff:10.0.0.1", True),
        ("172.32.0.1", False),
        ("100.64.0.1", False),
        ("198.51.100.1", False),
        ("2001::1", False),  # Teredo
        ("::ffff:8.8.8.8", False),
        ("2002:808:808::1", False),
    ],
)
def test_private_addresses_bypass_unless_that_is_switched_off(address, is_private):
    assert (parse_address(address) in policy().bypass) is is_private
    assert parse_address(address) not in policy(bypass_private=False).bypass


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2002:c633:6407::1", "198.51.100.7"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_address_that_counts_is_the_innermost(text, counts):
    assert parse_address(text) == ipaddress.ip_address(counts)


@given(st.text())
def test_any_text_is_an_address_or_none(text):
    assert isinstance(parse_address(text), (ipaddress.IPv4Address, ipaddress.IPv6Address, type(None)))


@pytest.mark.parametrize("text", ["", "unix:", "198.51.100.7:80", "1.2.3", "0x7f.1"])
def test_what_is_no_address_is_none(text):
    assert parse_address(text) is None


# Settings.


def test_there_are_249_countries_and_kosovo():
    assert len(COUNTRIES) == 250


@pytest.mark.parametrize(
    ("lists", "key", "value", "reason"),
    [
        ({"deny_countries": ("AT", "UK")}, "deny_countries", "UK", "entry 2 is no country"),
        ({"allow_countries": ("ZZ",)}, "allow_countries", "ZZ", "entry 1 is no country"),
        ({"deny_asns": (4294967296,)}, "deny_asns", "4294967296", "entry 1 is not between"),
        ({"allow_asns": (0,)}, "allow_asns", "0", "entry 1 is not between"),
        ({"bypass": ("198.51.100.7/24",)}, "bypass", "198.51.100.7/24", "entry 1 is no address or network"),
        ({"bypass": ("10.0.0.0/8", "here")}, "bypass", "here", "entry 2 is no address or network"),
    ],
)
def test_what_cannot_be_used_is_a_mistake_with_its_place(lists, key, value, reason):
    (mistake,) = check_geo(GeoSettings(**lists))
    assert (mistake.key, mistake.value) == (f"protection.geo.{key}", value)
    assert reason in mistake.reason
    with pytest.raises(BadRule, match=reason):
        policy(**lists)


def test_a_code_that_is_often_taken_for_a_country_comes_with_the_right_one():
    (mistake,) = check_geo(GeoSettings(deny_countries=("UK",)))
    assert mistake.hint == '"GB" may be meant'


def read(tmp_path, lines):
    source = tmp_path / "yett.toml"
    source.write_text(f'[service]\nhostname = "login.example.test"\n[protection.geo]\n{lines}\n')
    return load(source, {}).snapshot[GeoSettings]


def test_lists_are_read_from_a_file(tmp_path):
    settings = read(
        tmp_path,
        'enabled = true\ngeo_database = "/var/lib/geo/country.mmdb"\ndeny_asns = [64496]\n'
        'allow_countries = ["AT", "DE"]\nbypass = ["203.0.113.0/24"]\non_failure = "block"',
    )
    assert settings.on_failure is OnFailure.BLOCK
    assert compile_policy(settings).allow_countries == {"AT", "DE"}


@pytest.mark.parametrize(
    "line", ['deny_countries = ["at"]', 'allow_countries = ["AUT"]', "deny_asns = [-1]", 'on_failure = "x"']
)
def test_a_list_of_the_wrong_form_is_refused(tmp_path, line):
    with pytest.raises(ConfigInvalid):
        read(tmp_path, line)
