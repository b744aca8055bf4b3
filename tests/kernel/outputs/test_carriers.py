import pytest
from tests.events import samples
from tests.events.samples import Reason, record

from yett.kernel.levels import LogLevel
from yett.kernel.outputs import OutputSettings, carrier_of, filter_of


def output(to, name="siem", **more):
    return OutputSettings(name=name, to=to, **more)


@pytest.mark.parametrize(
    "to",
    [
        "syslog+udp://127.0.0.1",
        "syslog+tcp://[::1]:601",
        "syslog+tls://logs.example.org",
        "https://h:1/a?b=c",
        "http://h",
        "file:/a/b",
        "stdout",
        "stderr",
    ],
)
def test_every_kind_of_destination_has_a_carrier(to):
    carrier = carrier_of(output(to))
    assert carrier.address
    carrier.close()


def test_a_filter_says_what_the_settings_say():
    wanted = filter_of(
        output("stdout", level=LogLevel.WARN, components=("sample",), without=("sample.plain",))
    )
    assert wanted.wants(record(samples.audited, "ada", Reason.NO_GROUP))
    assert not wanted.wants(record(samples.plain, "x"))
