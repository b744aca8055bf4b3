import resource

import pytest

from yett.authn.kerberos import memory
from yett.authn.kerberos.memory import is_exempt, lock_memory, unlock_memory


def test_a_capability_is_above_the_limit(tmp_path):
    status = tmp_path / "status"
    status.write_text("Name:\tx\nCapEff:\t0000000000004000\n")
    assert is_exempt(status)
    status.write_text("CapEff:\t0000000000003fff\n")
    assert not is_exempt(status)
    assert not is_exempt(tmp_path / "missing")


def test_a_limit_that_would_starve_us_later_is_not_touched(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_STATUS", tmp_path / "missing")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1 << 20, 1 << 20))

    assert "1048576 bytes" in lock_memory()


def test_memory_is_locked_where_the_system_allows_it():
    limit, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if limit != resource.RLIM_INFINITY and not is_exempt(memory._STATUS):
        pytest.fail("run the tests as root, or with unlimited locked memory")
    try:
        assert lock_memory() == ""
    finally:
        assert unlock_memory() == ""
