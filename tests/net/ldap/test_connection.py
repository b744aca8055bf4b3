import asyncio
import contextlib
import ssl

import pytest
from tests.journeys.ldap_server import (
    BASE,
    PEOPLE,
    SERVICE,
    SERVICE_PASSWORD,
    Authority,
    dn_of,
    user_ldif,
)

from yett.net.ldap import (
    BrokenAnswer,
    Code,
    Connection,
    Limits,
    Refused,
    Scope,
    Server,
    Unreachable,
    Untrusted,
    ber,
    compile_filter,
    messages,
    parse_url,
)

ANYBODY = compile_filter("(uid=*)")
QUICK = Limits(connect=0.3, answer=0.3)


def trusting(authority):
    return ssl.create_default_context(cafile=authority.path)


def server_of(ldap, *, is_tls=False, authority=None):
    url = ldap.ldaps if is_tls else ldap.url
    _, host, port = parse_url(url)
    return Server(url, host, port, is_tls, not is_tls, trusting(authority or ldap.authority))


@contextlib.asynccontextmanager
async def opened(server, limits=Limits()):  # noqa: B008 - frozen
    connection = await Connection.open(server, limits)
    try:
        yield connection
    finally:
        await connection.close()


async def found(connection, wanted=ANYBODY, **more):
    return [entry async for entry in connection.search(PEOPLE, Scope.SUBTREE, wanted, ("uid",), **more)]


@contextlib.asynccontextmanager
async def peer(serve):
    """A server in the clear that does what it is told; a connection to it."""

    async def handle(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield Server("ldap://peer", "127.0.0.1", port, is_tls=False, starttls=False)
    finally:
        listening.close()
        await listening.wait_closed()


def answer(number, code=0, tag=0x61, *, tail=b""):
    content = ber.integer(code, ber.ENUMERATED) + ber.octets("") + ber.octets("") + tail
    return ber.sequence(ber.integer(number), ber.tlv(tag, content))


@pytest.mark.parametrize("is_tls", [False, True])
async def test_a_bind_is_judged_and_a_search_brings_everybody_page_by_page(ldap, is_tls):
    ldap.add("".join(user_ldif(f"u{number}") for number in range(25)))
    async with opened(server_of(ldap, is_tls=is_tls)) as connection:
        assert (await connection.bind(SERVICE, "wrong")).code == Code.INVALID_CREDENTIALS
        assert (await connection.bind(SERVICE, SERVICE_PASSWORD)).code == Code.SUCCESS
        entries = await found(connection, page_size=10)
        assert len(entries) == 25
        assert connection.is_usable
        only = await found(connection, compile_filter("(&(objectClass=*)(uid=u7))"))
        assert [entry.dn for entry in only] == [dn_of("u7")]


@pytest.mark.parametrize(("name", "password"), [("", "x"), (SERVICE, ""), ("", "")])
async def test_nothing_is_bound_with_an_empty_name_or_password(ldap, name, password):
    async with opened(server_of(ldap)) as connection:
        with pytest.raises(ValueError, match="needs a name and a password"):
            await connection.bind(name, password)


@pytest.mark.parametrize("is_tls", [False, True])
async def test_a_server_of_another_authority_is_not_trusted(ldap, tmp_path, is_tls):
    with pytest.raises(Untrusted, match="certificate does not hold"):
        await Connection.open(server_of(ldap, is_tls=is_tls, authority=Authority(tmp_path)), Limits())


async def test_a_certificate_has_to_name_the_host(ldap):
    server = server_of(ldap, is_tls=True)
    elsewhere = Server(
        server.url, "localhost", server.port, is_tls=True, starttls=False, context=server.context
    )
    with pytest.raises(Untrusted):
        await Connection.open(elsewhere, Limits())


async def test_a_server_that_is_not_there_is_unreachable(ldap):
    server = server_of(ldap)
    ldap.stop()
    with pytest.raises(Unreachable):
        await Connection.open(server, Limits())


@pytest.mark.parametrize("is_tls", [False, True])
async def test_a_server_that_hangs_holds_nobody_up(ldap, is_tls):
    server = server_of(ldap, is_tls=is_tls)
    async with opened(server, QUICK) as connection:
        await connection.bind(SERVICE, SERVICE_PASSWORD)
        ldap.pause()
        try:
            with pytest.raises(Unreachable):
                await Connection.open(server, QUICK)
            with pytest.raises(Unreachable):
                await found(connection)
            assert not connection.is_usable
        finally:
            ldap.resume()


async def test_a_connection_that_the_server_closed_is_seen_to_be_of_no_use(ldap):
    async with opened(server_of(ldap)) as connection:
        assert (await connection.bind(SERVICE, SERVICE_PASSWORD)).code == 0
        ldap.kill()
        async with asyncio.timeout(5):
            while connection.is_usable:  # noqa: ASYNC110 - the end arrives by itself
                await asyncio.sleep(0.01)
        with pytest.raises(Unreachable):
            await found(connection)


async def test_a_base_that_is_not_there_is_a_refusal(ldap):
    async with opened(server_of(ldap)) as connection:
        await connection.bind(SERVICE, SERVICE_PASSWORD)
        with pytest.raises(Refused) as refusal:
            [_ async for _ in connection.search(f"ou=none,{BASE}", Scope.SUBTREE, ANYBODY, ())]
        assert refusal.value.result.code == Code.NO_SUCH_OBJECT
        assert connection.is_usable


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x30\x84\x7f\xff\xff\xff",  # two gigabytes to come
        b"\x30\x80",
        answer(99),
        b"\x30\x03\x02\x01\x01",
        ber.sequence(ber.integer(1), ber.tlv(0x61, b"\x0a\x01")),
        ber.sequence(ber.integer(1), ber.tlv(0x64, ber.octets("uid=x") + ber.sequence())),
    ],
)
async def test_an_answer_that_is_none_ends_the_connection(reply):
    async def serve(reader, writer):
        await reader.read(100)
        writer.write(reply)
        await writer.drain()
        await reader.read()

    async with peer(serve) as server, opened(server) as connection:
        with pytest.raises(BrokenAnswer):
            await connection.bind("cn=a", "b")
        assert not connection.is_usable


