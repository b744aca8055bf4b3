"""One's own account for programs and scripts: the same things as the pages, in JSON, below `/api/profile`."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yett.authn.passkey import Passkey
from yett.net.pages import SIGN_ON_COOKIE
from yett.sessions import Issued
from yett.signin import answers
from yett.signin.exchange import drop_cookie, set_cookie
from yett.signin.forms import Notice
from yett.signin.model import Turned, TurnedAway
from yett.signin.passkey.calls import read_call, text_of
from yett.signin.profile import rules
from yett.signin.profile.app_page import PAGE as APP_PAGE
from yett.signin.profile.authenticator import OwnApp
from yett.signin.profile.entry import HOME, PASSKEYS, Entry, turn_call
from yett.signin.profile.language import OwnLanguage
from yett.signin.profile.model import Owner, Way
from yett.signin.profile.overview import Looking
from yett.signin.profile.password import OwnPassword, status_of
from yett.signin.profile.password_page import PAGE as PASSWORD_PAGE
from yett.signin.profile.sessions import OwnSessions
from yett.signin.profile.sessions_page import Memory
from yett.store import StoreUnavailable

ROOT = "/api/profile"
_LONGEST = 4096
_HASH = re.compile(r"[0-9a-f]{32}")

Answer = Callable[[Owner, dict[str, Any]], Awaitable[Response]]
Question = Callable[[Owner], Awaitable[Response]]


class Passkeys(Protocol):
    """The part of the method that its owner needs."""

    @property
    def is_ready(self) -> bool: ...
    async def list(self, user: str) -> tuple[Passkey, ...]: ...
    async def rename(self, user: str, credential_hash: str, name: str) -> bool: ...
    async def revoke(self, user: str, credential_hash: str, *, by: str, reason: str) -> bool: ...


class API:
    """The calls. Making a passkey takes a browser; its calls are those of the page, below `/profile/passkeys`."""

    def __init__(
        self,
        entry: Entry,
        looking: Looking,
        sessions: OwnSessions,
        memory: Memory,
        app: OwnApp,
        password: OwnPassword,
        language: OwnLanguage,
        passkeys: Passkeys,
        *,
        origin: str,
    ) -> None:
        self._entry = entry
        self._looking = looking
        self._sessions = sessions
        self._memory = memory
        self._app = app
        self._password = password
        self._language = language
        self._passkeys = passkeys
        self._origin = origin
        self.routes = [
            self._reading("", self._overview),
            self._reading("/sessions", self._list_sessions),
            self._reading("/visits", self._list_visits),
            self._reading("/passkeys", self._list_passkeys),
            self._writing("/sessions/end", self._end),
            self._writing("/language", self._choose_language),
            self._writing("/app", self._begin_app, adds=True, page=APP_PAGE),
            self._writing("/app/confirm", self._confirm_app, adds=True, page=APP_PAGE),
            self._writing("/app/remove", self._remove_app, page=APP_PAGE),
            self._writing("/recovery", self._renew_recovery, page=APP_PAGE),
            self._writing("/password", self._change_password, page=PASSWORD_PAGE),
            self._writing("/passkeys/rename", self._rename_passkey, page=PASSKEYS),
            self._writing("/passkeys/remove", self._remove_passkey, page=PASSKEYS),
        ]

    def _reading(self, path: str, answer: Question) -> Route:
        async def read(request: Request) -> Response:
            owner = await self._entry.reader(request)
            if isinstance(owner, Response):
                return owner
            try:
                return await answer(owner)
            except StoreUnavailable:
                return _unavailable()

        return Route(ROOT + path, read, methods=["GET"])

    def _writing(self, path: str, answer: Answer, *, adds: bool = False, page: str = "") -> Route:
        """A call that changes something: with a page, only after a fresh sign-in, which comes back there."""

        async def write(request: Request) -> Response:
            call = await read_call(request, self._origin)
            if isinstance(call, Response):
                return call
            owner = await self._entry.call(request)
            if isinstance(owner, Response):
                return owner
            if page:
                way = await self._entry.way_to_add(owner) if adds else self._entry.way_to_change(owner)
                if way is not Way.OPEN:
                    return turn_call(way, page)
            try:
                return await answer(owner, call)
            except StoreUnavailable:
                return _unavailable()

        return Route(ROOT + path, write, methods=["POST"])

    # Reading.

    async def _overview(self, owner: Owner) -> Response:
        found, person = await self._looking.overview(owner), owner.person
        return _ok(
            name=person.name,
            display_name=person.display_name,
            email=person.email,
            groups=list(person.groups),
            source=person.source,
            signed_in_since=owner.session.created_at,
            fresh=self._entry.is_fresh(owner),
            complete=found.is_whole,
            app=None
            if found.app is None
            else {"since": found.app.since, "recovery_codes": found.app.recovery_left},
            passkeys=found.passkeys,
            sessions=found.sessions,
            language=found.language,
            can_change_password=found.can_change_password,
        )

    async def _list_sessions(self, owner: Owner) -> Response:
        shown = [
            {
                "session": each.ref,
                "host": each.host,
                "browser": each.browser,
                "address": each.address,
                "since": each.since,
                "last_used": each.used,
                "this": each.is_this,
                "applications": list(each.applications),
            }
            for each in self._sessions.shown(owner)
        ]
        return _ok(sessions=shown)

    async def _list_visits(self, owner: Owner) -> Response:
        visits = await self._memory.visits(owner.person.name)
        return _ok(visits=[{"at": each.at, "address": each.address} for each in visits])

    async def _list_passkeys(self, owner: Owner) -> Response:
        found = await self._passkeys.list(owner.person.name) if self._passkeys.is_ready else ()
        shown = [
            {
                "passkey": each.hash,
                "name": each.device,
                "created": each.created_at,
                "last_used": each.last_used_at,
                "expires": each.expires_at,
            }
            for each in found
        ]
        return _ok(passkeys=shown)

    # Changing.

    async def _end(self, owner: Owner, call: dict[str, Any]) -> Response:
        match text_of(call, "which", 16):
            case "others":
                return _ok(state="ended", sessions=await self._sessions.end_others(owner))
            case "all":
                return _signed_out(_ok(state="signed_out", sessions=await self._sessions.end_all(owner)))
        ref = rules.ref_of(text_of(call, "session", 128))
        if not await self._sessions.end(owner, ref):
            return answers.json_problem(404, "no_session", "There is no such session.")
        is_this = ref == owner.session.ref
        response = _ok(state="signed_out" if is_this else "ended", sessions=1)
        return _signed_out(response) if is_this else response

    async def _choose_language(self, owner: Owner, call: dict[str, Any]) -> Response:
        language = text_of(call, "language", 35)
        if not await self._language.choose(owner.person.name, language):
            return answers.json_problem(
                422,
                "no_language",
                "This takes one of the languages, or an empty text.",
                languages=list(rules.LANGUAGES),
            )
        return _ok(state="saved", language=language)

    async def _begin_app(self, owner: Owner, _: dict[str, Any]) -> Response:
        begun = await self._app.begin(owner.person.name)
        if isinstance(begun, Notice):
            return _not_done(begun)
        return _ok(state="begun", secret=begun.secret, uri=begun.uri, expires_in=int(begun.lifetime))

    async def _confirm_app(self, owner: Owner, call: dict[str, Any]) -> Response:
        codes = await self._app.confirm(owner.person.name, text_of(call, "code", 64))
        return (
            _not_done(codes) if isinstance(codes, Notice) else _ok(state="set_up", recovery_codes=list(codes))
        )

    async def _renew_recovery(self, owner: Owner, _: dict[str, Any]) -> Response:
        codes = await self._app.renew_recovery(owner.person.name)
        return (
            _not_done(codes)
            if isinstance(codes, Notice)
            else _ok(state="renewed", recovery_codes=list(codes))
        )

    async def _remove_app(self, owner: Owner, _: dict[str, Any]) -> Response:
        notice = await self._app.remove(owner.person.name)
        return _ok(state="removed") if notice is None else _not_done(notice)

    async def _change_password(self, owner: Owner, call: dict[str, Any]) -> Response:
        old, new = text_of(call, "old", _LONGEST), text_of(call, "new", _LONGEST)
        if not old or not new:
            return answers.json_problem(400, "incomplete", "This takes old and new.")
        outcome = await self._password.change(owner, old, new)
        if isinstance(outcome, Issued):
            response = _ok(state="changed", next=HOME)
            set_cookie(response, SIGN_ON_COOKIE, outcome.token)
            return response
        if outcome.is_good:
            return _signed_out(_ok(state="changed", next="/signin"))
        return answers.json_problem(
            status_of(outcome), "not_changed", outcome.heading, detail=outcome.sentence
        )

    async def _rename_passkey(self, owner: Owner, call: dict[str, Any]) -> Response:
        name, passkey = text_of(call, "name", 512), _passkey_of(call)
        if not passkey or not await self._passkeys.rename(owner.person.name, passkey, name):
            return answers.json_problem(404, "no_passkey", "There is no such passkey, or no name was given.")
        return _ok(state="saved")

    async def _remove_passkey(self, owner: Owner, call: dict[str, Any]) -> Response:
        user, passkey = owner.person.name, _passkey_of(call)
        reason = "removed by its owner"
        if not passkey or not await self._passkeys.revoke(user, passkey, by=user, reason=reason):
            return answers.json_problem(404, "no_passkey", "There is no such passkey.")
        return _ok(state="removed")


def _ok(**content: Any) -> JSONResponse:
    return JSONResponse(content, headers=answers.SAFE)


def _signed_out(response: JSONResponse) -> JSONResponse:
    drop_cookie(response, SIGN_ON_COOKIE)
    return response


def _passkey_of(call: dict[str, Any]) -> str:
    """The passkey that a call names; empty when nothing is called so, which the log would repeat."""
    text = text_of(call, "passkey", 64)
    return text if _HASH.fullmatch(text) else ""


def _not_done(notice: Notice) -> Response:
    return answers.json_problem(422, "not_done", notice.heading, detail=notice.sentence)


def _unavailable() -> Response:
    return answers.json(TurnedAway(Turned.UNAVAILABLE))
