import pytest

from yett.authn.kerberos import library
from yett.authn.kerberos.library import LibraryRefused, reason_of
from yett.authn.kerberos.model import Reason

TABLE = -1765328384
FAILURE = 13 << 16


@pytest.mark.parametrize(
    ("minor", "reason"),
    [
        (TABLE + 6, Reason.UNKNOWN_PERSON),
        (TABLE + 18, Reason.DISABLED),
        (TABLE + 23, Reason.PASSWORD_EXPIRED),
        (TABLE + 24, Reason.WRONG_PASSWORD),
        (TABLE + 31, Reason.WRONG_PASSWORD),
        (TABLE + 31 + (1 << 32), Reason.WRONG_PASSWORD),
        (TABLE + 37, Reason.CLOCK_SKEW),
        (TABLE + 156, Reason.UNAVAILABLE),
        (0, Reason.REFUSED),
    ],
)
def test_what_a_kdc_says_has_a_reason(minor, reason):
    assert reason_of(FAILURE, minor, "", is_of_kdc=True) == (reason, False)


@pytest.mark.parametrize("minor", [TABLE + 135, TABLE + 136, -1429577728 + 26])
def test_a_broken_configuration_is_told_from_a_wrong_password(minor):
    assert reason_of(FAILURE, minor, "", is_of_kdc=True) == (Reason.UNAVAILABLE, True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Clock skew too great", Reason.CLOCK_SKEW),
        ("Ticket expired", Reason.EXPIRED),
        ("No key table entry found matching HTTP/x@", Reason.OTHER_SERVICE),
        ("Decrypt integrity check failed", Reason.REFUSED),
    ],
)
def test_what_is_wrong_with_a_token_is_read_from_its_words(text, reason):
    # Behind SPNEGO numbers mean nothing, and this one would be a wrong password.
    assert reason_of(FAILURE, TABLE + 31, text, is_of_kdc=False)[0] is reason


def test_channel_bindings_have_a_number_of_their_own():
    assert reason_of(4 << 16, 0, "", is_of_kdc=False) == (Reason.CHANNEL_BINDING, False)


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(library.importlib.util, "find_spec", lambda _: None)
    assert "yett[kerberos]" in library.missing()

    def absent(_):
        raise ImportError

    monkeypatch.setattr(library.importlib, "import_module", absent)
    with pytest.raises(LibraryRefused, match="kerberos"):
        library._library.__wrapped__()


@pytest.mark.parametrize("token", [b"", b"x", b"NTLMSSP\0" + bytes(40), b"\x60\x82", bytes(3000)])
async def test_whatever_the_library_is_given_it_refuses_in_our_words(kerberos, token):
    with pytest.raises(LibraryRefused):
        library.accept(token, kerberos.keys.acceptor)
