"""One connection to one server: one operation at a time, each with a time limit.

What must stay true:
  nothing but LDAPFailed comes out of an operation, and after one that did not end properly the
  connection is closed, so that no answer is ever taken for that of another question;
  where TLS is asked for, no byte of a password or of an answer travels or counts without it.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Self

from yett.net.ldap import messages
from yett.net.ldap.ber import SEQUENCE, BadBER, head
from yett.net.ldap.messages import Change, Code, Entry, Result, Scope
from yett.net.ldap.model import BrokenAnswer, Limits, Refused, Server, Unreachable, Untrusted
from yett.net.ldap.stream import Stream

_AT_A_TIME = 65_536
_TRANSIENT = {Code.BUSY, Code.UNAVAILABLE, Code.OPERATIONS_ERROR}


class Connection:
    """An open connection; `open` makes one."""

    def __init__(self, stream: Stream, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._number = 1
        self._used = 0
        self.is_open = True

    @classmethod
    async def open(cls, server: Server, limits: Limits) -> Self:
        """Connect, with TLS where the server is to have it. Raises LDAPFailed."""
        sock: socket.socket | None = None
        try:
            async with asyncio.timeout(limits.connect):
                sock = await _connect(server.host, server.port)
                if server.starttls:
                    await _start_tls(sock)
                context = server.context if server.is_tls or server.starttls else None
                if context is None and (server.is_tls or server.starttls):
                    raise Untrusted("there is nothing to check the server's certificate with")
                taken, sock = sock, None
                stream = await Stream.open(taken, context, server.host)
        except TimeoutError as problem:
            raise Unreachable("the server did not answer in time") from problem
        except ssl.SSLCertVerificationError as problem:
            raise Untrusted(f"the server's certificate does not hold: {problem.verify_message}") from problem
        except (OSError, UnicodeError) as problem:
            raise Unreachable(f"no connection: {type(problem).__name__}") from problem
        finally:
            if sock is not None:
                sock.close()
        return cls(stream, limits)

    @property
    def is_usable(self) -> bool:
        """Whether another question may be asked: open as far as is known, and nothing came in unasked."""
        return self.is_open and not self._stream.received and not self._stream.is_over

    async def close(self) -> None:
        """Say goodbye, without waiting for long."""
        if self.is_open:
            self.is_open = False
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._stream.write(messages.message(self._number, messages.unbind()))
        await self._stream.close()

    def drop(self) -> None:
        """Close at once."""
        self.is_open = False
        self._stream.abort()

    # Operations.

    async def bind(self, dn: str, password: str, *, with_policy: bool = False) -> Result:
        """The server's verdict on a name and a password, which have to be something.

        An empty name or password would be an anonymous bind, which servers answer with success
        (RFC 4513, section 5.1.2).
        """
        if not dn or not password:
            raise ValueError("a bind needs a name and a password")
        controls = [messages.control(messages.POLICY)] if with_policy else []
        return await self._ask(messages.bind(dn, password), controls)

    async def search(
        self, base: str, scope: Scope, wanted: bytes, attributes: Sequence[str], *, page_size: int = 0
    ) -> AsyncIterator[Entry]:
        """Entries as they come, page by page. Raises Refused at the end of a search that is not complete."""
        cookie, found = b"", 0
        request = messages.search(base, scope, wanted, attributes, time_limit=int(self._limits.answer))
        while True:
            controls = [messages.page(page_size, cookie)] if page_size else []
            number = await self._send(request, controls)
            async with self._whole():
                while isinstance(answer := await self._answer(number), Entry):
                    found += 1
                    if found > self._limits.entries:
                        raise BrokenAnswer(f"the server sent more than {self._limits.entries} entries")
                    yield answer
            _check("the search", answer)
            try:
                cookie = messages.next_page(answer)
            except BadBER as problem:
                self.drop()
                raise BrokenAnswer("the server sent a page that cannot be read") from problem
            if not cookie:
                return

    async def modify(self, dn: str, changes: Iterable[Change]) -> Result:
        """Change an entry; the server's verdict."""
        return await self._ask(messages.modify(dn, changes), [messages.control(messages.POLICY)])

    async def password_modify(self, dn: str, old: str, new: str) -> Result:
        """Change a password (RFC 3062); the server's verdict."""
        return await self._ask(messages.password_modify(dn, old, new), [messages.control(messages.POLICY)])

    # Inside.

    async def _ask(self, operation: bytes, controls: Iterable[bytes] = ()) -> Result:
        number = await self._send(operation, controls)
        async with self._whole():
            answer = await self._answer(number)
            if not isinstance(answer, Result):
                raise BrokenAnswer("the server sent an entry where none was asked for")
            return answer

    @contextlib.asynccontextmanager
    async def _whole(self) -> AsyncIterator[None]:
        """Whatever breaks off in here, a cancellation too, leaves a connection that is not used again."""
        try:
            yield
        except BaseException:
            self.drop()
            raise

    async def _send(self, operation: bytes, controls: Iterable[bytes] = ()) -> int:
        if not self.is_open:
            raise Unreachable("the connection is closed")
        number, self._number = self._number, self._number % 0x7FFFFFFF + 1
        async with self._whole():
            try:
                async with asyncio.timeout(self._limits.answer):
                    await self._stream.write(messages.message(number, operation, controls))
            except (OSError, TimeoutError) as problem:
                raise Unreachable("the server does not take what is sent") from problem
        return number

    async def _answer(self, number: int) -> Entry | Result:
        """The next answer to the question of this number."""
        while True:
            frame = await self._frame()
            try:
                given, answer = messages.parse(frame)
            except BadBER as problem:
                raise BrokenAnswer("the server sent what is no answer") from problem
            if given == 0 and isinstance(answer, Result) and answer.is_disconnection:
                raise Unreachable("the server said goodbye")
            if given != number:
                raise BrokenAnswer("the server answered what was not asked")
            if answer is not None:
                return answer

    async def _frame(self) -> bytes:
        """The next whole message."""
        received = self._stream.received
        while True:
            found = _head(received)
            if found is not None:
                if found[2] > self._limits.message:
                    raise BrokenAnswer(f"the server sent a message of {found[2]} bytes")
                if found[2] <= len(received):
                    frame = bytes(received[: found[2]])
                    del received[: found[2]]
                    self._used += len(frame)
                    if self._used > _AT_A_TIME:
                        # What has arrived does not wait: a large answer must not hold everybody else up.
                        self._used = 0
                        await asyncio.sleep(0)
                    return frame
            try:
                async with asyncio.timeout(self._limits.answer):
                    is_more = await self._stream.more()
            except TimeoutError as problem:
                raise Unreachable("the server did not answer in time") from problem
            if not is_more:
                raise Unreachable("the server closed the connection")


