"""A proxy in memory: real provider, sessions, sealer and directory; requests parsed by the engine's parser."""

from dataclasses import dataclass, replace
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from starlette.applications import Starlette
from tests.signin.conftest import ADA

from yett.events import Scope, enter_scope, leave_scope, pipeline
from yett.guard import CORS, CORSSettings, Door
from yett.guard.size import SizeGuard, SizeSettings
from yett.identity import Directory, Person, PersonChanged
from yett.kernel import FrozenClock, Signal, Supervisor
from yett.keys import MasterKey, Sealer
from yett.net.http import Answer, Connection, Limits, Outcome, Request, Serve
from yett.net.http.head import RequestParser
from yett.net.pages import SIGN_ON_COOKIE
from yett.oidc import OIDCSettings, Provider
from yett.proxy import MappingSettings, Proxy, ProxySettings
from yett.proxy.balancing import Balancer, PoolSettings, compile_pools
from yett.proxy.balancing.config import BackendSettings
from yett.proxy.balancing.strategies import StrategyName
from yett.sessions import Sessions, SessionSettings, SessionType
from yett.store import MemoryRecords, StoreUnavailable

SIGN_IN = "login.example.test"
WIKI = "wiki.example.test"
DOCS = "docs.example.test"
ONLY = "only.example.test"
ADDRESS = "192.0.2.7"
BOB = Person("bob", "Bob", "bob@example.test", (), is_disabled=False, source="local")
PAGE = {"Accept": "text/html,*/*"}
NAVIGATION = {"Sec-Fetch-Mode": "navigate", **PAGE}
MASTER = MasterKey(b"m" * 32)


def mapping(app="Wiki", host=WIKI, **changes):
    return MappingSettings(**{"app": app, "host": host, "service": "http://10.0.0.1:80", **changes})


MAPPINGS = (
    mapping(groups=("wiki",)),
    mapping("Admin", path="/admin", groups=("ops",)),
    mapping("Open", path="/open", public=True),
    mapping("Docs", DOCS),
    mapping("Only", ONLY, path="/only"),
)


def pool(name="web", *ports, **changes):
    """A pool of backends that are called by their ports."""
    backends = tuple(BackendSettings(service=f"http://10.0.0.2:{port}", name=f"b{port}") for port in ports)
    return PoolSettings(
        **{"name": name, "backend": backends, "strategy": StrategyName.ROUND_ROBIN, **changes}
    )


class Table:
    """A source of people that is a table."""

    name = "table"

    def __init__(self, *people):
        self.changed = Signal("table.changed")
        self._people = {person.name: person for person in people}

    def person(self, name):
        return self._people.get(name)

    def people(self):
        return list(self._people.values())

    def set(self, name, **changes):
        """Change a person; with nothing to change, forget them."""
        before = self._people.pop(name)
        if changes:
            self._people[name] = replace(before, **changes)
        self.changed.send(PersonChanged(name, self._people.get(name), before.is_disabled))


class Failing:
    """Records of which the named operations fail."""

    def __init__(self, records):
        self._records = records
        self.fails = frozenset()

    def __getattr__(self, name):
        if name in self.fails:

            async def refuse(*_, **__):
                raise StoreUnavailable("the disk is full")

            return refuse
        return getattr(self._records, name)


@dataclass
class Reply:
    """What a client sees, whoever made it."""

    status: int
    headers: list[tuple[str, str]]
    text: str

    def all(self, name):
        return [value for each, value in self.headers if each.lower() == name]

    def __getitem__(self, name):
        found = self.all(name)
        return found[0] if found else ""


