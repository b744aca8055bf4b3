from datetime import timedelta

import msgspec
import pytest
from tests.pki.making import DAY, make, names_of, until

from yett.net import ServiceSettings
from yett.pki import DEFAULT, Authority, AutoTLS, Certificates, PKISettings, Renewal, Source
from yett.pki.autotls import events
from yett.pki.autotls.service import STATE
from yett.store import MemoryRecords

HOST, WILDCARD = "id.example.com", "*.id.example.com"


class World:
    """Everything AutoTLS leans on, and the served names, which change."""

    def __init__(self, authority, certificates, master, records, clock, tasks):
        self.authority = authority
        self.certificates = certificates
        self.master = master
        self.records = records
        self.clock = clock
        self.tasks = tasks
        self.names = ["wiki.example.com"]

    def autotls(self, *, pki=None, certificates=None, **service):
        return AutoTLS(
            self.authority,
            certificates or self.certificates,
            self.master,
            self.records,
            (settings(**service), pki or PKISettings()),
            lambda: self.names,
            self.clock,
            self.tasks,
            retry_pause=0.001,
        )

    def shown(self):
        return {installed.name: installed.certificate.serial for installed in self.certificates.all()}


def settings(**changes):
    return ServiceSettings(**{"hostname": HOST, **changes})


@pytest.fixture
def world(authority, certificates, master, records, clock, tasks):
    return World(authority, certificates, master, records, clock, tasks)


@pytest.fixture
async def autotls(world):
    service = world.autotls()
    await service.start()
    yield service
    await service.stop()


async def test_every_served_name_has_a_certificate_after_the_start(world, heard):
    world.names += ["app.id.example.com", "blog.example.com"]
    autotls = world.autotls()
    await autotls.start()

    shown = world.shown()
    assert set(shown) == {DEFAULT, HOST, WILDCARD, "wiki.example.com", "blog.example.com"}
    assert shown[DEFAULT] == shown[HOST] == shown[WILDCARD]
    assert world.certificates.find("app.id.example.com").certificate.serial == shown[HOST]
    said = names_of(heard("autotls"))
    assert said[:3] == ["issuing_first", "issuing", "issued"]
    assert said[-1] == "initialized"
    await autotls.stop()


@pytest.mark.parametrize(
    ("hostname", "kind", "places"),
    [
        ("id.example.com", events.Kind.WILDCARD, {DEFAULT, "id.example.com", "*.id.example.com"}),
        ("localhost", events.Kind.HOSTNAME, {DEFAULT, "localhost"}),
        ("192.0.2.1", events.Kind.HOSTNAME, {DEFAULT, "192.0.2.1"}),
    ],
)
async def test_a_wildcard_is_issued_where_there_can_be_one(world, heard, hostname, kind, places):
    world.names = []
    autotls = world.autotls(hostname=hostname)
    await autotls.start()
    assert set(world.shown()) == places
    assert heard("autotls.init")[0] == (events.issuing_first, {"kind": kind, "hostname": hostname})
    await autotls.stop()


@pytest.mark.usefixtures("autotls")
async def test_a_restart_in_the_same_cycle_issues_nothing(world, heard):
    before = world.shown()
    heard.forget()
    again = world.autotls()
    await again.start()
    assert world.shown() == before
    assert names_of(heard("autotls", "ca")) == ["initialized"]
    await again.stop()


@pytest.mark.usefixtures("autotls")
async def test_nodes_with_the_same_keys_make_the_same_certificate(world, sealer, clock, tasks):
    records = MemoryRecords(clock)
    other = Certificates(records, sealer, clock, tasks)
    await other.start()
    world.records = records
    service = world.autotls(certificates=other)
    await service.start()
    pairs = zip(world.certificates.all(), other.all(), strict=True)
    assert all(one.certificate == same.certificate for one, same in pairs)
    await service.stop()
    await other.stop()
    await records.close()


