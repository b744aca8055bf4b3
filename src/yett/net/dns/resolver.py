"""Names to addresses: what is known, else what the name servers say, one after the other.

What must stay true:
  everybody who asks for a name at the same time gets the same answer, and it is asked for once;
  what was found under other settings is not given out under new ones;
  what has to be validated is either validated or missing.
"""

import asyncio
import ssl
from typing import Final

import dns.rdatatype

from yett.events import describe
from yett.kernel import Clock
from yett.net.dns import events, rules
from yett.net.dns.cache import Cache
from yett.net.dns.config import DNSSEC, DNSSettings
from yett.net.dns.model import Answered, Found, Missing, Server, Trouble, Unanswered
from yett.net.dns.query import Ask, ask

_FAILURE_LASTS: Final = 2.0
"""Seconds for which it is not tried again what has just failed."""


class Resolver:
    """Looks names up as the settings say. It closes nothing and needs no starting."""

    def __init__(self, settings: DNSSettings, clock: Clock, *, ask: Ask = ask) -> None:
        self._clock = clock
        self._ask = ask
        self.use(settings)

    def use(self, settings: DNSSettings) -> None:
        """Go by these (checked) settings from now on."""
        self.settings = settings
        self._servers: tuple[Server, ...] = tuple(map(rules.parse_server, settings.resolvers))
        self._cache: Cache[Found | Missing] = Cache(settings.cache_size)
        self._asking: dict[str, asyncio.Task[Found | Missing]] = {}
        self._context: ssl.SSLContext | None = None

    @property
    def is_used(self) -> bool:
        """Whether there are name servers; otherwise the system is to be asked."""
        return bool(self._servers)

    @property
    def needs_validation(self) -> bool:
        """Whether only validated answers count."""
        return self.settings.dnssec is DNSSEC.REQUIRE

    async def resolve(self, host: str) -> Found | Missing:
        """The addresses of a host. Never raises for what the network or name servers do."""
        name = rules.normal(host)
        found = rules.known(name or host)
        if found is not None:
            return found
        if name is None:
            events.not_a_name(name=host[:253])
            return Missing(Trouble.NOT_A_NAME)
        events.requested(name=name)
        kept = self._cache.get(name, self._clock.monotonic())
        if kept is not None:
            events.cache_hit(name=name)
            return kept
        task = self._asking.get(name)
        if task is None:
            # Of several who wait one may leave; the question goes on for the others.
            asking = self._asking
            task = asking[name] = asyncio.create_task(self._look_up(name))  # noqa: TID251 - awaited right below, by all who ask
            task.add_done_callback(lambda _: asking.pop(name, None))
        else:
            events.waiting(name=name)
        return await asyncio.shield(task)

    async def _look_up(self, name: str) -> Found | Missing:
        cache, settings = self._cache, self.settings
        outcome, ttl = await self._ask_servers(name, settings)
        cache.put(name, outcome, self._clock.monotonic() + ttl)
        events.cached(name=name, ttl=ttl)
        if isinstance(outcome, Found):
            events.resolved(
                name=name, addresses=len(outcome.addresses), ttl=ttl, validated=outcome.is_validated
            )
        elif outcome.trouble is Trouble.NO_ADDRESS:
            events.no_records(name=name, ttl=ttl)
        else:
            events.failed(name=name, reason=outcome.trouble)
        return outcome

    async def _ask_servers(self, name: str, settings: DNSSettings) -> tuple[Found | Missing, float]:
        """What the first name server says that knows, and for how long that is good."""
        trouble = Trouble.NO_ANSWER
        servers = self._servers
        for number, server in enumerate(servers):
            is_last = number == len(servers) - 1
            answers = await self._ask_both(server, name, settings)
            if not answers:
                if not is_last:
                    events.trying_next(name=name, resolver=str(server))
                continue
            outcome = rules.judge(answers, needs_validation=settings.dnssec is DNSSEC.REQUIRE)
            if isinstance(outcome, Missing) and outcome.trouble is Trouble.NOT_VALIDATED:
                trouble = outcome.trouble
                is_signed = any(answer.is_signed and not answer.is_validated for answer in answers)
                say = events.not_validated if is_signed else events.not_signed
                say(name=name, resolver=str(server))
                if not is_last:
                    events.not_validated_here(name=name, resolver=str(server))
                continue
            if isinstance(outcome, Found) and outcome.is_validated:
                events.validated(name=name, resolver=str(server))
            return outcome, rules.lifetime(answers, outcome, settings)
        if trouble is Trouble.NO_ANSWER:
            events.all_failed(name=name, resolvers=len(servers))
        return Missing(trouble), _FAILURE_LASTS

    async def _ask_both(self, server: Server, name: str, settings: DNSSettings) -> list[Answered]:
        """What there is of answers for both types of addresses.

        A name server that knows one and fails at the other is good enough if it has an address.
        """
        try:
            context = await self._tls(settings) if server.tls_name else None
        except OSError as problem:
            events.query_failed(name=name, resolver=str(server), error=describe(problem))
            return []
        patience = settings.timeout.total_seconds()
        both = await asyncio.gather(
            *(
                self._ask(server, name, kind, patience=patience, context=context)
                for kind in (dns.rdatatype.AAAA, dns.rdatatype.A)
            )
        )
        answers = [answer for answer in both if isinstance(answer, Answered)]
        if any(isinstance(answer, Unanswered) for answer in both) and not any(
            answer.addresses for answer in answers
        ):
            return []
        return answers

    async def _tls(self, settings: DNSSettings) -> ssl.SSLContext:
        if self._context is None:
            # Reading the authorities takes milliseconds that others should not wait.
            context = await asyncio.to_thread(ssl.create_default_context, cafile=settings.ca_file)
            context.set_alpn_protocols(["dot"])
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            self._context = context
        return self._context
