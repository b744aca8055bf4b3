"""Who is signed in, and whom an application may hear of."""

from dataclasses import replace

from tests.oidc.conftest import HOST
from tests.signin.conftest import ADA

from yett.oidc.clients import Client, Kind
from yett.oidc.standing import Who
from yett.sessions import SessionType

STAFF = Client("staff", frozenset(), frozenset(), groups=frozenset({"engineers"}))
OTHERS = Client("others", frozenset(), frozenset(), groups=frozenset({"bakers"}))
LONG = Client("dc-" + "x" * 900, frozenset(), frozenset(), kind=Kind.REGISTERED)


def who(place):
    return Who(
        place.sessions, place.people, {each.client_id: each for each in (STAFF, OTHERS, LONG)}, audience=HOST
    )


async def test_only_a_sign_on_of_this_host_counts(place):
    issued = await place.sign_on()
    other = await place.sessions.create(SessionType.SIGN_ON, "ada", audience="wiki.example.test")
    application = await place.sessions.create(SessionType.AUTHENTICATED, "ada", audience=HOST)

    assert (await who(place).session(issued.token)).ref == issued.session.ref
    for token in ("", "x", other.token, application.token):
        assert await who(place).session(token) is None


async def test_the_provider_knows_nobody_who_is_out(place):
    issued = await place.sign_on()
    assert await place.provider.signed_on(issued.token)
    place.people.table["ada"] = replace(ADA, is_disabled=True)
    assert await place.provider.signed_on(issued.token) is None


async def test_groups_say_who_may_use_a_client(place):
    known = who(place)
    assert known.may_use("staff", "ada")
    assert not known.may_use("others", "ada")
    assert not known.may_use("staff", "eve")
    assert not known.may_use("gone", "ada")
    assert known.may_use(LONG.client_id, "ada")
    assert known.is_welcome("ada")
    assert not known.is_welcome("eve")


async def test_log_lines_name_only_known_clients_and_shortly(place):
    assert who(place).label("staff") == "staff"
    assert who(place).label("<script>") == "unknown"
    assert len(who(place).label(LONG.client_id)) == 80
