import asyncio
from datetime import timedelta

import pytest
from tests.authn.x509.making import DAY, root, said, until

from yett.authn.x509 import X509Settings, events
from yett.authn.x509.config import CRLSettings
from yett.authn.x509.crl import Lists
from yett.authn.x509.fetching import Fetcher
from yett.authn.x509.model import Standing
from yett.store import FileStorage


class Place:
    """Lists with settings that can be changed."""

    def __init__(self, ca, clock, tasks, files=None):
        self.authorities = [ca.certificate]
        self.clock = clock
        self.tasks = tasks
        self.files = files
        self.lists = None

    async def use(self, *sources, **more):
        tables = tuple(CRLSettings(urls=urls) for urls in sources)
        settings = X509Settings(enabled=True, crl=tables, timeout=timedelta(seconds=5), **more)
        if self.lists is None:
            self.lists = Lists(
                settings, lambda: self.authorities, Fetcher(), self.files, self.clock, self.tasks
            )
        await self.lists.use(settings)
        await self.lists.tick()
        return self.lists


@pytest.fixture
def place(ca, clock, tasks):
    return Place(ca, clock, tasks)


async def test_without_lists_nothing_is_known_and_nothing_was_to_be(place, ca, heard):
    lists = await place.use()
    assert lists.standing(ca.chain(ca.issue())) is Standing.NOT_ASKED
    assert said(heard) == []


async def test_a_list_is_fetched_from_the_first_place_that_has_it(place, ca, static, tmp_path, heard):
    gone = ca.issue()
    static.bodies["/junk.crl"] = b"junk"
    file = tmp_path / "ca.crl"
    file.write_bytes(ca.crl(gone))
    lists = await place.use((static.url + "/none.crl?key=1", static.url + "/junk.crl", str(file)))
    assert lists.standing(ca.chain(gone)) is Standing.REVOKED
    assert lists.standing(ca.chain(ca.issue())) is Standing.GOOD
    told = heard("x509")
    assert [emitter for emitter, _ in told] == [
        events.download_failed,
        events.download_failed,
        events.list_loaded,
    ]
    assert told[0][1]["place"] == static.url + "/none.crl"
    assert told[2][1] == {"issuer": "CN=Root", "revoked": 1, "from_before": False}


async def test_a_list_that_nobody_has_leaves_its_authority_unchecked(place, ca, static, heard):
    lists = await place.use((static.url + "/none.crl", "/nowhere/ca.crl"))
    assert lists.standing(ca.chain(ca.issue())) is Standing.UNKNOWN
    assert said(heard) == ["download_failed", "download_failed", "list_not_loaded", "lists_not_initialized"]
    # Soon it is tried again, and found.
    static.bodies["/none.crl"] = ca.crl()
    await lists.tick()
    assert lists.standing(ca.chain(ca.issue())) is Standing.UNKNOWN
    place.clock.advance(31)
    await lists.tick()
    assert lists.standing(ca.chain(ca.issue())) is Standing.GOOD


async def test_lists_are_fetched_anew_in_time(place, ca, static, heard):
    gone = ca.issue()
    static.bodies["/ca.crl"] = ca.crl(ends=1000)
    lists = await place.use((static.url + "/ca.crl",), crl_refresh=timedelta(hours=1))
    static.bodies["/ca.crl"] = ca.crl(gone, ends=9000)
    heard.forget()
    place.clock.advance(880)
    await lists.tick()
    assert lists.standing(ca.chain(gone)) is Standing.GOOD
    place.clock.advance(20)
    await lists.tick()
    assert lists.standing(ca.chain(gone)) is Standing.REVOKED
    assert said(heard) == ["list_refreshing", "list_refreshed"]


async def test_an_old_list_brings_nobody_back(place, ca, static, heard):
    gone = ca.issue()
    before, after = ca.crl(), ca.crl(gone)
    static.bodies["/ca.crl"] = after
    lists = await place.use((static.url + "/ca.crl",))
    static.bodies["/ca.crl"] = before
    heard.forget()
    assert await lists.refresh() == 1
    assert lists.standing(ca.chain(gone)) is Standing.REVOKED
    assert said(heard) == ["list_refreshing", "download_failed", "list_not_refreshed"]
    assert "older" in heard("x509")[1][1]["error"]


async def test_a_list_that_ran_out_and_cannot_be_had_vouches_for_nobody(place, ca, static):
    static.bodies["/ca.crl"] = ca.crl(ends=1000)
    lists = await place.use((static.url + "/ca.crl",))
    static.bodies.clear()
    place.clock.advance(1001)
    await lists.tick()
    assert lists.standing(ca.chain(ca.issue())) is Standing.UNKNOWN


