"""Magic links in memory: real device codes, a directory that is a table, and a post box."""

import asyncio
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.authn.device_code.conftest import Unhurried
from tests.signin.conftest import ADA, Breakable

from yett.authn.device_code import DeviceCodes, DeviceCodeSettings, Origin
from yett.authn.magic_link import Action, Addresses, MagicLinks, MagicLinkSettings
from yett.identity import PersonChanged
from yett.kernel import FrozenClock, Signal, Supervisor
from yett.keys import MasterKey, Sealer
from yett.notify import MailKind
from yett.store import ClusterSettings, MemoryRecords, ModuleData

HOME = "https://login.example.test:8443"
DESK = Origin("192.0.2.7", "Mozilla/5.0 (Windows NT 10.0) Firefox/127.0")
SETTINGS = MagicLinkSettings(enabled=True)
BOB = replace(ADA, name="bob", display_name="Bob", email="Bob@Example.test")


class Directory:
    """People in a table that tells of changes."""

    def __init__(self, *people):
        self.changed = Signal("directory.changed")
        self.table = {person.name: person for person in people}

    def person(self, name):
        return self.table.get(name)

    def people(self):
        return list(self.table.values())

    def change(self, name, person):
        if person is None:
            self.table.pop(name, None)
        else:
            self.table[name] = person
        self.changed.send(PersonChanged(name, person, was_disabled=False))


class PostBox:
    """A mailer that keeps what it is given, if it may."""

    def __init__(self):
        self.mails = []
        self.is_open = True
        self.verify = None

    async def send(self, kind, to, *, language="", fields):
        assert kind is MailKind.MAGIC_LINK
        if self.is_open and self.verify(fields["link"]):
            self.mails.append((to, language, dict(fields)))
            return True
        return False


@dataclass
class Place:
    """Everything a test may turn."""

    links: MagicLinks
    codes: DeviceCodes
    directory: Directory
    addresses: Addresses
    post: PostBox
    data: ModuleData
    records: Breakable
    clock: FrozenClock
    tasks: Supervisor
    is_reachable: bool = True

    async def refresh(self, _name):
        return self.is_reachable

    async def ask(self, email="ada@example.test", *, device="desk", to="/wanted", origin=DESK):
        started = await self.links.initiate(email, origin, device=device, to=to)
        await self.settle()
        return started

    async def settle(self):
        """Let the work in the background come to its end."""
        while len(self.tasks):  # noqa: ASYNC110 - the supervisor has no event for it
            await asyncio.sleep(0)

    def mailed(self, number=-1):
        """Token and seal of a link that was mailed."""
        query = parse_qs(urlsplit(self.post.mails[number][2]["link"]).query)
        return query["t"][0], query["r"][0]

    async def decide(self, action, *, check="", device="phone", link=None):
        token, sealed = link or self.mailed()
        return await self.links.verify(
            token, sealed, action, check=check, device=device, client_address="192.0.2.99"
        )

    async def authorize(self, started, **more):
        return await self.decide(Action.AUTHORIZE, check=started.check, **more)

    async def look(self, *, device="phone", link=None):
        token, sealed = link or self.mailed()
        return await self.links.preverify(token, sealed, device=device, client_address="192.0.2.99")


async def at_once(_seconds):
    """Sleep that takes no time."""


@pytest.fixture
async def place(clock):
    records = Breakable(Unhurried(MemoryRecords(clock)))
    master = MasterKey(bytes(32))
    codes = DeviceCodes(records, Sealer(master, "codes"), DeviceCodeSettings(enabled=True), clock)
    directory, post, tasks = Directory(ADA, BOB), PostBox(), Supervisor()
    data = ModuleData(records, ClusterSettings())
    place = Place(None, codes, directory, None, post, data, records, clock, tasks)
    addresses = place.addresses = Addresses(directory, place.refresh)
    await addresses.start()
    links = place.links = MagicLinks(
        records,
        codes,
        addresses,
        post,
        data,
        Sealer(master, "links"),
        SETTINGS,
        tasks,
        clock,
        origin=HOME,
        sleep=at_once,
    )
    post.verify = links.is_ours
    yield place
    await tasks.stop()
