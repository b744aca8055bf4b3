"""One check of one backend: connect, say something, read the answer, all within a time limit."""

import asyncio
import ssl
from time import monotonic

from yett.net.http import Upstream
from yett.proxy.balancing.health import wire
from yett.proxy.balancing.health.model import CheckKind, CheckResult, Failed, HealthRules, Passed

_LONGEST_LINE = 16 * 1024


async def probe(upstream: Upstream, rules: HealthRules) -> CheckResult:
    """Whether the backend is well. Never raises because of what a backend does."""
    began = monotonic()
    try:
        async with asyncio.timeout(rules.timeout):
            problem = await _exchange(upstream, rules)
    except TimeoutError:
        problem = f"no answer within {rules.timeout:g} s"
    except asyncio.IncompleteReadError:
        problem = "hung up"
    except ssl.SSLCertVerificationError as wrong:
        problem = f"certificate refused: {wrong.verify_message}"
    except OSError as wrong:
        problem = wrong.strerror or type(wrong).__name__
    except (wire.Unexpected, ValueError) as wrong:
        # A line beyond the reader's limit is a ValueError.
        problem = str(wrong)[:200]
    return Passed(monotonic() - began) if problem is None else Failed(problem)


async def _exchange(upstream: Upstream, rules: HealthRules) -> str | None:
    tls = None
    if upstream.tls_name:
        # Reading the authorities takes milliseconds that other connections should not wait.
        tls = await asyncio.to_thread(_context, upstream.ca_file, rules.kind)
    name = upstream.tls_name or None
    if upstream.unix_path:
        reader, writer = await asyncio.open_unix_connection(
            upstream.unix_path, limit=_LONGEST_LINE, ssl=tls, server_hostname=name
        )
    else:
        reader, writer = await asyncio.open_connection(
            upstream.host, upstream.port, limit=_LONGEST_LINE, ssl=tls, server_hostname=name
        )
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


def _context(ca_file: str, kind: CheckKind) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"] if kind is CheckKind.GRPC else ["http/1.1"])
    return context
