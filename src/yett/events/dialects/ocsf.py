"""The Open Cybersecurity Schema Framework, version 1.2.0: one JSON object on a line.

A record that settles something belongs to a class of its own; any other, and one that lacks what its
class requires (a sign-in without a name, say), is a base event. What the class has no attribute for stands
in `unmapped` under our names. https://schema.ocsf.io/1.2.0
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from yett.events.dialects.ecs import is_address
from yett.events.dialects.entry import Entry, Unreadable, Unwritable
from yett.events.dialects.meaning import Change, Kind, Meaning, Outcome, meaning_of
from yett.events.dialects.names import put
from yett.events.dialects.reading import (
    HEAD,
    LEVELS,
    entry_of,
    flattened,
    instant_after,
    instant_of,
    microseconds_of,
    object_of,
)

VERSION = "1.2.0"
PRODUCT: Mapping[str, str] = {"name": "Yett", "vendor_name": "Yett"}

BASE, ACCOUNT_CHANGE, AUTHENTICATION = 0, 3001, 3002
HTTP_ACTIVITY, WEB_RESOURCES, LIFECYCLE, API_ACTIVITY = 4002, 6001, 6002, 6003

_SEVERITIES = {"ERROR": 4, "WARN": 3, "INFO": 1, "DEBUG": 1, "TRACE": 1}
"""High, Medium, Informational."""
_LEVELS = {0: "INFO", 1: "INFO", 2: "INFO", 3: "WARN", 4: "ERROR", 5: "ERROR", 6: "ERROR", 99: "INFO"}
_STATUS = {Outcome.SUCCESS: 1, Outcome.FAILURE: 2}
_METHODS = {
    "CONNECT": 1,
    "DELETE": 2,
    "GET": 3,
    "HEAD": 4,
    "OPTIONS": 5,
    "POST": 6,
    "PUT": 7,
    "TRACE": 8,
}
_CHANGES = {
    Change.CREATE: 1,
    Change.ENABLE: 2,
    Change.UNLOCK: 2,
    Change.PASSWORD: 3,
    Change.DISABLE: 5,
    Change.DELETE: 6,
    Change.LOCK: 9,
    Change.FACTOR_ADDED: 10,
    Change.FACTOR_REMOVED: 11,
    Change.UPDATE: 99,
}
_SIGNING = {Kind.SIGN_IN: 1, Kind.SIGN_OUT: 2, Kind.PROOF: 6}
_OTHER = 99
_IP_ADDRESS, _USER_NAME = 2, 4
"""Types of observables."""

_BACK: Mapping[str, str] = {
    "metadata.event_code": "code",
    "metadata.log_name": "component",
    "metadata.log_level": "level",
    "message": "msg",
    "metadata.correlation_uid": "server.request.id",
    "user.name": "auth.user_id",
    "actor.user.name": "auth.user_id",
    "session.uid": "session.ref",
    "actor.session.uid": "session.ref",
    "src_endpoint.ip": "server.request.client_ip",
    "dst_endpoint.hostname": "host",
    "http_request.http_method": "server.request.method",
    "http_request.url.path": "server.request.path",
    "http_request.user_agent": "server.request.user_agent",
    "http_response.code": "status",
    "api.operation": "command",
    "status_detail": "reason",
}
"""Attributes that carry a field; all others are worked out of the record."""

_encode = msgspec.json.Encoder().encode


class Ocsf:
    """Both ways."""

    name = "ocsf"

    def write(self, entry: Entry) -> bytes:
        """See `Dialect.write`."""
        try:
            return _encode(_object_of(entry))
        except (TypeError, ValueError, RecursionError) as problem:
            raise Unwritable("no time, or a value that has no JSON form") from problem

    def read(self, line: bytes) -> Entry:
        """See `Dialect.read`."""
        return self.understand(object_of(line))

    def understand(self, found: dict[str, Any]) -> Entry:
        """The record that an object tells of. Raises Unreadable."""
        if type(found.get("class_uid")) is not int or not isinstance(found.get("metadata"), dict):
            raise Unreadable("no class or no metadata")
        flat = flattened(found)
        rest: dict[str, Any] = {}
        others: dict[str, Any] = {}
        carried: dict[str, Any] = {}
        for name, value in flat.items():
            ours = _BACK.get(name)
            if ours is not None and carried.setdefault(ours, value) == value:
                continue
            if name.startswith("unmapped."):
                put(rest, name[len("unmapped.") :], value)
            else:
                others[name] = value
        message = carried.pop("msg", None)
        head = {
            "time": _time_of(others),
            "level": _level_of(carried.pop("level", None), others),
            "component": carried.pop("component", "ocsf"),
            "msg": "" if message is None else message,
            "code": carried.pop("code", f"ocsf.{found['class_uid']}"),
        }
        if others.get("metadata.labels") == ["audit"]:
            head["audit"] = True
        for name, value in carried.items():
            put(rest, name, value)
        entry = entry_of(head, {_free(name): value for name, value in rest.items()})
        derived = flattened(_object_of(entry)) if others else {}
        for name, value in others.items():
            if derived.get(name) != value:
                put(entry, _free(name), value)
        return entry


def _free(name: str) -> str:
    return f"event.{name}" if name in HEAD else name


def _time_of(others: dict[str, Any]) -> str:
    """The time to the microsecond if the event has it, else to the millisecond."""
    milliseconds = others.get("time")
    if type(milliseconds) is not int:
        raise Unreadable("no time")
    exact = others.get("metadata.original_time")
    if isinstance(exact, str):
        try:
            instant = instant_of(exact)
        except Unreadable:
            instant = ""
        if instant and microseconds_of(instant) // 1000 == milliseconds:
            return instant
    return instant_after(milliseconds * 1000)


def _level_of(level: Any, others: dict[str, Any]) -> str:
    if isinstance(level, str) and level in LEVELS:
        return level
    severity = others.get("severity_id")
    known = _LEVELS.get(severity) if type(severity) is int else None
    if known is None:
        raise Unreadable("a severity that there is not")
    return known


def _object_of(entry: Entry) -> dict[str, Any]:
    meaning = meaning_of(entry)
    unmapped = {name: value for name, value in entry.items() if name not in HEAD}
    uid, activity, attributes = _classified(entry, meaning, unmapped)
    metadata: dict[str, Any] = {
        "version": VERSION,
        "product": PRODUCT,
        "event_code": entry.get("code", ""),
        "log_name": entry.get("component", ""),
        "log_level": entry["level"],
        "original_time": entry["time"],
    }
    if _is_text(unmapped.get("server.request.id")):
        metadata["correlation_uid"] = unmapped.pop("server.request.id")
    if entry.get("audit"):
        metadata["labels"] = ["audit"]
    if uid == WEB_RESOURCES:
        metadata["profiles"] = ["host", "security_control"]
    elif "actor" in attributes:
        metadata["profiles"] = ["host"]
    out: dict[str, Any] = {
        "activity_id": activity,
        "category_uid": uid // 1000,
        "class_uid": uid,
        "type_uid": uid * 100 + activity,
        "time": microseconds_of(entry["time"]) // 1000,
        "severity_id": _SEVERITIES[entry["level"]],
        "message": entry.get("msg", ""),
        "metadata": metadata,
    }
    if meaning.outcome in _STATUS:
        out["status_id"] = _STATUS[meaning.outcome]
    if _is_text(unmapped.get("reason")):
        out["status_detail"] = unmapped.pop("reason")
    out |= attributes
    observables = _observables_of(entry)
    if observables:
        out["observables"] = observables
    if unmapped:
        out["unmapped"] = unmapped
    return out


def _classified(entry: Entry, meaning: Meaning, unmapped: Entry) -> tuple[int, int, dict[str, Any]]:
    """The class, the activity and the attributes of a record; what they hold is taken out of `unmapped`."""
    user, host = entry.get("auth.user_id"), entry.get("host")
    has_user, has_host = _is_text(user), _is_text(host)
    has_source = is_address(entry.get("server.request.client_ip"))
    match meaning.kind:
        case Kind.SIGN_IN | Kind.SIGN_OUT | Kind.PROOF if has_user:
            # One of service and dst_endpoint is required; people sign in to the gateway.
            attributes = {"service": {"name": PRODUCT["name"]}} | _source(unmapped)
            attributes |= {"user": {"name": unmapped.pop("auth.user_id")}}
            return AUTHENTICATION, _SIGNING[meaning.kind], attributes | _session(unmapped)
        case Kind.ACCOUNT if has_user:
            attributes = {"user": {"name": unmapped.pop("auth.user_id")}} | _source(unmapped)
            return ACCOUNT_CHANGE, _CHANGES[meaning.change or Change.UPDATE], attributes
        case Kind.WEB if has_host and has_source and type(entry.get("status")) is int and _has_path(entry):
            request = _request(unmapped)
            activity = _METHODS.get(str(entry.get("server.request.method")), _OTHER)
            attributes = _source(unmapped) | _actor(unmapped) | {"http_request": request}
            attributes["dst_endpoint"] = {"hostname": unmapped.pop("host")}
            attributes["http_response"] = {"code": unmapped.pop("status")}
            return HTTP_ACTIVITY, activity, attributes
        case Kind.ACCESS if has_host:
            is_allowed = meaning.outcome is Outcome.SUCCESS
            path = entry.get("server.request.path")
            resource = {"name": host} | ({"url_string": f"{host}{path}"} if isinstance(path, str) else {})
            attributes = _source(unmapped) | _actor(unmapped) | {"web_resources": [resource]}
            attributes["action_id"] = attributes["disposition_id"] = 1 if is_allowed else 2
            return WEB_RESOURCES, _OTHER, attributes
        case Kind.COMMAND if _is_text(entry.get("command")):
            attributes = {
                "api": {"operation": unmapped.pop("command")},
                "src_endpoint": {"name": "admin socket"},
            }
            return API_ACTIVITY, _OTHER, attributes | (_actor(unmapped) or {"actor": {"app_name": "yett"}})
        case Kind.LIFE:
            return LIFECYCLE, 3 if meaning.outcome is Outcome.SUCCESS else 4, {"app": PRODUCT}
        case _:
            return BASE, 0, {}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _has_path(entry: Entry) -> bool:
    return _is_text(entry.get("server.request.path"))


def _source(unmapped: Entry) -> dict[str, Any]:
    name = "server.request.client_ip"
    return {"src_endpoint": {"ip": unmapped.pop(name)}} if is_address(unmapped.get(name)) else {}


def _session(unmapped: Entry) -> dict[str, Any]:
    name = "session.ref"
    return {"session": {"uid": unmapped.pop(name)}} if _is_text(unmapped.get(name)) else {}


def _actor(unmapped: Entry) -> dict[str, Any]:
    actor = _session(unmapped)
    if _is_text(unmapped.get("auth.user_id")):
        actor["user"] = {"name": unmapped.pop("auth.user_id")}
    return {"actor": actor} if actor else {}


def _request(unmapped: Entry) -> dict[str, Any]:
    request: dict[str, Any] = {"url": {"path": unmapped.pop("server.request.path")}}
    for ours, theirs in (
        ("server.request.method", "http_method"),
        ("server.request.user_agent", "user_agent"),
    ):
        if _is_text(unmapped.get(ours)):
            request[theirs] = unmapped.pop(ours)
    return request


def _observables_of(entry: Entry) -> list[dict[str, Any]]:
    """Who and whence, where every class has them."""
    found: list[dict[str, Any]] = []
    user, address = entry.get("auth.user_id"), entry.get("server.request.client_ip")
    if _is_text(user):
        found.append({"name": "auth.user_id", "type_id": _USER_NAME, "value": user})
    if is_address(address):
        found.append({"name": "server.request.client_ip", "type_id": _IP_ADDRESS, "value": address})
    return found
