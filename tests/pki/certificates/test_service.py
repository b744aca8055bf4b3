import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.pki.making import DAY, make, names_of, until

from yett.kernel import FrozenClock
from yett.keys import MasterKey, Sealer
from yett.pki import DEFAULT, Certificates, Installed, Reason, Refused, Source
from yett.pki.certificates import events
from yett.store import StoreUnavailable

WIKI = make("wiki.example.com")
WILD = make("example.com", "*.example.com")


def serial(made):
    return f"{made.certificate.serial_number:x}"


def shown(certificates, name):
    found = certificates.find(name)
    return None if found is None else found.certificate.serial


async def test_the_exact_name_wins_over_the_wildcard_and_that_over_the_default(certificates, heard):
    await certificates.set("*.example.com", WILD.chain, WILD.key)
    other = make("elsewhere.example")
    await certificates.set_default(other.chain, other.key)
    result = await certificates.set("Wiki.Example.com.", WIKI.chain, WIKI.key, source=Source.ACME)

    assert isinstance(result, Installed)
    assert shown(certificates, "wiki.example.com") == serial(WIKI)
    assert shown(certificates, "WIKI.example.com.") == serial(WIKI)
    assert shown(certificates, "blog.example.com") == serial(WILD)
    assert shown(certificates, "a.blog.example.com") == serial(other)
    assert shown(certificates, None) == serial(other)
    assert names_of(heard("certmanager")) == ["stored", "default_stored", "stored"]


async def test_without_a_default_strangers_see_nothing(certificates):
    await certificates.set("wiki.example.com", WIKI.chain, WIKI.key)
    assert certificates.find("other.example.com") is None
    assert certificates.find(None) is None


@pytest.mark.parametrize(
    ("name", "made", "reason", "said"),
    [
        ("wiki.example.com", make("wiki.example.com", ends=-1), Reason.EXPIRED, events.expired),
        ("wiki.example.com", make("wiki.example.com", begins=60), Reason.NOT_YET_VALID, events.not_yet_valid),
        ("other.example.com", WIKI, Reason.NAME_MISMATCH, events.not_matching),
        ("not a name", WIKI, Reason.NAME_INVALID, events.not_matching),
        ("", WIKI, Reason.NAME_INVALID, events.not_matching),
        (
            "wiki.example.com",
            make("wiki.example.com", key=rsa.generate_private_key(65537, 1024)),
            Reason.WEAK_KEY,
            events.not_parsed,
        ),
    ],
)
async def test_a_refused_certificate_leaves_what_was_shown(certificates, heard, name, made, reason, said):
    await certificates.set("wiki.example.com", WIKI.chain, WIKI.key)
    heard.forget()
    result = await certificates.set(name, made.chain, made.key)
    assert isinstance(result, Refused)
    assert result.reason is reason
    assert [emitter for emitter, _ in heard("certmanager")] == [said]
    assert shown(certificates, "wiki.example.com") == serial(WIKI)


@pytest.mark.parametrize(
    ("chain", "key", "reason", "said"),
    [
        (b"rubbish", WIKI.key, Reason.UNREADABLE, events.default_not_parsed),
        (make("a.example", ends=-1).chain, WIKI.key, Reason.KEY_MISMATCH, events.default_not_parsed),
    ],
)
async def test_a_refused_default_leaves_the_one_before(certificates, heard, chain, key, reason, said):
    await certificates.set_default(WIKI.chain, WIKI.key)
    heard.forget()
    result = await certificates.set_default(chain, key)
    assert isinstance(result, Refused)
    assert result.reason is reason
    assert [emitter for emitter, _ in heard("certmanager")] == [said]
    assert shown(certificates, None) == serial(WIKI)


async def test_an_expired_default_is_refused(certificates, heard):
    old = make("a.example", ends=-1)
    assert isinstance(await certificates.set_default(old.chain, old.key), Refused)
    assert names_of(heard("certmanager")) == ["default_out_of_time"]


async def test_what_the_store_did_not_take_is_not_shown(certificates, records, heard):
    records.refused = {"exact/", "default"}
    for result in (
        await certificates.set("wiki.example.com", WIKI.chain, WIKI.key),
        await certificates.set_default(WIKI.chain, WIKI.key),
    ):
        assert isinstance(result, Refused)
        assert result.reason is Reason.STORE
    assert certificates.find("wiki.example.com") is None
    assert names_of(heard("certmanager")) == ["not_stored", "default_not_stored"]


async def test_a_key_too_large_to_be_sealed_is_refused(certificates, heard):
    key = WIKI.key.ljust(32 * 1024, b"\n")
    result = await certificates.set("wiki.example.com", WIKI.chain, key)
    assert isinstance(result, Refused)
    assert names_of(heard("certmanager")) == ["not_stored"]


async def test_a_restart_finds_what_was_stored(certificates, records, sealer, clock, tasks):
    await certificates.set("wiki.example.com", WIKI.chain, WIKI.key, source=Source.ACME)
    await certificates.set_default(WILD.chain, WILD.key)
    again = Certificates(records, sealer, clock, tasks)
    await again.start()
    assert again.all() == certificates.all()
    await again.stop()


