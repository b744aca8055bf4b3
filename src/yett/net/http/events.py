"""What the HTTP engine says. The record of each request is the gate's."""

from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import Address, Detail, Error, Name, RemoteAddress
from yett.net.http.model import Refusal


@event("listener.http.error", DEBUG, "HTTP server errors: TLS handshake failed")
def handshake_failed(client: RemoteAddress, error: Error) -> None:
    """Scanners and impatient clients cause these all day.

    Many from one network that used to work point at a certificate that its clients do not trust,
    or at a TLS version they do not speak.
    """


@event("listener.http.error", DEBUG, "HTTP server errors: client connection failed")
def client_failed(client: RemoteAddress, error: Error) -> None:
    """The client's connection broke while a request was in progress.

    Harmless unless frequent; then look at the network or a load balancer in between.
    """


@event("listener.http.error", WARN, "HTTP server errors: request refused")
def request_refused(client: RemoteAddress, refusal: Refusal, detail: Detail) -> None:
    """The engine turned a request away before or while reading it.

    "malformed" many times from one address is probing; from a client of yours it is a client to repair: `detail`
    says what it sends. Time-outs and sizes have settings in [service]. Look at the address and at `detail`.
    """


@event("listener.http.request", INFO, "Request withdrawn")
def request_withdrawn(client: RemoteAddress) -> None:
    """A request's session or right ended before its answer began: the client got a 403 in place of the answer.

    The backend may have acted on it. Nothing to do; the records before this one say what ended, and why.
    """


@event("listener.http.error", WARN, "HTTP server errors: connection limit reached")
def connections_full(limit: int) -> None:
    """New connections are told 503 until others end.

    Raise `service.max_connections` (and the limit of open files), add a node, or find out who
    opens so many.
    """


@event("listener.http.error", WARN, "HTTP server errors: PROXY protocol header refused")
def introduction_refused(client: RemoteAddress, detail: Detail) -> None:
    """A trusted proxy did not begin its connection with a PROXY protocol header, or with a broken one.

    Have it send one (HAProxy: `send-proxy-v2`, nginx: `proxy_protocol on`), or switch off
    `service.proxy_protocol`. Health checks of a load balancer need it too.
    """


@event("listener.http.error", WARN, "HTTP server errors: accepting connections failed")
def accept_failed(error: Error) -> None:
    """No connection can be taken for a moment; it is tried again soon.

    "Too many open files" asks for a higher limit of open files for this process. Raise it, or look for what holds
    them.
    """


@event("http.connections", INFO, "Connection limit no longer reached")
def connections_free(limit: int, turned_away: int) -> None:
    """Connections are taken again; `turned_away` of them were not in the meantime."""


@event("http.application", ERROR, "Application of the gateway failed")
def application_failed(application: Name, error: Error) -> None:
    """One of the gateway's own pages broke; the person saw a general error with the request id.

    This is a defect: report it with the records of this request.
    """


@event("http.gate", ERROR, "Decision about a request failed")
def gate_failed(step: Name, error: Error) -> None:
    """The request was refused, because nothing could be decided about it.

    This is a defect: report it with the records of this request.
    """


@event("http.upstream", DEBUG, "Request sent again on a new connection")
def request_retried(upstream: Address) -> None:
    """A kept connection had been closed by the upstream just then; nothing is lost.

    Frequent ones mean that the upstream keeps idle connections for a shorter time than the gateway.
    """


@event("http.drain", INFO, "Requests in flight finished")
def drained(cut: int) -> None:
    """The server took no new connections and waited for the open ones.

    `cut` of them had to be broken off when the time for that was over.
    """
