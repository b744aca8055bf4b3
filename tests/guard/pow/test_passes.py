import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.guard.pow.conftest import ADA, MASTER

from yett.guard.pow.model import Client, Standing
from yett.guard.pow.passes import PASS_COOKIE, Passes
from yett.keys import MasterKey

NOW = 1_800_000_000.5
HOST, ADDRESS = ADA.host, "192.0.2.1"


@pytest.fixture
def passes():
    return Passes(MASTER, lifetime=3600.0, is_bound=True)


def cookie(passes, client=ADA, now=NOW):
    return passes.issue(client, now)[0].partition(";")[0].encode()


def test_a_pass_is_a_cookie_of_its_host_alone(passes):
    value, seconds = passes.issue(ADA, NOW)
    assert value.endswith("; Path=/; Secure; HttpOnly; SameSite=None; Max-Age=3600")
    assert value.startswith(PASS_COOKIE + "=")
    assert seconds == 3600


def test_a_pass_is_met_once_and_then_known(passes):
    mine = b"a=b; " + cookie(passes) + b" ; c=d"
    seen = [passes.recognise(mine, HOST, ADDRESS, NOW) for _ in range(3)]
    assert seen == [Standing.NEW, Standing.KNOWN, Standing.KNOWN]
    assert Passes(MASTER, lifetime=3600.0, is_bound=True).recognise(mine, HOST, ADDRESS, NOW) is Standing.NEW


@pytest.mark.parametrize(
    ("host", "address", "now", "standing"),
    [
        (HOST, ADDRESS, NOW + 3599, Standing.NEW),
        (HOST, ADDRESS, NOW + 3600, Standing.EXPIRED),
        (HOST, ADDRESS, NOW - 2, Standing.EXPIRED),  # the clock was put back: it would last too long
        ("other.example", ADDRESS, NOW, Standing.FORGED),
        (HOST, "192.0.2.2", NOW, Standing.FORGED),
    ],
)
@pytest.mark.parametrize("is_known", [False, True])
def test_a_pass_is_good_for_one_host_one_client_and_its_time(passes, host, address, now, standing, is_known):
    mine = cookie(passes)
    if is_known:
        passes.recognise(mine, HOST, ADDRESS, NOW)
        standing = Standing.KNOWN if standing is Standing.NEW else standing
    assert passes.recognise(mine, host, address, now) is standing


def test_a_pass_follows_its_client_where_it_is_not_bound():
    passes = Passes(MASTER, lifetime=3600.0, is_bound=False)
    assert passes.recognise(cookie(passes), HOST, "198.51.100.9", NOW) is Standing.NEW


def test_of_ipv6_the_whole_network_is_one_client(passes):
    mine = cookie(passes, Client(HOST, "2001:db8:1:2::/64"))
    assert passes.recognise(mine, HOST, "2001:db8:1:2:ffff::1", NOW) is Standing.NEW
    assert passes.recognise(mine, HOST, "2001:db8:1:3::1", NOW) is Standing.FORGED


def test_a_shorter_lifetime_holds_for_passes_that_are_out(passes):
    mine = cookie(passes)
    assert passes.recognise(mine, HOST, ADDRESS, NOW) is Standing.NEW
    passes.use(lifetime=60.0, is_bound=True)
    assert passes.recognise(mine, HOST, ADDRESS, NOW) is Standing.EXPIRED


def test_another_cluster_key_makes_other_passes(passes):
    theirs = cookie(Passes(MasterKey(b"x" * 32), lifetime=3600.0, is_bound=True))
    assert passes.recognise(theirs, HOST, ADDRESS, NOW) is Standing.FORGED


def test_no_single_character_of_a_pass_can_be_another(passes):
    mine = cookie(passes)
    start = len(PASS_COOKIE) + 1
    for place in range(start, len(mine)):
        for other in (b"0", b"A", b"-", b"=", b"\xff"):
            if mine[place : place + 1] != other:
                altered = mine[:place] + other + mine[place + 1 :]
                assert passes.recognise(altered, HOST, ADDRESS, NOW) is Standing.FORGED


@given(st.binary(max_size=200))
def test_any_cookie_gets_a_standing(value):
    passes = Passes(MASTER, lifetime=3600.0, is_bound=True)
    assert passes.recognise(value, HOST, ADDRESS, NOW) is Standing.NONE
    field = PASS_COOKIE.encode() + b"=" + value
    assert passes.recognise(field, HOST, ADDRESS, NOW) is Standing.FORGED


def test_what_is_remembered_is_bounded(passes, monkeypatch):
    monkeypatch.setattr("yett.guard.pow.passes._MOST_REMEMBERED", 3)
    for number in range(10):
        client = Client(HOST, f"192.0.2.{number}")
        assert passes.recognise(cookie(passes, client), HOST, client.network, NOW) is Standing.NEW
    assert len(passes._seen) <= 3


@pytest.mark.parametrize(
    ("before", "after", "standing"),
    [
        (b"a=b; ", b"", Standing.NEW),
        (b"a=b;", b"; c=d", Standing.NEW),
        (b"a=b; \t", b" ; c=d", Standing.NEW),
        (b"x", b"", Standing.NONE),
        (b"a=", b"; c=d", Standing.NONE),
        (b"x__Host-yett-pow=1; ", b"", Standing.NEW),
        (b"a=__Host-yett-pow=1;", b"", Standing.NEW),
        (b"__Host-yett-pow=1; ", b"", Standing.FORGED),
    ],
)
def test_a_pass_is_found_among_other_cookies_and_only_under_its_own_name(passes, before, after, standing):
    assert passes.recognise(before + cookie(passes) + after, HOST, ADDRESS, NOW) is standing
