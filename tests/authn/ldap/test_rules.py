import pytest

from yett.authn.ldap import rules
from yett.authn.ldap.model import Finding, NotChanged, Problem
from yett.net.ldap import Result, ber, messages

AD = "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data {}, v2580"


def result(code, *, error=None, grace=None, text=""):
    parts = []
    if grace is not None:
        parts.append(ber.sequence(ber.integer(grace, 0x81), tag=0xA0))
    if error is not None:
        parts.append(ber.integer(error, 0x81))
    return Result(code, text, {messages.POLICY: ber.sequence(*parts)} if parts else {})


@pytest.mark.parametrize(
    ("answer", "finding"),
    [
        (result(0), Finding.ACCEPTED),
        (result(0, error=2), Finding.EXPIRED),
        (result(0, error=0), Finding.EXPIRED),
        (result(0, grace=2), Finding.EXPIRED),
        (result(0, error=1), Finding.LOCKED),
        (result(0, error=99), Finding.FAILED),
        (Result(0, "", {messages.POLICY: b"\x30\x05\x81"}), Finding.FAILED),
        (result(49, error=99), Finding.WRONG),
        (result(49), Finding.WRONG),
        (result(49, error=0), Finding.EXPIRED),
        (result(49, error=1), Finding.LOCKED),
        (result(49, text=AD.format("52e")), Finding.WRONG),
        (result(49, text=AD.format("525")), Finding.WRONG),
        (result(49, text=AD.format("532")), Finding.EXPIRED),
        (result(49, text=AD.format("773")), Finding.EXPIRED),
        (result(49, text=AD.format("533")), Finding.DISABLED),
        (result(49, text=AD.format("701")), Finding.DISABLED),
        (result(49, text=AD.format("775")), Finding.LOCKED),
        (result(49, text="data 532"), Finding.WRONG),
        (result(48), Finding.WRONG),
        (result(32), Finding.WRONG),
        (result(34), Finding.WRONG),
        (result(19), Finding.LOCKED),
        (result(53), Finding.DISABLED),
        (result(51), Finding.FAILED),
        (result(52), Finding.FAILED),
        (result(13), Finding.FAILED),
        (result(10), Finding.FAILED),
        (result(14), Finding.FAILED),
        (result(80), Finding.FAILED),
    ],
)
def test_what_an_answer_means(answer, finding):
    assert rules.judge(answer) is finding


def test_of_all_result_codes_only_success_lets_anybody_in():
    assert [code for code in range(-2, 200) if rules.judge(Result(code)) is Finding.ACCEPTED] == [0]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (result(0), None),
        (result(19, error=6), Problem.TOO_SHORT),
        (result(19, error=5), Problem.QUALITY),
        (result(19, error=7), Problem.TOO_YOUNG),
        (result(19, error=8), Problem.IN_HISTORY),
        (result(19, error=9), Problem.TOO_LONG),
        (result(50, error=3), Problem.NOT_ALLOWED),
        (result(19, error=4), Problem.WRONG),
        (result(19), Problem.QUALITY),
        (result(49), Problem.WRONG),
        (result(53), Problem.WRONG),
        (result(50), Problem.NOT_ALLOWED),
        (result(80), Problem.FAILED),
    ],
)
def test_why_a_password_was_not_changed(answer, problem):
    assert rules.judge_change(answer) is problem


@pytest.mark.parametrize("problem", list(Problem))
def test_each_problem_has_a_sentence_for_the_person(problem):
    assert NotChanged(problem).sentence.endswith(".")


@pytest.mark.parametrize("text", ["", "a" * 1025, "é" * 513, "a\x00b", "\ud800"])
def test_what_cannot_be_a_password_is_seen(text):
    assert not rules.is_fit(text, 1024)


def test_active_directory_gets_its_password_in_quotes_and_sixteen_bits():
    gone, new = rules.unicode_password("a", "é")
    assert (gone.kind, gone.values) == (1, (b'"\x00a\x00"\x00',))
    assert (new.kind, new.values) == (0, (b'"\x00\xe9\x00"\x00',))
