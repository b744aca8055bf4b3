import contextlib

import hypothesis.strategies as some
import pytest
from hypothesis import given

from yett.net.ldap import PolicyError, Result, ber, messages, policy_of
from yett.net.ldap.ber import BadBER
from yett.net.ldap.messages import Entry, Policy


def result(code, tag=0x61, *, diagnostic="", tail=b"", controls=b""):
    content = ber.integer(code, ber.ENUMERATED) + ber.octets("") + ber.octets(diagnostic) + tail
    return ber.sequence(ber.integer(5), ber.tlv(tag, content), controls)


def controls(oid, value):
    return ber.tlv(0xA0, ber.sequence(ber.octets(oid), ber.boolean(False), ber.octets(value)))


def policy(*parts):
    return Result(0, controls={messages.POLICY: ber.sequence(*parts)})


def test_a_bind_is_written_as_in_the_standard():
    assert (
        messages.message(1, messages.bind("cn=a", "pw")).hex() == "3012020101600d0201030404636e3d6180027077"
    )


def test_an_entry_is_read_with_names_in_lower_case():
    attribute = ber.sequence(
        ber.octets("Mail"), ber.sequence(ber.octets("a@b"), ber.octets(b"\xff"), tag=ber.SET)
    )
    data = ber.sequence(ber.integer(3), ber.tlv(0x64, ber.octets("uid=ada") + ber.sequence(attribute)))
    assert messages.parse(data) == (3, Entry("uid=ada", {"mail": (b"a@b", b"\xff")}))


def test_a_result_is_read_with_its_controls():
    number, answer = messages.parse(result(49, diagnostic="data 532,", controls=controls("1.2.3", b"x")))
    assert (number, answer.code, answer.diagnostic) == (5, 49, "data 532,")
    assert answer.controls == {"1.2.3": b"x"}


def test_a_reference_is_passed_over():
    assert messages.parse(ber.sequence(ber.integer(2), ber.tlv(0x73, ber.octets("ldap://x")))) == (2, None)


def test_the_server_can_say_goodbye():
    data = result(52, 0x78, tail=ber.octets("1.3.6.1.4.1.1466.20036", 0x8A))
    assert messages.parse(data)[1].is_disconnection


def test_the_cookie_of_the_next_page_is_found():
    value = ber.sequence(ber.integer(0), ber.octets(b"more"))
    assert messages.next_page(Result(0, controls={messages.PAGED: value})) == b"more"
    assert messages.next_page(Result(0)) == b""


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Result(0), Policy()),
        (policy(), Policy()),
        (policy(ber.integer(2, 0x81)), Policy(PolicyError.CHANGE_AFTER_RESET)),
        (policy(ber.sequence(ber.integer(3, 0x81), tag=0xA0)), Policy(grace_left=3)),
        (
            policy(ber.sequence(ber.integer(60, 0x80), tag=0xA0), ber.integer(0, 0x81)),
            Policy(PolicyError.EXPIRED),
        ),
        (policy(ber.integer(99, 0x81)), Policy(is_clear=False)),
        (Result(49, controls={messages.POLICY: b"\x30\x05\x81"}), Policy(is_clear=False)),
        (Result(49, controls={messages.EXPIRED: b"0"}), Policy(PolicyError.EXPIRED)),
    ],
)
def test_what_the_password_policy_says_is_understood(answer, said):
    assert policy_of(answer) == said


@given(some.binary(max_size=120))
def test_reading_raises_nothing_else_whatever_the_bytes(data):
    for whole in (data, ber.sequence(ber.integer(1), ber.tlv(0x64, data)), result(0, tail=data)):
        with contextlib.suppress(BadBER):
            messages.parse(whole)


@given(some.data())
def test_a_damaged_answer_is_refused_or_read_and_nothing_else(data):
    whole = bytearray(
        result(49, diagnostic="no", controls=controls(messages.POLICY, ber.sequence(ber.integer(1, 0x81))))
    )
    for _ in range(data.draw(some.integers(1, 4))):
        whole[data.draw(some.integers(0, len(whole) - 1))] = data.draw(some.integers(0, 255))
    try:
        _, answer = messages.parse(bytes(whole))
    except BadBER:
        return
    if isinstance(answer, Result):
        policy_of(answer)
