"""HTTP/3 (RFC 9114) to upstreams, over QUIC (RFC 9000) as aioquic speaks it.

Read `frames` (bytes), `flow` (what aioquic does for us, and how it is held back), `connection` (the machine,
without sockets), `upstream` (channels and datagrams), `opening` (files, addresses, the handshake) and
`pool`. Nothing but `pool` is loaded before the first connection is opened: it takes a tenth of a second.
"""
