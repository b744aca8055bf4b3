import asyncio
from dataclasses import replace

import pytest

from yett.identity import Directory, Person, PersonChanged
from yett.identity.federation import (
    SOURCE,
    FederatedPeople,
    Identity,
    Joining,
    Links,
    Profile,
    ProviderSettings,
    Reason,
    Refused,
    events,
    shown_as,
)
from yett.identity.federation.config import Linking
from yett.kernel import Signal

ADDRESS = "192.0.2.7"
THERE = Identity("https://idp.example", "1")
ADA = Person("ada", "Ada", "ada@example.test", ("staff",), is_disabled=False, source="local", id="1")


class Table:
    """A source of the directory that is a table."""

    def __init__(self, *people):
        self.name = "local"
        self.changed = Signal("table")
        self.table = {each.name: each for each in people}

    def person(self, name):
        return self.table.get(name)

    def people(self):
        return self.table.values()


class Place:
    def __init__(self, people, links, directory, local):
        self.people, self.links, self.local = people, links, local
        self.directory = directory
        self.joining = Joining(people, links, directory)

    async def come(self, profile=None, **settings):
        provider = ProviderSettings(name="acme", issuer="https://idp.example", client_id="us", **settings)
        return await self.joining.person_for(provider, profile or known(), client_address=ADDRESS)

    async def link(self, person=ADA, identity=THERE):
        assert await self.links.add(identity, person, "acme", shown="x", how="confirm", seen=None)


def known(identity=THERE, **more):
    return replace(
        Profile(identity, "ada", "ada@example.test", "Ada There", ("there",), is_two_factor=False), **more
    )


@pytest.fixture
async def place(records, tasks, clock):
    people, local = FederatedPeople(records, tasks, clock), Table(ADA)
    await people.start()
    directory = Directory([local, people], tasks)
    await directory.start()
    yield Place(people, Links(records, clock), directory, local)
    await people.stop()


def why(outcome):
    assert isinstance(outcome, Refused), outcome
    return outcome.reason


async def test_by_default_nobody_is_anybody_here_by_what_a_provider_says(place, heard):
    assert why(await place.come()) is Reason.UNKNOWN_PERSON
    assert await place.links.of("ada") == []
    assert heard("identity.oidc.link") == [
        (events.refused, {"provider": "acme", "reason": Reason.UNKNOWN_PERSON, "client_address": ADDRESS})
    ]


async def test_who_is_linked_is_that_person_and_stays_as_known_here(place):
    await place.link()
    assert await place.come() == ADA


async def test_who_is_switched_off_is_not_let_in(place):
    await place.link()
    place.local.table["ada"] = replace(ADA, is_disabled=True)
    assert why(await place.come()) is Reason.DISABLED
    for link_by in (Linking.EMAIL, Linking.USERNAME):
        place.local.changed.send(_changed(place))
        other = known(Identity("https://idp.example", "2"))
        assert why(await place.come(other, link_by=link_by)) is Reason.DISABLED


def _changed(place):
    return PersonChanged("ada", place.local.table["ada"], was_disabled=False)


async def test_a_link_to_somebody_who_is_gone_leads_nowhere(place):
    await place.link()
    place.local.table["ada"] = replace(ADA, id="2")
    assert why(await place.come()) is Reason.LINK_STALE
    del place.local.table["ada"]
    assert why(await place.come()) is Reason.LINK_STALE


# By address and by name.


async def test_a_verified_address_links_where_the_operator_wants_that(place):
    assert await place.come(link_by=Linking.EMAIL) == ADA
    assert (await place.links.find(THERE)).is_of(ADA)
    # From then on the address does not matter.
    assert await place.come(known(email=""), link_by=Linking.EMAIL) == ADA


async def test_without_one_nobody_is_linked(place):
    assert why(await place.come(known(email=""), link_by=Linking.EMAIL)) is Reason.UNKNOWN_PERSON
    assert (
        why(await place.come(known(email="eve@example.test"), link_by=Linking.EMAIL)) is Reason.UNKNOWN_PERSON
    )