async def test_a_new_cycle_brings_a_new_certificate_while_the_old_one_is_valid(world, autotls, heard):
    before = world.certificates.exactly(HOST)
    heard.forget()
    assert await autotls.check()
    assert heard("autotls") == []

    world.clock.advance(30 * DAY)
    assert before.certificate.not_after > world.clock.now()
    assert await autotls.check()

    after = world.certificates.exactly(HOST)
    assert after.certificate.serial != before.certificate.serial
    assert after.certificate.not_after - before.certificate.not_after == 30 * DAY
    assert set(world.shown().values()).isdisjoint({before.certificate.serial})
    said = names_of(heard("autotls"))
    assert said == ["renewing", "issuing", "issued", "renewed", "issuing", "issued"]


async def test_the_loop_renews_by_itself(world, autotls):
    before = world.shown()
    world.clock.advance(31 * DAY)
    autotls.update(settings(), PKISettings())  # any wake-up
    await until(lambda: world.shown()[HOST] != before[HOST])


@pytest.mark.usefixtures("autotls")
async def test_an_expired_certificate_is_replaced_at_once(world):
    world.clock.advance(90 * DAY)
    await world.certificates.look()
    await until(lambda: set(world.shown()) == {DEFAULT, HOST, WILDCARD, "wiki.example.com"})


async def test_a_manual_renewal_gives_new_keys_and_lasts(world, autotls, heard):
    before = world.shown()
    heard.forget()
    assert await autotls.renew() is Renewal.RENEWED
    after = world.shown()
    assert set(after) == set(before)
    assert set(after.values()).isdisjoint(before.values())
    assert names_of(heard("autotls"))[:2] == ["renewal_requested", "renewing"]
    again = world.autotls()
    await again.start()
    assert world.shown() == after
    await again.stop()


async def test_of_two_manual_renewals_each_counts(world, autotls):
    other = world.autotls()
    assert [await autotls.renew(), await other.renew()] == [Renewal.RENEWED] * 2
    state = msgspec.json.decode((await world.records.get(STATE)).value)
    assert state == {"hostname": HOST, "generation": 2}


async def test_a_new_host_name_replaces_the_old_ones_certificate(world, autotls, heard):
    await autotls.stop()
    heard.forget()
    moved = world.autotls(hostname="login.example.com")
    await moved.start()
    assert set(world.shown()) == {DEFAULT, "login.example.com", "*.login.example.com", "wiki.example.com"}
    changed = (events.hostname_changed, {"before": HOST, "hostname": "login.example.com"})
    assert heard("autotls.renew") == [changed]
    assert names_of(heard("certmanager.delete")) == ["deleted", "deleted"]
    heard.forget()
    assert await moved.check()
    assert heard("autotls") == []
    await moved.stop()


async def test_served_names_come_and_go_with_the_settings(world, autotls):
    world.names = ["blog.example.com"]
    autotls.update(settings(), PKISettings())
    await until(lambda: set(world.shown()) == {DEFAULT, HOST, WILDCARD, "blog.example.com"})


async def test_a_certificate_of_somebody_else_is_left_alone(world, autotls):
    made = make("shop.example.com")
    await world.certificates.set("shop.example.com", made.chain, made.key, source=Source.ACME)
    await autotls.check()
    assert "shop.example.com" in world.shown()


async def test_a_static_certificate_makes_it_step_aside(world, autotls, heard, tmp_path):
    await autotls.stop()
    heard.forget()
    aside = world.autotls(tls_cert=tmp_path / "a", tls_key=tmp_path / "b")
    await aside.start()
    assert world.shown() == {}
    assert names_of(heard("autotls")) == ["skipped"]
    assert await aside.renew() is Renewal.NOT_ENABLED
    await aside.check()
    assert names_of(heard("autotls")) == ["skipped"]
    aside.update(settings(), PKISettings())
    await until(lambda: HOST in world.shown())
    await aside.stop()


@pytest.mark.parametrize("change", [{"auto_tls": False}, {"tls": False}])
async def test_switched_off_it_issues_nothing(world, heard, change):
    autotls = world.autotls(**change)
    await autotls.start()
    assert world.shown() == {}
    assert heard("autotls") == []
    await autotls.stop()


async def test_a_signing_failure_at_start_is_retried_and_then_mended_by_the_loop(world, heard, tmp_path):
    directory = tmp_path / "pki"
    Authority(directory, PKISettings(), world.clock).open()
    (directory / "root.key").chmod(0o644)
    world.authority = Authority(directory, PKISettings(), world.clock)
    autotls = world.autotls()
    await autotls.start()
    assert names_of(heard("autotls"))[:3] == ["retrying", "retrying", "init_failed"]
    assert world.shown() == {}

    (directory / "root.key").chmod(0o600)
    await until(lambda: HOST in world.shown())
    await autotls.stop()


