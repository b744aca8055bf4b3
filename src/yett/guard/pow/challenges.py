"""Challenges: made, stored, and spent once.

What must stay true:
  a challenge counts for the host and client that asked for it, and for one solution: of any number
  that come at once, the one that takes the token from the store wins;
  a solution counts only after its token is gone;
  open challenges are bounded, whoever asks for them.

Judging goes from cheap to dear, and none of it grows with what was sent.
"""

import base64
import secrets
from collections.abc import Callable

import msgspec

from yett.events import describe
from yett.guard.pow import events, rules
from yett.guard.pow.config import PowSettings
from yett.guard.pow.model import KIND, Check, Client, Issued, Reason, Solution, Token
from yett.guard.pow.shelf import Shelf
from yett.kernel import Clock
from yett.store import Consistency, Records, Space, StoreUnavailable

_LINGER = 60.0
"""Seconds that a token outlives its time, so that whoever is late learns that."""
_SHARE = 64
"""Open challenges of one client: tabs, and people behind one address."""
_DECOYS = ("website", "company", "subject", "topic", "reference", "comment")
_CHOSEN = 2

Random = Callable[[int], bytes]


class NotIssued(Exception):
    """There is no challenge to be had at the moment; why is in the log."""


class Challenges:
    """The challenges of this gateway."""

    def __init__(
        self, records: Records, settings: PowSettings, clock: Clock, random: Random = secrets.token_bytes
    ) -> None:
        self._records = Space(records, "guard/pow/challenges")
        self._clock = clock
        self._random = random
        self._open = Shelf(settings.max_challenges, _SHARE)
        self.use(settings)

    def use(self, settings: PowSettings) -> None:
        """Ask by other settings from now on; challenges that are open stay as they are."""
        self._settings = settings
        self._open.room = settings.max_challenges
        self._ttl = rules.ttl_of(settings)

    # Making.

    async def generate(self, client: Client) -> Issued:
        """A challenge for a program. Raises NotIssued."""
        issued = self._make(client, minimum=0.0, decoys=())
        try:
            await self._store(issued)
        except StoreUnavailable as problem:
            events.token_not_stored(error=describe(problem))
            raise NotIssued from problem
        self._say_issued(issued)
        return issued

    async def create(self, client: Client) -> Issued:
        """A challenge for a page: with decoy fields and a least time. Raises NotIssued."""
        minimum = self._settings.minimum_time.total_seconds()
        issued = self._make(client, minimum=minimum, decoys=self._decoys())
        try:
            await self._store(issued)
        except StoreUnavailable as problem:
            events.page_token_not_stored(error=describe(problem))
            raise NotIssued from problem
        self._say_issued(issued)
        events.challenge_created(
            challenge_id=issued.id, decoys=len(issued.token.decoys), minimum_time=minimum
        )
        return issued

    def _make(self, client: Client, *, minimum: float, decoys: tuple[str, ...]) -> Issued:
        settings, now = self._settings, self._clock.now()
        self._open.clear(now)
        extra = rules.extra_bits(len(self._open), self._open.room, settings.extra_difficulty)
        if not extra:
            events.default_difficulty(difficulty=settings.difficulty)
        try:
            challenge = _text(self._random(32))
        except OSError as problem:
            events.challenge_not_generated(error=describe(problem))
            raise NotIssued from problem
        try:
            number = _text(self._random(16))
        except OSError as problem:
            events.id_not_generated(error=describe(problem))
            raise NotIssued from problem
        bits = rules.difficulty(settings, extra)
        token = Token(
            KIND, challenge, bits, client.host, client.network, now, now + self._ttl, minimum, decoys
        )
        return Issued(number, token)

    def _decoys(self) -> tuple[str, ...]:
        """Names that a program finds worth filling in, and nobody can list beforehand."""
        try:
            chance = self._random(2 * _CHOSEN)
        except OSError as problem:
            events.challenge_not_generated(error=describe(problem))
            raise NotIssued from problem
        step = len(_DECOYS) // _CHOSEN
        return tuple(
            f"{_DECOYS[number * step + chance[number] % step]}_{chance[_CHOSEN + number]:02x}"
            for number in range(_CHOSEN)
        )

    async def _store(self, issued: Issued) -> None:
        token = issued.token
        await self._records.put(
            issued.id,
            msgspec.json.encode(token),
            lifetime=self._ttl + _LINGER,
            consistency=Consistency.BEST_EFFORT,
        )
        gone = self._open.add(
            issued.id, token.network, expires_at=token.expires_at + _LINGER, now=token.made_at
        )
        for key in gone:
            try:
                await self._records.delete(key)
            except StoreUnavailable as problem:
                events.cleanup_failed(error=describe(problem))

    def _say_issued(self, issued: Issued) -> None:
        events.token_stored(challenge_id=issued.id, open_challenges=len(self._open))
        events.challenge_issued(
            host=issued.token.host, challenge_id=issued.id, difficulty=issued.token.difficulty
        )

    # Judging.

    async def validate(self, solution: Solution, client: Client) -> Token | Reason:
        """The challenge that was solved, spent by now; or why the solution does not count."""
        token = await self._find(solution.id, client)
        if not isinstance(token, Token):
            return token
        refused = self._judge(solution, token)
        if refused is not None:
            return refused
        return await self._spend(solution.id, token)

    async def _find(self, number: str, client: Client) -> Token | Reason:
        if rules.CHALLENGE_ID.fullmatch(number) is None:
            events.challenge_unknown(host=client.host, problem="malformed")
            return Reason.UNKNOWN
        try:
            record = await self._records.get(number)
        except StoreUnavailable as problem:
            events.query_failed(error=describe(problem))
            return Reason.UNAVAILABLE
        if record is None:
            events.challenge_unknown(host=client.host, problem="never issued, or spent")
            return Reason.UNKNOWN
        token = _read(number, record.value)
        if token is None:
            return Reason.UNKNOWN
        if (token.host, token.network) != (client.host, client.network):
            events.challenge_unknown(host=client.host, problem="issued to another client or host")
            return Reason.UNKNOWN
        # A token from the future was made before a clock was put back.
        if not token.made_at - _LINGER <= self._clock.now() < token.expires_at:
            await self._drop(number)
            events.challenge_expired(challenge_id=number)
            return Reason.EXPIRED
        return token

    async def _drop(self, number: str) -> None:
        self._open.remove(number)
        try:
            await self._records.delete(number)
        except StoreUnavailable as problem:
            events.expired_not_deleted(challenge_id=number, error=describe(problem))

    def _judge(self, solution: Solution, token: Token) -> Reason | None:
        number = solution.id
        if token.minimum:
            seconds = round(self._clock.now() - token.made_at, 3)
            events.timing_checked(challenge_id=number, seconds=seconds, minimum_time=token.minimum)
            if seconds < token.minimum:
                events.too_fast(host=token.host, seconds=seconds, minimum_time=token.minimum)
                return Reason.TOO_FAST
        if token.decoys:
            events.decoys_checked(challenge_id=number, decoys=len(token.decoys))
            for decoy in token.decoys:
                # The page sends each decoy, empty. One that is missing tells as much as one that is filled.
                if solution.fields.get(decoy) != "":
                    events.decoy_filled(host=token.host, decoy=decoy)
                    return Reason.DECOY
            events.decoys_empty(challenge_id=number)
        if _has_worked(token, solution.nonce):
            return None
        events.solution_wrong(challenge_id=number, difficulty=token.difficulty)
        return Reason.WRONG

    async def _spend(self, number: str, token: Token) -> Token | Reason:
        try:
            taken = await self._records.take(number)
        except StoreUnavailable as problem:
            events.used_not_deleted(challenge_id=number, error=describe(problem))
            return Reason.UNAVAILABLE
        if taken is None:
            # Another solution of the same challenge was faster.
            events.challenge_unknown(host=token.host, problem="spent at this moment")
            return Reason.UNKNOWN
        self._open.remove(number)
        events.token_spent(challenge_id=number)
        seconds = round(self._clock.now() - token.made_at, 3)
        events.solution_valid(
            host=token.host, challenge_id=number, difficulty=token.difficulty, seconds=seconds
        )
        return token


def _read(number: str, value: bytes) -> Token | None:
    try:
        raw = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        events.token_unreadable(challenge_id=number, error=describe(problem))
        return None
    try:
        token = msgspec.convert(raw, Token)
    except msgspec.ValidationError:
        token = None
    if token is None or token.type != KIND:
        events.token_of_other_type(challenge_id=number)
        return None
    return token


def _has_worked(token: Token, nonce: str) -> bool:
    if rules.NONCE.fullmatch(nonce) is None:
        return False
    difficulty = token.difficulty
    match rules.check_bits(rules.digest_of(token.challenge, nonce), difficulty):
        case Check.FULL_BYTE:
            events.hash_failed_at_full_byte(difficulty=difficulty)
            return False
        case Check.PARTIAL_BYTE:
            events.hash_failed_at_partial_byte(difficulty=difficulty)
            return False
        case Check.PASSED:
            events.hash_passed(difficulty=difficulty)
            return True


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
