import socket

import pytest

from yett.net.dns import DNSSEC, DNSSettings, Found, Missing, Trouble
from yett.proxy.transport import BackendNames, events

SETTINGS = DNSSettings(resolvers=("127.0.0.1",))


class Resolver:
    """Says what it is told to."""

    def __init__(self, outcome, settings=SETTINGS):
        self.outcome = outcome
        self.settings = settings
        self.asked = []

    @property
    def is_used(self):
        return bool(self.settings.resolvers)

    @property
    def needs_validation(self):
        return self.settings.dnssec is DNSSEC.REQUIRE

    async def resolve(self, host):
        self.asked.append(host)
        return self.outcome


STRICT = DNSSettings(resolvers=("127.0.0.1",), dnssec=DNSSEC.REQUIRE)
ALONE = DNSSettings(resolvers=("127.0.0.1",), fallback=False)
FOUND = Found(("192.0.2.1", "::1"), is_validated=True)


@pytest.mark.parametrize(
    ("settings", "said"),
    [(SETTINGS, [events.resolved]), (STRICT, [events.resolved, events.validated])],
)
async def test_a_host_is_where_the_name_servers_say(settings, said, heard):
    assert await BackendNames(Resolver(FOUND, settings)).look_up("app.test") == FOUND.addresses
    assert [event for event, _ in heard("proxy.dns")] == said


async def test_without_name_servers_the_system_is_asked(heard):
    resolver = Resolver(FOUND, DNSSettings())
    assert await BackendNames(resolver).look_up("app.test") == ()
    assert (resolver.asked, heard("proxy.dns")) == ([], [])


@pytest.mark.parametrize("settings", [SETTINGS, STRICT])
async def test_an_address_is_not_asked_for(settings, heard):
    resolver = Resolver(Missing(Trouble.NO_ANSWER), settings)
    assert await BackendNames(resolver).look_up("192.0.2.7") == ("192.0.2.7",)
    assert (resolver.asked, heard("proxy.dns")) == ([], [])


@pytest.mark.parametrize(
    ("trouble", "settings", "falls_back"),
    [
        (Trouble.NO_ANSWER, SETTINGS, True),
        (Trouble.NO_ANSWER, ALONE, False),
        (Trouble.NO_ANSWER, STRICT, False),
        (Trouble.NO_ADDRESS, SETTINGS, False),
        (Trouble.NOT_VALIDATED, STRICT, False),
        (Trouble.NOT_A_NAME, SETTINGS, False),
    ],
)
async def test_the_system_is_asked_only_when_nobody_answers_and_nothing_has_to_be_validated(
    trouble, settings, falls_back, heard
):
    names = BackendNames(Resolver(Missing(trouble), settings))
    said = {"host": "app.test", "reason": trouble}
    if falls_back:
        assert await names.look_up("app.test") == ()
        assert heard("proxy.dns") == [(events.fell_back, said)]
    else:
        with pytest.raises(socket.gaierror, match=trouble.value):
            await names.look_up("app.test")
        assert heard("proxy.dns") == [(events.not_resolved, said)]


def test_how_connecting_by_quic_went_is_put_on_record(heard):
    names = BackendNames(Resolver(FOUND))
    names.connected("app.test", ["192.0.2.1", "::1"], 0.25, "")
    names.connected("app.test", [], 5.0, "connecting took too long")
    assert heard("proxy.dns") == [
        (events.connected_by_quic, {"host": "app.test", "addresses": ("192.0.2.1", "::1"), "latency": 250.0}),
        (
            events.not_connected_by_quic,
            {"host": "app.test", "addresses": (), "reason": "connecting took too long"},
        ),
    ]
