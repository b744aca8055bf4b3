"""Sources on the shared server."""

import dataclasses
from datetime import timedelta

import pytest
from tests.journeys.ldap_server import GROUPS, PEOPLE, SERVICE, SERVICE_PASSWORD

from yett.identity.ldap import DisabledRule, LdapPeople, LdapSettings
from yett.kernel import Supervisor, SystemClock
from yett.store import MemoryRecords

HOURS = timedelta(hours=5)


@pytest.fixture
def settings(ldap):
    return LdapSettings(
        urls=(ldap.url,),
        bind_dn=SERVICE,
        bind_password=SERVICE_PASSWORD,
        ca=ldap.ca,
        pool_size=2,
        connect_timeout=timedelta(seconds=1),
        request_timeout=timedelta(seconds=1),
        max_retry=timedelta(0),
        user_bases=(PEOPLE,),
        group_bases=(GROUPS,),
        disabled_rule=DisabledRule.ATTRIBUTE,
        full_interval=HOURS,
        delta_interval=HOURS,
    )


@pytest.fixture
async def tasks():
    tasks = Supervisor()
    yield tasks
    await tasks.stop()


@pytest.fixture
def records():
    return MemoryRecords(SystemClock())


@pytest.fixture
async def make(settings, tasks, records):
    """Started sources; `make(max_people=3)` has other settings."""
    made = []

    async def make(*, start=True, records=records, **changes):
        source = LdapPeople(records, dataclasses.replace(settings, **changes), tasks, SystemClock())
        made.append(source)
        if start:
            await source.start()
        return source

    yield make
    for source in made:
        await source.stop()
