"""Encrypted Client Hello (RFC 9849): the key pair of the cluster, and what is published about it.

Python's TLS cannot accept such a hello, so the gateway's own listener does not. What is made here is for a
TLS front that can (OpenSSL 4 and what is built on it): every node makes the same pair from the cluster
key, and an operator gives the front its file and the domain its record. Read `keypair`, then `commands`.
"""

from yett.net.ech.commands import ECHCommands
from yett.net.ech.keypair import KeyPair, derive_pair

__all__ = ["ECHCommands", "KeyPair", "derive_pair"]
