import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.compression.negotiation import accepts, preferred, weights

OFFERED = (b"zstd", b"br", b"gzip")


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        (b"", b""),
        (b"gzip", b"gzip"),
        (b"gzip, deflate, br, zstd", b"zstd"),
        (b"gzip, br", b"br"),
        (b"GZIP", b"gzip"),
        (b"x-gzip", b"gzip"),
        (b"br;q=0.5, gzip;q=0.8", b"gzip"),
        (b"br;q=0.5 , gzip ; Q=0.5", b"br"),
        (b"*", b"zstd"),
        (b"*;q=0.1, gzip;q=0.2", b"gzip"),
        (b"*, zstd;q=0", b"br"),
        (b"gzip;q=0", b""),
        (b"gzip;q=0.000", b""),
        (b"*;q=0", b""),
        (b"identity, gzip;q=0.9", b""),
        (b"identity;q=0.5, gzip;q=0.9", b"gzip"),
        (b"identity, gzip", b"gzip"),
        (b"gzip;q=1.000,", b"gzip"),
        (b"gzip, gzip;q=0", b""),
        (b"deflate", b""),
    ],
)
def test_the_coding_a_client_likes_best_is_chosen_and_ours_among_equals(accepted, chosen):
    assert preferred(accepted, OFFERED) == chosen


@pytest.mark.parametrize(
    "accepted",
    [
        b"gzip;q=2",
        b"gzip;q=1.001",
        b"gzip;q=0.0001",
        b"gzip;q=-1",
        b"gzip;q=.5",
        b"gzip;q=1e0",
        b"gzip;q =1",
        b"gzip;level=9",
        b"gzip;q=1;q=0",
        b"gz ip",
        b'"gzip"',
        b"gzip;",
        b"gzip" + b"," * 300,
    ],
)
def test_a_field_that_breaks_the_grammar_gets_nothing_compressed(accepted):
    assert weights(accepted) is None
    assert preferred(accepted, OFFERED) == b""
    assert not accepts(accepted, b"gzip")


@given(st.binary(max_size=300))
def test_any_bytes_get_a_verdict(accepted):
    assert preferred(accepted, OFFERED) in {b"", *OFFERED}


def test_a_star_accepts_what_is_not_named():
    assert accepts(b"*", b"gzip")
    assert accepts(b"br, *;q=0.1", b"gzip")
    assert not accepts(b"*, gzip;q=0", b"gzip")
    assert not accepts(b"br", b"gzip")
