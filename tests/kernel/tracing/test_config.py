from pathlib import Path

import pytest

from yett.kernel.tracing import TracingSettings, check_tracing


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({}, []),
        ({"endpoint": "http://127.0.0.1:4318/v1/traces"}, []),
        ({"endpoint": "http://127.0.0.1:99999/v1/traces"}, ["tracing.endpoint"]),
        ({"ca_file": Path("/nowhere/ca.pem")}, ["tracing.ca_file"]),
        ({"ca_file": Path(__file__)}, ["tracing.ca_file"]),
        ({"endpoint": "http://[::1]:0x1/", "ca_file": Path("/")}, ["tracing.endpoint", "tracing.ca_file"]),
    ],
)
def test_mistakes_are_named(changes, keys):
    assert [mistake.key for mistake in check_tracing(TracingSettings(**changes))] == keys
