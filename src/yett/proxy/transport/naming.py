"""Telling upstreams of clients in the PROXY protocol: what is said when there is nobody to tell of."""

import ipaddress

from yett.net.http import Answer, Forward
from yett.proxy.steps import Call, Step
from yett.proxy.transport import events


class NamingStep(Step):
    """Finds requests without a client's address, for routes whose services want one."""

    def prepare(
        self,
        call: Call,
        forward: Forward,
        body: bytes | None,  # noqa: ARG002 - the hook's signature
    ) -> Forward | Answer:
        try:
            ipaddress.ip_address(call.request.connection.client_address)
        except ValueError:
            events.nameless(app=call.app)
        return forward
