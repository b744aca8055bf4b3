import asyncio
from datetime import timedelta

import pytest
from cryptography.x509 import ocsp
from tests.authn.x509.making import names_responder, openssl_responder, root, said, until
from tests.ports import free_port
from tests.store.faults import FaultyRecords

from yett.authn.x509 import X509Settings, events
from yett.authn.x509.fetching import Fetcher
from yett.authn.x509.model import Standing
from yett.authn.x509.ocsp import Responders
from yett.kernel import SystemClock
from yett.store import MemoryRecords

REVOKED, UNKNOWN = ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN


@pytest.fixture
def records(clock):
    return FaultyRecords(MemoryRecords(clock))


@pytest.fixture
def asking(records, clock, tasks):
    """Responders with these settings."""

    def make(*urls, **more):
        usual = {"enabled": True, "ocsp": True, "ocsp_urls": urls, "timeout": timedelta(seconds=5)}
        return Responders(records, X509Settings(**{**usual, **more}), Fetcher(), clock, tasks)

    return make


async def test_nobody_is_asked_unless_that_is_wanted(asking, ca, static, heard):
    assert await asking(static.url, ocsp=False).standing(ca.chain(ca.issue())) is Standing.NOT_ASKED
    assert not static.asked
    assert said(heard) == []


@pytest.mark.parametrize("status", [ocsp.OCSPCertStatus.GOOD, REVOKED])
async def test_an_answer_is_used_again_for_a_while(asking, ca, static, clock, heard, status):
    leaf = ca.issue()
    static.bodies["/"] = ca.answer(leaf, status=status, ends=200)
    responders = asking(static.url + "/")
    expected = Standing.REVOKED if status is REVOKED else Standing.GOOD
    for extension, words in (
        (False, ["cache_miss", "answered"]),
        (False, ["cache_hit"]),
        (True, ["serial_cache_hit"]),
    ):
        heard.forget()
        assert await responders.standing(ca.chain(leaf), is_extension=extension) is expected
        assert said(heard) == words
    assert len(static.asked) == 1
    clock.advance(201)
    heard.forget()
    await responders.standing(ca.chain(leaf), is_extension=True)
    assert said(heard)[0] == "serial_cache_miss"
    assert len(static.asked) == 2


async def test_an_answer_is_not_used_for_longer_than_the_settings_say(asking, ca, static):
    leaf = ca.issue()
    static.bodies["/"] = ca.answer(leaf)
    responders = asking(static.url + "/", ocsp_cache=timedelta(seconds=60))
    await responders.standing(ca.chain(leaf))
    responders.use(X509Settings(ocsp=True, ocsp_urls=(static.url + "/",), ocsp_cache=timedelta(seconds=5)))
    await responders.standing(ca.chain(leaf))
    assert len(static.asked) == 2


async def test_an_answer_about_one_certificate_is_not_one_about_another(asking, ca, static):
    gone, here = ca.issue(), ca.issue()
    responders = asking(static.url + "/")
    static.bodies["/"] = ca.answer(here)
    assert await responders.standing(ca.chain(here)) is Standing.GOOD
    assert await responders.standing(ca.chain(gone)) is Standing.UNKNOWN
    # The same serial from another authority.
    other = root("CN=Other")
    twin = other.issue(serial=here.certificate.serial_number)
    assert await responders.standing(other.chain(twin)) is Standing.UNKNOWN


async def test_responders_are_asked_in_their_order(asking, ca, static, heard):
    leaf = ca.issue()
    static.bodies |= {
        "/junk": b"junk",
        "/wrong": root().answer(leaf, issuer=ca),
        "/good": ca.answer(leaf, status=REVOKED),
    }
    places = [static.url + path for path in ("/none?key=1", "/junk", "/wrong", "/good", "/never")]
    assert await asking(*places).standing(ca.chain(leaf)) is Standing.REVOKED
    assert said(heard) == [
        "cache_miss",
        "responder_failed",
        "responder_failed",
        "responder_failed",
        "answered",
    ]
    assert heard("x509")[1][1]["place"] == static.url + "/none"
    assert len(static.asked) == 4


@pytest.mark.parametrize("soft", [False, True])
async def test_that_nobody_answers_is_said_with_what_follows_from_it(asking, ca, static, heard, soft):
    responders = asking(static.url + "/none", soft_fail=soft)
    assert await responders.standing(ca.chain(ca.issue())) is Standing.UNKNOWN
    last = "unreachable_allowed" if soft else "unreachable_blocked"
    assert said(heard) == ["cache_miss", "responder_failed", last]


