import pytest
from tests.proxy.conftest import request_for
from tests.signin.conftest import ADA

from yett.oidc.personal import PersonalAccess, PersonalToken
from yett.proxy.rehearsal import Turn, programs

TOKEN = PersonalToken("01990000-0000-7000-8000-000000000001", "script", ("read",), 1.0, 9e9, "")


class Way:
    token_scope = "read"


def known(text, scope, host):
    return PersonalAccess(ADA, TOKEN, frozenset({scope})).as_session(host) if text == "good" else None


@pytest.mark.parametrize(
    ("fields", "turn", "status"),
    [({}, Turn.OFF, 0), ({"Authorization": "Basic good"}, Turn.OFF, 0),
     ({"Authorization": "Bearer bad"}, Turn.REFUSED, 401), ({"Authorization": "Bearer good"}, Turn.PASSES, 0)],
)  # fmt: skip
def test_only_a_good_token_stands_for_a_session(fields, turn, status):
    step, session = programs.shown(request_for("GET", "/", {"Host": "h.example", **fields}), Way, known)
    assert (step.turn, step.status) == (turn, status)
    assert (session is not None) is (turn is Turn.PASSES)


def test_without_tokens_none_is_good():
    assert programs.nobody("good", "read", "h.example") is None
