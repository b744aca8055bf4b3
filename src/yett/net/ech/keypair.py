"""The key pair and its ECHConfig, as bytes.

Clients find the configuration in the `ech` parameter of a domain's HTTPS record (RFC 9848), and
encrypt the name they ask for to its key. What an onlooker sees is the public name.
"""

import base64
import struct
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

VERSION = 0xFE0D
"""RFC 9849, section 4."""
_X25519 = 0x0020
_SHA256, _AES_128_GCM, _CHACHA20_POLY1305 = 0x0001, 0x0001, 0x0003
_SUITES = ((_SHA256, _AES_128_GCM), (_SHA256, _CHACHA20_POLY1305))

Derive = Callable[[str, int], bytes]
"""The key for a purpose, of a size, from the cluster key."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """The private key, and the configuration that goes with it."""

    private: X25519PrivateKey
    config_id: int
    public_name: str

    @property
    def configuration(self) -> str:
        """The ECHConfigList with this one configuration, as text for DNS."""
        key = self.private.public_key().public_bytes_raw()
        config = encode(self.config_id, key, _SUITES, self.public_name)
        return base64.b64encode(struct.pack(">H", len(config)) + config).decode("ascii")

    @property
    def pem(self) -> bytes:
        """The file for a TLS front: private key and configuration (RFC 9934)."""
        key = self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        text = self.configuration
        lines = "\n".join(text[start : start + 64] for start in range(0, len(text), 64))
        return key + f"-----BEGIN ECHCONFIG-----\n{lines}\n-----END ECHCONFIG-----\n".encode("ascii")


def derive_pair(derive: Derive, public_name: str) -> KeyPair:
    """The pair of a public name: the same on every node, another one under another cluster key."""
    private = X25519PrivateKey.from_private_bytes(derive(f"yett.net.ech/{public_name}", 32))
    (config_id,) = derive(f"yett.net.ech/id/{public_name}", 1)
    return KeyPair(private, config_id, public_name)


def encode(config_id: int, public_key: bytes, suites: tuple[tuple[int, int], ...], public_name: str) -> bytes:
    """An ECHConfig (RFC 9849, section 4), without extensions and without telling how long names are."""
    name = public_name.encode("ascii")
    pairs = b"".join(struct.pack(">HH", *suite) for suite in suites)
    contents = (
        struct.pack(">BHH", config_id, _X25519, len(public_key))
        + public_key
        + struct.pack(">H", len(pairs))
        + pairs
        + struct.pack(">BB", 0, len(name))
        + name
        + struct.pack(">H", 0)
    )
    return struct.pack(">HH", VERSION, len(contents)) + contents
