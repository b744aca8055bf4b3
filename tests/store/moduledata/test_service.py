"""Module data: what is kept comes back, and each failure is said by both layers."""

from pathlib import Path

import pytest
from tests.store.faults import FaultyRecords

from yett.store import (
    ClusterSettings,
    MemoryRecords,
    ModuleData,
    ModuleDataDamaged,
    StoreUnavailable,
    open_records,
)
from yett.store.moduledata import events
from yett.store.moduledata.events import Unstored

ERROR = {"error": "StoreUnavailable: the store is down"}
ADA = {"module": "totp", "user": "ada"}


@pytest.fixture
def inner(clock):
    return MemoryRecords(clock)


@pytest.fixture
def records(inner):
    return FaultyRecords(inner)


@pytest.fixture
def data(records):
    return ModuleData(records, ClusterSettings())


def said(heard):
    return [event for event, _ in heard("moduledata")]


# Start.


@pytest.mark.parametrize(
    ("options", "warnings"),
    [
        ({}, []),
        ({"module_data_storage": "ldap"}, [events.ldap_unsupported]),
        ({"cluster_path": None}, [events.path_unset]),
        ({"cluster_path": Path()}, [events.path_unset]),
        ({"persistence": False}, [events.not_persistent]),
        (
            {"module_data_storage": "ldap", "cluster_path": None, "persistence": False},
            [events.ldap_unsupported, events.path_unset, events.not_persistent],
        ),
    ],
)
async def test_at_start_it_warns_of_what_will_not_last(tmp_path, clock, heard, options, warnings):
    settings = ClusterSettings(**{"cluster_path": tmp_path, **options})
    records = await open_records(settings, clock)
    data = ModuleData(records, settings)
    await data.start()
    await data.stop()
    await records.close()

    assert said(heard) == [*warnings, events.initialized]
    assert heard("moduledata")[-1][1] == {"durable": settings.is_kept}


# Everyday work.


async def test_what_was_set_is_got(data, heard):
    value = {"secret": b"\0\1", "digits": 6, "codes": ["a", {"b": None}], "since": 1.5}

    assert await data.get("totp", "ada") is None
    assert not await data.exists("totp", "ada")
    await data.set("totp", "ada", value)

    assert await data.get("totp", "ada") == value
    assert await data.exists("totp", "ada")
    assert heard("moduledata") == [
        (events.getting, ADA),
        (events.setting, ADA),
        (events.kv_stored, {**ADA, "version": 1}),
        (events.getting, ADA),
    ]


async def test_deleting_what_is_not_there_is_fine(data, heard):
    await data.set("totp", "ada", {})
    heard.forget()

    assert await data.delete("totp", "ada") is True
    assert await data.delete("totp", "ada") is False
    assert said(heard) == [
        events.deleting,
        events.kv_deleted,
        events.deleting,
        events.kv_nothing_to_delete,
    ]


async def test_everything_of_a_person_and_everything_of_a_module_can_be_read(data, heard):
    for module, user in [("totp", "ada"), ("passkey", "ada"), ("totp", "bob"), ("totp", "ada lovelace")]:
        await data.set(module, user, {"of": f"{module} {user}"})
    heard.forget()

    assert await data.get_all_for_user("ada") == {
        "totp": {"of": "totp ada"},
        "passkey": {"of": "passkey ada"},
    }
    assert await data.load_all("totp") == {
        user: {"of": f"totp {user}"} for user in ("ada", "bob", "ada lovelace")
    }
    assert await data.get_all_for_user("nobody") == {}
    assert heard("moduledata")[:4] == [
        (events.getting_all_for_user, {"user": "ada"}),
        (events.kv_retrieved_for_user, {"user": "ada", "count": 2}),
        (events.loading_all, {"module": "totp"}),
        (events.kv_loaded_all, {"module": "totp", "count": 3, "skipped": 0}),
    ]


@pytest.mark.parametrize("user", ["a/b", "../x", "a%2Fb", "ä ö", "x\ny", "名前", "%", "/"])
async def test_no_name_of_a_person_reaches_into_anothers_data(data, user):
    await data.set("totp", user, {"n": 1})
    await data.set("totp", "a", {"n": 2})
    await data.set("b", "a", {"n": 3})

    assert await data.get_all_for_user(user) == {"totp": {"n": 1}}
    assert (await data.load_all("totp"))[user] == {"n": 1}
    assert await data.load_all("b") == {"a": {"n": 3}}
    assert await data.delete("totp", user)
    assert await data.get_all_for_user("a") == {"totp": {"n": 2}, "b": {"n": 3}}