async def test_an_address_that_was_passed_on_over_there_does_not_pass_the_person_on(place):
    assert await place.come(link_by=Linking.EMAIL) == ADA
    heir = known(Identity("https://idp.example", "the next one"))
    assert why(await place.come(heir, link_by=Linking.EMAIL)) is Reason.AMBIGUOUS
    assert why(await place.come(heir, link_by=Linking.USERNAME)) is Reason.AMBIGUOUS
    # Another provider may know her as well.
    elsewhere = known(Identity("https://other.example", "1"))
    assert await place.come(elsewhere, link_by=Linking.EMAIL) == ADA


async def test_a_name_links_where_the_operator_wants_that(place):
    assert await place.come(known(email=""), link_by=Linking.USERNAME) == ADA
    nobody = known(Identity("https://idp.example", "2"), username="eve")
    assert why(await place.come(nobody, link_by=Linking.USERNAME)) is Reason.UNKNOWN_PERSON


async def test_of_fifty_who_come_at_once_with_one_address_one_is_that_person(place):
    profiles = [known(Identity(f"https://idp{n}.example", "1")) for n in range(2)] * 25
    outcomes = await asyncio.gather(*(place.come(each, link_by=Linking.EMAIL) for each in profiles))
    assert all(each == ADA for each in outcomes)
    assert len(await place.links.of("ada")) == 2


# Making people.


async def test_somebody_is_made_where_the_operator_wants_that(place):
    eve = known(username="eve", email="eve@example.test")
    person = await place.come(eve, create=True)
    assert (person.name, person.source, person.groups) == ("eve", SOURCE, ("there",))
    assert await place.come(eve, create=True) == person


async def test_and_changes_with_what_is_said_of_them(place):
    await place.come(known(username="eve", email="eve@example.test"), create=True)
    person = await place.come(known(username="renamed", groups=(), display_name="Eve"), create=True)
    assert (person.name, person.groups, person.display_name) == ("eve", (), "Eve")


async def test_nobody_is_made_in_the_place_of_somebody(place):
    assert why(await place.come(create=True)) is Reason.NAME_TAKEN
    await place.come(known(username="eve", email=""), create=True)
    other = known(Identity("https://idp.example", "2"), username="eve", email="")
    assert why(await place.come(other, create=True)) is Reason.NAME_TAKEN
    # Nor by the name that somebody else was given by a provider.
    assert why(await place.come(other, create=True, link_by=Linking.USERNAME)) is Reason.NAME_TAKEN


async def test_nobody_is_made_without_a_name(place):
    assert why(await place.come(known(username=None), create=True)) is Reason.NO_NAME


async def test_who_was_made_and_switched_off_stays_so(place):
    await place.come(known(username="eve", email=""), create=True)
    await place.people.set_disabled("eve", is_disabled=True)
    assert why(await place.come(known(username="eve", email=""), create=True)) is Reason.DISABLED


async def test_who_was_removed_may_come_back_as_the_same(place):
    eve = known(username="eve", email="")
    before = await place.come(eve, create=True)
    await place.people.remove("eve")
    assert (await place.come(eve, create=True)).entry == before.entry


async def test_an_address_that_somebody_has_is_not_given_to_another(place):
    person = await place.come(known(username="eve"), create=True)
    assert person.email == ""
    assert place.directory.by_email("ada@example.test") == ADA


async def test_of_fifty_sign_ins_of_somebody_new_all_are_the_same(place):
    eve = known(username="eve", email="")
    people = await asyncio.gather(*(place.come(eve, create=True) for _ in range(50)))
    assert len({person.entry for person in people}) == 1


async def test_nobody_is_made_who_would_be_a_bot(place):
    assert why(await place.come(known(username="bot-mail", email=""), create=True)) is Reason.NO_NAME