async def test_each_authority_has_its_own_list(place, ca, issuing, static):
    place.authorities.append(issuing.certificate)
    static.bodies |= {"/a": ca.crl(), "/b": issuing.crl()}
    lists = await place.use((static.url + "/a",), (static.url + "/none", static.url + "/b"))
    assert lists.standing(issuing.chain(issuing.issue())) is Standing.GOOD
    await place.use((static.url + "/a",))
    assert lists.standing(issuing.chain(issuing.issue())) is Standing.UNKNOWN


async def test_a_restart_goes_on_with_the_list_of_before(ca, clock, tasks, static, tmp_path, heard):
    gone = ca.issue()
    static.bodies["/ca.crl"] = ca.crl(gone)
    files = FileStorage(tmp_path)
    await Place(ca, clock, tasks, files).use((static.url + "/ca.crl",))
    static.bodies.clear()
    heard.forget()
    lists = await Place(ca, clock, tasks, files).use((static.url + "/ca.crl",))
    assert lists.standing(ca.chain(gone)) is Standing.REVOKED
    assert said(heard) == ["list_loaded", "download_failed", "list_not_loaded"]
    # One of an authority that is not ours any more is not taken up, nor one that has run out, nor junk.
    for stranger in (root("CN=Stranger"), ca):
        heard.forget()
        lists = await Place(stranger, clock, tasks, files).use((static.url + "/ca.crl",))
        assert lists.sources[0].held is None
        assert said(heard)[0] == "kept_list_unusable"
        clock.advance(2 * DAY)
    for junk in ({}, {"der": 1}, {"der": "%"}, [], {"der": "AAAA"}):
        await files.save(lists.sources[0].file, junk)
        assert (await Place(ca, clock, tasks, files).use((static.url + "/ca.crl",))).sources[0].held is None


async def test_a_list_that_cannot_be_kept_is_used_all_the_same(ca, clock, tasks, static, tmp_path, heard):
    (tmp_path / "file").write_text("")
    static.bodies["/ca.crl"] = ca.crl()
    place = Place(ca, clock, tasks, FileStorage(tmp_path / "file"))
    lists = await place.use((static.url + "/ca.crl",))
    assert lists.standing(ca.chain(ca.issue())) is Standing.GOOD
    assert "list_not_kept" in said(heard)


async def test_starting_does_not_wait_for_servers(place, ca, static):
    static.gate.clear()
    lists = Lists(
        X509Settings(enabled=True, crl=(CRLSettings(urls=(static.url + "/ca.crl",)),)),
        lambda: place.authorities, Fetcher(), None, place.clock, place.tasks,
    )  # fmt: skip
    async with asyncio.timeout(5):
        await lists.start()
        assert lists.standing(ca.chain(ca.issue())) is Standing.UNKNOWN
        await lists.stop()


async def test_a_reload_does_not_wait_for_servers_and_two_who_ask_fetch_once(place, ca, static):
    static.bodies["/ca.crl"] = ca.crl()
    lists = await place.use()
    static.gate.clear()
    settings = X509Settings(enabled=True, crl=(CRLSettings(urls=(static.url + "/ca.crl",)),))
    async with asyncio.timeout(5):
        await lists.use(settings)
        asked = [place.tasks.run(lists.tick(), name=f"tick {number}") for number in range(50)]
        await until(lambda: static.asked)
        await lists.use(settings)
        static.gate.set()
        await asyncio.gather(*asked)
    assert len(static.asked) == 1
    assert lists.standing(ca.chain(ca.issue())) is Standing.GOOD


async def test_an_old_list_brings_nobody_back_by_way_of_another_authoritys(place, ca, issuing, static, heard):
    place.authorities.append(issuing.certificate)
    gone = ca.issue()
    before, after = ca.crl(number=1), ca.crl(gone, number=2)
    static.bodies["/ca.crl"] = after
    lists = await place.use((static.url + "/ca.crl",))
    for body in (issuing.crl(number=9), before):
        static.bodies["/ca.crl"] = body
        await lists.refresh()
    assert lists.standing(ca.chain(gone)) is not Standing.GOOD
    heard.forget()
    static.bodies["/ca.crl"] = after
    await lists.refresh()
    assert lists.standing(ca.chain(gone)) is Standing.REVOKED
    assert said(heard) == ["list_refreshing", "list_refreshed"]
