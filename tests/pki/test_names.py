import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.pki.names import covers, normal, wildcard_over

LABELS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8).map(lambda text: "a" + text)
HOSTS = st.lists(LABELS, min_size=1, max_size=5).map(".".join)


@pytest.mark.parametrize(
    ("given_name", "spelled"),
    [
        ("Wiki.Example.COM.", "wiki.example.com"),
        ("localhost", "localhost"),
        ("*.example.com", "*.example.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("", None),
        (".", None),
        ("*", None),
        ("*.com", None),
        ("*.*.example.com", None),
        ("w*.example.com", None),
        ("www.*.com", None),
        ("-a.example", None),
        ("a-.example", None),
        ("a..example", None),
        ("a b.example", None),
        ("bücher.example", None),
        ("10.0.0.300", None),
        ("*.0.0.1", None),
        ("fe80::1%eth0", None),
        ("a" * 64 + ".example", None),
        (".".join(["a" * 49] * 6), None),
        ("a.example\n", None),
        ("a.example/b", None),
    ],
)
def test_a_name_has_one_spelling_or_none(given_name, spelled):
    assert normal(given_name) == spelled


@given(st.text(max_size=300))
def test_any_text_is_spelled_once_or_refused(text):
    spelled = normal(text)
    assert spelled is None or normal(spelled) == spelled


@given(HOSTS, LABELS)
def test_a_wildcard_covers_exactly_one_label(host, label):
    if "." not in host:
        host += ".example"
    pattern = f"*.{host}"
    assert covers(pattern, f"{label}.{host}")
    assert not covers(pattern, host)
    assert not covers(pattern, f"{label}.{label}.{host}")
    assert not covers(pattern, f"x{label}{host}")
    assert wildcard_over(f"{label}.{host}") == pattern


@given(HOSTS, HOSTS)
def test_a_plain_name_covers_only_itself(one, other):
    assert covers(one, other) == (one == other)


def test_no_wildcard_covers_an_address_or_another_wildcard():
    assert not covers("*.0.0.1", "10.0.0.1")
    assert not covers("*.example.com", "*.a.example.com")
    assert covers("*.example.com", "*.example.com")
    assert not covers("*.com", "example.com")