async def test_other_nodes_follow(certificates, records, sealer, clock, tasks):
    other = Certificates(records, sealer, clock, tasks)
    await other.start()
    await certificates.set("wiki.example.com", WIKI.chain, WIKI.key)
    await until(lambda: shown(other, "wiki.example.com") == serial(WIKI))
    newer = make("wiki.example.com")
    await certificates.set("wiki.example.com", newer.chain, newer.key)
    await until(lambda: shown(other, "wiki.example.com") == serial(newer))
    await certificates.delete("wiki.example.com")
    await until(lambda: other.find("wiki.example.com") is None)
    await other.stop()


async def test_a_record_that_cannot_be_read_is_left_out_and_kept(records, sealer, clock, tasks, heard):
    stranger = Certificates(records, Sealer(MasterKey(b"x" * 32), "pki.certificates"), clock, tasks)
    await stranger.start()
    await stranger.set("wiki.example.com", WIKI.chain, WIKI.key)
    await stranger.stop()
    await records.put("pki/certificates/exact/blog.example.com", b"rubbish")
    await records.put("pki/certificates/unknown/blog.example.com", b"rubbish")
    certificates = Certificates(records, sealer, clock, tasks)
    heard.forget()
    await certificates.start()
    assert certificates.all() == ()
    assert names_of(heard("certmanager")) == ["not_loaded", "not_loaded"]
    assert len(await records.list("pki/certificates/")) == 3
    await certificates.stop()


async def test_a_deleted_certificate_is_shown_no_more(certificates, heard):
    await certificates.set("wiki.example.com", WIKI.chain, WIKI.key)
    assert await certificates.delete("wiki.example.com")
    assert not await certificates.delete("wiki.example.com")
    assert certificates.find("wiki.example.com") is None
    assert names_of(heard("certmanager")) == ["stored", "deleted"]


async def test_an_ended_certificate_is_dropped_and_told(certificates, clock, heard):
    told = []
    certificates.on_expired(lambda _: 1 / 0)
    certificates.on_expired(told.append)
    await certificates.set("wiki.example.com", WIKI.chain, WIKI.key)
    heard.forget()
    clock.advance(30 * DAY - 1)
    await certificates.look()
    assert certificates.find("wiki.example.com") is not None
    clock.advance(1)
    await certificates.look()
    assert certificates.find("wiki.example.com") is None
    assert [installed.name for installed in told] == ["wiki.example.com"]
    assert names_of(heard("certmanager")) == ["dropped", "callback_failed"]


async def test_an_end_that_the_store_tells_of_first_is_told_once(certificates, records, clock, heard):
    await certificates.set("wiki.example.com", WIKI.chain, WIKI.key)
    clock.advance(31 * DAY)
    assert await records.list("pki/") == []
    await until(lambda: certificates.find("wiki.example.com") is None)
    await certificates.look()
    assert names_of(heard("certmanager")) == ["stored", "dropped"]


async def test_a_cleared_cache_is_read_anew(certificates, heard):
    await certificates.set("wiki.example.com", WIKI.chain, WIKI.key)
    assert await certificates.clear() == 1
    assert shown(certificates, "wiki.example.com") == serial(WIKI)
    assert names_of(heard("certmanager")) == ["stored", "cleared"]


async def test_a_cache_is_not_cleared_while_the_store_is_away(certificates, records, monkeypatch):
    await certificates.set("wiki.example.com", WIKI.chain, WIKI.key)

    async def away(_prefix):
        raise StoreUnavailable("away")

    monkeypatch.setattr(records, "list", away, raising=False)
    with pytest.raises(StoreUnavailable):
        await certificates.clear()
    assert shown(certificates, "wiki.example.com") == serial(WIKI)


async def test_stopping_forgets_and_says_so(records, sealer, clock, tasks, heard):
    certificates = Certificates(records, sealer, clock, tasks)
    await certificates.start()
    await certificates.set("wiki.example.com", WIKI.chain, WIKI.key)
    await certificates.stop()
    assert certificates.all() == ()
    assert heard("certmanager.shutdown") == [(events.shut_down, {"certificates": 1})]


async def test_whoever_shows_certificates_hears_of_each_change_once(certificates):
    told = []
    certificates.changed.connect(told.append)
    installed = await certificates.set("wiki.example.com", WIKI.chain, WIKI.key)
    await certificates.clear()
    await certificates.delete("wiki.example.com")
    assert [(change.name, change.installed) for change in told] == [
        ("wiki.example.com", installed),
        ("wiki.example.com", None),
    ]


async def test_a_clock_that_steps_back_takes_nothing_away(certificates, clock: FrozenClock):
    await certificates.set("wiki.example.com", WIKI.chain, WIKI.key)
    clock.advance(-DAY * 365)
    await certificates.look()
    assert certificates.exactly("wiki.example.com") is not None
    assert certificates.exactly(DEFAULT) is None
