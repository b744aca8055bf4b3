import re

from hypothesis import given
from hypothesis import strategies as st

from yett.net.http.charset import Charset, cut

_TCHAR = rb"!#$%&'*+\-.^_`|~0-9A-Za-z"


@given(st.binary(max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_a_run_ends_where_the_expression_says(data, at, end):
    at, end = sorted((min(at, len(data)), min(end, len(data))))
    found = re.compile(b"[" + _TCHAR + b"]*").match(data, at, end)
    assert found is not None
    assert Charset(_TCHAR).skip(data, at, end) == found.end()


def test_a_set_holds_exactly_what_its_expression_matches():
    for pattern in (_TCHAR, rb"\t\x20-\x7e\x80-\xff", rb'!"$->@-\[\]-~'):
        charset = Charset(pattern)
        for code in range(256):
            byte = bytes((code,))
            assert (charset.skip(byte, 0, 1) == 1) == (re.fullmatch(b"[" + pattern + b"]", byte) is not None)


@given(st.binary(max_size=20), st.integers(-30, 30), st.integers(-30, 30))
def test_a_cut_is_a_slice_wherever_it_begins_and_ends(data, at, end):
    assert cut(data, at, end) == data[at:end]
