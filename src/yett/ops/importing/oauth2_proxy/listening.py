"""Where it listens."""

import re

from yett.ops.importing import words
from yett.ops.importing.model import Draft, Table


def listen(service: Table, address: str, source: str, draft: Draft) -> None:
    """Port and address to listen on, of "0.0.0.0:4180", "http://:80" or "unix:///path"."""
    text = re.sub(r"^https?://", "", address)
    if text.startswith(("unix:", "fd:")):
        path = re.sub(r"^unix:/*", "/", text)
        if text.startswith("unix:"):
            service.put("unix_socket", path.split(",")[0], source)
        else:
            draft.left(source, address, "sockets are not handed over", "set service.port")
        return
    host, _, port = text.rpartition(":")
    if port.isdecimal() and len(port) <= 5 and 0 < int(port) < 65536:
        service.put("port", int(port), source)
    if words.is_address(host) and host not in {"0.0.0.0", "[::]", "::"}:  # noqa: S104 - what they wrote
        service.put("network_interface", host.strip("[]"), source)
