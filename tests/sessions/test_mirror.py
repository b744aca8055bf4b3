import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from yett.sessions import Session, SessionType
from yett.sessions.mirror import REMEMBER_BURIED, REMEMBER_UNKNOWN, Mirror


def session(ref="r", owner="ada", parent="", expires_at=100.0, kind=SessionType.AUTHENTICATED):
    return Session(
        ref=ref,
        type=kind,
        module_key=owner,
        audience="wiki",
        created_at=0.0,
        expires_at=expires_at,
        ends_at=1000.0,
        last_activity=0.0,
        parent=parent,
    )


@pytest.fixture
def mirror():
    return Mirror()


def test_older_news_about_a_token_changes_nothing(mirror):
    entry = mirror.adopt("d", session(), 5)

    assert mirror.adopt("d", session(expires_at=50.0), 4) is entry
    assert entry.expires_at == 100.0
    assert mirror.adopt("d", session(expires_at=200.0), 6).expires_at == 200.0


def test_what_was_buried_is_not_taken_in_again_until_long_after(mirror):
    mirror.adopt("d", session(), 1)
    mirror.bury("d", now=10.0)

    assert mirror.adopt("d", session(), 2) is None
    mirror.forget_buried(10.0 + REMEMBER_BURIED - 1)
    assert mirror.is_buried("d")
    mirror.forget_buried(10.0 + REMEMBER_BURIED)
    assert not mirror.is_buried("d")


def test_what_the_store_did_not_know_is_unknown_until_it_is_taken_in_or_a_while_later(mirror):
    mirror.miss("d", now=10.0)
    mirror.miss("e", now=10.0)
    assert mirror.is_unknown("d", 10.0)
    mirror.adopt("d", session(), 1)
    assert not mirror.is_unknown("d", 10.0)
    assert mirror.is_unknown("e", 10.0 + REMEMBER_UNKNOWN - 0.1)
    assert not mirror.is_unknown("e", 10.0 + REMEMBER_UNKNOWN)


def test_only_so_many_unknown_tokens_are_remembered(mirror):
    for number in range(10_000):
        mirror.miss(str(number), now=10.0)
    assert len(mirror._unknown) == 4096
    assert not mirror.is_unknown("0", 10.0)
    assert mirror.is_unknown("9999", 10.0)
    mirror.forget_buried(10.0 + REMEMBER_UNKNOWN)
    assert not mirror._unknown


def test_a_session_that_ended_is_not_taken_in_under_a_new_token(mirror):
    mirror.adopt("d", session(), 1)
    mirror.bury_session("r", now=10.0)

    assert mirror.is_session_buried("r")
    assert mirror.adopt("new", session(), 2) is None


def test_burying_again_starts_the_time_anew(mirror):
    mirror.bury("a", now=0.0)
    mirror.bury("b", now=1.0)
    mirror.bury("a", now=500.0)
    mirror.forget_buried(REMEMBER_BURIED + 1)

    assert mirror.is_buried("a")
    assert not mirror.is_buried("b")


def test_a_session_with_two_tokens_is_gone_with_the_second(mirror):
    mirror.adopt("old", session(parent="p"), 1)
    mirror.adopt("new", session(parent="p"), 2)
    mirror.bury("old", now=0.0)

    assert mirror.by_ref("r").digest == "new"
    assert [each.digest for each in mirror.children("p")] == ["new"]
    mirror.bury("new", now=0.0)
    assert mirror.by_ref("r") is None
    assert mirror.children("p") == []
    assert not mirror.has_owner("ada")


def test_entries_run_out_in_time_and_use_is_saved_before(mirror):
    mirror.extend_every = 10.0
    idle = mirror.adopt("idle", session("idle"), 1)
    used = mirror.adopt("used", session("used"), 1)
    used.seen = 50.0

    assert list(mirror.run_out(94.0, 5.0)) == []
    assert mirror.unsaved == []
    assert list(mirror.run_out(95.0, 5.0)) == []
    assert mirror.unsaved == [used]
    used.update(session("used", expires_at=150.0), 2)
    assert list(mirror.run_out(100.0, 5.0)) == [idle]
    mirror.bury("idle", 100.0)
    assert list(mirror.run_out(149.0, 5.0)) == []
    assert list(mirror.run_out(150.0, 5.0)) == [used]


digests = st.integers(0, 6).map(lambda number: f"d{number}")
OWNERS = {"r0": "ada", "r1": "bob", "r2": "ada"}


class AnyOrder(RuleBasedStateMachine):
    """Whatever happens in whatever order, every way to find a session agrees with the others."""

    def __init__(self):
        super().__init__()
        self.mirror = Mirror()
        self.version = 0

    @rule(digest=digests)
    def adopt(self, digest):
        self.version += 1
        ref = f"r{int(digest[1]) % 3}"
        self.mirror.adopt(digest, session(ref, OWNERS[ref], "" if ref == "r0" else "r0"), self.version)

    @rule(digest=digests)
    def bury(self, digest):
        self.mirror.bury(digest, 0.0)

    @rule(ref=st.sampled_from(sorted(OWNERS)))
    def bury_session(self, ref):
        self.mirror.bury_session(ref, 0.0)

    @rule()
    def forget(self):
        self.mirror.forget_buried(1e9)

    @invariant()
    def every_way_agrees(self):
        refs = {entry.session.ref for entry in self.mirror.entries.values()}
        assert {entry.session.ref for entry in self.mirror.all()} == refs
        for owner in ("ada", "bob"):
            mine = {entry.session.ref for entry in self.mirror.of_owner(owner)}
            assert mine == {ref for ref in refs if OWNERS[ref] == owner}
            assert self.mirror.has_owner(owner) is bool(mine)
        assert {entry.session.ref for entry in self.mirror.children("r0")} == refs - {"r0"}
        assert not any(self.mirror.is_buried(digest) for digest in self.mirror.entries)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
