import asyncio
import contextlib

import pytest
from tests.net.fetching.peer import Authority, Peer

from yett.net.fetching import Fetcher, FetchFailed, FetchingSettings, check_fetching, events

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def context(authority):
    return authority.context("idp.example")


class Names:
    """A resolver that is a table, and remembers what it was asked."""

    def __init__(self, *addresses):
        self.addresses = addresses
        self.asked = []

    async def __call__(self, host):
        self.asked.append(host)
        return self.addresses


def fetcher(authority, *addresses, allow=LOOPBACK):
    return Fetcher(
        FetchingSettings(allow=allow, ca_file=authority.file), Names(*(addresses or ("127.0.0.1",)))
    )


async def test_what_is_there_is_fetched_over_tls(authority, context, heard):
    async with Peer(lambda _: OK, context) as peer:
        answer = await fetcher(authority).get(
            f"https://idp.example:{peer.port}/a?b=c", headers={"DPoP": "x.y.z"}
        )
    assert (answer.status, answer.json()) == (200, {})
    (request,) = peer.requests
    assert request.startswith(b"GET /a?b=c HTTP/1.1\r\nHost: idp.example:%d\r\n" % peer.port)
    assert b"\r\nDPoP: x.y.z\r\n" in request
    assert heard("net.fetching") == [(events.answered, {"host": "idp.example", "status": 200, "size": 2})]


async def test_a_body_is_sent_with_its_length(authority, context):
    async with Peer(lambda _: OK, context) as peer:
        url = f"https://idp.example:{peer.port}/"
        await fetcher(authority).post(url, b"a=b", "application/x-www-form-urlencoded")
    (request,) = peer.requests
    assert request.startswith(b"POST / HTTP/1.1\r\n")
    assert b"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n" in request
    assert request.endswith(b"\r\n\r\na=b")


async def test_redirects_are_told_and_not_followed(authority, context):
    away = b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n"
    async with Peer(lambda _: away, context) as peer:
        answer = await fetcher(authority).get(f"https://idp.example:{peer.port}/")
    assert (answer.status, answer.headers["location"]) == (302, "https://elsewhere.example/")
    assert len(peer.requests) == 1


async def test_a_server_without_a_certificate_for_the_name_is_told_nothing(authority, context):
    async with Peer(lambda _: OK, context) as peer:
        with pytest.raises(FetchFailed, match="certificate refused"):
            await fetcher(authority).get(f"https://other.example:{peer.port}/?code=secret")
        stranger = Fetcher(FetchingSettings(allow=LOOPBACK), Names("127.0.0.1"))
        with pytest.raises(FetchFailed, match="certificate refused"):
            await stranger.get(f"https://idp.example:{peer.port}/?code=secret")
    assert not peer.requests


async def test_the_file_of_authorities_is_read_anew_with_new_settings(authority, context):
    made = Fetcher(FetchingSettings(allow=LOOPBACK), Names("127.0.0.1"))
    async with Peer(lambda _: OK, context) as peer:
        url = f"https://idp.example:{peer.port}/"
        with pytest.raises(FetchFailed):
            await made.get(url)
        made.apply(FetchingSettings(allow=LOOPBACK, ca_file=authority.file))
        assert (await made.get(url)).status == 200


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "10.0.0.1"])
async def test_a_name_that_leads_inside_is_not_asked(authority, context, address, heard):
    async with Peer(lambda _: OK, context) as peer:
        with pytest.raises(FetchFailed, match="no address that may be asked"):
            await fetcher(authority, address, allow=()).get(f"https://idp.example:{peer.port}/")
    assert not peer.requests
    assert (events.address_refused, {"host": "idp.example"}) in heard("net.fetching")


async def test_the_address_that_was_judged_is_the_one_that_is_asked(authority, context):
    names = Names("127.0.0.1")
    made = Fetcher(FetchingSettings(allow=LOOPBACK, ca_file=authority.file), names)
    async with Peer(lambda _: OK, context) as peer:
        await made.get(f"https://idp.example:{peer.port}/")
    assert names.asked == ["idp.example"]


