"""The first token of a SPNEGO exchange, read just far enough to know what is in it.

The library reads it again and decides. This is read first for three things: what is no Kerberos
is refused with its own reason, the library's own parsers see only what is well formed, and what
is remembered against replay is the encrypted authenticator. A digest of the whole token would
not do: the wrapping is not protected, so the same ticket could come in another one.

Lengths are definite and minimal, fields are in order, nothing is left over (X.690, section 10).
What this reader takes can be read in one way only, so the library sees the same authenticator.
"""

from yett.authn.kerberos.model import Initial, Reason

SPNEGO = bytes.fromhex("06062b0601050502")
KERBEROS = bytes.fromhex("06092a864886f712010202")
MS_KERBEROS = bytes.fromhex("06092a864882f712010202")
"""1.2.840.48018.1.2.2, which early Windows sent by a mistake that stayed (RFC 4178, appendix C)."""
NTLM = bytes.fromhex("060a2b06010401823702020a")
_NTLM_MARK = b"NTLMSSP\0"
_AP_REQ = b"\x01\x00"
"""What stands before an AP-REQ in a token of Kerberos (RFC 4121, section 4.1)."""

_APPLICATION = 0x60
_SEQUENCE = 0x30
_OCTETS = 0x04
_OID = 0x06
_TICKET = 0x61
_REQUEST = 0x6E


class _Malformed(Exception):
    """The bytes are not what they should be."""


class _Reader:
    """Goes through bytes that hold one element after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def rest(self) -> bytes:
        return self._data[self._at :]

    @property
    def next_tag(self) -> int:
        """The tag of what comes next; -1 at the end."""
        return self._data[self._at] if self._at < len(self._data) else -1

    def element(self, tag: int) -> bytes:
        """The content of the next element, which has to have this tag."""
        start = self._at
        if self.next_tag != tag:
            raise _Malformed
        length, body = self._length(start + 1)
        self._at = body + length
        if self._at > len(self._data):
            raise _Malformed
        return self._data[body : self._at]

    def whole(self, tag: int) -> bytes:
        """The same, together with its tag and length."""
        start = self._at
        self.element(tag)
        return self._data[start : self._at]

    def only(self, tag: int) -> bytes:
        """The content of the one element there is."""
        content = self.element(tag)
        self.end()
        return content

    def end(self) -> None:
        """There must be nothing more."""
        if self._at != len(self._data):
            raise _Malformed

    def _length(self, at: int) -> tuple[int, int]:
        """A length and where what it measures begins (X.690, section 8.1.3, definite and minimal)."""
        if at >= len(self._data):
            raise _Malformed
        first = self._data[at]
        if first < 0x80:
            return first, at + 1
        count = first & 0x7F
        octets = self._data[at + 1 : at + 1 + count]
        if not 1 <= count <= 3 or len(octets) != count:
            raise _Malformed
        length = int.from_bytes(octets, "big")
        if length < 0x80 or octets[0] == 0:
            raise _Malformed
        return length, at + 1 + count


def read_initial(token: bytes) -> Initial | Reason:
    """What a first token holds, or why it is not looked at any further."""
    if token.startswith(_NTLM_MARK):
        return Reason.NTLM
    try:
        return _read(token)
    except _Malformed:
        return Reason.MALFORMED


def _read(token: bytes) -> Initial | Reason:
    outer = _Reader(_Reader(token).only(_APPLICATION))
    mechanism = outer.whole(_OID)
    if mechanism in {KERBEROS, MS_KERBEROS}:
        return Initial(_authenticator(outer.rest))
    if mechanism != SPNEGO:
        return Reason.NTLM if mechanism == NTLM else Reason.OTHER_MECHANISM
    return _negotiation(_Reader(_Reader(outer.rest).only(0xA0)).only(_SEQUENCE))


def _negotiation(content: bytes) -> Initial | Reason:
    """NegTokenInit (RFC 4178, section 4.2.1)."""
    fields = _Reader(content)
    offered = _Reader(_Reader(fields.element(0xA0)).only(_SEQUENCE))
    mechanisms = []
    while offered.next_tag != -1:
        mechanisms.append(offered.whole(_OID))
    if fields.next_tag == 0xA1:
        fields.element(0xA1)
    token = _Reader(fields.element(0xA2)).only(_OCTETS) if fields.next_tag == 0xA2 else b""
    if fields.next_tag == 0xA3:
        fields.element(0xA3)
    fields.end()
    if token.startswith(_NTLM_MARK) or mechanisms[:1] == [NTLM]:
        return Reason.NTLM
    if not mechanisms:
        return Reason.MALFORMED
    if mechanisms[0] not in {KERBEROS, MS_KERBEROS}:
        return Reason.OTHER_MECHANISM
    if not token:
        return Reason.INCOMPLETE
    inner = _Reader(_Reader(token).only(_APPLICATION))
    if inner.whole(_OID) not in {KERBEROS, MS_KERBEROS}:
        return Reason.OTHER_MECHANISM
    return Initial(_authenticator(inner.rest))


def _authenticator(token: bytes) -> bytes:
    """The encrypted authenticator of an AP-REQ (RFC 4120, section 5.5.1)."""
    if not token.startswith(_AP_REQ):
        raise _Malformed
    fields = _Reader(_Reader(_Reader(token[len(_AP_REQ) :]).only(_REQUEST)).only(_SEQUENCE))
    for tag in (0xA0, 0xA1, 0xA2):
        fields.element(tag)
    _Reader(fields.element(0xA3)).only(_TICKET)
    encrypted = _Reader(_Reader(fields.element(0xA4)).only(_SEQUENCE))
    fields.end()
    encrypted.element(0xA0)
    if encrypted.next_tag == 0xA1:
        encrypted.element(0xA1)
    cipher = _Reader(encrypted.element(0xA2)).only(_OCTETS)
    encrypted.end()
    if len(cipher) < 16:
        raise _Malformed
    return cipher