async def test_an_answer_larger_than_what_may_wait_is_read_to_its_end():
    values = ber.sequence(
        *(ber.octets(f"uid=u{number},dc=example") for number in range(100_000)), tag=ber.SET
    )
    attributes = ber.sequence(ber.sequence(ber.octets("member"), values))
    large = ber.sequence(ber.integer(1), ber.tlv(0x64, ber.octets("cn=all") + attributes))

    async def serve(reader, writer):
        await reader.read(1000)
        writer.write(large + answer(1, 0, 0x65))
        await reader.read()

    async with peer(serve) as server, opened(server) as connection:
        (entry,) = await found(connection)
        assert len(entry.attributes["member"]) == 100_000


async def test_a_message_over_the_limit_is_not_taken():
    async def serve(reader, writer):
        await reader.read(1000)
        writer.write(ber.tlv(ber.SEQUENCE, bytes(2000)))
        await reader.read()

    async with peer(serve) as server, opened(server, Limits(message=1000)) as connection:
        with pytest.raises(BrokenAnswer, match="2004 bytes"):
            await connection.bind("cn=a", "b")


async def test_goodbye_of_the_server_is_no_answer():
    async def serve(reader, writer):
        await reader.read(100)
        writer.write(answer(0, 52, 0x78, tail=ber.octets("1.3.6.1.4.1.1466.20036", 0x8A)))
        await reader.read()

    async with peer(serve) as server, opened(server) as connection:
        with pytest.raises(Unreachable, match="goodbye"):
            await connection.bind("cn=a", "b")


async def test_what_comes_in_unasked_makes_a_connection_useless():
    async def serve(reader, writer):
        await reader.read(100)
        writer.write(answer(1) + answer(2))
        await reader.read()

    async with peer(serve) as server, opened(server) as connection:
        await connection.bind("cn=a", "b")
        assert not connection.is_usable


async def test_what_comes_in_the_clear_behind_the_answer_to_starttls_is_refused():
    async def serve(reader, writer):
        await reader.read(100)
        writer.write(answer(1, 0, 0x78) + answer(1))
        await reader.read()

    async with peer(serve) as server:
        before_tls = Server(server.url, server.host, server.port, False, True, ssl.create_default_context())
        with pytest.raises(BrokenAnswer, match="before TLS"):
            await Connection.open(before_tls, QUICK)


@pytest.mark.parametrize("reply", [answer(1, 2, 0x78), answer(1, 52, 0x78)])
async def test_a_server_without_tls_gets_no_password(reply):
    received = []

    async def serve(reader, writer):
        received.append(await reader.read(100))
        writer.write(reply)
        received.append(await reader.read(100))

    async with peer(serve) as server:
        before_tls = Server(server.url, server.host, server.port, False, True, ssl.create_default_context())
        with pytest.raises(Untrusted):
            await Connection.open(before_tls, QUICK)
    assert received[0] == messages.message(1, messages.extended(messages.STARTTLS))


async def test_a_question_that_is_given_up_leaves_no_answer_for_the_next():
    async def serve(reader, _):
        await reader.read()

    async with peer(serve) as server, opened(server) as connection:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await connection.bind("cn=a", "b")
        with pytest.raises(Unreachable):
            await connection.bind("cn=a", "b")


async def test_a_search_that_is_broken_off_leaves_no_answers_for_the_next(ldap):
    ldap.add("".join(user_ldif(f"u{number}") for number in range(5)))
    async with opened(server_of(ldap)) as connection:
        await connection.bind(SERVICE, SERVICE_PASSWORD)
        search = connection.search(PEOPLE, Scope.SUBTREE, ANYBODY, ())
        await anext(search)
        await search.aclose()
        assert not connection.is_usable


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("ldap://a", ("ldap", "a", 389)),
        ("ldaps://a.example:1636/", ("ldaps", "a.example", 1636)),
        ("ldaps://[::1]", ("ldaps", "::1", 636)),
    ],
)
def test_urls_name_a_host_and_a_port(url, parts):
    assert parse_url(url) == parts


@pytest.mark.parametrize(
    "url", ["", "http://a", "ldap://", "ldap://a/dc=x", "ldap://a?x", "ldap://u:p@a", "ldap://a:x"]
)
def test_other_urls_are_refused(url):
    with pytest.raises(ValueError, match=r"\w"):
        parse_url(url)
