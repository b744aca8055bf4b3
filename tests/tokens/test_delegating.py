import asyncio
from dataclasses import replace

import pytest
from tests.tokens.conftest import ADDRESS, ROOT, SETTINGS, until

from yett.tokens import Delegation, Edit, Ingress, NotDelegated, Source, TokenType

WANT = Delegation("portal", frozenset({"read:all", "unknown"}))
NOTEBOOK = Delegation()


@pytest.fixture
async def parent(place):
    return place.tokens.look(await place.session())


@pytest.fixture
async def root_actor(place):
    return await place.actor(ROOT)


async def test_of_a_hundred_requests_at_once_one_makes_a_token(place, parent):
    made = await asyncio.gather(*(place.tokens.delegate(parent, WANT) for _ in range(100)))

    assert len(set(made)) == 1
    data = place.tokens.look(made[0])
    assert (data.type, data.service, data.parent) == (TokenType.INTERNAL, "portal", parent.key)
    assert data.scopes == {"read:all"}
    assert place.tokens.delegated(parent, WANT) == made[0]
    assert len(await place.history(key=parent.key)) == 2


async def test_who_is_slow_holds_up_nobody_else(place, parent):
    """A request that waits for the store has no lock that another one needs."""
    gate = asyncio.Event()
    create, waiting = place.inner.create, []

    async def slow(key, value, **options):
        if not waiting:
            waiting.append(key)
            await gate.wait()
        return await create(key, value, **options)

    place.inner.create = slow
    first = asyncio.get_running_loop().create_task(place.tokens.delegate(parent, WANT))
    await until(lambda: waiting)

    other = await place.tokens.delegate(parent, NOTEBOOK)

    assert place.tokens.look(other).type is TokenType.NOTEBOOK
    gate.set()
    assert place.tokens.look(await first) is not None


async def test_another_node_hands_out_the_same_token(place, parent):
    made = await place.tokens.delegate(parent, WANT)
    node = place.node()
    await node.start()

    assert node.delegated(parent, WANT) == made
    await node.stop()


async def test_a_notebook_may_do_what_its_parent_may(place, parent):
    text = await place.tokens.delegate(parent, NOTEBOOK)

    data = place.tokens.look(text)
    assert data.scopes == parent.scopes
    assert data.expires == parent.expires
    assert place.tokens.delegated(parent, WANT) is None


async def test_a_child_that_will_not_last_is_followed_by_another(place, parent, clock):
    place.tokens.apply(replace(SETTINGS, lifetime=SETTINGS.lifetime / 30))
    first = await place.tokens.delegate(parent, WANT)
    clock.advance(86400 / 2 - 1)
    assert place.tokens.delegated(parent, WANT) == first
    assert place.tokens.delegated(parent, WANT, minimum_lifetime=86400 / 2 + 2) is None
    clock.advance(2)

    second = await place.tokens.delegate(parent, WANT)

    assert second != first
    assert place.tokens.look(first) is not None
    assert place.tokens.delegated(parent, WANT) == second


async def test_a_parent_that_will_not_last_gets_none(place, parent):
    wanted = parent.expires - place.clock.now() + 1

    assert await place.tokens.delegate(parent, WANT, minimum_lifetime=wanted) is NotDelegated.OVER


async def test_a_parent_that_is_over_gets_none(place, parent):
    ada = await place.actor()
    await place.tokens.delete("ada", parent.key, ada)

    assert await place.tokens.delegate(parent, WANT) is NotDelegated.OVER
    assert place.tokens.delegated(parent, WANT) is None


async def test_a_parent_that_ends_meanwhile_leaves_nothing_that_works(place, parent):
    ada = await place.actor()
    delete, delegate = await asyncio.gather(
        place.tokens.delete("ada", parent.key, ada), place.tokens.delegate(parent, WANT)
    )

    assert delete is None
    assert delegate is NotDelegated.OVER or place.tokens.look(delegate) is None


