"""Audit logs for tests, and a key to sign them."""

import contextlib
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.events import samples
from tests.events.samples import Reason, record

from yett.events import Journal, Limits, Sync, Trust, pipeline, verify


class Key:
    """A signer."""

    def __init__(self, number=1):
        self._private = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        self.public_key = self._private.public_key().public_bytes_raw().hex()

    def sign(self, data):
        return self._private.sign(data)


KEY = Key()
OTHER = Key(2)
TRUST = Trust(keys=frozenset({KEY.public_key}))


def audited(index, at=None):
    return record(samples.audited, f"user{index}", Reason.NO_GROUP, at=time.time_ns() if at is None else at)


def opened(directory, *, key=KEY, size=64 << 20):
    """An open journal that signs."""
    journal = Journal(directory, Limits(segment_size=size, sync=Sync.NONE))
    journal.open()
    journal.report()
    if key is not None:
        journal.audit.sign_with(key)
    return journal


@contextlib.contextmanager
def running(directory, *, key=KEY, size=64 << 20):
    """The journal behind the pipeline, as in a gateway."""
    journal = Journal(directory, Limits(segment_size=size, sync=Sync.NONE))
    journal.open()
    pipeline.start((), journal.audit, tick=journal.tick)
    journal.report()
    if key is not None:
        journal.audit.sign_with(key)
    yield journal
    pipeline.stop()
    journal.close()


def write(directory, count, *, begin=0, key=KEY, size=64 << 20):
    """Some records in a log that is closed in good order."""
    journal = opened(directory, key=key, size=size)
    for index in range(begin, begin + count):
        journal.audit.append(audited(index))
    journal.audit.upkeep(0)
    journal.close()


def segments(directory):
    return sorted(directory.glob("audit-*.jsonl"))


def kinds(directory, trust=TRUST):
    """What is wrong with a log: kinds and lines."""
    return [(finding.kind, finding.line) for finding in verify(directory, trust).findings]
