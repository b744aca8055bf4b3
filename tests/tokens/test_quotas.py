import pytest

from yett.kernel import FrozenClock
from yett.tokens.config import QuotaSettings, ServiceQuotaSettings, TokensSettings
from yett.tokens.quotas import Counting, Notebook, Quota, Quotas, quota_of, quotas_of

QUOTAS = Quotas(
    Quota(api={"portal": 10}, tap={"qserv": 5}, notebook=Notebook(2.0, 4.0)),
    {
        "extra": Quota(api={"portal": 5, "vault": 1}, notebook=Notebook(8.0, 4.0, spawn=False)),
        "more": Quota(tap={"qserv": 5}, disk={"home": 100}),
    },
    frozenset({"free"}),
)


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ((), QUOTAS.default),
        (("unknown",), QUOTAS.default),
        (
            ("extra",),
            Quota({"portal": 15, "vault": 1}, {"qserv": 5}, {}, Notebook(10.0, 8.0, spawn=False)),
        ),
        (
            ("extra", "more"),
            Quota({"portal": 15, "vault": 1}, {"qserv": 10}, {"home": 100}, Notebook(10.0, 8.0, spawn=False)),
        ),
        (("extra", "free"), None),
    ],
)
def test_groups_add_to_what_everybody_may_use(groups, expected):
    assert quota_of(groups, QUOTAS, None) == expected


def test_a_group_alone_may_bring_a_quota():
    alone = Quotas(groups={"a": Quota(notebook=Notebook(1.0, 1.0))})

    assert quota_of(("a",), alone, None) == Quota(notebook=Notebook(1.0, 1.0))
    assert quota_of((), alone, None) is None


def test_overrides_stand_in_place_key_by_key():
    overrides = Quotas(Quota(api={"portal": 0}), {}, frozenset({"vip"}))

    assert quota_of((), QUOTAS, overrides).api == {"portal": 0}
    assert quota_of((), QUOTAS, overrides).tap == {"qserv": 5}
    assert quota_of(("extra",), QUOTAS, overrides).api == {"portal": 0, "vault": 1}
    assert quota_of(("vip",), QUOTAS, overrides) is None
    assert quota_of(("free",), QUOTAS, overrides) == overrides.default
    assert quota_of((), Quotas(), overrides) == overrides.default
    assert quota_of((), QUOTAS, Quotas()) == QUOTAS.default


def test_settings_say_the_same():
    settings = TokensSettings(
        quota=(
            QuotaSettings(
                api=(ServiceQuotaSettings(service="portal", amount=10),),
                tap=(ServiceQuotaSettings(service="qserv", amount=5),),
                notebook_cpu=2.0,
                notebook_memory=4.0,
            ),
            QuotaSettings(group="closed", notebook_spawn=False),
        ),
        quota_bypass=("free",),
    )

    found = quotas_of(settings)

    assert found.default == QUOTAS.default
    assert found.groups == {"closed": Quota(notebook=Notebook(0.0, 0.0, spawn=False))}
    assert found.bypass == {"free"}


def test_requests_are_counted_by_user_service_and_minute():
    clock = FrozenClock(1_800_000_030.0)
    counting = Counting(clock)

    first, second, third = (counting.count("ada", "portal", 2) for _ in range(3))

    assert (first.used, first.remaining, first.is_exceeded, first.reset) == (1, 1, False, 1_800_000_060)
    assert (second.used, second.remaining, second.is_exceeded) == (2, 0, False)
    assert (third.used, third.is_exceeded, third.is_blocked) == (2, True, False)
    assert not counting.count("bob", "portal", 2).is_exceeded
    assert not counting.count("ada", "vault", 2).is_exceeded
    clock.advance(30)
    assert counting.count("ada", "portal", 2).used == 1


def test_a_limit_of_nothing_blocks():
    state = Counting(FrozenClock()).count("ada", "portal", 0)

    assert (state.is_blocked, state.is_exceeded, state.remaining) == (True, True, 0)
