"""Which of our fields OpenTelemetry has a name for.

The names are those of the semantic conventions' registry (version 1.37). A field without a name
there keeps its own, so that what a search here finds, a search at the collector's finds by the same word.
"""

from collections.abc import Mapping

NAMES: Mapping[str, str] = {
    "auth.user_id": "user.name",
    "email": "user.email",
    "session.ref": "session.id",
    "server.request.client_ip": "client.address",
    "server.request.remote_addr": "network.peer.address",
    "server.request.user_agent": "user_agent.original",
    "server.request.method": "http.request.method",
    "server.request.path": "url.path",
    "error": "error.message",
    # No convention, but what the spans of the same request call it.
    "server.request.id": "yett.request.id",
}
"""Everywhere."""

NAMES_OF_REQUESTS: Mapping[str, str] = {
    "host": "server.address",
    "status": "http.response.status_code",
}
"""In the record of a request only; elsewhere these words mean other things."""

REQUEST = "http.access.completed"
"""The code of that record."""
