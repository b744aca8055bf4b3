import pytest

from yett.proxy.rewriting.model import Place
from yett.proxy.rewriting.translation import Patterns, Translation


def translation(*places, host, port, opened=""):
    return Translation(Patterns([Place(*place) for place in places], host, port), opened or host, port)


WIKI = translation(("wiki.internal", 8080), ("[fd00::1]", 80), host="wiki.example.org", port=8443)
PUBLIC = b"https://wiki.example.org:8443"


@pytest.mark.parametrize(
    ("url", "public"),
    [
        (b"http://wiki.internal:8080", PUBLIC),
        (b"http://wiki.internal:8080/a?b#c", PUBLIC + b"/a?b#c"),
        (b"HTTP://Wiki.Internal:8080/", PUBLIC + b"/"),
        (b"https://wiki.internal:8080/", PUBLIC + b"/"),
        (b"//wiki.internal:8080/", PUBLIC[6:] + b"/"),
        (b"ws://wiki.internal:8080/", b"wss://wiki.example.org:8443/"),
        (b"http://[FD00::1]/", PUBLIC + b"/"),
        (b"http://[fd00::1]:80/", PUBLIC + b"/"),
        (b"http://wiki.example.org/", PUBLIC + b"/"),
        (b"https://wiki.example.org/", PUBLIC + b"/"),
        (b"http://wiki.example.org:8443?x", PUBLIC + b"?x"),
    ],
)
def test_an_address_of_the_application_becomes_the_public_one(url, public):
    assert WIKI.url(url) == public
    assert WIKI.attribute(b" " + url) == b" " + public


@pytest.mark.parametrize(
    "url",
    [
        b"/a",
        b"a",
        b"",
        b"?next=http://wiki.internal:8080/",
        b"http://wiki.internal/",
        b"http://wiki.internal:808/",
        b"http://wiki.internal:80800/",
        b"http://wiki.internal:8080.evil.example/",
        b"http://wiki.internal:8080@evil.example/",
        b"http://wiki.internal:8080%2eevil.example/",
        b"http://user@wiki.internal:8080/",
        b"http://xwiki.internal:8080/",
        b"http://wiki.internal.evil.example/",
        b"http://wiki-internal:8080/",
        b"http://wiki.example.org:9000/",
        b"http://[fd00::1]:8080/",
        b"ftp://wiki.internal:8080/",
        b"javascript://wiki.internal:8080/",
        b"xhttp://wiki.internal:8080/",
        b"http:/wiki.internal:8080/",
        b"http:///wiki.internal:8080/",
    ],
)
def test_every_other_address_stays(url):
    assert WIKI.url(url) is None
    assert WIKI.attribute(url) == url
    assert WIKI.attribute_list(url) == url


@pytest.mark.parametrize(
    "url",
    [
        b"http&#58;&#47;&#47;wiki&#46;internal&#58;8080/",
        b"http&#x3a;&#x2F;&#x0002f;wiki&#x2e;internal&#x3A;8080/",
        b"http&colon;&sol;&sol;wiki&period;internal&colon;8080/",
    ],
)
def test_attributes_may_be_written_with_references(url):
    assert WIKI.attribute(url) == PUBLIC + b"/"
    assert WIKI.url(url) is None


@pytest.mark.parametrize(
    "end", [b"&#64;evil", b"&commat;evil", b"&#x2e;evil", b"&#0000046;evil", b"&#37;2eevil"]
)
def test_a_reference_behind_the_port_may_make_it_another_host(end):
    url = b"http://wiki.internal:8080" + end
    assert WIKI.attribute(url) == url


def test_other_references_do_not():
    assert WIKI.attribute(b"http://wiki.internal:8080&#47;&amp;") == PUBLIC + b"&#47;&amp;"


def test_an_origin_is_one_from_end_to_end():
    assert WIKI.origin(b"http://wiki.internal:8080") == PUBLIC
    assert WIKI.origin(b"http://wiki.internal:8080/") is None
    assert WIKI.origin(b"//wiki.internal:8080") is None
    assert WIKI.origin(b"*") is None


def test_the_common_port_is_not_written():
    usual = translation(("wiki.internal", 8080), host="wiki.example.org", port=443)
    assert usual.url(b"http://wiki.internal:8080/") == b"https://wiki.example.org/"


def test_the_same_name_on_another_port_is_another_address():
    local = translation(("localhost", 9000), host="localhost", port=9443)
    assert local.url(b"http://localhost:9000/x") == b"https://localhost:9443/x"
    assert local.url(b"http://localhost:9001/x") is None


def test_lists_are_changed_link_by_link():
    value = b"http://wiki.internal:8080/1 1x, http://wiki.internal:8080/2 2x,http://other/ 3x"
    changed = WIKI.attribute_list(value)
    assert changed == value.replace(b"http://wiki.internal:8080", PUBLIC)


def test_nothing_that_matches_in_a_style_sheet_is_longer_than_the_reach():
    longest = b"@import        'https://[fd00::1]:80/"
    assert len(longest) < WIKI.patterns.reach
    assert WIKI.style_sheet(longest, 0, len(longest), len(longest)) == [
        (0, len(longest) - 1, b"@import        '" + PUBLIC)
    ]
    assert WIKI.style_sheet(longest, 0, len(longest), 0) == []


def test_of_a_wildcard_only_the_host_that_was_opened_is_mended():
    apps = translation(
        ("apps.internal", 80), host="*.apps.example.org", port=443, opened="a.apps.example.org"
    )
    assert apps.url(b"http://apps.internal/x") == b"https://a.apps.example.org/x"
    assert apps.url(b"http://a.apps.example.org/x") == b"https://a.apps.example.org/x"
    assert apps.attribute(b"http://A.apps&#46;example.org/x") == b"https://a.apps.example.org/x"
    for other in (
        b"http://b.apps.example.org/",
        b"http://a.a.apps.example.org/",
        b"http://apps.example.org/",
    ):
        assert apps.url(other) in {None, other}
        assert apps.attribute(other) == other