async def test_of_two_writers_that_saw_the_same_version_one_wins(data, heard):
    assert await data.replace("totp", "ada", {"step": 1}, seen=0)
    assert not await data.replace("totp", "ada", {"step": 1}, seen=0)
    version, value = await data.load("totp", "ada")
    heard.forget()

    assert await data.replace("totp", "ada", {"step": value["step"] + 1}, seen=version)
    assert not await data.replace("totp", "ada", {"step": 9}, seen=version)
    assert await data.get("totp", "ada") == {"step": 2}
    assert said(heard)[:3] == [events.setting, events.kv_stored, events.setting]


@pytest.mark.parametrize(
    "value",
    [[], "text", None, {1: 2}, {"a": object()}, {"a": 1 << 70}, {"a": "\ud800"}, {"a": bytes(1 << 20)}],
    ids=["list", "text", "none", "number for a key", "object", "large number", "surrogate", "too much"],
)
async def test_what_could_not_be_read_again_is_not_written(data, value):
    await data.set("totp", "ada", {"n": 1})
    with pytest.raises(ValueError):
        await data.set("totp", "ada", value)

    assert await data.get("totp", "ada") == {"n": 1}


async def test_a_map_that_holds_itself_is_refused(data):
    value = {}
    value["self"] = value
    with pytest.raises(ValueError):
        await data.set("totp", "ada", value)


@pytest.mark.parametrize(("module", "user"), [("", "ada"), ("totp", ""), ("totp", "x" * 600)])
async def test_names_are_neither_empty_nor_endless(data, module, user):
    with pytest.raises(ValueError):
        await data.get(module, user)


# Failures: the backend says what the store did, then the service what became of the request.


@pytest.mark.parametrize(
    ("operation", "events_said"),
    [
        (lambda data: data.get("totp", "ada"), [events.getting, events.kv_get_failed, events.get_failed]),
        (lambda data: data.load("totp", "ada"), [events.getting, events.kv_get_failed, events.get_failed]),
        (lambda data: data.set("totp", "ada", {}), [events.setting, events.kv_set_failed, events.set_failed]),
        (
            lambda data: data.replace("totp", "ada", {}, seen=1),
            [events.setting, events.kv_set_failed, events.set_failed],
        ),
        (
            lambda data: data.replace("totp", "ada", {}, seen=0),
            [events.setting, events.kv_set_failed, events.set_failed],
        ),
        (
            lambda data: data.delete("totp", "ada"),
            [events.deleting, events.kv_delete_failed, events.delete_failed],
        ),
        (lambda data: data.exists("totp", "ada"), [events.kv_get_failed, events.exists_failed]),
        (
            lambda data: data.get_all_for_user("ada"),
            [events.getting_all_for_user, events.get_all_for_user_failed],
        ),
        (lambda data: data.load_all("totp"), [events.loading_all, events.load_all_failed]),
    ],
)
async def test_a_store_that_is_down_is_told_and_said(data, records, heard, operation, events_said):
    records.is_down = True

    with pytest.raises(StoreUnavailable):
        await operation(data)

    assert said(heard) == events_said
    assert heard("moduledata")[-1][1].items() >= ERROR.items()


@pytest.mark.parametrize(
    "stored", [b"", b"\x93\1\2\3", b"\x81\1\2", b"\x80\x80", b"{}", b"\xc1", b"\x81\xa1a"]
)
async def test_a_record_that_is_no_map_is_not_taken_for_missing(data, inner, heard, stored):
    await inner.put("moduledata/ada/totp", stored)

    with pytest.raises(ModuleDataDamaged):
        await data.get("totp", "ada")
    assert said(heard) == [events.getting, events.unexpected_value, events.get_failed]
    assert heard("moduledata")[1][1] == {**ADA, "size": len(stored)}
    with pytest.raises(ModuleDataDamaged):
        await data.get_all_for_user("ada")
    assert await data.exists("totp", "ada")
    assert await data.delete("totp", "ada")


