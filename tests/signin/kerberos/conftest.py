"""A sign-in host with Kerberos: the real KDC, the real method, the real flow."""

import base64
import os
from dataclasses import dataclass

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from tests.authn.kerberos.conftest import person
from tests.kdc import HOST
from tests.signin.place import ORIGIN, Place

from yett.authn.guessing import Limits, Policy
from yett.authn.kerberos import Kerberos, KerberosSettings, Tickets
from yett.kernel import Supervisor, SystemClock
from yett.keys import MasterKey, Sealer
from yett.net.pages import http_error
from yett.signin import SignInSettings
from yett.signin.kerberos import KerberosStep

LIMITS = Limits(Policy(3, 1.0, 60.0, 3600.0), Policy(100, 1.0, 60.0, 3600.0), 1000)


@dataclass
class Counter:
    """The sign-in host of a test, where tickets are shown."""

    place: Place
    kerberos: Kerberos
    step: KerberosStep

    def browser(self):
        return self.place.browser()


def field(token):
    return {"Authorization": "Negotiate " + base64.b64encode(token).decode()}


@pytest.fixture
async def build(place, kdc, tmp_path, monkeypatch, clock):
    monkeypatch.setenv("KRB5_CONFIG", str(kdc.config))
    tasks, built = Supervisor(), []
    people = place.people
    people.table = {"alice": person("alice"), "bob": person("bob", is_disabled=True)}
    people.people = lambda: list(people.table.values())

    async def build(**more):
        settings = KerberosSettings(
            **{
                "enabled": True,
                "keytab": kdc.keytab,
                "krb5_conf": kdc.config,
                "lock_memory": False,
                "password": True,
                "tickets": Tickets.KEPT,
                **more,
            }
        )
        kerberos = Kerberos(
            settings, place.records, MasterKey(bytes(32)), people, place.sessions, tasks, SystemClock(),
            host=HOST, data=tmp_path / f"counter{len(built)}", environ=os.environ,
        )  # fmt: skip
        place.sessions.ended.connect(kerberos.tickets.forget)
        await kerberos.start()
        built.append(kerberos)
        sealer = Sealer(MasterKey(bytes(32)), "signin/kerberos")
        step = KerberosStep(kerberos, place.flow, sealer, SignInSettings(), LIMITS, clock, origin=ORIGIN)
        place.app = Starlette(
            routes=[*place.front.routes, *step.routes], exception_handlers={HTTPException: http_error}
        )
        return Counter(place, kerberos, step)

    yield build
    for kerberos in built:
        await kerberos.stop()
    await tasks.stop()


@pytest.fixture
async def counter(build):
    return await build()


@pytest.fixture
async def browser(counter):
    async with counter.browser() as client:
        yield client
