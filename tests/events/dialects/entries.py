"""Entries for the tests of all dialects: some that the gateway says, and a strategy for any."""

from typing import Any

from hypothesis import strategies as st

from yett.events.dialects.meaning import MEANINGS

REQUEST: dict[str, Any] = {
    "time": "2026-11-22T15:04:05.123456Z",
    "level": "INFO",
    "component": "http.access",
    "msg": "Request completed",
    "code": "http.access.completed",
    "node": "gate-1",
    "server.request.id": "0d1f3b5c7e9a",
    "trace.id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "session.ref": "s-41",
    "auth.user_id": "ada",
    "server.request.client_ip": "203.0.113.178",
    "server.request.method": "GET",
    "host": "wiki.example.org",
    "server.request.path": "/pages/engine",
    "status": 200,
    "duration_ms": 3.25,
    "bytes_in": 0,
    "bytes_out": 5120,
    "app": "wiki",
    "route": "wiki",
    "rule": "staff",
    "upstream": "10.0.0.7:8080",
    "protocol": "http/1.1",
}
REJECTED: dict[str, Any] = {
    "time": "2026-11-22T15:04:06.000001Z",
    "level": "WARN",
    "audit": True,
    "component": "authn.password",
    "msg": "Password rejected",
    "code": "authn.password.rejected",
    "node": "gate-1",
    "server.request.id": "0d1f3b5c7e9b",
    "auth.user_id": "ada",
    "server.request.client_ip": "2001:db8::7",
    "reason": "wrong",
}
STARTED: dict[str, Any] = {
    "time": "2026-11-22T15:00:00.000000Z",
    "level": "INFO",
    "component": "kernel.start",
    "msg": "Part started",
    "code": "kernel.start.part_started",
    "name": 'listener "main"',
    "seconds": 0.25,
    "modules": ["guard", "proxy"],
}
SAID = (REQUEST, REJECTED, STARTED)

_texts = st.text(max_size=30)
_names = st.one_of(
    st.sampled_from(
        [
            "node",
            "server.request.id",
            "trace.id",
            "session.ref",
            "auth.user_id",
            "server.request.client_ip",
            "server.request.method",
            "server.request.path",
            "server.request.user_agent",
            "url.query",
            "url.scheme",
            "host",
            "status",
            "reason",
            "error",
            "command",
            "protocol",
            "severity",
            "bytes_in",
            "bytes_out",
            "duration_ms",
            "groups",
            "email",
            # Names that mean something to somebody else.
            "user",
            "user.name",
            "actor.user.name",
            "event",
            "event.level",
            "event.code",
            "timestamp",
            "@timestamp",
            "logger",
            "method",
            "path",
            "httpRequest.requestUrl",
            "httpRequest",
            "quota.limit",
            "quota",
            "token_userinfo.groups.0.name",
            "yett",
            "yett.user",
            "yett.yett.x",
            "unmapped.a",
            "metadata.version",
            "class",
            "class_uid",
            "ID",
            "adf.id",
            "adf.res",
            "adf.facility",
            "res",
            "OUID",
            "uname",
            "related.user",
            "source.ip",
            "_",
            "a name",
            "a]b",
            "n" * 40,
            "chain",
        ]
    ),
    st.text('abcdefghij._-"=]é ', min_size=1, max_size=12).filter(
        lambda name: name not in {"time", "level", "audit", "component", "msg", "code"}
    ),
)
_values = st.one_of(
    _texts,
    st.sampled_from(
        [
            "ada",
            "203.0.113.9",
            "::1",
            "GET",
            "/a b",
            "/x?y",
            "http",
            "h2",
            "HTTP/1.1",
            "SUCCESS",
            "fatal",
            "-",
        ]
    ),
    st.integers(-(2**70), 2**70),
    st.integers(0, 600),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.lists(st.one_of(_texts, st.integers(-5, 5)), max_size=3),
)


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    """Any record: known and strange fields, odd texts, values of every kind."""
    moment = draw(st.datetimes()).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    entry: dict[str, Any] = {
        "time": f"{moment}.{draw(st.integers(0, 999999)):06d}Z",
        "level": draw(st.sampled_from(["ERROR", "WARN", "INFO", "DEBUG", "TRACE"])),
    }
    if draw(st.booleans()):
        entry["audit"] = True
    entry["component"] = draw(
        st.sampled_from(["http.access", "signin", "gafaelfawr.access", "x" * 60, ""]) | _texts
    )
    entry["msg"] = draw(_texts)
    entry["code"] = draw(
        st.sampled_from([*sorted(MEANINGS), "yett.code-" + "x" * 40, "-", "abc~123456"]) | _texts
    )
    return entry | draw(st.dictionaries(_names, _values, max_size=8))
