"""Signs requests on their way out. It comes after every step that changes what is sent."""

import base64
import hmac
from dataclasses import replace
from typing import Protocol

from yett.kernel import Clock
from yett.keys import EpochKey, NoKey
from yett.net.http import Answer, Forward, Request
from yett.net.pages import error_page
from yett.proxy.request_signing import base, events
from yett.proxy.request_signing.config import Algorithm, RequestSigningSettings, Unhashed
from yett.proxy.request_signing.model import DERIVED, LABEL, OURS
from yett.proxy.steps import Call, Step


class Keys(Protocol):
    """Where Ed25519 keys come from."""

    def at(self, now: float) -> EpochKey:
        """Raises NoKey."""
        ...


class SigningStep(Step):
    """Adds Content-Digest, Signature-Input and Signature."""

    def __init__(self, app: str, settings: RequestSigningSettings, keys: Keys, clock: Clock) -> None:
        self.whole_body = settings.max_body
        self._app = app
        self._keys = keys
        self._clock = clock
        self._alg = settings.alg
        self._shared = settings.key.encode("ascii")
        self._lifetime = int(settings.lifetime.total_seconds())
        self._refuses = settings.larger is Unhashed.REFUSE

    def prepare(self, call: Call, forward: Forward, body: bytes | None) -> Forward | Answer:
        request = call.request
        if body is None and request.has_body:
            return self._unsigned(request, forward)
        authority = _authority(request, forward)
        content_digest = base.digest_of(body or b"")
        target = (forward.target or request.target).decode("ascii")
        path, _, query = target.partition("?")
        values = (request.method.decode("ascii"), authority, path, f"?{query}")
        components = [
            *zip(DERIVED, values, strict=True),
            ("content-digest", content_digest),
            *_identity(forward.add, is_token_ours=b"authorization" in forward.drop),
        ]
        try:
            lines = self._sign(components, request.scope.request_id)
        except NoKey:
            return _out_of_order(request.scope.request_id)
        return replace(
            forward,
            add=b"%bContent-Digest: %b\r\n%b" % (forward.add, content_digest.encode("ascii"), lines),
            drop=forward.drop | OURS,
            # The service has to see the very host that was signed, whichever backend it is.
            host=authority.encode("ascii"),
        )

    def _sign(self, components: list[tuple[str, str]], nonce: str) -> bytes:
        now = self._clock.now()
        key = self._keys.at(now) if self._alg is Algorithm.ED25519 else None
        key_id = self._app if key is None else key.key_id
        params = base.parameters(
            (name for name, _ in components),
            created=int(now),
            expires=int(now) + self._lifetime,
            key_id=key_id,
            alg=self._alg,
            nonce=nonce,
        )
        text = base.signature_base(components, params)
        signature = hmac.digest(self._shared, text, "sha256") if key is None else key.private.sign(text)
        events.signed(app=self._app, key_id=key_id, covered=len(components))
        encoded = base64.b64encode(signature).decode("ascii")
        return f"Signature-Input: {LABEL}={params}\r\nSignature: {LABEL}=:{encoded}:\r\n".encode("ascii")

    def _unsigned(self, request: Request, forward: Forward) -> Forward | Answer:
        events.body_not_hashed(
            app=self._app, limit=self.whole_body, size=request.content_length, is_refused=self._refuses
        )
        if self._refuses:
            return _page(
                413,
                "That was too much",
                "What was sent is larger than this page accepts.",
                request.scope.request_id,
            )
        return replace(forward, drop=forward.drop | OURS)


def _authority(request: Request, forward: Forward) -> str:
    """The Host that is sent, in the one spelling that every verifier comes to (RFC 9421, section 2.2.3).

    Whether a port is the default one depends on the scheme, about which a service behind TLS and its
    library may disagree. So neither of the two is sent.
    """
    if forward.host:
        authority = forward.host.decode("ascii").lower()
    else:
        authority = f"{request.host}:{request.port}" if request.port else request.host
    return authority.removesuffix(":80").removesuffix(":443")


def _identity(lines: bytes, *, is_token_ours: bool) -> list[tuple[str, str]]:
    """The identity headers among the lines that are added, and the token."""
    found = []
    for line in lines.decode("ascii").split("\r\n"):
        name, _, value = line.partition(":")
        name = name.lower()
        if name.startswith("x-yett-") or (name == "authorization" and is_token_ours):
            found.append((name, value.strip(" \t")))
    return found


def _out_of_order(request_id: str) -> Answer:
    return _page(
        503,
        "This does not work at the moment",
        "Your request was not passed on. Try again later.",
        request_id,
    )


def _page(status: int, heading: str, sentence: str, request_id: str) -> Answer:
    page = error_page(status, heading=heading, sentence=sentence, request_id=request_id)
    return Answer(status, page.body, headers=page.headers)
