"""One check of one backend: connect, say something, read the answer, all within a time limit."""

import asyncio
import ssl
from dataclasses import replace
from time import monotonic

from yett.net.http import (
    ConnectFailed,
    Connection,
    Dialer,
    Forward,
    Limits,
    LookUp,
    Sender,
    Told,
    Upstream,
    imagine,
    introduction_of,
)
from yett.proxy.balancing.health import wire
from yett.proxy.balancing.health.model import CheckKind, CheckResult, Failed, HealthRules, Passed

_LONGEST_LINE = 16 * 1024


async def probe(
    upstream: Upstream, rules: HealthRules, *, look_up: LookUp | None = None, told: Told | None = None
) -> CheckResult:
    """Whether the backend is well. Never raises because of what a backend does.

    `look_up` knows the addresses of backends; the system, without it. `told` hears of connections by QUIC.
    """
    began = monotonic()
    try:
        async with asyncio.timeout(rules.timeout):
            if rules.kind is CheckKind.HTTP3:
                problem = await _ask_by_http3(upstream, rules, look_up, told)
            else:
                problem = await _exchange(upstream, rules, look_up)
    except TimeoutError:
        problem = f"no answer within {rules.timeout:g} s"
    except asyncio.IncompleteReadError:
        problem = "hung up"
    except ssl.SSLCertVerificationError as wrong:
        problem = f"certificate refused: {wrong.verify_message}"
    except ConnectFailed as wrong:
        problem = wrong.detail
    except OSError as wrong:
        problem = wrong.strerror or type(wrong).__name__
    except (wire.Unexpected, ValueError) as wrong:
        # A line beyond the reader's limit is a ValueError.
        problem = str(wrong)[:200]
    return Passed(monotonic() - began) if problem is None else Failed(problem)


async def _exchange(upstream: Upstream, rules: HealthRules, look_up: LookUp | None) -> str | None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_LONGEST_LINE, loop=loop)
    made: list[asyncio.StreamWriter] = []
    await Dialer(look_up).open(
        replace(upstream, protocol="h2" if rules.kind is CheckKind.GRPC else "http/1.1"),
        lambda: asyncio.StreamReaderProtocol(reader, lambda _, writer: made.append(writer), loop=loop),
        # Nobody but ourselves asks.
        introduction_of(upstream, Connection("", 0, is_tls=False)),
    )
    (writer,) = made
    try:
        problem = await _talk(reader, writer, upstream, rules)
        # A polite last word is worth sending, but not worth waiting for.
        if not writer.transport.is_closing():
            writer.close()
        return problem
    finally:
        if not writer.transport.is_closing():
            writer.transport.abort()


async def _talk(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: Upstream, rules: HealthRules
) -> str | None:
    match rules.kind:
        case CheckKind.TCP | CheckKind.HTTP3:
            # One has nothing to say, the other says it elsewhere.
            return None
        case CheckKind.HTTP:
            return await wire.http(reader, writer, rules, authority(upstream))
        case CheckKind.GRPC:
            is_tls = bool(upstream.tls_name)
            return await wire.grpc(reader, writer, rules, authority(upstream), is_tls=is_tls)
        case CheckKind.MYSQL:
            return await wire.mysql(reader, writer, rules)
        case CheckKind.POSTGRESQL:
            return await wire.postgresql(reader, writer, rules)
        case CheckKind.REDIS:
            return await wire.redis(reader, writer)


async def _ask_by_http3(
    upstream: Upstream, rules: HealthRules, look_up: LookUp | None, told: Told | None
) -> str | None:
    """One GET, of whose answer the status counts."""
    if not upstream.tls_name:
        return "HTTP/3 needs TLS"
    limits = Limits()
    sender = Sender(limits)
    sender.look_up_with(look_up, told)
    asked = replace(upstream, protocol="h3", send_proxy=0, connect_timeout=rules.timeout)
    host = rules.host or authority(upstream)
    request = imagine(
        f"https://{host}{rules.path}", headers=("User-Agent: yett-health", "Accept: */*"), limits=limits
    )
    try:
        sent = await sender.send(request, Forward(asked), b"", timeout=rules.timeout, wants_body=False)
    finally:
        await sender.stop()
    if not sent.status:
        return sent.detail
    return None if wire.passes(sent.status, rules) else f"status {sent.status}"


def authority(upstream: Upstream) -> str:
    """The backend's own name, as Host wants it."""
    if upstream.unix_path:
        return "localhost"
    host = upstream.tls_name or upstream.host
    return f"[{host}]:{upstream.port}" if ":" in host else f"{host}:{upstream.port}"
