import pytest
from tests.proxy.balancing.conftest import pool

from yett.events import Scope
from yett.net.http import Connection, Request
from yett.proxy.balancing import affinity_key
from yett.proxy.balancing.model import Affinity
from yett.proxy.balancing.strategies import StrategyName


def request(cookie=b"", session="", user="", client="198.51.100.7"):
    scope = Scope(request_id="1", client_address=client, session=session, user=user)
    return Request(
        connection=Connection("192.0.2.99", 4711, is_tls=True),
        scope=scope,
        method=b"GET",
        target=b"/",
        path="/",
        host="wiki.test",
        port=443,
        lines=[],
        minor_version=1,
        cookie=cookie,
    )


@pytest.mark.parametrize(
    ("affinity", "asked", "key"),
    [
        (Affinity.NONE, request(session="s"), ""),
        (Affinity.SESSION, request(session="s", user="ada"), "s"),
        (Affinity.SESSION, request(), "198.51.100.7"),
        (Affinity.USER, request(session="s", user="ada"), "ada"),
        (Affinity.ADDRESS, request(session="s", user="ada"), "198.51.100.7"),
        (Affinity.ADDRESS, request(client=""), "192.0.2.99"),
        (Affinity.COOKIE, request(b"a=1; JSESSIONID=x=y; b=2"), "x=y"),
        (Affinity.COOKIE, request(b"XJSESSIONID=1"), "198.51.100.7"),
        (Affinity.COOKIE, request(b""), "198.51.100.7"),
    ],
)
def test_requests_that_belong_together_have_one_key(affinity, asked, key):
    assert affinity_key(pool("a", affinity=affinity, affinity_cookie="JSESSIONID"), asked) == key


@pytest.mark.parametrize("strategy", [StrategyName.HASH, StrategyName.MAGLEV])
def test_strategies_that_work_by_key_go_by_address_when_nothing_is_asked_for(strategy):
    assert affinity_key(pool("a", strategy=strategy), request(session="s")) == "198.51.100.7"
