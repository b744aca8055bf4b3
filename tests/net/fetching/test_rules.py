import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.net.fetching.rules import (
    BadAddress,
    Place,
    head_lines,
    may_ask,
    parse_address,
    parse_networks,
)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://IdP.example", Place(False, "idp.example", 443, "idp.example", "/")),
        ("https://idp.example:443/a?b=c", Place(False, "idp.example", 443, "idp.example", "/a?b=c")),
        ("https://idp.example:8443/", Place(False, "idp.example", 8443, "idp.example:8443", "/")),
        ("https://[2001:DB8::1]:8443/", Place(False, "2001:db8::1", 8443, "[2001:db8::1]:8443", "/")),
        ("https://idp.example/a#part", Place(False, "idp.example", 443, "idp.example", "/a")),
    ],
)
def test_an_address_says_whom_to_ask_for_what(url, place):
    assert parse_address(url) == place


@pytest.mark.parametrize(
    "url",
    [
        "", "idp.example", "//idp.example/", "ftp://idp.example/", "file:///etc/passwd", "https://", "https:///x",
        "http://idp.example/", "http://127.0.0.1/", "https://a:99999/", "https://a:0/", "https://user@a/",
        "https://user:pw@a/", "https://a/\r\nX: y", "https://a/ b", "https://[::1", "https://[::1%25lo]/",
        "https://ä.example/", "https://a\\@b/", "https://a..b/", "https://-a/", "https://a,b/", "https://a%2fb/",
        "https://" + "a" * 300, "https://a/" + "x" * 9000, "gopher://a/", "https://@a/", "https://:@a/",
    ],
)  # fmt: skip
def test_what_is_no_address_to_ask_is_refused(url):
    with pytest.raises(BadAddress):
        parse_address(url)


def test_plain_http_is_for_this_machine_only_and_only_when_allowed():
    for url in ("http://127.0.0.1:8080/", "http://[::1]/", "http://localhost/", "http://idp.localhost/"):
        assert parse_address(url, may_be_plain=True).is_plain
    for url in (
        "http://10.0.0.1/",
        "http://localhost.example/",
        "http://127.0.0.1.example/",
        "http://0x7f.1/",
    ):
        with pytest.raises(BadAddress):
            parse_address(url, may_be_plain=True)


@given(st.text())
def test_any_text_gets_a_verdict(text):
    for url in (text, f"https://{text}", f"https://a/{text}"):
        try:
            place = parse_address(url)
        except BadAddress:
            continue
        assert not place.is_plain
        assert "\r" not in place.target
        assert "\n" not in place.authority


PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "2606:4700::1111",
    "2001:4860:4860::8888",
    "64:ff9b::101:101",
    "::ffff:1.1.1.1",
]
NEVER = [
    "0.0.0.0",
    "224.0.0.1",
    "ff02::1",
    "::",
    "64:ff9b::e000:1",
    "::ffff:0.0.0.0",
    "",
    "localhost",
    "1.2.3",
]
PRIVATE = [
    "127.0.0.1", "127.255.255.254", "::1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "169.254.170.2", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192",
    "192.0.2.1", "198.18.0.1", "240.0.0.1", "255.255.255.255", "fd00:ec2::254", "fc00::1", "fe80::1", "fe80::1%lo",
    "2001:db8::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1", "64:ff9b:1:7f00:0:100:808:808", "2002:7f00:1::1", "2001:0:7f00:1::1", "::7f00:1",
    "fec0::1", "192.88.99.1", "5f00::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_asked(address):
    assert may_ask(address, ())


@pytest.mark.parametrize("address", [*PRIVATE, *NEVER])
def test_no_other_address_is_asked(address):
    assert not may_ask(address, ())


@pytest.mark.parametrize("address", [each for each in PRIVATE if "%" not in each])
def test_a_private_address_is_asked_when_its_network_is_allowed(address):
    assert may_ask(address, parse_networks([address]))
    assert not may_ask(address, parse_networks(["203.0.113.0/24"]))


@pytest.mark.parametrize("address", NEVER)
def test_what_is_nobodys_address_is_never_asked(address):
    assert not may_ask(address, parse_networks(["0.0.0.0/0", "::/0"]))


def test_an_allowed_network_counts_for_each_way_to_write_its_addresses():
    allowed = parse_networks(["10.0.0.0/8"])
    assert may_ask("::ffff:10.1.2.3", allowed)
    assert may_ask("64:ff9b::a01:203", allowed)
    assert not may_ask("::ffff:127.0.0.1", allowed)


def test_without_tls_only_this_machine_is_asked_whatever_is_allowed():
    allowed = parse_networks(["10.0.0.0/8"])
    assert may_ask("127.0.0.1", (), only_loopback=True)
    assert may_ask("::1", (), only_loopback=True)
    assert not may_ask("10.0.0.1", allowed, only_loopback=True)
    assert not may_ask("1.1.1.1", allowed, only_loopback=True)


@given(st.ip_addresses().map(str))
def test_every_address_gets_a_verdict_and_more_is_asked_with_more_networks(address):
    assert may_ask(address, ()) <= may_ask(address, parse_networks(["10.0.0.0/8", "fc00::/7"]))


def test_fields_of_a_request_stay_one_line_each():
    assert head_lines({"DPoP": "a.b.c", "Accept": "x"}) == b"DPoP: a.b.c\r\nAccept: x\r\n"
    for name, value in (
        ("X", "a\r\nY: b"),
        ("X", "a\nb"),
        ("X", "ä"),
        ("X\r\nY", "a"),
        ("X Y", "a"),
        ("", "a"),
        ("Host", "elsewhere"),
        ("content-length", "5"),
        ("Transfer-Encoding", "chunked"),
    ):
        with pytest.raises(BadAddress):
            head_lines({name: value})
