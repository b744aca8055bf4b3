import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.proxy.bearer.making import PERSON, WANTED, elsewhere

from yett.identity.federation import Given, TradeGrant
from yett.identity.federation.trades import judge
from yett.net.fetching import Fetched
from yett.oidc import Wanted
from yett.proxy.bearer.rules import digest_of, end_of, held, is_good, name_of, put_off

KEPT = held("a.b.c", PERSON, issued_at=1000.0, expires_at=1300.0)


def test_a_token_is_renewed_at_four_fifths_and_leaves_with_time_for_the_way():
    assert KEPT.line == b"Authorization: Bearer a.b.c\r\n"
    assert (KEPT.refresh_at, KEPT.expires_at) == (1240.0, 1295.0)
    assert held("t", PERSON, issued_at=0.0, expires_at=10.0).expires_at == 9.0


@pytest.mark.parametrize(
    ("now", "is_so"), [(999.9, False), (1000.0, True), (1294.9, True), (1295.0, False), (9e9, False)]
)
def test_a_token_is_good_between_its_instants(now, is_so):
    assert is_good(KEPT, PERSON, now) is is_so


@pytest.mark.parametrize(
    "changes", [{"groups": ()}, {"email": "x@example.org"}, {"display_name": "A"}, {"name": "eve"}]
)
def test_a_token_is_no_good_once_its_person_has_changed(changes):
    other = replace(PERSON, **changes)
    assert not is_good(KEPT, other, 1100.0)
    assert digest_of(other) != digest_of(PERSON)
    assert is_good(KEPT, replace(PERSON), 1100.0)


def test_another_wish_is_kept_elsewhere():
    wishes = (WANTED, replace(WANTED, app="x"), replace(WANTED, audience="x"), replace(WANTED, lifetime=60.0))
    assert len({name_of(wish) for wish in wishes}) == 4


class Named:
    issuer = "https://idp.example"


def test_another_wish_elsewhere_is_kept_elsewhere():
    wish = elsewhere(Named)
    trades = [
        replace(wish.trade, **{name: f"{getattr(wish.trade, name)}x"})
        for name in ("provider", "issuer", "client_id", "audience", "scope")
    ]
    trades.append(replace(wish.trade, grant=TradeGrant.JWT_BEARER))
    wishes = [wish, *(replace(wish, trade=trade) for trade in trades), replace(wish, lifetime=60.0)]
    own = Wanted(wish.app, wish.audience, wish.lifetime)
    assert len({name_of(each) for each in (*wishes, own)}) == len(wishes) + 1
    # They are keys of a dict, too.
    assert len({*wishes, own}) == len(wishes) + 1
    assert elsewhere(Named) == wish


def test_where_our_own_are_kept_does_not_change():
    """Or every session would need a new token at an upgrade."""
    assert name_of(WANTED) == "2dd5991144cc1b1588f28a67b29f09fe"


@pytest.mark.parametrize(
    ("seconds", "ends_at", "until"),
    [(60, 9e9, 1060.0), (None, 9e9, 1300.0), (9999, 9e9, 1300.0), (60, 1010.0, 1010.0)],
)
def test_a_token_of_others_is_used_as_long_as_everybody_allows(seconds, ends_at, until):
    assert end_of(1000.0, seconds, lifetime=300.0, ends_at=ends_at) == until


def test_a_renewal_that_failed_is_put_off():
    later = put_off(KEPT, 1250.0)
    assert (later.refresh_at, later.token, later.expires_at) == (1255.0, KEPT.token, KEPT.expires_at)


@given(st.text("aA0-._~+/=\r\n: \x00", min_size=1, max_size=50), st.sampled_from(TradeGrant))
def test_what_a_server_gives_never_makes_more_than_one_header_line(token, grant):
    said = {
        "access_token": token,
        "token_type": "Bearer",
        "issued_token_type": "urn:ietf:params:oauth:token-type:jwt",
    }
    found = judge(Fetched(200, {}, json.dumps(said).encode()), grant)
    if isinstance(found, Given):
        line = held(found.token, PERSON, issued_at=0.0, expires_at=1.0).line
        assert line.startswith(b"Authorization: Bearer ")
        assert line.index(b"\r\n") == line.index(b"\n") - 1 == len(line) - 2
        assert line.count(b"\r") == 1


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_two_people_are_never_told_as_one(one, two):
    same = digest_of(replace(PERSON, groups=tuple(one))) == digest_of(replace(PERSON, groups=tuple(two)))
    assert same is (one == two)


def test_a_token_does_not_show_itself():
    assert "a.b.c" not in repr(KEPT)
