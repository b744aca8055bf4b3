"""How a connection comes to speak HTTP/2 (RFC 9113, 3.2 and 3.3)."""

import asyncio
from typing import Final

PREFACE_LINE: Final = b"PRI * HTTP/2.0\r\n\r\n"
"""What a client begins with that knows we speak HTTP/2 without asking; no head of HTTP/1.1 looks so."""


def chose_http2(transport: asyncio.BaseTransport) -> bool:
    """Whether the TLS handshake ended with HTTP/2."""
    tls = transport.get_extra_info("ssl_object")
    return tls is not None and tls.selected_alpn_protocol() == "h2"
