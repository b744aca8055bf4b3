"""What is said about proxies in front of the gateway."""

from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import CommonName, RemoteAddress, Serial
from yett.net.trust.model import CertificateProblem


@event("listener.proxy_validation", WARN, "Rejected connection not from trusted proxy")
def connection_rejected(client: RemoteAddress) -> None:
    """Somebody connected past the proxy although `service.proxy_mode` is "required".

    If the address is a proxy of yours, add it to `service.trusted_proxies`. Otherwise somebody has
    found the way round it: close that way in the network.
    """


@event("listener.proxy_validation", ERROR, "Client IP header missing in proxy mode")
def client_not_named(client: RemoteAddress) -> None:
    """A trusted proxy sent a request without saying whose it is; the request was refused.

    Have the proxy set the field that `service.proxy_header` names.
    """


@event("listener.proxy_cert", WARN, "Oversized cert header (DoS)")
def certificate_oversized(client: RemoteAddress, size: int) -> None:
    """The field with the client's certificate is too long to be looked at; the request went on without it.

    No certificate is that large. Look at what the proxy does with fields that clients send.
    """


@event("listener.proxy_cert", WARN, "Parse failed: client certificate header")
def certificate_not_parsed(client: RemoteAddress, reason: CertificateProblem) -> None:
    """The field holds no certificate in a form known here; the request went on without one.

    Forms are percent-escaped PEM, a byte sequence of RFC 9440, and base64 of the DER. Look at what the proxy in
    front sends.
    """


@event("listener.proxy_cert", INFO, "Invalid PEM block in the client certificate header")
def certificate_not_pem(client: RemoteAddress) -> None:
    """The field holds something like PEM that is no certificate; the request went on without one.

    nginx needs $ssl_client_escaped_cert: other variables lose the line ends.
    """


@event("listener.proxy_cert", DEBUG, "Client cert injected")
def certificate_injected(client: RemoteAddress, serial: Serial, common_name: CommonName) -> None:
    """A trusted proxy handed over the certificate that a client showed it. Nothing to do."""
