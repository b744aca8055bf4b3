"""A co-signer: it answers its gateway, and nobody else."""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from yett.events import describe
from yett.kernel import Clock, Supervisor
from yett.keys.frost import Commitment, Invalid, commit, sign
from yett.keys.frost import Nonces as SecretNonces
from yett.keys.signing import key_id
from yett.keys.threshold import events, wire
from yett.keys.threshold.ceremony import Participant
from yett.keys.threshold.config import CosignerSettings, split
from yett.keys.threshold.identity import Identity, Party, read_party, shown
from yett.keys.threshold.model import MOST, Misbehaved, Shared, fingerprint
from yett.keys.threshold.policy import Improper, judged
from yett.keys.threshold.shares import Shares
from yett.keys.threshold.wire import Reason

_MOST_NONCES = 512
"""Commitments that one connection may have open; the oldest are forgotten."""
_MOST_AT_ONCE = 64
_MOST_CONNECTIONS = 64
_IDLE = 60.0
"""Seconds without a request after which a connection is closed; a gateway says hello more often."""


class Cosigner:
    """Listens for gateways. Start before use."""

    def __init__(
        self, identity: Identity, shares: Shares, settings: CosignerSettings, tasks: Supervisor, clock: Clock
    ) -> None:
        self._identity = identity
        self._shares = shares
        self._settings = settings
        self._tasks = tasks
        self._clock = clock
        self._server: asyncio.Server | None = None
        self._gateway: Party | None = None
        self._peers: list[Party] = []
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server is not None else 0

    async def start(self) -> None:
        """Read the certificates and the shares, and listen. Raises OSError and ValueError."""
        settings = self._settings
        if settings.gateway is None:
            raise ValueError("cosigner.gateway is not set")
        self._gateway = read_party(settings.gateway)
        self._peers = [read_party(path) for path in settings.peers]
        count = self._shares.load()
        context = self._identity.context([self._gateway], is_server=True)
        host, port = split(settings.listen)
        self._server = await asyncio.start_server(self._connected, host, port, ssl=context)
        events.listening(
            address=f"{host}:{self.port}", certificate=fingerprint(self._identity.certificate), keys=count
        )
        self._tasks.every(3600.0, self._tidy, name="cosigner.tidy")

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
        for writer in self._open.values():
            writer.transport.abort()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _tidy(self) -> None:
        gone = self._shares.forget(self._clock.now() - self._settings.keep.total_seconds())
        if gone:
            events.forgotten(keys=tuple(_name(key) for key in gone))

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._open) >= _MOST_CONNECTIONS:
            writer.transport.abort()
            return
        self._open[task] = writer
        try:
            await self._serve(reader, writer)
        except (OSError, EOFError, TimeoutError):
            pass
        except wire.Malformed as wrong:
            events.refused(reason=Reason.FAULT, detail=str(wrong))
        finally:
            del self._open[task]
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        certificate = shown(writer.get_extra_info("ssl_object"))
        if self._gateway is None or certificate != self._gateway.certificate:
            return
        line = Line(self._identity, self._shares, self._settings, self._trusted, self._clock)
        while True:
            async with asyncio.timeout(_IDLE):
                request = await wire.read_request(reader)
            try:
                answer = line.answer(request)
            except No as no:
                events.refused(reason=no.reason, detail=no.detail)
                answer = wire.Refused(request.id, no.reason, no.detail)
            writer.write(wire.framed(answer))
            await writer.drain()

    @property
    def _trusted(self) -> Sequence[bytes]:
        """Whose keys may take part: the gateway's, the peers', one's own."""
        known = [each.public for each in self._peers]
        if self._gateway is not None:
            known.insert(0, self._gateway.public)
        return [*known, self._identity.public]


