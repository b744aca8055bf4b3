import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.authn.kerberos.model import Initial, Reason
from yett.authn.kerberos.wire import read_initial

KERBEROS = bytes.fromhex("06092a864886f712010202")
MS = bytes.fromhex("06092a864882f712010202")
SPNEGO = bytes.fromhex("06062b0601050502")
NTLM = bytes.fromhex("060a2b06010401823702020a")
NEGOEX = bytes.fromhex("060a2b06010401823702021e")
CIPHER = bytes(range(64))


def el(tag, *content):
    body = b"".join(content)
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + body


def encrypted(cipher=CIPHER, *more):
    return el(0x30, el(0xA0, b"\x02\x01\x12"), *more, el(0xA2, el(0x04, cipher)))


def request(cipher=CIPHER, more=b""):
    return el(
        0x6E,
        el(
            0x30,
            el(0xA0, b"\x02\x01\x05"),
            el(0xA1, b"\x02\x01\x0e"),
            el(0xA2, b"\x03\x05\x00\x20\x00\x00\x00"),
            el(0xA3, el(0x61, b"ticket")),
            el(0xA4, encrypted(cipher)),
            more,
        ),
    )


def bare(inner=None, oid=KERBEROS):
    return el(0x60, oid, b"\x01\x00", request() if inner is None else inner)


def spnego(token=None, mechanisms=(KERBEROS, NTLM), before=b"", after=b""):
    held = el(0xA2, el(0x04, bare() if token is None else token)) if token != b"" else b""
    return el(0x60, SPNEGO, el(0xA0, el(0x30, el(0xA0, el(0x30, *mechanisms)), before, held, after)))


@pytest.mark.parametrize(
    "token",
    [
        bare(),
        bare(oid=MS),
        spnego(),
        spnego(mechanisms=(MS, KERBEROS, NTLM)),
        spnego(before=el(0xA1, b"\x03\x02\x00\x00"), after=el(0xA3, el(0x04, b"mic"))),
        bare(el(0x6E, el(0x30, *(el(tag, b"x") for tag in (0xA0, 0xA1, 0xA2)),
             el(0xA3, el(0x61, b"t")), el(0xA4, encrypted(CIPHER, el(0xA1, b"\x02\x01\x03")))))),
    ],
)  # fmt: skip
def test_the_authenticator_is_found_in_every_wrapping(token):
    assert read_initial(token) == Initial(CIPHER)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (b"", Reason.MALFORMED),
        (b"NTLMSSP\0\1\0\0\0", Reason.NTLM),
        (spnego(b"NTLMSSP\0\1", (NTLM,)), Reason.NTLM),
        (spnego(b"NTLMSSP\0\1", (KERBEROS, NTLM)), Reason.NTLM),
        (spnego(b"", (NTLM,)), Reason.NTLM),
        (el(0x60, NTLM, b"x"), Reason.NTLM),
        (spnego(b"x", (NEGOEX, KERBEROS)), Reason.OTHER_MECHANISM),
        (el(0x60, NEGOEX, b"x"), Reason.OTHER_MECHANISM),
        (spnego(el(0x60, NEGOEX, b"x")), Reason.OTHER_MECHANISM),
        (spnego(b""), Reason.INCOMPLETE),
        (spnego(mechanisms=()), Reason.MALFORMED),
        (bare() + b"\0", Reason.MALFORMED),
        (bare(request() + b"\0"), Reason.MALFORMED),
        (bare(request(more=el(0xA5, b"x"))), Reason.MALFORMED),
        (bare(request(cipher=b"short")), Reason.MALFORMED),
        (el(0x60, KERBEROS, b"\x02\x00", request()), Reason.MALFORMED),
        (spnego(before=el(0xA2, el(0x04, bare()))), Reason.MALFORMED),
        (b"\x60\x80" + bare()[2:] + b"\0\0", Reason.MALFORMED),
        (b"\x60\x84\xff\xff\xff\xff", Reason.MALFORMED),
        (b"\x60\x81\x05hello", Reason.MALFORMED),
        (b"\x60\x82\x00\x85" + bytes(0x85), Reason.MALFORMED),
    ],
)
def test_what_is_something_else_has_its_reason(token, reason):
    assert read_initial(token) is reason


@pytest.mark.parametrize("whole", [bare(), spnego()])
def test_a_token_that_is_cut_anywhere_is_malformed(whole):
    assert {read_initial(whole[:end]) for end in range(len(whole))} == {Reason.MALFORMED}


@given(st.integers(0, len(spnego()) - 1), st.integers(0, 255))
def test_one_changed_byte_never_changes_which_authenticator_is_meant(at, value):
    token = bytearray(spnego())
    token[at] = value
    found = read_initial(bytes(token))

    # Either it is refused, or what is remembered is the very bytes the library decrypts.
    assert isinstance(found, Reason) or found.authenticator in bytes(token)
    if isinstance(found, Initial):
        assert len(found.authenticator) == len(CIPHER)


@given(st.binary(max_size=400))
def test_any_bytes_get_a_verdict(data):
    assert isinstance(read_initial(data), (Reason, Initial))


def test_a_real_token_is_understood(kdc, tickets):
    assert isinstance(read_initial(kdc.token(tickets["alice"])), Initial)
