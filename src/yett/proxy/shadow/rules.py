"""Decide which requests are copied, and what a copy is like."""

from yett.net.http import Forward, Request
from yett.proxy.shadow.model import Shadow

MARK = b"x-yett-shadow"
"""The field that every copy carries, with the name of its shadow."""
CREDENTIALS = frozenset(
    {
        b"authorization",
        b"cookie",
        b"x-access-token",
        b"x-amz-security-token",
        b"x-api-key",
        b"x-auth-token",
        b"x-csrf-token",
        b"x-xsrf-token",
    }
)
"""Fields that let whoever reads them act as the visitor."""


def wants(shadow: Shadow, request: Request, drawn: float) -> bool:
    """Whether a request is to be copied; `drawn` is from [0, 1). A tunnel cannot be.

    Nor is a copy: shadows that lead back here would copy it for ever.
    """
    return (
        not request.upgrade
        and request.field(MARK) is None
        and (not shadow.methods or request.method in shadow.methods)
        and drawn * 100.0 < shadow.percent
    )


def copy_of(shadow: Shadow, forward: Forward) -> Forward:
    """How the copy is sent of a request that is sent as `forward`.

    What we add ourselves says who is calling, so it is left out with everything else that does.
    """
    drop = forward.drop | shadow.drop
    add = forward.add if shadow.identity else b""
    if not shadow.credentials:
        drop |= CREDENTIALS
        add = _without(add, CREDENTIALS)
    if shadow.drop:
        add = _without(add, shadow.drop)
    return Forward(
        shadow.upstream,
        add=b"%bX-Yett-Shadow: %b\r\n" % (add, shadow.name.encode("ascii")),
        drop=drop,
        drop_cookies=forward.drop_cookies,
        host=shadow.host,
        target=forward.target,
        forwarded=forward.forwarded if shadow.identity else b"",
    )


def _without(lines: bytes, names: frozenset[bytes]) -> bytes:
    kept = (
        line
        for line in lines.split(b"\r\n")
        if line and line.partition(b":")[0].lower().replace(b"_", b"-") not in names
    )
    return b"".join(line + b"\r\n" for line in kept)
