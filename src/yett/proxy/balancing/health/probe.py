"""One check of one backend: connect, say something, read the answer, all within a time limit."""

import asyncio
import ssl
from dataclasses import replace
from time import monotonic

from yett.net.http import ConnectFailed, Connection, Dialer, LookUp, Upstream, introduction_of
from yett.proxy.balancing.health import wire
from yett.proxy.balancing.health.model import CheckKind, CheckResult, Failed, HealthRules, Passed

_LONGEST_LINE = 16 * 1024


async def probe(upstream: Upstream, rules: HealthRules, *, look_up: LookUp | None = None) -> CheckResult:
    """Whether the backend is well. Never raises because of what a backend does.

    `look_up` knows the addresses of backends; the system, without it.
    """
    began = monotonic()
    try:
        async with asyncio.timeout(rules.timeout):
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
        case CheckKind.TCP:
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


def authority(upstream: Upstream) -> str:
    """The backend's own name, as Host wants it."""
    if upstream.unix_path:
        return "localhost"
    host = upstream.tls_name or upstream.host
    return f"[{host}]:{upstream.port}" if ":" in host else f"{host}:{upstream.port}"
