"""What a client's proof has to be: values in, verdict out.

RFC 7523, sections 2.2 and 3, OpenID Connect Core, section 9, and the FAPI 2.0 Security Profile, section 5.3.2.1.
"""

import hashlib
import hmac
from typing import Final

from yett.oidc.clients import AuthMethod, Client
from yett.oidc.jose import ALGORITHMS, Bounds, Flaw, Unproven, is_for_us, judge_ident, judge_times

STRONG: Final = ("ES256", "EdDSA", "Ed25519", "PS256")
"""What FAPI 2.0 leaves of the algorithms (section 5.4.1)."""
_TYPES: Final = {"", "jwt", "client-authentication+jwt"}
_NO_SECRET: Final = (bytes(32),)
"""Stands for the secrets of a client that is not there. No text is known to have this hash."""
_STRONG_PROOFS: Final = {AuthMethod.PRIVATE_KEY, AuthMethod.TLS, AuthMethod.SELF_SIGNED_TLS}


def needs_fapi(client: Client) -> bool:
    """Whether a client is held to FAPI 2.0: pushed requests, bound tokens, and no secret that it shares."""
    return client.must_push and client.must_bind and client.auth_method in _STRONG_PROOFS


def algorithms_for(client: Client) -> tuple[str, ...]:
    """What a client may sign with."""
    return STRONG if needs_fapi(client) else ALGORITHMS


def is_secret(client: Client | None, *texts: str) -> bool:
    """Whether one of the texts is a secret of a client; as long in the making when there is no such client."""
    known = client.secret_hashes if client is not None and client.secret_hashes else _NO_SECRET
    is_one = False
    for text in texts:
        shown = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        for each in known:
            # Each is compared, so that time does not tell which.
            is_one |= hmac.compare_digest(shown, each)
    return is_one


def judge_assertion(
    token: Unproven, client: Client, audiences: tuple[str, ...], bounds: Bounds, now: float
) -> Flaw | None:
    """What is wrong with what an assertion says; whether its client said it is another question.

    `audiences` are the names we go by, the issuer first: FAPI 2.0 wants that one, and as text.
    """
    kind = token.header.get("typ", "")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        return Flaw.TYPE
    if token.text("iss") != client.client_id:
        return Flaw.ISSUER
    if token.text("sub") != client.client_id:
        return Flaw.SUBJECT
    is_strict = needs_fapi(client)
    if not is_for_us(token, audiences[:1] if is_strict else audiences, may_be_list=not is_strict):
        return Flaw.AUDIENCE
    return judge_times(token, bounds, now) or judge_ident(token)