class Browser:
    """Asks the gate, runs what is served, keeps cookies; `forwarded` holds what went on to an application."""

    def __init__(self, place):
        self.place = place
        self.jar = {}
        self.forwarded = []

    async def send(self, method, url, headers=None, data=None):
        parts = urlsplit(url)
        cookies = "; ".join(f"{name}={value}" for name, value in self.jar.get(parts.hostname, {}).items())
        wire = {"Host": parts.netloc, **(headers or {}), **({"Cookie": cookies} if cookies else {})}
        # What urlsplit would take for a network location is part of the target here.
        target = url.partition("://")[2].removeprefix(parts.netloc) or "/"
        request = request_for(method, target, wire)
        decision = await self.place.decide(request)
        if isinstance(decision, Answer):
            lines = (line.split(": ", 1) for line in decision.headers.decode().split("\r\n") if line)
            reply = Reply(decision.status, [tuple(line) for line in lines], decision.body.decode())
        elif isinstance(decision, Serve):
            reply = await self._serve(decision, request, wire, url, data)
        else:
            self.forwarded.append(decision)
            reply = Reply(200, [], "from the application")
        self.place.finish(request, Outcome(reply.status, 0, len(reply.text), 0.01))
        for line in reply.all("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                jar = self.jar.setdefault(parts.hostname, {})
                jar.pop(name, None)
                if morsel["max-age"] != "0":
                    jar[name] = morsel.value
        return reply

    async def _serve(self, serve, request, wire, url, data):
        async def app(scope, receive, send):
            scope["state"] = serve.state
            token = enter_scope(request.scope)
            try:
                await serve.app(scope, receive, send)
            finally:
                leave_scope(token)

        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app)) as client:
            sent = {"content": data} if isinstance(data, bytes) else {"data": data}
            found = await client.request(request.method.decode(), url, headers=wire, **sent)
        return Reply(found.status_code, found.headers.multi_items(), found.text)

    async def get(self, url, **headers):
        return await self.send("GET", url, {**PAGE, **headers})

    async def follow(self, url):
        """Go where redirects lead; every address on the way and the last reply."""
        way = [url]
        while True:
            reply = await self.get(way[-1])
            if reply.status != 303:
                return way, reply
            way.append(reply["location"])
            assert len(way) < 10

    async def sign_on(self, name="ada"):
        issued = await self.place.sessions.create(SessionType.SIGN_ON, name, audience=SIGN_IN)
        self.jar.setdefault(SIGN_IN, {})[SIGN_ON_COOKIE] = issued.token
        return issued

    async def sign_in(self, url=f"https://{WIKI}/", name="ada"):
        """Sign on and come to an application; the session there."""
        await self.sign_on(name)
        _, reply = await self.follow(url)
        assert reply.text == "from the application"
        token = self.jar[urlsplit(url).hostname]["__Host-yett"]
        return self.place.sessions.peek(token, urlsplit(url).hostname)


def request_for(method, target, headers, *, is_tls=True):
    """A request as the engine makes it from bytes; whatever the engine refuses fails the test."""
    parser = RequestParser(Limits())
    line = f"{method} {target} HTTP/1.1".encode()
    found = parser.line(line, len(line))
    assert isinstance(found, tuple), found
    block = "\r\n".join(f"{name}: {value}" for name, value in headers.items()).encode("latin-1")
    fields = parser.fields(block, found[3])
    method, target, path, minor, _, is_even = found
    return Request(
        Connection(ADDRESS, 4711, is_tls),
        Scope("0199-request", "", "", "", ADDRESS),
        method,
        target,
        path,
        fields.host,
        fields.port,
        fields.lines,
        minor,
        fields.cookie,
        fields.authorization,
        fields.content_length,
        fields.is_chunked,
        fields.upgrade,
        is_even=is_even,
    )


@dataclass
class Place:
    """Everything a test may turn."""

    proxy: Proxy
    people: Table
    sessions: Sessions
    provider: Provider
    sealer: Sealer
    records: Failing
    clock: FrozenClock
    settings: ProxySettings
    balancer: Balancer
    refuses: bool = True

    @property
    def gate(self):
        return self.proxy.gate

    @property
    def login(self):
        return self.proxy._login

    def browser(self):
        return Browser(self)

    async def decide(self, request):
        """As the engine does it: in the request's scope, waiting if need be."""
        token = enter_scope(request.scope)
        try:
            decision = self.gate.decide(request)
            return await decision if hasattr(decision, "__await__") else decision
        finally:
            leave_scope(token)

    def finish(self, request, outcome):
        token = enter_scope(request.scope)
        self.gate.finished(request, outcome)
        leave_scope(token)

    def apply(self, **changes):
        self.settings = replace(self.settings, **changes)
        return self.proxy.apply(self.settings)

    async def follow(self, **changes):
        """As `apply`, with the pools."""
        self.settings = replace(self.settings, **changes)
        return await self.proxy.follow(self.settings)