@pytest.mark.parametrize("number", [1, 2])
async def test_a_child_that_could_not_be_kept_is_none(place, parent, number):
    place.records.fail_write = number

    assert await place.tokens.delegate(parent, WANT) is NotDelegated.UNAVAILABLE
    assert isinstance(await place.tokens.delegate(parent, WANT), str)


async def test_there_is_a_limit_and_some_places_are_kept_for_people(place, parent):
    place.tokens.apply(replace(SETTINGS, max_per_user=10))
    made = [await place.tokens.delegate(parent, Delegation(f"s{n}", frozenset())) for n in range(6)]

    assert [each for each in made if isinstance(each, NotDelegated)] == [NotDelegated.TOO_MANY] * 2
    await place.user_token(await place.actor())


async def test_fewer_scopes_of_the_parent_are_fewer_of_its_children(place):
    root = await place.actor(place.people.table["root"])
    ada = await place.actor()
    parent = place.tokens.look(await place.user_token(ada, scopes=("read:all", "exec:admin")))
    notebook = await place.tokens.delegate(parent, NOTEBOOK)
    internal = await place.tokens.delegate(parent, WANT)

    await place.tokens.edit("ada", parent.key, Edit(scopes=frozenset({"read:all"})), root)

    assert place.tokens.look(notebook) is None
    assert place.tokens.look(internal) is not None
    assert place.tokens.look(await place.tokens.delegate(parent, NOTEBOOK)).scopes == {"read:all"}


async def test_records_name_the_parent_and_what_was_asked(place, parent, said):
    said.forget()
    ingress = Ingress("https://app.example.test/x", ("read:all",), "all", "portal")

    text = await place.tokens.delegate(parent, WANT, address=ADDRESS, source=Source.BEARER, ingress=ingress)
    other = await place.tokens.delegate(parent, NOTEBOOK, source=Source.COOKIE)

    common = {
        "logger": "gafaelfawr",
        "severity": "info",
        "audit": True,
        "user": "ada",
        "token": parent.key,
        "scopes": ["exec:admin", "read:all", "user:token"],
        "lifetime_seconds": 30 * 86400,
        "token_expires": "2027-02-14 08:00:00+00:00",
    }
    assert said() == [
        {
            **common,
            "event": "Created new internal token",
            "event_code": "gafaelfawr.internal_token_created",
            "token_source": "bearer",
            "auth_uri": "https://app.example.test/x",
            "required_scopes": ["read:all"],
            "satisfy": "all",
            "service": "portal",
            "token_key": place.key(text),
            "token_scopes": ["read:all"],
            "token_service": "portal",
        },
        {
            **common,
            "event": "Created new notebook token",
            "event_code": "gafaelfawr.notebook_token_created",
            "token_source": "cookie",
            "token_key": place.key(other),
        },
    ]


async def test_a_child_that_was_being_made_when_its_parent_lost_scopes_is_none(place, root_actor):
    parent = place.tokens.look(await place.user_token(await place.actor(), scopes=("read:all", "exec:admin")))
    create, gate, waiting = place.inner.create, asyncio.Event(), []

    async def slow(key, value, **options):
        if key.startswith("tokens/keys/"):
            waiting.append(key)
            await gate.wait()
        return await create(key, value, **options)

    place.inner.create = slow
    making = asyncio.get_running_loop().create_task(place.tokens.delegate(parent, NOTEBOOK))
    await until(lambda: waiting)
    await place.tokens.edit("ada", parent.key, Edit(scopes=frozenset({"read:all"})), root_actor)
    gate.set()

    assert await making is NotDelegated.OVER
    again = await place.tokens.delegate(parent, NOTEBOOK)
    assert place.tokens.look(again).scopes == {"read:all"}


async def test_many_services_may_call_one_after_the_other(place, parent):
    data = parent
    for number in range(20):
        made = await place.tokens.delegate(data, Delegation(f"s{number}", frozenset({"read:all"})))
        data = place.tokens.look(made)
        assert data is not None
