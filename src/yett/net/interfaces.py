"""Where to listen: an address, or the addresses of a network interface."""

import array
import fcntl
import ipaddress
import socket
import struct
from pathlib import Path

_IF_INET6 = Path("/proc/net/if_inet6")
_SIOCGIFCONF = 0x8912
_REQUEST = struct.Struct("@iP")
"""struct ifconf: the size of a buffer, and where it is."""
_ENTRY = struct.Struct("@16s4x4s16x")
"""struct ifreq on a 64-bit machine: a label, and the address inside a struct sockaddr_in."""
_MOST_ADDRESSES = 1024


def addresses_of(name: str) -> tuple[str, ...]:
    """The addresses to bind for `service.network_interface`; ValueError when there are none.

    Empty means every address. An address is itself; anything else is the name of an interface,
    for example eth0.
    """
    if not name:
        return ("0.0.0.0", "::") if socket.has_dualstack_ipv6() else ("0.0.0.0",)  # noqa: S104 - asked for
    try:
        return (str(ipaddress.ip_address(name)),)
    except ValueError:
        pass
    if name not in {interface for _, interface in socket.if_nameindex()}:
        known = ", ".join(interface for _, interface in socket.if_nameindex())
        raise ValueError(f"{name!r} is neither an address nor a network interface (there are: {known})")
    found = (*_ipv4(name), *_ipv6(name))
    if not found:
        raise ValueError(f"the network interface {name} has no address")
    return found


def _ipv4(name: str) -> tuple[str, ...]:
    """All of its addresses: asked for one alone, the kernel tells the first (netdevice(7), SIOCGIFCONF)."""
    room = array.array("B", bytes(_ENTRY.size * _MOST_ADDRESSES))
    address, size = room.buffer_info()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        answer = fcntl.ioctl(probe, _SIOCGIFCONF, _REQUEST.pack(size, address))
    return _named(room.tobytes()[: _REQUEST.unpack(answer)[0]], name)


def _named(entries: bytes, name: str) -> tuple[str, ...]:
    """The addresses of an interface and of its aliases, which are called eth0:1 and so on."""
    labels = ((label.rstrip(b"\0").decode(), packed) for label, packed in _ENTRY.iter_unpack(entries))
    found = (socket.inet_ntoa(packed) for label, packed in labels if label.partition(":")[0] == name)
    return tuple(dict.fromkeys(found))


def _ipv6(name: str) -> tuple[str, ...]:
    """Global addresses; link-local ones need a zone that clients cannot know."""
    try:
        lines = _IF_INET6.read_text().splitlines()
    except OSError:
        return ()
    rows = [line.split() for line in lines]
    found = [ipaddress.IPv6Address(int(row[0], 16)) for row in rows if row[5] == name]
    return tuple(str(address) for address in found if not address.is_link_local)