async def test_a_responder_that_has_never_heard_of_it_is_not_one_that_is_away(asking, ca, static, heard):
    leaf = ca.issue()
    static.bodies |= {"/a": ca.answer(leaf, status=UNKNOWN), "/b": ca.answer(leaf)}
    assert await asking(static.url + "/a", static.url + "/b").standing(ca.chain(leaf)) is Standing.GOOD
    other = asking(static.url + "/a", soft_fail=True, ocsp_cache=timedelta(seconds=0))
    assert await other.standing(ca.chain(leaf)) is Standing.STRANGE
    assert "unreachable_allowed" not in said(heard)


async def test_what_a_certificate_names_is_asked_only_if_its_host_is_listed(asking, ca, static, heard):
    leaf = ca.issue(extensions=[names_responder(static.url + "/aia")])
    static.bodies["/aia"] = ca.answer(leaf)
    host = static.url.removeprefix("http://")
    for hosts in ((), ("127.0.0.1",), ("evil.example",)):
        heard.forget()
        assert await asking(ocsp_aia_hosts=hosts).standing(ca.chain(leaf)) is Standing.UNKNOWN
        assert (events.no_responder, {"serial": leaf.serial, "named": 1}) in heard("x509.ocsp")
    assert not static.asked
    assert await asking(ocsp_aia_hosts=(host,)).standing(ca.chain(leaf)) is Standing.GOOD


@pytest.mark.parametrize(
    "url", ["ldap://127.0.0.1/", "http://user@127.0.0.1/", "http://127.0.0.1\r\n/", "file:///etc/passwd", "x"]
)
async def test_what_a_certificate_names_may_be_anything(asking, ca, url):
    leaf = ca.issue(extensions=[names_responder(url)])
    responders = asking(ocsp_aia_hosts=("127.0.0.1", ""))
    assert await responders.standing(ca.chain(leaf)) is Standing.UNKNOWN


async def test_fifty_who_ask_at_once_are_one_question(asking, ca, static, heard):
    leaf = ca.issue()
    static.bodies["/"] = ca.answer(leaf)
    static.gate.clear()
    responders = asking(static.url + "/")
    asked = [asyncio.get_running_loop().create_task(responders.standing(ca.chain(leaf))) for _ in range(50)]
    await until(lambda: static.asked)
    # One of them, the first, goes away: the others still want the answer.
    asked[0].cancel()
    static.gate.set()
    answers = await asyncio.gather(*asked[1:])
    assert set(answers) == {Standing.GOOD}
    assert len(static.asked) == 1
    assert "wait_failed" not in said(heard)


async def test_those_who_wait_for_an_answer_in_vain_say_so(asking, ca, static, heard):
    static.gate.clear()
    responders = asking(static.url + "/none")
    asked = [
        asyncio.get_running_loop().create_task(responders.standing(ca.chain(LEAF), is_extension=True))
        for LEAF in [ca.issue()] * 3
    ]
    await until(lambda: static.asked)
    static.gate.set()
    assert set(await asyncio.gather(*asked)) == {Standing.UNKNOWN}
    assert said(heard).count("wait_failed") == 2


async def test_a_store_that_fails_costs_only_the_memory(asking, records, ca, static, heard):
    leaf = ca.issue()
    static.bodies["/"] = ca.answer(leaf)
    records.is_down = True
    assert await asking(static.url + "/").standing(ca.chain(leaf)) is Standing.GOOD
    assert said(heard) == ["cache_failed", "cache_miss", "answered", "answer_not_kept"]


async def test_junk_in_the_store_is_passed_over(asking, records, ca, static):
    leaf = ca.issue()
    static.bodies["/"] = ca.answer(leaf)
    responders = asking(static.url + "/")
    await responders.standing(ca.chain(leaf))
    ((key, _),) = await records.list("x509/ocsp/")
    for junk in (b"", b"{}", b'{"standing":"fine","until":9e99}', b'{"standing":"good","until":9e99}'):
        await records.put(key, junk)
        assert await responders.standing(ca.chain(leaf)) is Standing.GOOD
    assert len(static.asked) == 5


async def test_openssl_answers_as_well(tmp_path, tasks):
    clock = SystemClock()
    ca = root(now=clock.now())
    gone, here, strange = ca.issue(), ca.issue(), ca.issue()
    with openssl_responder(tmp_path, ca, ca.responder(), free_port(), revoked=[gone], good=[here]) as url:
        settings = X509Settings(ocsp=True, ocsp_urls=(url,), ocsp_require_nonce=True)
        responders = Responders(MemoryRecords(clock), settings, Fetcher(), clock, tasks)
        async with asyncio.timeout(20):
            while await responders.standing(ca.chain(here)) is Standing.UNKNOWN:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        assert await responders.standing(ca.chain(here)) is Standing.GOOD
        assert await responders.standing(ca.chain(gone)) is Standing.REVOKED
        assert await responders.standing(ca.chain(strange)) is Standing.STRANGE
