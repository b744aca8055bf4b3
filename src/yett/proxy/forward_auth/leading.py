"""Where people are sent to sign in, so that they come back to what they asked for."""

from urllib.parse import quote, urlencode

from yett.identity.access import Assurance
from yett.proxy.forward_auth.model import Asked, Refused, Why
from yett.proxy.forward_auth.rules import is_below

_AS_IT_IS = "!$%&'()*+,-./:;=?@_~"
"""Characters of an address that stay; what else a client wrote into it is escaped."""


def login_url(origin: str, asked: Asked, domain: str, refused: Refused) -> bytes:
    """The sign-in page that leads back; empty where nobody could come back with a cookie of ours."""
    if asked.scheme != "https" or not is_below(asked.host, domain):
        return b""
    fields = {"rd": quote(asked.url, safe=_AS_IT_IS, encoding="latin-1")}
    if refused.needed is not Assurance.SINGLE:
        fields["acr"] = refused.needed.value
    if refused.why is Why.INVALID_TOKEN:
        # Their token is good, only not for long enough: the sign-on has to begin anew.
        fields["fresh"] = "1"
    return f"{origin}/login?{urlencode(fields)}".encode("ascii")
