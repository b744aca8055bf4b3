import pytest

from yett.proxy.hedging import HedgeSettings, Skip, compile_hedge, skip_at_once

USUAL = compile_hedge(HedgeSettings())


@pytest.mark.parametrize(
    ("method", "is_upgrade", "has_pool", "delay", "skip"),
    [
        (b"GET", False, True, 0.1, None),
        (b"HEAD", False, True, 0.1, None),
        (b"GET", True, True, 0.1, Skip.UPGRADE),
        (b"POST", False, True, 0.1, Skip.METHOD),
        (b"PUT", False, True, 0.1, Skip.METHOD),
        (b"GET", False, False, 0.1, Skip.SINGLE_BACKEND),
        (b"GET", False, True, 0.0, Skip.PACE_UNKNOWN),
    ],
)
def test_what_the_head_tells_decides_first(method, is_upgrade, has_pool, delay, skip):
    assert skip_at_once(USUAL, method, is_upgrade=is_upgrade, has_pool=has_pool, delay=delay) is skip
