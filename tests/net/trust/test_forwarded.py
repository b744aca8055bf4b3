"""What proxies write about clients, and how far it is believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.net.trust import Networks
from yett.net.trust.forwarded import (
    address_of,
    from_forwarded,
    from_list,
    from_single,
    with_scheme_and_host,
)
from yett.net.trust.model import Claim, Hop, Malformed

OURS = Networks(("10.0.0.0/8", "2001:db8:f::/48"))


@pytest.mark.parametrize(
    ("text", "hop"),
    [
        ("192.0.2.1", Hop("192.0.2.1")),
        ("192.0.2.1:8080", Hop("192.0.2.1", 8080)),
        ("2001:DB8::1", Hop("2001:db8::1")),
        ("[2001:db8::1]", Hop("2001:db8::1")),
        ("[2001:db8::1]:443", Hop("2001:db8::1", 443)),
        ("::ffff:192.0.2.1", Hop("192.0.2.1")),
        ("[::ffff:192.0.2.1]:1", Hop("192.0.2.1", 1)),
    ],
)
def test_an_address_is_read_in_every_usual_form(text, hop):
    assert address_of(text) == hop


@pytest.mark.parametrize(
    "text",
    ["", "unknown", "_hidden", "192.0.2.1:", "192.0.2.1:x", "192.0.2.1:65536", "192.0.2.01", "192.0.2", "fe80::1%1",
     "[192.0.2.1]", "[::1", "::1]", "[::1]x", "[::1]:", "1.2.3.4 5.6.7.8", "[]", "[:]", "1.2.3.4:٣", "0x7f.1"],
)  # fmt: skip
def test_what_is_no_address_is_none(text):
    assert address_of(text) is None


@pytest.mark.parametrize(
    ("values", "client", "proxies"),
    [
        ([b"192.0.2.1"], "192.0.2.1", ()),
        ([b"6.6.6.6, 192.0.2.1"], "192.0.2.1", ()),
        ([b"garbage, 192.0.2.1, 10.0.0.2"], "192.0.2.1", ("10.0.0.2",)),
        ([b"6.6.6.6", b"192.0.2.1", b"10.0.0.2,10.0.0.3"], "192.0.2.1", ("10.0.0.2", "10.0.0.3")),
        ([b"192.0.2.1,,  ,"], "192.0.2.1", ()),
        ([b"10.0.0.9, 10.0.0.2"], "10.0.0.9", ("10.0.0.2",)),
        ([b"[2001:db8::5]:99, 2001:db8:f::1"], "2001:db8::5", ("2001:db8:f::1",)),
    ],
)
def test_the_client_is_the_rightmost_who_is_no_proxy_of_ours(values, client, proxies):
    claim = from_list(values, OURS)
    assert (claim.client.address, claim.proxies) == (client, proxies)


@pytest.mark.parametrize("values", [[], [b""], [b" , ,"]])
def test_an_empty_list_names_nobody(values):
    assert from_list(values, OURS) == Claim()


@pytest.mark.parametrize(
    "values",
    [
        [b"192.0.2.1, unknown"],
        [b"192.0.2.1, evil, 10.0.0.1"],
        [b"192.0.2.1;10.0.0.1"],
        [b"1.1.1.1," * 600],
        [b"10.0.0.1," * 65],
        [b"\xff"],
    ],
)
def test_a_list_that_cannot_be_read_is_refused(values):
    assert isinstance(from_list(values, OURS), Malformed)


@pytest.mark.parametrize(
    ("values", "client"),
    [
        ([b"for=192.0.2.1"], Hop("192.0.2.1")),
        ([b'FOR="[2001:db8::1]:4711";proto=HTTPS;by=10.0.0.1'], Hop("2001:db8::1", 4711)),
        ([b"for=6.6.6.6, for=192.0.2.1;proto=https , for=10.0.0.2;proto=http"], Hop("192.0.2.1")),
        ([b"for=6.6.6.6", b'for="192.0.2.1:1"'], Hop("192.0.2.1", 1)),
        ([b"for=192.0.2.1, for=_hidden"], None),
        ([b"for=unknown"], None),
        ([b"proto=https"], None),
    ],
)
def test_forwarded_is_read_like_a_list(values, client):
    assert from_forwarded(values, OURS).client == client


def test_forwarded_takes_scheme_and_host_from_the_element_of_the_client():
    values = [
        b'for=6.6.6.6;proto=http;host=evil, for=192.0.2.1;proto=https;host="a.example:8443", for=10.0.0.2;proto=http'
    ]
    assert from_forwarded(values, OURS) == Claim(Hop("192.0.2.1"), ("10.0.0.2",), True, "a.example:8443")


@pytest.mark.parametrize(
    "value",
    [
        b"for=",
        b"for",
        b"for=1.2.3.4:80",
        b"for=1.2.3.4;",
        b";for=1.2.3.4",
        b"for=1.2.3.4,,for=1.2.3.4",
        b"for=1.2.3.4 for=1.2.3.4",
        b'for="1.2.3.4',
        b'for="1.2.3.4"x',
        b"for=1.2.3.4;for=5.6.7.8",
        b"for=1.2.3.4;FOR=5.6.7.8",
        b"for=somebody",
        b"for=1.2.3.4;proto=gopher",
        b'for=1.2.3.4;host="a b"',
        b"for=1.2.3.4;host=\xff",
        # What a client may begin so that the proxy's own words are swallowed by its quotation:
        b'for=6.6.6.6;x=", for=192.0.2.1;proto=https',
        b'for=6.6.6.6;x=", for="192.0.2.1:80";proto=https',
        b'for=6.6.6.6;x="\\, for="[2001:db8::1]"',
    ],
)  # fmt: skip
def test_forwarded_that_breaks_the_grammar_is_refused(value):
    assert isinstance(from_forwarded([value], OURS), Malformed)


def test_a_quotation_in_one_line_does_not_reach_into_the_next():
    assert isinstance(from_forwarded([b'for=6.6.6.6;x="', b'";for=192.0.2.1'], OURS), Malformed)


def test_forwarded_is_bounded():
    assert isinstance(from_forwarded([b"for=10.0.0.1," * 64 + b"for=10.0.0.1"], OURS), Malformed)
    assert isinstance(from_forwarded([b'for=1.2.3.4;x="' + b"a" * 5000 + b'"'], OURS), Malformed)


def test_a_single_address_is_one_and_stands_once():
    assert from_single([b"192.0.2.1"]) == Claim(Hop("192.0.2.1"))
    assert from_single([]) == Claim()
    for values in ([b"192.0.2.1, 192.0.2.2"], [b"192.0.2.1", b"192.0.2.1"], [b""], [b"x"]):
        assert isinstance(from_single(values), Malformed)


@pytest.mark.parametrize(
    ("proto", "is_tls"),
    [([], None), ([b""], None), ([b"https"], True), ([b"HTTP"], False), ([b"wss"], True),
     ([b"http, https"], True), ([b"https", b"http"], False)],
)  # fmt: skip
def test_the_scheme_is_what_the_nearest_proxy_says(proto, is_tls):
    assert with_scheme_and_host(Claim(), proto, [], []).is_tls is is_tls


@pytest.mark.parametrize(
    ("host", "port", "said"),
    [
        ([b"A.example"], [], "A.example"),
        ([b"a.example"], [b"8443"], "a.example:8443"),
        ([b"a.example:1"], [b"8443"], "a.example:1"),
        ([b"[2001:db8::1]"], [b"443"], "[2001:db8::1]:443"),
        ([], [b"443"], ""),
    ],
)
def test_the_host_is_completed_with_its_port(host, port, said):
    assert with_scheme_and_host(Claim(), [], host, port).host == said


@pytest.mark.parametrize(
    ("proto", "host", "port"),
    [
        ([b"spdy"], [], []),
        ([b"https;"], [], []),
        ([], [b"a/b"], []),
        ([], [b"a b"], []),
        ([], [b"a:99999"], []),
        ([], [b"a@b"], []),
        ([], [b"a"], [b"0"]),
        ([], [b"a"], [b"70000"]),
        ([], [b"a"], [b"x"]),
    ],
)
def test_scheme_host_and_port_are_refused_when_they_are_none(proto, host, port):
    assert isinstance(with_scheme_and_host(Claim(), proto, host, port), Malformed)


LINES = st.lists(st.binary(max_size=60), max_size=3)


@given(LINES)
def test_any_bytes_get_a_verdict(values):
    for verdict in (
        from_list(values, OURS),
        from_single(values),
        from_forwarded(values, OURS),
        with_scheme_and_host(Claim(), values, values, values),
    ):
        assert isinstance(verdict, (Claim, Malformed))


@given(st.text('for=";, .:[]\\_x1', max_size=40))
def test_nothing_before_the_proxys_own_words_changes_who_the_client_is(prefix):
    claim = from_list([prefix.encode() + b", 192.0.2.1, 10.0.0.1"], OURS)
    assert claim.client == Hop("192.0.2.1")
    said = from_forwarded([prefix.encode() + b', for="192.0.2.1:5";proto=https'], OURS)
    assert isinstance(said, Malformed) or said.client == Hop("192.0.2.1", 5)