async def test_of_several_addresses_only_the_good_ones_are_asked(authority, context):
    async with Peer(lambda _: OK, context) as peer:
        made = fetcher(authority, "10.255.255.1", "127.0.0.1")
        assert (await made.get(f"https://idp.example:{peer.port}/")).status == 200


async def test_without_a_resolver_the_system_is_asked_and_judged_the_same(context):
    made = Fetcher(FetchingSettings())
    async with Peer(lambda _: OK, context) as peer:
        for host in (
            "localhost",
            "127.0.0.1",
            "2130706433",
            "0x7f000001",
            "127.1",
            "[::1]",
            "[::ffff:7f00:1]",
        ):
            with pytest.raises(FetchFailed):
                await made.get(f"https://{host}:{peer.port}/")
    assert not peer.requests


async def test_plain_http_reaches_this_machine_when_asked_for():
    async with Peer(lambda _: OK) as peer:
        url = f"http://127.0.0.1:{peer.port}/"
        made = Fetcher(FetchingSettings())
        with pytest.raises(FetchFailed, match="not https"):
            await made.get(url)
        assert (await made.get(url, may_be_plain=True)).status == 200


async def test_a_name_for_this_machine_that_leads_elsewhere_is_not_asked_without_tls(authority):
    with pytest.raises(FetchFailed, match="no address"):
        await fetcher(authority, "10.0.0.1", allow=("10.0.0.0/8",)).get(
            "http://a.localhost/", may_be_plain=True
        )


async def test_a_server_that_does_not_answer_is_given_up(authority, context):
    async with Peer(lambda _: None, context) as peer:
        with pytest.raises(FetchFailed, match="no answer in time"):
            await fetcher(authority).get(f"https://idp.example:{peer.port}/", seconds=0.2)


async def test_too_much_is_not_taken(authority, context):
    async with Peer(lambda _: OK, context) as peer:
        with pytest.raises(FetchFailed, match="more than 1 bytes"):
            await fetcher(authority).get(f"https://idp.example:{peer.port}/", most=1)


async def test_only_so_many_are_on_their_way_at_once(authority, context):
    async with Peer(lambda _: OK, context) as peer:
        made = fetcher(authority)
        url = f"https://idp.example:{peer.port}/"
        answers = await asyncio.gather(*(made.get(url, seconds=60) for _ in range(80)))
    assert {answer.status for answer in answers} == {200}


async def test_a_failure_names_neither_address_nor_secret(authority, context):
    async with Peer(lambda _: b"HTTP/1.1 200 secret-of-theirs\x00\r\n\r\n", context) as peer:
        with pytest.raises(FetchFailed) as failed:
            await fetcher(authority).get(
                f"https://idp.example:{peer.port}/?code=s3cret", headers={"Authorization": "Basic s3cret"}
            )
    for text in ("s3cret", "idp.example", "secret-of-theirs"):
        assert text not in str(failed.value)
    assert failed.value.__cause__ is None


async def test_nobody_at_home_is_said(authority):
    async with Peer(lambda _: OK) as peer:
        port = peer.port
    with pytest.raises(FetchFailed):
        await fetcher(authority).get(f"https://idp.example:{port}/")


def test_settings_are_checked(tmp_path, authority):
    assert not list(
        check_fetching(FetchingSettings(allow=("10.0.0.0/8", "fd00::/8"), ca_file=authority.file))
    )
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")
    wrong = list(check_fetching(FetchingSettings(allow=("10.0.0.1/8", "x"), ca_file=empty)))
    assert [each.key for each in wrong] == [
        "net.fetching.allow",
        "net.fetching.allow",
        "net.fetching.ca_file",
    ]


async def test_a_host_that_never_answers_leaves_room_for_the_others(authority):
    both = authority.context("both.example", "slow.example")
    async with Peer(lambda request: None if b"slow.example" in request else OK, both) as peer:
        asking = fetcher(authority)
        slow = f"https://slow.example:{peer.port}/"
        crowd = asyncio.gather(*(asking.get(slow, seconds=60) for _ in range(100)))
        answer = await asking.get(f"https://both.example:{peer.port}/", seconds=30)
        crowd.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await crowd
    assert answer.status == 200
    assert len(peer.requests) <= 17
