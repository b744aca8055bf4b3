"""Pages for services that check what we signed: the public keys, and checking it for them.

They stand on every application host under the reserved prefix. Nothing that they tell is secret:
whoever has the keys can check signatures without us. Each answer is about the host that was asked.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yett.kernel import Clock
from yett.keys import NoKey
from yett.net.pages import once, parse_fields
from yett.proxy import events
from yett.proxy.config import RESERVED
from yett.proxy.faults import HeaderFault, KeyProblem
from yett.proxy.request_signing import Fault, Message, Verified, Verifier
from yett.proxy.signing import HeaderSigner, SigningKeys, judge_headers

KEYS = RESERVED + "keys.json"
VERIFY_HEADERS = RESERVED + "verify/headers"
VERIFY_REQUEST = RESERVED + "verify/request"

_MOST_FIELDS = 128
_UNAVAILABLE = "unavailable"


class _Headers(msgspec.Struct, forbid_unknown_fields=True):
    headers: dict[str, str]


class _Request(msgspec.Struct, forbid_unknown_fields=True):
    method: str
    authority: str
    path: str
    headers: dict[str, str]
    query: str = ""
    body: str | None = None
    """In base64."""


_read_headers = msgspec.json.Decoder(_Headers).decode
_read_request = msgspec.json.Decoder(_Request).decode


class Proofs:
    """The pages of all hosts; the state of the ASGI scope says which `host` one was asked at."""

    def __init__(
        self,
        signer: HeaderSigner,
        request_keys: SigningKeys,
        clock: Clock,
        *,
        shared_for: Callable[[str], Mapping[str, bytes]],
    ) -> None:
        """`shared_for` tells the shared keys of a host's applications, by app."""
        self._signer = signer
        self._request_keys = request_keys
        self._clock = clock
        self._shared_for = shared_for
        self.routes = [
            Route(KEYS, self._keys, methods=["GET"]),
            Route(VERIFY_HEADERS, self._verify_headers, methods=["POST"]),
            Route(VERIFY_REQUEST, self._verify_request, methods=["POST"]),
        ]

    async def _keys(self, request: Request) -> Response:
        """The public keys of identity headers and signed requests, as a JWK set; one of them, when asked for."""
        host = request.scope["state"]["host"]
        fields = parse_fields(request.scope["query_string"])
        query = None if fields is None else once(fields)
        if query is None or query.keys() - {"kid"}:
            events.keys_refused(host=host, reason=KeyProblem.MALFORMED)
            return _answer({"error": "malformed"}, 400)
        now = self._clock.now()
        try:
            keys = [*self._signer.public_keys(now)["keys"], *self._request_keys.public(now)]
        except NoKey:
            return _answer({"error": _UNAVAILABLE}, 503)
        if "kid" in query:
            keys = [key for key in keys if key["kid"] == query["kid"]]
            if not keys:
                events.keys_refused(host=host, reason=KeyProblem.UNKNOWN)
                return _answer({"error": "unknown_key"}, 404)
        events.keys_served(host=host)
        answer = _answer({"keys": keys})
        answer.headers["Cache-Control"] = f"public, max-age={self._signer.keys_fresh_for}"
        return answer

    async def _verify_headers(self, request: Request) -> Response:
        """Whether identity headers are ours, for this host, and of now."""
        host = request.scope["state"]["host"]
        try:
            asked = _read_headers(await _json(request))
            headers = _folded(asked.headers)
        except ValueError:
            events.headers_invalid(host=host, reason=HeaderFault.MALFORMED)
            return _answer({"error": "malformed"}, 400)
        now = self._clock.now()
        try:
            keys = self._signer.public_keys(now)
        except NoKey:
            return _answer({"error": _UNAVAILABLE}, 503)
        fault = judge_headers(headers, keys, host=host, now=now)
        if fault is not None:
            events.headers_invalid(host=host, reason=fault)
            return _answer({"valid": False, "reason": fault.value})
        events.headers_valid(host=host, user=headers["x-yett-user"])
        return _answer(
            {"valid": True, "user": headers["x-yett-user"], "expires": int(headers["x-yett-expires"])}
        )

    async def _verify_request(self, request: Request) -> Response:
        """Whether a request was signed by us, and is as it was then."""
        host = request.scope["state"]["host"]
        try:
            message = _message(_read_request(await _json(request)))
        except ValueError:
            events.request_invalid(host=host, reason=Fault.MALFORMED)
            return _answer({"error": "malformed"}, 400)
        now = self._clock.now()
        epochs = self._request_keys.epochs
        verifier = Verifier(lambda key_id: epochs.find(key_id, now), self._shared_for(host))
        try:
            verdict = verifier.verify(message, now=now)
        except NoKey:
            return _answer({"error": _UNAVAILABLE}, 503)
        if isinstance(verdict, Verified):
            events.request_valid(host=host, key_id=verdict.key_id)
            return _answer(
                {
                    "valid": True,
                    "keyid": verdict.key_id,
                    "created": verdict.created,
                    "expires": verdict.expires,
                    "nonce": verdict.nonce,
                    "covered": verdict.covered,
                    "body_checked": message.body is not None,
                }
            )
        events.request_invalid(host=host, reason=verdict)
        return _answer({"valid": False, "reason": verdict.value})


async def _json(request: Request) -> bytes:
    """The body of a request that says it is JSON; ValueError otherwise. The gate has limited its size."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ValueError("not JSON")
    return await request.body()


def _folded(fields: Mapping[str, str]) -> dict[str, str]:
    """The fields by lower case name. ValueError when there are too many, or one twice."""
    folded = {name.lower(): value.strip(" \t") for name, value in fields.items()}
    if len(folded) < len(fields) or len(folded) > _MOST_FIELDS:
        raise ValueError("fields that are there twice, or too many")
    return folded


def _message(asked: _Request) -> Message:
    """The request that was shown. ValueError when its body is no base64."""
    try:
        body = None if asked.body is None else base64.b64decode(asked.body, validate=True)
    except binascii.Error as wrong:
        raise ValueError("no base64") from wrong
    query = asked.query if asked.query.startswith("?") else f"?{asked.query}"
    return Message(asked.method, asked.authority.lower(), asked.path, query, _folded(asked.headers), body)


def _answer(content: dict[str, Any], status: int = 200) -> JSONResponse:
    answer = JSONResponse(content, status)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
