import pytest
from tests.guard.asking import ask

from yett.guard import events as listener
from yett.guard.size import Reason, SizeException, SizeGuard, SizeSettings, events


def settings(*exceptions, max_body=100, enabled=True):
    return SizeSettings(enabled=enabled, max_body=max_body, exception=exceptions)


UPLOAD = SizeException(name="upload", max_body=1000, path="/upload", methods=("PUT",))


@pytest.mark.parametrize(
    ("request_", "is_blocked"),
    [
        ({"length": 100}, False),
        ({"length": 101}, True),
        ({"length": 1000, "path": "/upload", "method": "PUT"}, False),
        ({"length": 1001, "path": "/upload", "method": "PUT"}, True),
        ({"length": 101, "path": "/upload", "method": "POST"}, True),
        ({"chunked": True}, False),
        ({}, False),
    ],
)
def test_a_stated_length_is_judged_by_the_limit_that_holds(request_, is_blocked):
    blocked = SizeGuard(settings(UPLOAD)).check(ask(**request_), 0.0)
    assert (blocked is not None) is is_blocked
    if blocked is not None:
        assert (blocked.status, blocked.reason) == (413, Reason.TOO_LARGE)


def test_each_step_can_be_followed(heard):
    guard = SizeGuard(settings(UPLOAD))
    guard.check(ask(), 0.0)
    assert heard() == []
    guard.check(ask(length=7), 0.0)
    guard.check(ask(length=7, path="/upload", method="PUT"), 0.0)
    guard.check(ask(length=2000), 0.0)
    assert heard() == [
        (listener.size_limit_applied, {"limit": 100}),
        (listener.size_within, {"limit": 100, "size": 7}),
        (listener.size_exception, {"exception": "upload", "limit": 1000}),
        (listener.size_within, {"limit": 1000, "size": 7}),
        (listener.size_limit_applied, {"limit": 100}),
    ]


def test_bytes_that_are_counted_have_the_same_limits():
    guard = SizeGuard(settings(UPLOAD))
    assert guard.limit_for(ask(chunked=True)) == 100
    assert guard.limit_for(ask(chunked=True, path="/upload/x", method="PUT")) == 1000
    guard.apply(settings(enabled=False))
    assert guard.limit_for(ask(chunked=True)) == 0


async def test_it_says_at_the_start_and_at_each_change_what_is_in_force(heard):
    guard = SizeGuard(settings(UPLOAD))
    await guard.start()
    guard.apply(settings(UPLOAD))
    guard.apply(settings(enabled=False))
    assert not guard.is_enabled
    guard.apply(
        settings(
            SizeException(name="nowhere", max_body=1),
            SizeException(name="slow", max_body=1, pattern="(a+)+"),
            UPLOAD,
            max_body=0,
        )
    )
    assert heard() == [
        (events.exception_loaded, {"exception": "upload", "limit": 1000}),
        (events.enabled, {"limit": 100, "exceptions": 1}),
        (events.disabled, {}),
        (
            events.exception_skipped,
            {"exception": "nowhere", "problem": "has no condition, so it would hold for every request"},
        ),
        (
            events.pattern_skipped,
            {
                "exception": "slow",
                "problem": "pattern could take too long: it repeats without a bound what can match in "
                "several ways",
            },
        ),
        (events.exception_loaded, {"exception": "upload", "limit": 1000}),
        (events.invalid, {"problems": ("max_body is 0, which would refuse every body",), "limit": 100 << 20}),
    ]
    # The general limit that cannot be used is replaced by the default, and the exception holds.
    assert guard.check(ask(length=1001, path="/upload", method="PUT"), 0.0) is not None
    assert guard.check(ask(length=1001), 0.0) is None