async def never_checked(*_):
    raise AssertionError("no pool of these tests has health checks")


@pytest.fixture
async def make_place(clock):
    """Make a proxy with these settings; the usual mappings unless others are given."""
    tasks = Supervisor()
    started = []

    async def make(*, public_port=443, records=None, max_body=1 << 20, origins=(), tokens=None, **changes):
        size = SizeGuard(SizeSettings(max_body=max_body))
        await size.start()
        records = records or Failing(MemoryRecords(clock))
        sessions = Sessions(records, SessionSettings(), clock, tasks)
        await sessions.start()
        started.append(sessions)
        people = Table(ADA, BOB)
        directory = Directory([people], tasks)
        await directory.start()
        port = "" if public_port == 443 else f":{public_port}"
        issuer = f"https://{SIGN_IN}{port}"
        provider = Provider(records, sessions, directory, OIDCSettings(), clock, issuer=issuer)
        sealer = Sealer(MASTER, "proxy/state")
        settings = ProxySettings(**{"mapping": MAPPINGS, **changes})
        door = Door(clock, size=size, cors=CORS(CORSSettings(allowed_origins=origins)))
        door.refresh()
        balancer = Balancer(records, compile_pools(settings.pool), clock, tasks, probe=never_checked)
        await balancer.start()
        started.append(balancer)
        place = Place(None, people, sessions, provider, sealer, records, clock, settings, balancer)
        place.proxy = Proxy(
            settings,
            directory=directory,
            sessions=sessions,
            provider=provider,
            sealer=sealer,
            master=MASTER,
            key_length=32,
            clock=clock,
            sign_in_host=SIGN_IN,
            sign_in_app=Starlette(routes=provider.routes),
            public_port=public_port,
            refuse_unrecorded=lambda: place.refuses,
            door=door,
            balancer=balancer,
            tokens=tokens,
        )

        return place

    yield make
    for each in reversed(started):
        await each.stop()
    await tasks.stop()


@pytest.fixture
async def place(make_place):
    return await make_place()


@pytest.fixture
def browser(place):
    return place.browser()


class BrokenJournal:
    """An audit journal on a full disk."""

    def append(self, _record):
        raise OSError("no space left on device")

    def close(self):
        pass


@pytest.fixture
def full_disk(capfd):
    """From here on no audit record can be written down."""
    pipeline.start((), BrokenJournal())
    yield
    pipeline.stop()
    assert "Audit record could not be written" in capfd.readouterr().err


def forwarded(place, target="/page?secret=1"):
    """A request that went on to the application."""
    request = request_for("POST", target, {"Host": WIKI, "Content-Length": "5"})
    request.note = place.gate.table.find(WIKI, request.path)
    return request


def query_of(location):
    """The parameters in an address."""
    return dict(parse_qsl(urlsplit(location).query, strict_parsing=True))


async def session_of(place, name, host=WIKI):
    return await place.sessions.create(SessionType.AUTHENTICATED, name, audience=host)


@pytest.fixture
def ask(place):
    """Ask the gate; the decision and the request it was made for."""

    async def make(target="/", *, host=WIKI, method="GET", token="", headers=None, is_tls=True):
        cookie = {"Cookie": f"__Host-yett={token}"} if token else {}
        request = request_for(method, target, {"Host": host, **cookie, **(headers or {})}, is_tls=is_tls)
        return await place.decide(request), request

    return make


@pytest.fixture
async def session(place):
    return await place.sessions.create(SessionType.AUTHENTICATED, "ada", audience=WIKI)
