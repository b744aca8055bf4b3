"""What collectors want to be sent in one request, and what their answers mean.

`lines`: one JSON object in each line (VictoriaLogs, Vector, Logstash, Fluent Bit and others). `bulk`:
Elasticsearch and OpenSearch. `loki`: Grafana Loki's push interface. `splunk`: Splunk's HTTP event
collector. Everything here is values in, values out.
"""

import enum
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from yett.events.query import seconds_of

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_FAULTS = (msgspec.MsgspecError, ValueError, RecursionError)


class Body(enum.Enum):
    """How records stand in a request."""

    LINES = "lines"
    BULK = "bulk"
    LOKI = "loki"
    SPLUNK = "splunk"


CONTENT_TYPES = {
    Body.LINES: "application/x-ndjson",
    Body.BULK: "application/x-ndjson",
    Body.LOKI: "application/json",
    Body.SPLUNK: "application/json",
}


def lines_body(pairs: Sequence[tuple[bytes, bytes]]) -> bytes:
    """The messages, each on a line."""
    return b"".join(b"%b\n" % message for _, message in pairs)


def bulk_body(pairs: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Each message under an identifier made of its line, so that one that is sent twice is stored once."""
    return b"".join(
        b'{"create":{"_id":"%b"}}\n%b\n'
        % (hashlib.blake2b(line, digest_size=15).hexdigest().encode(), message)
        for line, message in pairs
    )


def loki_body(pairs: Sequence[tuple[bytes, bytes]]) -> bytes:
    """One stream for each level and node: labels have to be few, everything else stands in the line."""
    streams: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for line, message in pairs:
        entry = _decode(line)
        at = str(round(seconds_of(entry["time"]) * 1_000_000) * 1000)
        labels = (str(entry.get("level", "")).lower(), str(entry.get("node", "")))
        streams.setdefault(labels, []).append((at, message.decode()))
    return _encode(
        {
            "streams": [
                {"stream": {"service_name": "yett", "level": level, "node": node}, "values": values}
                for (level, node), values in streams.items()
            ]
        }
    )


def splunk_body(pairs: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Events one after the other."""
    parts: list[bytes] = []
    for line, message in pairs:
        entry = _decode(line)
        event: Any = msgspec.Raw(message) if message[:1] == b"{" else message.decode()
        parts.append(
            _encode(
                {
                    "time": round(seconds_of(entry["time"]), 6),
                    "host": str(entry.get("node", "")),
                    "source": "yett",
                    "sourcetype": "_json" if message[:1] == b"{" else "syslog",
                    "event": event,
                }
            )
        )
    return b"\n".join(parts)


BODIES: dict[Body, Callable[[Sequence[tuple[bytes, bytes]]], bytes]] = {
    Body.LINES: lines_body,
    Body.BULK: bulk_body,
    Body.LOKI: loki_body,
    Body.SPLUNK: splunk_body,
}


def judged(body: Body, answer: bytes, count: int) -> tuple[int, int, str]:
    """How many of `count` records were refused for good, how many may be taken later, and why.

    This is asked of answers that say that all went well. Only Elasticsearch tells more than that.
    """
    if body is not Body.BULK:
        return 0, 0, ""
    try:
        told = _decode(answer)
    except _FAULTS:
        return 0, 0, ""
    items = told.get("items")
    if told.get("errors") is not True or not isinstance(items, list):
        return 0, 0, ""
    refused = later = 0
    reason = ""
    for item in items[:count]:
        outcome = item.get("create") if isinstance(item, dict) else None
        status = outcome.get("status") if isinstance(outcome, dict) else None
        if not isinstance(status, int) or status < 400 or status == 409:
            # 409: it is there already, from an earlier try.
            continue
        if status == 429 or status >= 500:
            later += 1
        else:
            refused += 1
        if not reason and isinstance(outcome, dict):
            error = outcome.get("error")
            reason = str(error.get("type", "")) if isinstance(error, dict) else ""
    return refused, later, reason