async def test_who_was_made_is_not_found_by_the_address_that_another_provider_says(place):
    """Somebody may wait with another's address for them to come by a provider that is believed."""
    waiting = known(Identity("https://weak.example", "1"), username="eve", email="bob@example.test")
    assert (await place.come(waiting, create=True)).email == "bob@example.test"
    bob = known(Identity("https://idp.example", "2"), username="bob", email="bob@example.test")
    assert why(await place.come(bob, link_by=Linking.EMAIL)) is Reason.UNKNOWN_PERSON
    person = await place.come(bob, link_by=Linking.EMAIL, create=True)
    assert (person.name, person.email) == ("bob", "")


# People of LDAP, who are read anew.


class Server:
    """LDAP as far as it is asked: what it says of a name now, and what follows from that here."""

    def __init__(self, place, *, is_known=True, is_free=True, then=None):
        self.place, self.then = place, then
        self.known, self.free = is_known, is_free
        place.joining = Joining(place.people, place.links, place.directory, self)

    async def is_known(self, name, _person):
        if self.then is not None:
            self.place.local.table[name] = self.then
            self.place.local.changed.send(PersonChanged(name, self.then, was_disabled=False))
        return self.known

    async def is_free(self, _name):
        return self.free


WAYS = [Linking.EMAIL, Linking.USERNAME]


async def test_who_was_switched_off_in_ldap_since_is_not_let_in(place):
    await place.link()
    Server(place, then=replace(ADA, is_disabled=True))
    assert why(await place.come()) is Reason.DISABLED


@pytest.mark.parametrize("link_by", WAYS)
async def test_nor_is_linked(place, link_by):
    Server(place, then=replace(ADA, is_disabled=True))
    assert why(await place.come(link_by=link_by)) is Reason.DISABLED
    assert await place.links.of("ada") == []


@pytest.mark.parametrize("link_by", WAYS)
async def test_who_is_gone_from_ldap_is_neither_let_in_nor_linked(place, link_by):
    Server(place, is_known=None)
    assert why(await place.come(link_by=link_by)) is Reason.UNKNOWN_PERSON
    await place.link()
    assert why(await place.come()) is Reason.LINK_STALE
    assert why(await place.come(link_by=link_by, create=True)) is Reason.NAME_TAKEN


@pytest.mark.parametrize("link_by", WAYS)
async def test_nobody_is_let_in_or_linked_while_ldap_cannot_be_asked(place, link_by):
    Server(place, is_known=False)
    outcome = await place.come(link_by=link_by)
    assert why(outcome) is Reason.DIRECTORY
    assert outcome.is_passing
    await place.link()
    assert why(await place.come()) is Reason.DIRECTORY


async def test_an_address_that_is_anothers_in_ldap_by_now_links_nobody(place):
    Server(place, then=replace(ADA, email="countess@example.test"))
    assert why(await place.come(link_by=Linking.EMAIL)) is Reason.UNKNOWN_PERSON


@pytest.mark.parametrize(("is_free", "reason"), [(False, Reason.NAME_TAKEN), (None, Reason.DIRECTORY)])
async def test_nobody_is_made_by_a_name_that_ldap_has_or_may_have(place, is_free, reason):
    """A name that is new there, or that two entries claim, is nobody's here and not free all the same."""
    Server(place, is_free=is_free)
    assert why(await place.come(known(username="eve", email=""), create=True)) is reason
    assert place.people.person("eve") is None


# Domains.


async def test_only_who_is_of_the_domain_comes_in_linked_or_not(place):
    await place.link()
    assert why(await place.come(allowed_domains=("other.test",))) is Reason.DOMAIN
    assert await place.come(allowed_domains=("example.test",)) == ADA
    assert why(await place.come(known(email=""), allowed_domains=("example.test",))) is Reason.DOMAIN


async def test_a_store_that_is_away_lets_nobody_in(place, records):
    await place.link()
    records.break_("federation/links", "get")
    outcome = await place.come()
    assert why(outcome) is Reason.STORE
    assert outcome.is_passing


def test_what_a_person_knows_an_account_as():
    assert shown_as(known()) == "ada@example.test"
    assert shown_as(known(email="")) == "ada"
    assert shown_as(known(email="", username=None)) == "Ada There"
    assert shown_as(known(email="", username=None, display_name="")) == "1"
