import re

import pytest

from yett.proxy.rewriting.config import ORIGIN


@pytest.mark.parametrize(
    "address",
    ["http://wiki", "https://wiki.internal:8080", "http://[fd00::1]:1", "http://10.0.0.1", "http://a_b"],
)
def test_an_address_is_an_origin(address):
    assert re.fullmatch(ORIGIN, address)


@pytest.mark.parametrize(
    "address",
    [
        "wiki",
        "ftp://wiki",
        "http://wiki/",
        "http://Wiki",
        "http://wiki:0",
        "http://wiki:123456",
        "http://a b",
    ],
)
def test_anything_else_is_none(address):
    assert not re.fullmatch(ORIGIN, address)
