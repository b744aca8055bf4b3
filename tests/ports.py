"""Ports for programs that must be told one.

A port that the kernel gives (`bind` to 0) is one of those it also gives to outgoing connections. Between asking for it
and using it, and whenever a server is started again, any connection of the machine may take it: "Address already in
use", once in thousands of starts. Ports from below that range are never given away.
"""

import itertools
import secrets
import socket
from pathlib import Path

_LOWEST = 15_000
_KERNELS_OWN = Path("/proc/sys/net/ipv4/ip_local_port_range")


def _below_the_kernels_own():
    try:
        beyond = int(_KERNELS_OWN.read_text().split()[0])
    except OSError:
        beyond = 32_768
    ports = range(_LOWEST, max(beyond, _LOWEST + 5_000))
    start = secrets.randbelow(len(ports))  # two runs at a time should not ask for the same
    return itertools.cycle((*ports[start:], *ports[:start]))


_ports = _below_the_kernels_own()


def free_port():
    """A port that nobody has, at no address of this machine, in TCP and in UDP."""
    for port in itertools.islice(_ports, 5_000):
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(type=kind) as probe:
                    probe.bind(("", port))
        except OSError:
            continue
        return port
    raise AssertionError("no port is free")