class No(Exception):
    """Something is not done."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Line:
    """What one connection has come to: a ceremony, and what was committed to."""

    def __init__(
        self,
        identity: Identity,
        shares: Shares,
        settings: CosignerSettings,
        trusted: Sequence[bytes],
        clock: Clock,
    ) -> None:
        self._identity = identity
        self._shares = shares
        self._settings = settings
        self._trusted = trusted
        self._clock = clock
        self._participant: Participant | None = None
        self._invited = wire.Invite(0, (), 0, 0)
        self._nonces: OrderedDict[bytes, tuple[bytes, SecretNonces]] = OrderedDict()
        """By the hiding commitment: the key it is for, and the nonces."""

    def answer(self, request: wire.AnyRequest) -> wire.AnyAnswer:
        """What to say to a request. Raises No."""
        match request:
            case wire.Hello():
                if request.suite != wire.SUITE:
                    raise No(Reason.SUITE, wire.SUITE)
                return wire.Here(
                    request.id, tuple(key for key in request.keys[:64] if self._shares.get(key) is None)
                )
            case wire.Commit():
                return self._commit(request)
            case wire.Sign():
                return self._sign(request)
            case _:
                return self._take_part(request)

    # Making a key.

    def _take_part(self, request: wire.AnyRequest) -> wire.AnyAnswer:
        if isinstance(request, wire.Invite):
            return self._invite(request)
        participant = self._participant
        if participant is None:
            raise No(Reason.ORDER, "an invitation comes first")
        try:
            match request:
                case wire.Nonces():
                    return wire.Sealed(request.id, (participant.announce(request.nonces),))
                case wire.Announced():
                    return wire.Sealed(request.id, participant.deal(request.envelopes))
                case wire.Dealt():
                    return wire.Sealed(request.id, (participant.confirm(request.envelopes),))
                case wire.Confirmed():
                    return self._conclude(participant, request)
        except Misbehaved as wrong:
            self._participant = None
            _say(wrong)
            raise No(Reason.FAULT, f"participant {wrong.number}: {wrong}") from wrong
        except (ValueError, RuntimeError) as wrong:
            self._participant = None
            raise No(Reason.ORDER, str(wrong)) from wrong
        raise No(Reason.ORDER)

    def _invite(self, request: wire.Invite) -> wire.AnyAnswer:
        if not set(request.keys) <= set(self._trusted):
            raise No(Reason.STRANGERS, "somebody should take part whose certificate is not here")
        if request.threshold < self._settings.quorum:
            raise No(Reason.QUORUM, f"at least {self._settings.quorum} have to sign together")
        try:
            self._participant = Participant(self._identity, request.keys, request.number, request.threshold)
        except ValueError as wrong:
            raise No(Reason.STRANGERS, str(wrong)) from wrong
        self._invited = request
        return wire.Joined(request.id, self._participant.nonce)

    def _conclude(self, participant: Participant, request: wire.Confirmed) -> wire.AnyAnswer:
        share, group = participant.conclude(request.envelopes)
        self._participant = None
        self._shares.keep(share, group, dict(enumerate(self._invited.keys, 1)))
        events.share_made(key=_name(group.public), quorum=group.threshold, participants=len(group.shares))
        return wire.Kept(request.id, group.public)

    # Signing.

    def _share_of(self, key: bytes) -> Shared:
        shared = self._shares.get(key)
        if shared is None:
            raise No(Reason.NO_SHARE)
        return shared

    def _commit(self, request: wire.Commit) -> wire.AnyAnswer:
        shared = self._share_of(request.key)
        made = []
        for _ in range(max(0, min(request.count, _MOST_AT_ONCE))):
            nonces, commitment = commit(shared.share)
            self._nonces[commitment.hiding] = request.key, nonces
            made.append(wire.Committed(commitment.number, commitment.hiding, commitment.binding))
        while len(self._nonces) > _MOST_NONCES:
            self._nonces.popitem(last=False)
        return wire.Commitments(request.id, tuple(made))

    def _sign(self, request: wire.Sign) -> wire.AnyAnswer:
        shared = self._share_of(request.key)
        if len(request.commitments) > MOST:
            raise No(Reason.FAULT, "too many commitments")
        own = next((each for each in request.commitments if each.number == shared.share.number), None)
        # Whatever becomes of this, what was committed to is used up.
        key, nonces = self._nonces.pop(own.hiding if own is not None else b"", (b"", None))
        if nonces is None or key != request.key:
            raise No(Reason.NO_NONCE)
        now = self._clock.now()
        try:
            token = judged(
                request.message,
                kid=_name(request.key),
                issuer=self._settings.issuer,
                longest=self._settings.longest.total_seconds(),
                now=now,
            )
        except Improper as wrong:
            raise No(Reason.POLICY, str(wrong)) from wrong
        commitments = [Commitment(each.number, each.hiding, each.binding) for each in request.commitments]
        try:
            share = sign(shared.share, nonces, request.message, commitments, shared.group)
        except (Invalid, ValueError) as wrong:
            raise No(Reason.FAULT, describe(wrong)) from wrong
        self._shares.used(request.key, now)
        events.signed(
            key=_name(request.key),
            typ=token.typ[:64],
            subject=token.subject[:256],
            audience=token.audience[:256],
            expires_in=round(token.expires_at - now, 3),
        )
        return wire.Signed(request.id, share)


def _say(wrong: Misbehaved) -> None:
    events.BY_FAULT.get(wrong.fault, _nothing)(participant=str(wrong.number))


def _nothing(**_: object) -> None:
    """What is wrong in no particular way is said with the answer."""


def _name(public: bytes) -> str:
    """What a key is called: the id that tokens name it by (RFC 7638)."""
    return key_id(Ed25519PublicKey.from_public_bytes(public))
