import pytest

from yett.oidc.personal import events
from yett.oidc.personal.model import Held
from yett.store import StoreUnavailable


async def test_what_cannot_be_read_is_refused_and_told(desk, heard, eventually):
    made = await desk.make()
    await desk.records.put("oidc/personal/ada", b"{")
    await eventually(lambda: desk.personal.look(made.text) is None)
    assert [each for each, _ in heard("oidc.pat.follow")] == [events.unreadable]
    with pytest.raises(StoreUnavailable):
        await desk.personal.shelf.change("ada", lambda held: held)


async def test_a_record_that_is_deleted_takes_its_tokens_with_it(desk, eventually):
    made = await desk.make()
    gone = []
    desk.personal.gone.connect(gone.append)
    await desk.records.delete("oidc/personal/ada")
    await eventually(lambda: desk.personal.look(made.text) is None)
    assert [each.user for each in gone] == ["ada"]
    assert desk.personal.shelf.users == []


async def test_after_an_overrun_everything_is_read_anew(desk, eventually):
    made = await desk.make()
    for number in range(9000):
        await desk.records.put(f"oidc/personal/user-{number}", b"x" * (number == 0))
    await desk.records.delete("oidc/personal/ada")
    await eventually(lambda: desk.personal.look(made.text) is None)


async def test_names_of_all_kinds_have_a_place(desk):
    shelf = desk.personal.shelf
    for user in ("a/b", "ü", "a b", "..", "%2F"):
        await shelf.change(user, lambda held: held or Held(""))
        assert user in shelf.users


async def test_what_is_empty_is_not_kept_for_ever(desk):
    made = await desk.make()
    await desk.personal.revoke("ada", made.token.id, by="ada")
    desk.clock.advance(4000)
    assert await desk.records.get("oidc/personal/ada") is None