async def test_one_damaged_record_does_not_hide_the_others_of_a_module(data, inner, heard):
    await inner.put("moduledata/ada/totp", b"\xc1")
    await data.set("totp", "bob", {"n": 1})
    heard.forget()

    assert await data.load_all("totp") == {"bob": {"n": 1}}
    assert heard("moduledata")[-1] == (events.kv_loaded_all, {"module": "totp", "count": 1, "skipped": 1})


async def test_whichever_write_fails_the_datum_is_as_it_was_or_as_it_was_to_be(clock):
    for nth in range(1, 8):
        inner = MemoryRecords(clock)
        records = FaultyRecords(inner)
        data = ModuleData(records, ClusterSettings())
        expected = None
        records.fail_write = nth
        for number in range(3):
            value = {"n": number, "language": "de"}
            try:
                await data.set("preferences", "ada", value)
                expected = value
            except StoreUnavailable:
                pass
            assert await data.get("preferences", "ada") == expected
        records.fail_write = 0
        assert await data.get("preferences", "ada") == expected


# The language preference.


async def test_a_language_is_found_without_the_other_preferences(data):
    assert await data.language("ada") is None
    await data.set("preferences", "ada", {"language": "de-AT", "theme": "dark"})
    assert await data.language("ada") == "de-AT"
    version, _ = await data.load("preferences", "ada")
    await data.replace("preferences", "ada", {"language": "fr"}, seen=version)
    assert await data.language("ada") == "fr"
    await data.set("preferences", "ada", {"theme": "dark"})
    assert await data.language("ada") is None


async def test_deleting_preferences_forgets_the_language(data):
    await data.set("preferences", "ada", {"language": "de"})
    await data.delete("preferences", "ada")
    assert await data.language("ada") is None


async def test_a_language_in_another_module_means_nothing(data):
    await data.set("totp", "ada", {"language": "de"})
    assert await data.language("ada") is None


@pytest.mark.parametrize("language", ["", "d", "de_AT", "de\r\nBcc: x", "x" * 9, 7, ["de"], "de-" + "a" * 9])
async def test_what_is_no_language_tag_is_not_stored_as_one(data, heard, language):
    await data.set("preferences", "ada", {"language": language})

    assert await data.language("ada") is None
    assert (await data.get("preferences", "ada"))["language"] == language
    assert (events.language_unstored, {"user": "ada", "reason": Unstored.MALFORMED}) in heard("moduledata")


async def test_a_language_that_cannot_be_stored_does_not_undo_the_preferences(data, records, heard):
    records.fail_write = 2
    await data.set("preferences", "ada", {"language": "de"})

    assert await data.get("preferences", "ada") == {"language": "de"}
    assert (events.language_unstored, {"user": "ada", "reason": Unstored.UNAVAILABLE}) in heard("moduledata")


# Deleting what was looked at, and nothing else.


async def test_only_the_version_that_was_seen_is_discarded(data, heard):
    await data.set("preferences", "ada", {"language": "de"})
    seen, _ = await data.load("preferences", "ada")
    await data.set("preferences", "ada", {"language": "fr"})

    assert not await data.discard("preferences", "ada", seen=seen)
    assert await data.language("ada") == "fr"
    seen, _ = await data.load("preferences", "ada")
    heard.forget()
    assert await data.discard("preferences", "ada", seen=seen)
    assert said(heard) == [events.deleting, events.kv_deleted]

    assert await data.load("preferences", "ada") is None
    assert await data.language("ada") is None
    assert not await data.exists("preferences", "ada")
    assert await data.replace("preferences", "ada", {"language": "it"}, seen=0)


async def test_discarding_in_a_store_that_fails_is_said_and_keeps_everything(data, records, heard):
    await data.set("totp", "ada", {"n": 1})
    heard.forget()
    records.fail_write = 1
    with pytest.raises(StoreUnavailable):
        await data.discard("totp", "ada", seen=1)

    assert said(heard) == [events.deleting, events.kv_delete_failed, events.delete_failed]
    assert await data.get("totp", "ada") == {"n": 1}


async def test_everybody_about_whom_something_is_kept_is_listed(data, inner):
    for module, user in [("totp", "ada"), ("passkey", "ada"), ("signin", "bob"), ("totp", "ä/ö")]:
        await data.set(module, user, {})
    await inner.put("moduledata/damaged/totp", b"\xc1")
    assert await data.users() == ["ada", "bob", "damaged", "ä/ö"]
