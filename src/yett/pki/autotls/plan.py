"""Which certificates there have to be, and with which key and serial.

Keys are derived from the cluster key, not kept: every node then arrives at the same certificate
without a leader to agree on it, a restart shows clients the key they saw before, and nothing has
to be copied. Whoever has the cluster key could open the stored keys as well, so storing them
would gain nothing. Traffic recorded earlier stays closed either way: only ephemeral key
exchange is offered.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from yett.pki.autotls.cycle import Period
from yett.pki.names import as_address, covers, normal

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of P-256 (SEC 2, section 2.4.2)."""


class Deriver(Protocol):
    """The cluster key, as far as it is needed here."""

    def derive(self, context: str, size: int = 32) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """One certificate that has to be there: for which names, and in which places it is installed."""

    names: tuple[str, ...]
    places: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.names[0]


def plans_for(hostname: str, further: Iterable[str]) -> tuple[Plan, ...]:
    """A certificate for the host name with its wildcard, and one for each name that these do not cover."""
    own = normal(hostname) or ""
    wildcard = wildcard_of(own)
    first = (own,) if wildcard is None else (own, wildcard)
    rest = {normal(name) for name in further} - {None}
    others = sorted(name for name in rest if name and not any(covers(mine, name) for mine in first))
    return (Plan(first, first), *(Plan((name,), (name,)) for name in others))


def wildcard_of(hostname: str) -> str | None:
    """The wildcard for names below a host; none below an address or a bare name ("localhost")."""
    if as_address(hostname) is not None or normal(f"*.{hostname}") is None:
        return None
    return f"*.{hostname}"


def key_for(deriver: Deriver, plan: Plan, period: Period, generation: int) -> ec.EllipticCurvePrivateKey:
    """The key of a plan's certificate in one cycle; another one after each manual renewal."""
    context = f"yett.pki.autotls.key/1/{plan.name}/{period.begin}/{generation}"
    # 64 bits more than the order has, so that the remainder is not biased (FIPS 186-5, appendix A.2.1).
    number = int.from_bytes(deriver.derive(context, 40), "big") % (_ORDER - 1) + 1
    return ec.derive_private_key(number, ec.SECP256R1())


def serial_for(deriver: Deriver, plan: Plan, period: Period, generation: int, issuer_key_id: bytes) -> int:
    """The serial: another one whenever anything in the certificate is different (RFC 5280, 4.1.2.2)."""
    content = (
        *plan.names,
        period.begin,
        period.not_before,
        period.not_after,
        generation,
        issuer_key_id.hex(),
    )
    digest = hashlib.sha256("/".join(map(str, content)).encode()).hexdigest()
    # 127 bits: positive, and unpredictable to whoever does not have the cluster key.
    return int.from_bytes(deriver.derive(f"yett.pki.autotls.serial/1/{digest}", 16), "big") >> 1 or 1
