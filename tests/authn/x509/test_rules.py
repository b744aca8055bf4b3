import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st
from tests.authn.x509.making import NOW, UPN, People, build, mail, person, principal

from yett.authn.x509.model import Identity, Reason, Standing
from yett.authn.x509.rules import MOST_BYTES, is_doubtful, judge_dates, names_in, parse, user_of
from yett.authn.x509.subjects import compile_pattern

ADA = person("ada", "Ada@Example.org")
BOB = person("bob", "bob@example.org")


def named(ca, identity, subject="CN=ada", names=(), **more):
    return user_of(parse(ca.issue(subject, names=names).der), identity, **more)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_certificate_or_none(data):
    assert parse(data) is None


def test_a_certificate_cut_at_any_byte_or_with_bytes_behind_it_is_none(ca):
    der = ca.issue().der
    assert parse(der).serial
    assert all(parse(der[:end]) is None for end in range(len(der)))
    assert parse(der + b"\0") is None


# The library says so of serials below zero, and reads them all the same.
@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_a_certificate_with_one_byte_changed_never_raises(ca):
    der = ca.issue(names=[mail("a@b.example"), principal("ada@example.org")]).der
    for place in range(0, len(der), 3):
        changed = bytearray(der)
        changed[place] ^= 0xFF
        parsed = parse(bytes(changed))
        if parsed is not None:
            for identity in Identity:
                user_of(parsed, identity, upn_domains=("example.org",), owner_of=People(ADA).by_email)


def test_an_oversized_certificate_is_not_looked_at(ca):
    filler = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x04\x82\x40\x00" + b"x" * 0x4000)
    made = ca.issue(extensions=[(filler, False)])
    assert len(made.der) > MOST_BYTES
    assert parse(made.der) is None


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (NOW - 101, Reason.NOT_YET_VALID),
        (NOW - 100, None),
        (NOW, None),
        (NOW + 100, None),
        (NOW + 101, Reason.EXPIRED),
    ],
)
def test_a_certificate_is_good_from_its_first_second_to_its_last(ca, now, reason):
    assert judge_dates(parse(ca.issue(begins=-100, ends=100).der), now) is reason


@pytest.mark.parametrize(
    ("subject", "user"),
    [
        ("CN=ada", "ada"),
        ("CN=ADA,O=Example", "ada"),
        ("CN=Ada Lovelace", None),
        ("CN=ada,CN=bob", None),
        ("CN=ada,CN=ada", "ada"),
        ("O=Example", None),
        ("CN=ada\\0a", None),
        ("CN=\u212aada", None),
    ],
)
def test_a_common_name_is_a_user_name_or_nobodys(ca, subject, user):
    assert named(ca, Identity.COMMON_NAME, subject) == user


@pytest.mark.parametrize(
    ("names", "user"),
    [
        ([mail("ada@example.org")], "ada"),
        ([mail("ADA@EXAMPLE.ORG"), mail("ada@example.org")], "ada"),
        ([mail("ada@example.org"), mail("bob@example.org")], None),
        ([mail("ada@example.org"), mail("eve@example.org")], None),
        ([mail("eve@example.org")], None),
        ([], None),
        ([x509.DNSName("ada.example.org")], None),
    ],
)
def test_an_address_is_that_of_the_person_who_has_it_in_the_directory(ca, names, user):
    assert named(ca, Identity.EMAIL, names=names, owner_of=People(ADA, BOB, person("eve")).by_email) == user


def test_an_address_that_two_people_have_is_nobodys(ca):
    twin = person("eve", "ada@example.org")
    assert (
        named(ca, Identity.EMAIL, names=[mail("ada@example.org")], owner_of=People(ADA, twin).by_email)
        is None
    )


@pytest.mark.parametrize(
    ("names", "user"),
    [
        ([principal("ada@Example.ORG")], "ada"),
        ([principal("ada@evil.example")], None),
        ([principal("ada@example.org"), principal("ada@evil.example")], None),
        ([principal("ada@example.org"), principal("bob@example.org")], None),
        ([principal("ada@evil.example@example.org")], None),
        ([principal("ada")], None),
        ([principal("@example.org")], None),
        ([x509.OtherName(UPN, b"\x16\x0fada@example.org")], None),
        ([x509.OtherName(UPN, b"\x0c\x81\x80" + b"a" * 116 + b"@example.org")], None),
        ([x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\x0c\x0fada@example.org")], None),
        ([mail("ada@example.org")], None),
        ([], None),
    ],
)
def test_a_principal_name_counts_only_with_a_domain_of_ours(ca, names, user):
    assert named(ca, Identity.UPN, names=names, upn_domains=("example.org",)) == user


def test_two_patterns_that_name_two_people_name_nobody(ca):
    one, other = compile_pattern("CN={user},UID=*"), compile_pattern("CN=*,UID={user}")
    assert named(ca, Identity.SUBJECT, "CN=ada,UID=bob", subjects=(one,)) == "ada"
    assert named(ca, Identity.SUBJECT, "CN=ada,UID=ada", subjects=(one, other)) == "ada"
    assert named(ca, Identity.SUBJECT, "CN=ada,UID=bob", subjects=(one, other)) is None
    assert named(ca, Identity.SUBJECT, "CN=ada", subjects=(one, other)) is None


@pytest.mark.parametrize(
    ("standing", "soft", "hard"),
    [
        (Standing.GOOD, False, False),
        (Standing.NOT_ASKED, False, False),
        (Standing.UNKNOWN, False, True),
        (Standing.STRANGE, True, True),
    ],
)
def test_doubt_is_refused_unless_nobody_could_be_asked_and_that_is_allowed(standing, soft, hard):
    assert is_doubtful(standing, soft_fail=True) is soft
    assert is_doubtful(standing, soft_fail=False) is hard


def test_everything_that_could_name_somebody_can_be_shown():
    made = build(
        "CN=ada",
        extensions=[(x509.SubjectAlternativeName([mail("a@b.example"), principal("ada@c.example")]), False)],
    )
    assert names_in(made.certificate) == ("cn:ada", "email:a@b.example", "upn:ada@c.example")
