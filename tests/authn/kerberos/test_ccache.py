import time

from hypothesis import given
from hypothesis import strategies as st

from yett.authn.kerberos.ccache import About, read_cache


def test_a_real_cache_says_whose_it_is_and_how_long_it_is_good(kdc):
    about = read_cache(kdc.kinit("alice", "-l", "1h", "-r", "3h").read_bytes())

    assert about.principal == "alice@CORP.TEST"
    assert 3500 < about.expires_at - time.time() < 3700
    assert 10000 < about.renewable_until - time.time() < 10900


def test_a_cache_cut_anywhere_is_none(kdc, tickets):
    data = tickets["alice"].read_bytes()
    whole = read_cache(data)

    assert {read_cache(data[:end]) for end in range(len(data))} <= {None, whole}
    assert read_cache(b"\x05\x03" + data[2:]) is None
    assert read_cache(data + bytes(1 << 20)) is None
    del kdc


@given(st.binary(max_size=300))
def test_any_bytes_get_a_verdict(data):
    assert isinstance(read_cache(b"\x05\x04" + data), (About, type(None)))
