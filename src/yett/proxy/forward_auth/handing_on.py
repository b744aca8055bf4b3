"""What of a request's own credentials goes on to the service: everything but what is ours. Pure functions."""

from yett.proxy.forward_auth.credentials import authorization_without, cookie_without
from yett.proxy.forward_auth.model import Asked, Holder
from yett.proxy.forward_auth.told import Pair
from yett.tokens import Source


def reflected(
    asked: Asked, holder: Holder | None, cookies: tuple[str, ...], *, with_authorization: bool = True
) -> list[Pair]:
    """Authorization and Cookie as a service may see them; one of which nothing is left is not there."""
    headers: list[Pair] = []
    # What was good as a token is nothing for a service, whatever kind of token it was.
    if asked.authorization and with_authorization and (holder is None or holder.source is Source.COOKIE):
        authorization = authorization_without(asked.authorization)
        if authorization:
            headers.append((b"Authorization", authorization))
    if asked.cookie:
        cookie = cookie_without(asked.cookie, cookies)
        if cookie:
            headers.append((b"Cookie", cookie))
    return headers
