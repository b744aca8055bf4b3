"""The addresses of backends: from name servers of our own choice, else from the system."""

import socket
from collections.abc import Sequence

from yett.net.dns import Found, Missing, Resolver, Trouble, known
from yett.proxy.transport import events


class BackendNames:
    """Looks up the hosts of backends whenever a connection is opened.

    Without name servers the system is asked. With them it is asked only when none of them answers,
    and never when answers have to be validated: whoever can make name servers fall silent could
    choose the answer then. That a name has no address is an answer.
    """

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    async def look_up(self, host: str) -> tuple[str, ...]:
        """The addresses of a host; none to have the system asked. Raises OSError for a host that must not be."""
        resolver = self._resolver
        if not resolver.is_used:
            return ()
        own = known(host)
        if own is not None:
            return own.addresses
        outcome = await resolver.resolve(host)
        if isinstance(outcome, Found):
            events.resolved(host=host, addresses=outcome.addresses)
            if resolver.needs_validation:
                events.validated(host=host)
            return outcome.addresses
        if self._may_fall_back(outcome):
            events.fell_back(host=host, reason=outcome.trouble)
            return ()
        events.not_resolved(host=host, reason=outcome.trouble)
        # Whether there is nothing, or nobody knows, makes a difference to DNS discovery.
        is_certain = outcome.trouble in {Trouble.NO_ADDRESS, Trouble.NOT_A_NAME}
        raise socket.gaierror(socket.EAI_NONAME if is_certain else socket.EAI_FAIL, outcome.trouble.value)

    def connected(self, host: str, addresses: Sequence[str], seconds: float, problem: str) -> None:
        """Put on record how connecting to a backend by QUIC went; no problem is a connection."""
        if problem:
            events.not_connected_by_quic(host=host, addresses=tuple(addresses), reason=problem)
        else:
            events.connected_by_quic(host=host, addresses=tuple(addresses), latency=seconds * 1000.0)

    def _may_fall_back(self, outcome: Missing) -> bool:
        resolver = self._resolver
        return (
            outcome.trouble is Trouble.NO_ANSWER
            and resolver.settings.fallback
            and not resolver.needs_validation
        )
