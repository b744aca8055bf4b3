import contextlib

import hypothesis.strategies as some
import pytest
from hypothesis import given

from yett.net.ldap import BadFilter, all_of, compile_filter, escape


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("(uid=ada)", "a30a04037569640403616461"),
        ("(uid=*)", "8703756964"),
        ("(uid>=a)", "a508040375696404" + "0161"),
        ("(uid<=a)", "a608040375696404" + "0161"),
        ("(uid~=a)", "a808040375696404" + "0161"),
        ("(!(uid=*))", "a2058703756964"),
        ("(&(a=*)(b=*))", "a006870161870162"),
        ("(|)", "a100"),
        ("(&)", "a000"),  # RFC 4526: true
        ("(uid=a*b*c)", "a410040375696430098001618101628201" + "63"),
        ("(uid=*b)", "a40a04037569643003820162"),
        (r"(uid=\2a\28)", "a3090403756964" + "04022a28"),
        ("(uid=é)", "a3090403756964" + "0402c3a9"),
        (
            "(userAccountControl:1.2.840.113556.1.4.803:=2)",
            "a92f8116312e322e3834302e3131333535362e312e342e38303382127573657241636"
            "36f756e74436f6e74726f6c" + "830132",
        ),
        ("(ou:dn:=x)", "a90a8202" + "6f75" + "830178" + "8401ff"),
        ("(:1.2:=x)", "a9088103312e3283" + "0178"),
    ],
)
def test_filters_go_over_the_wire_as_the_standard_says(text, wire):
    assert compile_filter(text).hex() == wire


@pytest.mark.parametrize(
    "text",
    [
        "",
        "uid=ada",
        "(uid=ada",
        "(uid=ada))",
        "(uid=ada)(uid=bob)",
        "(uid)",
        "(=ada)",
        "(uid=a(b)",
        r"(uid=\zz)",
        r"(uid=\2)",
        "(uid=a**b)",
        "(uid>=a*)",
        "(!(uid=a)(uid=b))",
        "(!)",
        "(&(uid=a)",
        "(u id=a)",
        "(:=a)",
        "(!" * 40 + "(uid=a)" + ")" * 40,
        "(uid=" + "a" * 20_000 + ")",
    ],
)
def test_what_is_no_filter_is_refused_with_a_reason(text):
    with pytest.raises(BadFilter, match=r"has|goes|ends"):
        compile_filter(text)


@given(some.text())
def test_a_value_that_is_escaped_is_that_value_and_nothing_more(value):
    wire = compile_filter(all_of("(objectClass=person)", f"(uid={escape(value)})"))
    assert wire.endswith(value.encode("utf-8", "surrogatepass") if not _has_surrogate(value) else b"")


def _has_surrogate(value):
    return any(0xD800 <= ord(character) < 0xE000 for character in value)


@given(some.text(alphabet="()&|!=*<>~:\\ab\x00 ,.", max_size=60))
def test_reading_raises_nothing_else_whatever_the_text(text):
    with contextlib.suppress(BadFilter):
        compile_filter(text)
