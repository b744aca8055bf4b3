"""One question to one name server: over UDP, over TCP when the answer is too long, or over TLS."""

import ssl
from typing import Protocol

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype

from yett.events import describe
from yett.net.dns import events
from yett.net.dns.model import Answered, Server, Unanswered
from yett.net.dns.rules import is_believed, read


class Ask(Protocol):
    """Whoever asks name servers."""

    async def __call__(
        self,
        server: Server,
        name: str,
        kind: dns.rdatatype.RdataType,
        *,
        patience: float,
        context: ssl.SSLContext | None,
    ) -> Answered | Unanswered: ...


async def ask(
    server: Server,
    name: str,
    kind: dns.rdatatype.RdataType,
    *,
    patience: float,
    context: ssl.SSLContext | None,
) -> Answered | Unanswered:
    """The answer to whether `name` has addresses of that kind. Never raises for what the network does.

    The question asks for validation (DO and AD, RFC 6840, 5.7). Datagrams that do not answer it are
    passed over, so a forger has to guess id and port before the answer comes.
    """
    # It loads QUIC for a kind of question that is not asked here; few gateways ask any, and all of them start.
    from dns import asyncquery  # noqa: PLC0415

    question = dns.message.make_query(
        dns.name.from_text(name), kind, want_dnssec=True, flags=dns.flags.RD | dns.flags.AD
    )
    try:
        if server.tls_name:
            events.using_tls(resolver=str(server))
            message = await asyncquery.tls(
                question,
                server.address,
                patience,
                server.port,
                ssl_context=context,
                server_hostname=server.tls_name,
            )
        else:
            message, _ = await asyncquery.udp_with_fallback(
                question, server.address, patience, server.port, ignore_unexpected=True, ignore_errors=True
            )
        answer = read(message, is_believed=is_believed(server))
    except (dns.exception.DNSException, OSError, EOFError, ValueError) as problem:
        detail = "no answer in time" if isinstance(problem, dns.exception.Timeout) else describe(problem)
        events.query_failed(name=name, resolver=str(server), error=detail)
        return Unanswered(detail)
    if isinstance(answer, Answered):
        events.query_completed(name=name, kind=kind.name, resolver=str(server), records=len(answer.addresses))
    elif answer.is_server_failure:
        events.server_failure(name=name, resolver=str(server))
    else:
        events.query_refused(name=name, resolver=str(server), rcode=answer.detail)
    return answer
