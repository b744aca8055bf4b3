import pytest

from yett.guard import Look
from yett.identity.access import Assurance
from yett.proxy.rehearsal import Turn
from yett.proxy.rehearsal.words import capital, step_of, ways_text
from yett.signin import Method, State, Way
from yett.signin.model import Factor


@pytest.mark.parametrize(
    ("look", "turn", "said"),
    [
        (Look("rate", is_on=False), Turn.OFF, "Nothing is checked"),
        (
            Look("place", is_on=True, detail="country AT"),
            Turn.PASSES,
            "Nothing speaks against it (country AT)",
        ),
        (Look("place", is_on=True, is_passing_blind=True, detail="x"), Turn.PASSES, "cannot say anything"),
        (Look("place", is_on=True, status=403, reason="country_denied"), Turn.REFUSED, "deny_countries"),
        (Look("hours", is_on=True, status=403, reason="holiday"), Turn.REFUSED, "holiday"),
        (Look("rate", is_on=True, status=503, reason="breaker_open"), Turn.REFUSED, "cannot be counted"),
        (Look("rate", is_on=True, status=429, reason="banned"), Turn.REFUSED, "banned"),
        (Look("size", is_on=True, status=413, reason="too_large"), Turn.REFUSED, "larger"),
        (Look("origin", is_on=True, status=204, reason="preflight"), Turn.PASSES, "preflight"),
        (Look("origin", is_on=True, status=403, reason="origin"), Turn.REFUSED, "allowed_origins"),
        (Look("work", is_on=True, status=403, reason="work"), Turn.ASKED, "compute first"),
        (Look("work", is_on=True, status=503, reason="failed"), Turn.REFUSED, "fail_open"),
    ],
)
def test_every_look_is_a_step_with_a_sentence(look, turn, said):
    step = step_of(look)
    assert (step.name, step.turn, step.status) == (look.check, turn, look.status)
    assert said in step.sentence
    assert step.sentence[0].isupper()


def test_ways_in_are_told_with_what_follows():
    mfa, single = Assurance.MFA, Assurance.SINGLE
    ways = (
        Way(Method.PASSWORD, State.FACTOR, frozenset({Factor.TOTP, Factor.EMAIL}), mfa),
        Way(Method.MAGIC_LINK, State.SIGN_UP, frozenset({Factor.EMAIL}), mfa),
        Way(Method.X509, State.SIGNED_IN, frozenset(), single),
        Way(Method.KERBEROS, State.ENROL, frozenset(), mfa),
        Way(Method.PASSKEY, State.NOWHERE, frozenset(), single),
    )
    assert ways_text(ways) == (
        "password, then email or totp; or magiclink, then email, then set up a factor of their own; or x509; "
        "or kerberos, then set up a second factor"
    )


def test_a_sentence_begins_with_a_capital():
    assert [capital(text) for text in ("", "a b", "A")] == ["", "A b", "A"]
