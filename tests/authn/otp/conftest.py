"""Codes by mail, on a store that can fail."""

import secrets

import pytest
from tests.authn.mailing import Post
from tests.store.faults import FaultyRecords

from yett.authn.otp import EmailCodes, OTPSettings
from yett.kernel import Supervisor
from yett.keys import MasterKey
from yett.store import MemoryRecords

MASTER = MasterKey(b"m" * 32)


@pytest.fixture
def post():
    return Post()


@pytest.fixture
def records(clock):
    return FaultyRecords(MemoryRecords(clock))


@pytest.fixture
async def tasks():
    tasks = Supervisor()
    yield tasks
    await tasks.stop()


@pytest.fixture
def make(records, post, clock, tasks):
    def make(store=None, *, random=secrets.token_bytes, mail_wait=5.0, **settings):
        return EmailCodes(
            store or records,
            MASTER,
            post,
            OTPSettings(**settings),
            clock,
            tasks,
            random=random,
            mail_wait=mail_wait,
        )

    return make


@pytest.fixture
def codes(make):
    return make()
