import os

import pytest
from tests.guard.geo.conftest import ASNS, COUNTRIES, write

from yett.guard.geo import Kind, Origin, events
from yett.guard.geo.source import EMBEDDED, Source


def said(heard):
    return [event for event, _ in heard()]


async def settle(source):
    """Look until the file has been seen standing still."""
    return [await source.look(), await source.look()]


KINDS = {
    Kind.COUNTRY: (
        COUNTRIES,
        events.country_file_loaded,
        events.country_file_missing,
        events.country_file_broken,
        events.country_embedded_used,
        events.country_embedded_broken,
        events.country_none,
    ),
    Kind.ASN: (
        ASNS,
        events.asn_file_loaded,
        events.asn_file_missing,
        events.asn_file_broken,
        events.asn_embedded_used,
        events.asn_embedded_broken,
        events.asn_none,
    ),
}


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("external", ["whole", "broken", "missing", "unset"])
@pytest.mark.parametrize("installed", ["whole", "broken", "missing"])
async def test_the_operators_file_comes_first_then_the_installed_one_then_none(
    kind, external, installed, embedded, tmp_path, heard
):
    records, loaded, missing, broken, embedded_used, embedded_broken, none = KINDS[kind]
    path = tmp_path / "own.mmdb"
    for state, place in ((external, path), (installed, embedded / f"{kind.value}.mmdb")):
        if state == "whole":
            write(place, records)
        elif state == "broken":
            place.write_bytes(b"no database")
    source = Source(kind, None if external == "unset" else path, embedded)

    await source.open()

    first = {"whole": [loaded], "broken": [broken], "missing": [missing], "unset": []}[external]
    second = {"whole": embedded_used, "broken": embedded_broken, "missing": none}[installed]
    assert said(heard) == (first if external == "whole" else [*first, second])
    expected = Origin.EMBEDDED if installed == "whole" else Origin.NONE
    assert source.origin is (Origin.EXTERNAL if external == "whole" else expected)
    assert (source.database is None) is (source.origin is Origin.NONE)


async def test_from_the_sources_nothing_is_installed(heard):
    source = Source(Kind.COUNTRY, None, EMBEDDED)
    await source.open()
    assert said(heard) == [events.country_none]


async def test_a_file_that_stays_as_it_is_is_read_once(country_file, embedded, heard):
    source = Source(Kind.COUNTRY, country_file, embedded)
    await source.open()
    first = source.database
    assert await settle(source) == [False, False]
    assert source.database is first
    assert said(heard) == [events.country_file_loaded]


async def test_a_changed_file_is_taken_over_once_it_stands_still(country_file, embedded, heard):
    source = Source(Kind.COUNTRY, country_file, embedded)
    await source.open()
    heard.forget()

    write(country_file, COUNTRIES)
    assert not await source.look()
    write(country_file, COUNTRIES)
    assert not await source.look()
    assert await source.look()
    assert not await source.look()

    assert said(heard) == [events.country_file_loaded]


async def test_a_broken_new_file_keeps_the_old_one_and_is_complained_about_once(
    country_file, embedded, heard
):
    source = Source(Kind.COUNTRY, country_file, embedded)
    await source.open()
    first = source.database
    heard.forget()

    os.truncate(country_file, 100)
    assert await settle(source) == [False, False]
    assert await settle(source) == [False, False]

    assert source.database is first
    (only,) = heard()
    assert only[0] is events.kept
    assert only[1]["in_use"] is Origin.EXTERNAL

    write(country_file, COUNTRIES)
    assert await settle(source) == [False, True]


async def test_a_file_that_goes_away_stays_in_use_and_is_taken_over_when_it_comes_back(
    country_file, embedded, heard
):
    source = Source(Kind.COUNTRY, country_file, embedded)
    await source.open()
    heard.forget()

    country_file.unlink()
    await settle(source)
    assert source.database is not None
    write(country_file, COUNTRIES)
    assert await settle(source) == [False, True]

    assert said(heard) == [events.gone, events.country_file_loaded]


async def test_a_file_that_comes_later_replaces_what_was_used_meanwhile(tmp_path, embedded, heard):
    write(embedded / "country.mmdb", COUNTRIES)
    source = Source(Kind.COUNTRY, tmp_path / "later.mmdb", embedded)
    await source.open()
    await settle(source)
    write(tmp_path / "later.mmdb", COUNTRIES)

    assert await settle(source) == [False, True]

    assert source.origin is Origin.EXTERNAL
    assert said(heard) == [
        events.country_file_missing,
        events.country_embedded_used,
        events.country_file_loaded,
    ]


@pytest.mark.parametrize("state", ["missing", "broken"])
async def test_a_path_that_leads_nowhere_keeps_what_the_former_path_gave(
    country_file, embedded, tmp_path, heard, state
):
    former = Source(Kind.COUNTRY, country_file, embedded)
    await former.open()
    heard.forget()
    path = tmp_path / "next.mmdb"
    if state == "broken":
        path.write_bytes(b"no database")
    source = Source(Kind.COUNTRY, path, embedded)

    await source.open(former)

    assert source.database is former.database
    assert source.origin is Origin.EXTERNAL
    assert said(heard) == [events.kept]
    write(path, COUNTRIES)
    assert await settle(source) == [False, True]
    assert source.database is not former.database


async def test_a_link_that_is_pointed_elsewhere_is_followed(country_file, tmp_path, embedded):
    link = tmp_path / "current.mmdb"
    link.symlink_to(country_file)
    source = Source(Kind.COUNTRY, link, embedded)
    await source.open()
    other = write(tmp_path / "other.mmdb", {"198.51.100.0/24": {"country_code": "NZ"}})
    (tmp_path / "fresh").symlink_to(other)
    (tmp_path / "fresh").rename(link)
    assert await settle(source) == [False, True]
