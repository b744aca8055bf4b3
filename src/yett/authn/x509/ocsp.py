"""Asking responders: what was answered a moment ago first, then one after the other.

Answers are kept in the store, for all nodes. Whoever asks about a certificate that is being asked
about waits for that answer.
"""

import asyncio
from urllib.parse import urlsplit

import msgspec

from yett.authn.x509 import events
from yett.authn.x509.config import X509Settings
from yett.authn.x509.fetching import BadAddress, Fetcher, FetchFailed, host_of
from yett.authn.x509.model import Chain, Standing
from yett.authn.x509.responses import (
    MOST_BYTES,
    REQUEST_TYPE,
    BadAnswer,
    Question,
    Told,
    judge,
    question_about,
    responders_in,
)
from yett.events import describe
from yett.kernel import Clock, Supervisor
from yett.store import Records, Space, StoreUnavailable

_MOST_AT_ONCE = 64
"""Certificates asked about at a time; whoever can sign in cannot make us ask the whole world at once."""


class _Kept(msgspec.Struct):
    standing: Standing
    until: float


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Kept).decode


class Responders:
    """What responders say of certificates."""

    def __init__(
        self, records: Records, settings: X509Settings, fetcher: Fetcher, clock: Clock, tasks: Supervisor
    ) -> None:
        self._kept = Space(records, "x509/ocsp")
        self._settings = settings
        self._fetcher = fetcher
        self._clock = clock
        self._tasks = tasks
        self._asking: dict[str, asyncio.Future[Standing]] = {}

    def use(self, settings: X509Settings) -> None:
        """Go by these settings from now on."""
        self._settings = settings

    async def standing(self, chain: Chain, *, is_extension: bool = False) -> Standing:
        """What is known of a certificate whose path has been checked."""
        if not self._settings.ocsp:
            return Standing.NOT_ASKED
        question = question_about(chain)
        serial = f"{chain.leaf.serial_number:x}"
        kept = await self._look(question, serial)
        if kept is not None:
            (events.serial_cache_hit if is_extension else events.cache_hit)(serial=serial)
            return kept
        (events.serial_cache_miss if is_extension else events.cache_miss)(serial=serial)
        return await self._ask_once(question, serial)

    async def _look(self, question: Question, serial: str) -> Standing | None:
        try:
            record = await self._kept.get(question.key)
        except StoreUnavailable as problem:
            events.cache_failed(serial=serial, error=describe(problem))
            return None
        if record is None:
            return None
        try:
            kept = _decode(record.value)
        except msgspec.MsgspecError:
            # Kept by a program of another version.
            return None
        # Another setting may have come since, and clocks of nodes differ.
        latest = self._clock.now() + self._settings.ocsp_cache.total_seconds()
        return kept.standing if self._clock.now() < kept.until <= latest else None

    async def _ask_once(self, question: Question, serial: str) -> Standing:
        running = self._asking.get(question.key)
        if running is not None:
            standing = await asyncio.shield(running)
            if standing is Standing.UNKNOWN:
                events.wait_failed(serial=serial)
            return standing
        if len(self._asking) >= _MOST_AT_ONCE:
            return Standing.UNKNOWN
        answer = asyncio.get_running_loop().create_future()
        self._asking[question.key] = answer
        # Whoever waits may go away; the others still want the answer.
        self._tasks.run(self._ask_into(answer, question, serial), name="x509.ocsp")
        return await asyncio.shield(answer)

    async def _ask_into(self, answer: "asyncio.Future[Standing]", question: Question, serial: str) -> None:
        standing = Standing.UNKNOWN
        try:
            standing = await self._ask(question, serial)
        finally:
            self._asking.pop(question.key, None)
            if not answer.done():
                answer.set_result(standing)

    async def _ask(self, question: Question, serial: str) -> Standing:
        settings = self._settings
        named = responders_in(question.leaf)
        places = settings.ocsp_urls or tuple(url for url in named if _is_allowed(url, settings))
        if not places:
            events.no_responder(serial=serial, named=len(named))
        said = Standing.UNKNOWN
        for place in places:
            try:
                told = await self._ask_at(place, question)
            except (FetchFailed, BadAnswer) as problem:
                events.responder_failed(place=_shown(place), serial=serial, error=describe(problem))
                continue
            events.answered(serial=serial, standing=told.standing)
            said = told.standing
            if said is Standing.STRANGE:
                # Perhaps the next one is responsible.
                continue
            await self._keep(question, serial, told)
            return said
        if said is Standing.UNKNOWN:
            say = events.unreachable_allowed if settings.soft_fail else events.unreachable_blocked
            say(serial=serial)
        return said

    async def _ask_at(self, place: str, question: Question) -> Told:
        seconds = self._settings.timeout.total_seconds()
        answer = await self._fetcher.post(place, question.der, REQUEST_TYPE, most=MOST_BYTES, seconds=seconds)
        return judge(answer, question, self._clock.now(), require_nonce=self._settings.ocsp_require_nonce)

    async def _keep(self, question: Question, serial: str, told: Told) -> None:
        now = self._clock.now()
        until = min(told.until, now + self._settings.ocsp_cache.total_seconds())
        if until <= now:
            return
        try:
            await self._kept.put(question.key, _encode(_Kept(told.standing, until)), lifetime=until - now)
        except StoreUnavailable as problem:
            events.answer_not_kept(serial=serial, error=describe(problem))


def _is_allowed(url: str, settings: X509Settings) -> bool:
    """Whether a responder that a certificate names may be contacted."""
    try:
        return host_of(url) in settings.ocsp_aia_hosts
    except BadAddress:
        return False


def _shown(place: str) -> str:
    """An address without its query, which may carry a key."""
    parts = urlsplit(place)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
