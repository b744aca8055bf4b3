"""A started Kerberos against the real KDC, with two people in its directory."""

import os

import pytest
from tests.kdc import HOST

from yett.authn.kerberos import Kerberos, KerberosSettings
from yett.identity import Person
from yett.kernel import Supervisor, SystemClock
from yett.keys import MasterKey
from yett.sessions import Sessions, SessionSettings
from yett.store import MemoryRecords


class People:
    """The part of the directory that is asked."""

    def __init__(self, *people):
        self.table = {person.name: person for person in people}

    def person(self, name):
        return self.table.get(name)

    def people(self):
        return list(self.table.values())


def person(name, *, is_disabled=False, email=None):
    address = f"{name}@corp.test" if email is None else email
    return Person(name, name.title(), address, ("staff",), is_disabled, "local")


@pytest.fixture
async def tasks():
    tasks = Supervisor()
    yield tasks
    await tasks.stop()


@pytest.fixture
def records():
    return MemoryRecords(SystemClock())


@pytest.fixture
def people():
    return People(person("alice"), person("bob", is_disabled=True))


@pytest.fixture
async def sessions(records, tasks):
    sessions = Sessions(records, SessionSettings(), SystemClock(), tasks)
    await sessions.start()
    yield sessions
    await sessions.stop()


@pytest.fixture
def settings(kdc):
    def make(**more):
        more.setdefault("keytab", kdc.keytab)
        return KerberosSettings(**{"enabled": True, "krb5_conf": kdc.config, "lock_memory": False, **more})

    return make


@pytest.fixture
async def make(records, people, sessions, tasks, settings, tmp_path, monkeypatch, kdc):
    """Started ones; the environment is put back at the end."""
    monkeypatch.setenv("KRB5_CONFIG", str(kdc.config))
    made = []

    async def make(*, environ=None, sync=None, data=None, **more):
        kerberos = Kerberos(
            settings(**more), records, MasterKey(b"k" * 32), people, sessions, tasks, SystemClock(),
            host=HOST, data=data or tmp_path / f"node{len(made)}", sync=sync,
            environ=os.environ if environ is None else environ,
        )  # fmt: skip
        sessions.ended.connect(kerberos.tickets.forget)
        await kerberos.start()
        made.append(kerberos)
        return kerberos

    yield make
    for kerberos in made:
        await kerberos.stop()


@pytest.fixture
async def kerberos(make):
    return await make()
