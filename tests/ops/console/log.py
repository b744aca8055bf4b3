"""Logs for tests of the console, written as the journal writes them."""

from datetime import UTC, datetime

import msgspec

NOW = 1_800_000_000.0
REQUEST = "01a3185b-65a0-7000-8000-000000000001"
OTHER = "01a3185b-65a0-7000-8000-000000000002"


def stamp(seconds):
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def entry(ago=60.0, *, level="INFO", component="proxy", msg="Something happened", code="", **fields):
    """A record of so many seconds ago. Names of fields are written with two underscores for a dot."""
    made = {"time": stamp(NOW - ago), "level": level}
    if fields.pop("audit", False):
        made["audit"] = True
    made |= {"component": component, "msg": msg, "code": code or f"{component}.happened"}
    return made | {name.replace("__", "."): value for name, value in fields.items()}


def denied(ago=60.0, user="bob", request=REQUEST, **more):
    """What a refusal leaves."""
    return entry(
        ago,
        **{
            "level": "WARN",
            "audit": True,
            "component": "access",
            "msg": "Access denied",
            "code": "access.denied",
            "server__request__id": request,
            "session__ref": "s-1",
            "auth__user_id": user,
            "server__request__client_ip": "192.0.2.9",
            "app": "Wiki",
            "host": "wiki.example.test",
            "server__request__path": "/secret",
            "rule": "wiki",
            "reason": "no_group",
            "groups_needed": ["staff"],
            "groups_held": ["guests"],
        }
        | more,
    )


def write_log(directory, *entries):
    """Records and audit records, each into its own stream, in the order of time."""
    for stream, is_audit in (("records", False), ("audit", True)):
        lines = [each for each in entries if (each.get("audit") is True) is is_audit]
        lines.sort(key=lambda each: each["time"])
        if lines:
            number = len(list(directory.glob(f"{stream}-*")))
            path = directory / f"{stream}-20270115T08{number:04d}-000000.jsonl"
            path.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in lines))
