"""`/oauth2/…` as oauth2-proxy has it, for NGINX and everything that was set up for that program.

Groups and addresses in the question narrow down what the rules of the settings allow.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urlencode

import msgspec

from yett.net.pages import parse_fields
from yett.proxy.forward_auth.model import Asked, Demand, Holder, Limited, Malformed, Refused
from yett.proxy.forward_auth.told import Pair, Told, value_of

_TEXT = b"text/plain; charset=utf-8"
_NO_STORE: Pair = (b"Cache-Control", b"no-store")
_LOCAL = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")
_encode = msgspec.json.Encoder().encode


class OAuth2Proxy:
    """Writes answers in this form."""

    name = "oauth2_proxy"

    def passed(
        self,
        asked: Asked,  # noqa: ARG002 - all dialects are asked alike
        demand: Demand,  # noqa: ARG002 - as above
        holder: Holder | None,
        *,
        delegated: str = "",
        limited: Limited | None = None,  # noqa: ARG002 - as above
    ) -> Told:
        """Go on."""
        info = holder.info if holder is not None else None
        groups = ",".join(group.name for group in info.groups) if info else ""
        headers = [
            _NO_STORE,
            (b"X-Auth-Request-User", value_of(info.username) if info else b""),
            (b"X-Auth-Request-Preferred-Username", value_of(info.username) if info else b""),
            (b"X-Auth-Request-Email", value_of(info.email or "") if info else b""),
            (b"X-Auth-Request-Groups", value_of(groups)),
            (b"X-Auth-Request-Access-Token", delegated.encode("ascii")),
        ]
        return Told(202, headers, b"Accepted\n", _TEXT)

    def refused(
        self,
        asked: Asked,  # noqa: ARG002 - as above
        demand: Demand,  # noqa: ARG002 - as above
        refused: Refused,
        limited: Limited | None = None,  # noqa: ARG002 - as above
    ) -> Told:
        """Not this request."""
        if refused.is_curable or refused.status == 401:
            return Told(401, [_NO_STORE], b"Unauthorized\n", _TEXT)
        return Told(403, [_NO_STORE], b"Forbidden\n", _TEXT)

    def malformed(self, malformed: Malformed) -> Told:
        """The question itself is wrong."""
        return Told(400, [_NO_STORE], value_of(f"{malformed.place[1]}: {malformed.text}") + b"\n", _TEXT)


def narrowed(demand: Demand, query: bytes) -> Demand | Malformed:
    """A demand with what the question wants besides."""
    fields = parse_fields(query)
    if fields is None:
        return Malformed(("query", ""), "value_error", "The query is malformed")
    groups = _listed(value for name, value in fields if name == "allowed_groups")
    emails = _listed(value for name, value in fields if name == "allowed_emails")
    domains = _listed(value for name, value in fields if name == "allowed_email_domains")
    wanted = emails | {f"@{each.lower().removeprefix('@')}" for each in domains}
    if not (groups or wanted):
        return demand
    return replace(
        demand,
        is_open=False,
        groups=(*demand.groups, groups) if groups else demand.groups,
        emails=frozenset(wanted),
    )


def _listed(values: Iterable[str]) -> frozenset[str]:
    return frozenset(part for value in values for part in value.split(",") if part)


def onward(origin: str, page: str, wanted: str, host: str) -> Told:
    """To the page of ours that does the same; `wanted` is where to go afterwards, `host` whose path it may be."""
    if _LOCAL.fullmatch(wanted):
        wanted = f"https://{host}{wanted}"
    query = f"?{urlencode({'rd': wanted})}" if wanted else ""
    return Told(302, [_NO_STORE, (b"Location", f"{origin}{page}{query}".encode("ascii"))], b"", _TEXT)


class UserInfo(OAuth2Proxy):
    """Tells a script of an application who somebody is."""

    def passed(
        self,
        asked: Asked,  # noqa: ARG002 - all dialects are asked alike
        demand: Demand,  # noqa: ARG002 - as above
        holder: Holder | None,
        *,
        delegated: str = "",  # noqa: ARG002 - as above
        limited: Limited | None = None,  # noqa: ARG002 - as above
    ) -> Told:
        """Who it is."""
        if holder is None:
            return Told(401, [_NO_STORE], b"Unauthorized\n", _TEXT)
        info = holder.info
        body = {
            "user": info.username,
            "email": info.email or "",
            "groups": [group.name for group in info.groups],
            "preferredUsername": info.username,
        }
        return Told(200, [_NO_STORE], _encode(body))
