"""HTTP/2 (RFC 9113), to clients and to upstreams.

Read `frames` and `hpack` (bytes), `connection` (the machine, without sockets), `head` (what heads
mean), `server` (clients), `upstream` and `pool` (the other side).
"""
