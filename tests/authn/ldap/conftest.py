"""People of the shared LDAP server, and the method that checks their passwords."""

import dataclasses
from datetime import timedelta

import pytest
from tests.journeys.ldap_server import GROUPS, PEOPLE, SERVICE, SERVICE_PASSWORD, user_ldif

from yett.authn.ldap import LdapPassword, LdapPasswordSettings
from yett.identity.ldap import DisabledRule, LdapPeople, LdapSettings
from yett.kernel import Supervisor, SystemClock
from yett.store import MemoryRecords

PASSWORD = "correct horse 7"
NEW = "battery 9 staple"
SETTINGS = LdapPasswordSettings(refusal_time=timedelta(0))


@pytest.fixture
async def people(ldap):
    """Ada and Bob, known from LDAP."""
    ldap.add(user_ldif("ada", password=PASSWORD) + user_ldif("bob", password=PASSWORD))
    settings = LdapSettings(
        urls=(ldap.url,),
        bind_dn=SERVICE,
        bind_password=SERVICE_PASSWORD,
        ca=ldap.ca,
        pool_size=2,
        connect_timeout=timedelta(seconds=1),
        request_timeout=timedelta(seconds=1),
        user_bases=(PEOPLE,),
        group_bases=(GROUPS,),
        disabled_rule=DisabledRule.ATTRIBUTE,
        delta_interval=timedelta(0),
    )
    tasks = Supervisor()
    source = LdapPeople(MemoryRecords(SystemClock()), settings, tasks, SystemClock())
    await source.start()
    yield source
    await source.stop()
    await tasks.stop()


@pytest.fixture
async def method(people):
    return LdapPassword(people, SETTINGS, SystemClock())


@pytest.fixture
def change_settings(people):
    """The method with other settings."""

    def change(**changes):
        return LdapPassword(people, dataclasses.replace(SETTINGS, **changes), SystemClock())

    return change