def _check(what: str, result: Result) -> None:
    if result.code in _TRANSIENT:
        raise Unreachable(f"{what} was put off by the server with result {result.code}")
    if result.code != Code.SUCCESS:
        raise Refused(what, result)


def _head(data: bytes | bytearray) -> tuple[int, int, int] | None:
    """Of the message that begins here; None when it is not all there. Raises BrokenAnswer for none of ours."""
    # Seen at the first byte: a server of another kind would be waited for until it has sent enough.
    if data and data[0] != SEQUENCE:
        raise BrokenAnswer("the server does not speak LDAP")
    try:
        return head(data, 0, len(data))
    except BadBER as problem:
        raise BrokenAnswer("the server does not speak LDAP") from problem


async def _connect(host: str, port: int) -> socket.socket:
    """A connected socket to the first address of the host that answers."""
    loop = asyncio.get_running_loop()
    problem: OSError | None = None
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            await loop.sock_connect(sock, address)
        except OSError as failed:
            sock.close()
            problem = failed
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise problem or OSError("the host has no address")


async def _start_tls(sock: socket.socket) -> None:
    """Ask for TLS, on the bare socket: so nothing that came in the clear can be waiting in a buffer later."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, messages.message(1, messages.extended(messages.STARTTLS)))
    data = b""
    try:
        while (found := _head(data)) is None or found[2] > len(data):
            if found is not None and found[2] > 4096:
                raise BrokenAnswer("the server does not speak LDAP")
            chunk = await loop.sock_recv(sock, 4096)
            if not chunk:
                raise Unreachable("the server closed the connection")
            data += chunk
        number, answer = messages.parse(data[: found[2]])
    except BadBER as problem:
        raise BrokenAnswer("the server does not speak LDAP") from problem
    if len(data) > found[2] or number != 1 or not isinstance(answer, Result):
        # Whoever stands between could put an answer of theirs behind the server's.
        raise BrokenAnswer("the server sent more than was asked before TLS began")
    if answer.code != Code.SUCCESS:
        raise Untrusted("the server does not offer TLS")
