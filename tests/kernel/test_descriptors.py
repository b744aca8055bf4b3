import resource

import pytest

from yett.kernel import open_files_for, raise_open_files


@pytest.fixture
def few():
    """A soft limit below the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 1000), hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_as_many_files_as_the_system_allows(few):
    assert raise_open_files() == few
    assert raise_open_files() == few
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (few, few)


def test_every_client_may_have_an_upstream():
    assert open_files_for(20_000) > 40_000
