"""Balancers on a real store in memory, with a clock that stands still."""

import asyncio
import datetime
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.store.faults import FaultyRecords

from yett.kernel import Supervisor
from yett.net.http import Upstream
from yett.proxy.balancing import Backend, Balancer, Pool
from yett.proxy.balancing.health import Passed
from yett.store import MemoryRecords


def backend(name, port=8080, **more):
    return Backend(name, Upstream("192.0.2.1", port), f"192.0.2.1:{port}", **more)


def pool(*names, pool_id="web", **more):
    return Pool(pool_id, tuple(backend(name, 8000 + number) for number, name in enumerate(names)), **more)


class Doctor:
    """Finds every backend as it was told; well, if nothing was said."""

    def __init__(self):
        self.findings = {}
        self.asked = []

    async def __call__(self, upstream, _rules):
        self.asked.append(upstream.port)
        await asyncio.sleep(0)
        return self.findings.get(upstream.port, Passed(0.01))


class Names:
    """A resolver that knows what it was told."""

    def __init__(self):
        self.answer = None
        self.asked = 0

    async def resolve(self, _hostname, _port):
        self.asked += 1
        return self.answer


class Node:
    """One node, usually with others on the same store."""

    def __init__(self, memory, clock, *pools, **options):
        self.records = FaultyRecords(memory)
        self.tasks = Supervisor()
        self.doctor = Doctor()
        self.names = Names()
        self.balancer = Balancer(
            self.records, pools, clock, self.tasks, probe=self.doctor, resolver=self.names, **options
        )

    async def settle(self):
        """Let everything that is on its way arrive."""
        for _ in range(3):
            await self.balancer._outbox.flush()
            for _ in range(30):
                await asyncio.sleep(0)

    async def look(self):
        await self.balancer.look()
        await self.settle()

    def member(self, name, pool_id="web"):
        return self.balancer.pools[pool_id].members[name]

    async def stop(self):
        await self.balancer.stop()
        await self.tasks.stop()


@pytest.fixture
async def memory(clock):
    records = MemoryRecords(clock)
    await records.open()
    yield records
    await records.close()


@pytest.fixture
async def started(memory, clock):
    """Start a node with these pools; it stops with the test."""
    nodes = []

    async def start(*pools, is_down=False, **options):
        node = Node(memory, clock, *pools, **options)
        node.records.is_down = is_down
        nodes.append(node)
        await node.balancer.start()
        await node.settle()
        return node

    yield start
    for node in nodes:
        await node.stop()


@pytest.fixture
def until():
    """Wait for a condition, for a while."""

    async def wait(condition, seconds=5.0):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "this never came true"
            await asyncio.sleep(0.005)

    return wait


@pytest.fixture(scope="session")
def self_signed(tmp_path_factory):
    """A key and a certificate for app.test that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "app.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("app.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "app.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