@pytest.mark.parametrize(
    ("refused", "said", "missing"),
    [
        ("wildcard/", events.wildcard_not_stored, WILDCARD),
        ("certificates/default", events.default_not_set, DEFAULT),
    ],
)
async def test_the_host_name_works_though_another_place_could_not_be_stored(
    world, heard, refused, said, missing
):
    world.records.refused = {refused}
    autotls = world.autotls()
    await autotls.start()
    assert HOST in world.shown()
    assert missing not in world.shown()
    assert said in [emitter for emitter, _ in heard("autotls")]
    assert names_of(heard("autotls"))[-1] == "initialized"
    world.records.refused = set()
    await autotls.check()
    assert world.shown()[missing] == world.shown()[HOST]
    await autotls.stop()


async def test_a_further_name_that_fails_does_not_keep_the_others(world, heard):
    world.names = ["a.example.org", "b.example.org"]
    world.records.refused = {"exact/a.example.org"}
    autotls = world.autotls()
    await autotls.start()
    assert "a.example.org" not in world.shown()
    assert "b.example.org" in world.shown()
    assert "further_not_issued" in names_of(heard("autotls"))
    world.records.refused = set()
    await autotls.check()
    assert "a.example.org" in world.shown()
    await autotls.stop()


async def test_a_failed_renewal_keeps_what_is_shown(world, autotls, heard):
    before = world.shown()
    world.clock.advance(30 * DAY)
    world.records.refused = {"exact/"}
    heard.forget()
    assert not await autotls.check()
    assert world.shown() == before
    assert names_of(heard("autotls")) == ["renewing", "issuing", "renewal_failed"]
    assert await autotls.renew() is Renewal.FAILED
    world.records.refused = {STATE}
    assert await autotls.renew() is Renewal.FAILED
    world.records.refused = set()
    assert await autotls.check()
    assert world.shown()[HOST] != before[HOST]


async def test_a_fault_at_start_is_survived(world, heard):
    def broken():
        raise KeyError("a fault in the program")

    world.names = []
    autotls = world.autotls()
    autotls._names = broken
    await autotls.start()
    assert names_of(heard("autotls.init")) == ["init_panicked"]
    autotls._names = list
    autotls.update(settings(), PKISettings())
    await until(lambda: HOST in world.shown())
    await autotls.stop()


async def test_settings_that_cannot_overlap_are_refused_until_they_are_mended(world, heard):
    autotls = world.autotls(auto_tls_renewal=timedelta(hours=99), auto_tls_validity=timedelta(hours=100))
    await autotls.start()
    assert world.shown() == {}
    assert "overlap" in heard("autotls.init")[-1][1]["error"]
    autotls.update(settings(), PKISettings())
    await until(lambda: HOST in world.shown())
    await autotls.stop()


@pytest.mark.parametrize(
    ("epoch", "said"),
    [("yesterday", "epoch_invalid"), ("2199-01-01", "epoch_in_future"), ("2025-01-01", None)],
)
async def test_an_odd_epoch_is_said_once_and_certificates_are_issued_all_the_same(world, heard, epoch, said):
    autotls = world.autotls(pki=PKISettings(epoch=epoch))
    await autotls.start()
    await autotls.check()
    assert names_of(heard("autotls.epoch")) == ([said] if said else [])
    assert world.shown()
    await autotls.stop()


async def test_a_damaged_memory_is_no_reason_to_forget_it(world, heard):
    await world.records.put(STATE, b'{"hostname": "\xff"}')
    autotls = world.autotls()
    await autotls.start()
    assert "damaged" in heard("autotls.init")[-1][1]["error"]
    await world.records.delete(STATE)
    assert await autotls.check()
    await autotls.stop()


@pytest.mark.usefixtures("autotls")
async def test_a_new_authority_makes_new_certificates(world):
    before = world.shown()
    world.authority = Authority(None, PKISettings(), world.clock)
    again = world.autotls()
    await again.start()
    assert set(world.shown().values()).isdisjoint(before.values())
    await again.stop()
