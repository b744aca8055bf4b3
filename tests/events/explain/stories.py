"""Entries as the gateway would write them, for stories."""

START = 1_767_225_600
"""2026-01-01T00:00:00Z."""


def moment(seconds):
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(int(minutes), 60)
    days, hour = divmod(hours, 24)
    return f"2026-01-{1 + days:02}T{hour:02}:{minute:02}:{second:09.6f}Z"


def entry(at, code, *, level="INFO", **fields):
    """A record so many seconds after the start; `user`, `session`, `request` and `address` are the scope."""
    scope = {
        "server.request.id": fields.pop("request", ""),
        "session.ref": fields.pop("session", ""),
        "auth.user_id": fields.pop("user", ""),
        "server.request.client_ip": fields.pop("address", ""),
        "server.request.path": fields.pop("path", ""),
    }
    component = code.rpartition(".")[0]
    head = {"time": moment(at), "level": level, "component": component, "msg": code, "code": code}
    return {**head, **{name: value for name, value in scope.items() if value}, **fields}


def ended(at, request, status, *, host="wiki.example", path="/", app="Wiki", rule="", **fields):
    return entry(
        at,
        "http.access.completed",
        request=request,
        host=host,
        path=path,
        app=app,
        rule=rule,
        status=status,
        duration_ms=1.5,
        upstream="127.0.0.1:80" if rule else "",
        route=path if rule else "",
        **{"server.request.method": "GET"},
        **fields,
    )


def denied(at, request, *, user="bob", host="wiki.example", path="/", **fields):
    return entry(
        at,
        "access.denied",
        level="WARN",
        request=request,
        user=user,
        host=host,
        path=path,
        app="Wiki",
        rule="Wiki",
        reason="no_group",
        groups_needed=["staff"],
        groups_held=[],
        **fields,
    )
