"""A sign-in host in memory with real second factors: authenticators, codes by mail, and a password that runs out."""

import base64
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from tests.signin.place import ADA, ORIGIN, Breakable, People, Place, Words

from yett.authn.otp import EmailCodes, OTPSettings
from yett.authn.totp import Totp, TotpSettings
from yett.authn.totp.codes import code_at, step_at
from yett.identity import Person
from yett.keys import MasterKey, Sealer
from yett.net.pages import http_error
from yett.sessions import Sessions, SessionSettings
from yett.signin import LDAP, Factors, Flow, Memory, MFASettings, Onward, SignIn, SignInSettings, SyncResult
from yett.store import ClusterSettings, MemoryRecords, ModuleData

HOST = "login.example.test"
BOB = Person("bob", "Bob", "bob@example.test", ("staff",), is_disabled=False, source="local")
EVE = Person("eve", "Eve", "", (), is_disabled=False, source="local")
LIZ = Person("liz", "Liz", "", ("staff",), is_disabled=False, source="ldap")


class Mails:
    """A mailer that remembers."""

    def __init__(self) -> None:
        self.is_configured = True
        self.is_broken = False
        self.sent = []

    async def send(self, kind, to, *, language="", fields):
        self.sent.append((kind, to, language, dict(fields)))
        return not self.is_broken

    @property
    def code(self):
        return self.sent[-1][3]["code"]


@dataclass
class Changed:
    is_changed: bool
    sentence: str = ""


class Changing:
    """Changes passwords that are in a table."""

    def __init__(self, words) -> None:
        self.words = words
        self.asked = 0

    async def change(self, name, old, new):
        self.asked += 1
        if self.words.table.get(name) != old:
            return Changed(is_changed=False)
        if len(new) < 8:
            return Changed(is_changed=False, sentence="It has to have 8 letters.")
        self.words.table[name] = new
        return Changed(is_changed=True)


class Syncing:
    """LDAP's answers about single people."""

    def __init__(self) -> None:
        self.result = SyncResult.DONE
        self.asked = []

    async def __call__(self, name):
        self.asked.append(name)
        return self.result


@dataclass
class House(Place):
    """A place with second factors."""

    totp: Totp = None
    mails: Mails = None
    onward: Onward = None
    changing: Changing = None
    syncing: Syncing = None
    clock: object = None
    secrets: dict = field(default_factory=dict)

    @property
    def second(self):
        return self.onward.second

    def use(self, settings):
        """Other settings for second factors."""
        self.flow.apply(SignInSettings(), settings)
        self.onward.apply(SignInSettings(), settings)

    async def enrol(self, user):
        """Give somebody an authenticator; their recovery codes."""
        begun = await self.totp.begin(user)
        self.secrets[user] = begun.secret
        confirmed = await self.totp.confirm(user, self.code(user))
        self.clock.advance(30)
        return confirmed.recovery_codes

    def code(self, user):
        """What the person's app shows."""
        text = self.secrets[user]
        secret = base64.b32decode(text + "=" * (-len(text) % 8))
        return code_at(secret, step_at(self.clock.now()))


async def build(clock, tasks) -> House:
    records = Breakable(MemoryRecords(clock))
    sessions = Sessions(records, SessionSettings(), clock, tasks)
    await sessions.start()
    people = People(ADA, BOB, EVE, LIZ)
    words = Words(ada="correct horse", bob="staple", eve="apple", liz="violin string")
    mails, master, data = Mails(), MasterKey(bytes(32)), ModuleData(records, ClusterSettings())
    totp = Totp(data, records, master, people, mails, TotpSettings(), clock, tasks, host=HOST)
    codes = EmailCodes(records, master, mails, OTPSettings(), clock, tasks)
    mfa, settings = MFASettings(), SignInSettings()
    memory = Memory(data)
    factors = Factors(mfa, totp=totp, codes=codes, memory=memory)
    flow = Flow(sessions, people, memory, factors, settings, mfa, audience=HOST)
    sealer = Sealer(master, "signin")
    front = SignIn(flow, words, sealer, settings, clock, origin=ORIGIN)
    changing, syncing = Changing(words), Syncing()
    onward = Onward(
        flow,
        words,
        factors,
        memory,
        people,
        sessions,
        records,
        sealer,
        settings,
        mfa,
        clock,
        origin=ORIGIN,
        totp=totp,
        ldap=LDAP("ldap", words, syncing),
        changing=changing,
    )
    app = Starlette(routes=[*front.routes, *onward.routes], exception_handlers={HTTPException: http_error})
    return House(
        front,
        app,
        people,
        words,
        sessions,
        records,
        data,
        sealer,
        flow,
        factors,
        totp=totp,
        mails=mails,
        onward=onward,
        changing=changing,
        syncing=syncing,
        clock=clock,
    )
