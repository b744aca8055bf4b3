"""Every decision of signing in, as tables."""

from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.authn.password import Reason, Rejected
from yett.identity.access import Assurance
from yett.keys import Opened
from yett.signin import MFASettings, rules
from yett.signin.machine import Demand
from yett.signin.model import Factor, FormFault, Method, Sent, Turned, TurnedAway, Use, Visit

OWN = "https://login.example.test"


@pytest.mark.parametrize(
    ("wanted", "to"),
    [
        ("/", "/"),
        ("/oidc/authorize?client_id=a&state=%2F%2Fx", "/oidc/authorize?client_id=a&state=%2F%2Fx"),
        ("/a//b", "/a//b"),
        ("", "/"),
        ("oidc", "/"),
        ("//evil.test", "/"),
        ("///evil.test", "/"),
        ("/\\evil.test", "/"),
        ("/a\\b", "/"),
        ("\\\\evil.test", "/"),
        ("https://evil.test/", "/"),
        ("javascript:alert(1)", "/"),
        ("/a b", "/"),
        ("/\t/evil.test", "/"),
        ("/\n/evil.test", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("/\x00", "/"),
        ("/\u2028", "/"),
        ("/\uff0fevil.test", "/"),
        ("/" + "a" * rules.MAX_NEXT, "/"),
    ],
)
def test_a_sign_in_ends_on_a_path_of_this_host(wanted, to):
    assert rules.local_path(wanted) == to


@given(st.text())
def test_wherever_it_ends_it_is_this_host(wanted):
    parts = urlsplit(urljoin(f"{OWN}/signin", rules.local_path(wanted)))
    assert (parts.scheme, parts.netloc) == ("https", "login.example.test")


@pytest.mark.parametrize(
    ("query", "to", "again"),
    [
        (b"", "/", False),
        (b"next=%2Foidc%2Fauthorize%3Fa%3D1", "/oidc/authorize?a=1", False),
        (b"next=/a&again=1", "/a", True),
        (b"again=yes", "/", False),
        (b"next=/a&next=/b", "/", False),
        (b"next=%zz&again=1", "/", False),
    ],
)
def test_the_query_says_where_to_go_and_whether_to_ask_again(query, to, again):
    assert (rules.wanted_next(query), rules.wants_again(query)) == (to, again)


@given(
    st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\\"), max_size=50)
)
def test_a_path_survives_the_way_through_a_query(rest):
    to = rules.local_path("/a" + rest)
    there = rules.with_next("/signin", to)
    assert rules.wanted_next(there.partition("?")[2].encode()) == to


def test_the_home_page_needs_no_mention_and_leads_nowhere_else():
    assert rules.with_next("/signin", "/") == "/signin"
    assert rules.with_next("/signin", "/a?b") == "/signin?" + urlencode({"next": "/a?b"})
    assert not rules.is_leading_away("/")
    assert not rules.is_leading_away("/?a=1")
    assert rules.is_leading_away("/oidc/authorize?a=1")


@pytest.mark.parametrize(
    ("value", "is_believable"),
    [("a" * 43, True), ("-_" + "9" * 41, True), ("a" * 42, False), ("", False), ("a" * 42 + "=", False)],
)
def test_a_cookie_of_ours_has_the_shape_of_one(value, is_believable):
    assert rules.is_believable_cookie(value) is is_believable


def sent(
    *, origin=OWN, site="same-origin", cookie="c" * 43, use="signin", to="c" * 43, expired=False, sealed=True
):
    payload = {"use": use, "to": to}
    return Sent(origin, site, cookie, Opened(payload, expired) if sealed else None)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({}, None),
        ({"origin": "", "site": ""}, None),  # an old browser
        ({"site": "none"}, None),  # sent again with the reload button
        ({"origin": "https://evil.test", "site": ""}, FormFault.CROSS_SITE),
        ({"origin": "null"}, FormFault.CROSS_SITE),
        ({"origin": "http://login.example.test"}, FormFault.CROSS_SITE),
        ({"site": "cross-site"}, FormFault.CROSS_SITE),
        ({"site": "same-site"}, FormFault.CROSS_SITE),  # an application beside us is another site to us
        ({"cookie": ""}, FormFault.NO_COOKIE),
        ({"sealed": False}, FormFault.FORGED),
        ({"use": "signout"}, FormFault.FORGED),
        ({"to": "d" * 43}, FormFault.FOREIGN),
        ({"cookie": "\u00fc"}, FormFault.FOREIGN),
        ({"expired": True}, FormFault.EXPIRED),
        ({"expired": True, "to": ""}, FormFault.FOREIGN),
    ],
)
def test_a_form_is_believed_only_from_the_browser_it_was_given_to(changed, fault):
    assert rules.judge_form(sent(**changed), Use.SIGN_IN, OWN) is fault


@pytest.mark.parametrize("reason", list(Reason))
def test_what_tells_a_right_name_from_a_wrong_one_looks_the_same(reason):
    known = {
        Reason.THROTTLED: Turned.THROTTLED,
        Reason.BUSY: Turned.BUSY,
        Reason.FAILED: Turned.UNAVAILABLE,
    }
    assert rules.judge_rejection(Rejected(reason, 2.5)) == TurnedAway(known.get(reason, Turned.WRONG), 2.5)


# What is remembered.

FIRST, SECOND, THIRD = (Visit(name, float(at), f"192.0.2.{at}") for at, name in enumerate("abc", 1))


def remembered(*visits):
    datum = {}
    for visit in visits:
        datum = rules.with_visit(datum, visit)
    return datum


@pytest.mark.parametrize(
    ("visits", "session", "created_at", "before"),
    [
        ((), "a", 1.0, None),
        ((FIRST,), "a", 1.0, None),
        ((FIRST, SECOND, THIRD), "c", 3.0, SECOND),
        ((FIRST, SECOND, THIRD), "b", 2.0, FIRST),  # another browser signed in since then
        ((FIRST, SECOND, THIRD), "x", 2.5, SECOND),  # the session's own was not kept
        ((SECOND, THIRD), "x", 1.0, None),
        ((THIRD, FIRST), "a", 1.0, None),  # the clock was set back in between
    ],
)
def test_the_sign_in_before_a_session_is_the_newest_one_older_than_it(visits, session, created_at, before):
    assert rules.visit_before(remembered(*visits), session, created_at) == before


def test_only_the_newest_sign_ins_are_remembered_and_nothing_else_is_lost():
    visits = [Visit(str(number), float(number), "192.0.2.7") for number in range(rules.MAX_VISITS + 5)]

    datum = rules.with_visit({**remembered(*visits[:-1]), "theme": "dark"}, visits[-1])

    assert rules.visits_of(datum) == tuple(visits[5:])
    assert datum["theme"] == "dark"


@pytest.mark.parametrize(
    "visits", [None, 7, "text", [7], [{"session": "a"}], [{"session": "a", "at": -1.0, "address": ""}],
               [{"session": "a", "at": 1e300, "address": ""}], {"session": "a"}],
)  # fmt: skip
def test_what_has_another_shape_counts_as_nothing_and_is_replaced(visits):
    assert rules.visits_of({"visits": visits}) == ()
    assert rules.visits_of(rules.with_visit({"visits": visits}, FIRST)) == (FIRST,)


OFFERS = frozenset({Factor.TOTP, Factor.RECOVERY, Factor.EMAIL, Factor.PASSKEY})


@pytest.mark.parametrize(
    ("query", "offers", "by"),
    [
        (b"", OFFERS, Factor.TOTP),
        (b"by=email", OFFERS, Factor.EMAIL),
        (b"by=recovery", OFFERS, Factor.RECOVERY),
        (b"by=passkey", OFFERS, Factor.TOTP),
        (b"by=email", frozenset({Factor.TOTP}), Factor.TOTP),
        (b"by=totp&by=email", OFFERS, Factor.TOTP),
        (b"by=%zz", OFFERS, Factor.TOTP),
        (b"", frozenset({Factor.PASSKEY}), None),
        (b"by=totp", frozenset(), None),
    ],
)
def test_a_page_asks_for_what_is_offered_whatever_its_address_says(query, offers, by):
    assert rules.wanted_factor(query, offers) is by


@pytest.mark.parametrize(
    ("email", "shown"),
    [("ada@example.test", "a…@example.test"), ("a@b", "a…@b"), ("", ""), ("nothing", ""), ("@x", "…@x")],
)
def test_an_address_is_shown_to_nobody_in_full(email, shown):
    assert rules.masked(email) == shown


@pytest.mark.parametrize(
    ("origin", "site", "kind", "is_ours"),
    [
        ("", "", "application/json", True),
        (OWN, "same-origin", "application/json; charset=utf-8", True),
        ("", "none", "APPLICATION/JSON", True),
        ("https://evil.test", "", "application/json", False),
        ("null", "", "application/json", False),
        ("", "same-site", "application/json", False),
        ("", "", "text/plain", False),
        ("", "", "text/plain; application/json", False),
        ("", "", "", False),
    ],
)
def test_a_call_is_ours_or_of_no_browser(origin, site, kind, is_ours):
    assert rules.judge_call(origin, site, kind, OWN) is is_ours


@pytest.mark.parametrize(
    ("method", "groups", "demand", "is_required"),
    [
        (Method.PASSWORD, (), Demand.ALWAYS, False),
        (Method.PASSWORD, ("wiki", "admins"), Demand.ALWAYS, True),
        (Method.X509, ("admins",), Demand.NEVER, True),
        (Method.KERBEROS, ("admin",), Demand.ENROLLED, False),
        (Method.MAGIC_LINK, (), Demand.ENROLLED, False),
        (Method.PASSKEY, (), Demand.ENROLLED, False),
    ],
)
def test_what_is_demanded_depends_on_method_and_groups(method, groups, demand, is_required):
    settings = MFASettings(password=Demand.ALWAYS, require_groups=("admins",))
    policy = rules.policy_for(groups, method, settings)
    assert (policy.demand, policy.is_required) == (demand, is_required)


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "in a minute"), (90, "2 minutes"), (1800, "30 minutes"), (4 * 3600, "4 hours")]
)
def test_how_long_to_wait_is_said_in_words(seconds, words):
    assert words in rules.wait_sentence(seconds)


def test_groups_that_do_not_fit_are_left_out_whole():
    text = rules.groups_text(f"group-{number:05}" for number in range(5000))
    assert len(text) <= 16 * 1024
    assert set(map(len, text.split())) == {11}


def test_only_an_address_that_was_signed_in_from_is_known():
    datum = rules.with_visit({}, Visit("ref", 1.0, "2001:db8::1"))
    assert rules.is_known_address(datum, "2001:db8::2")
    assert not rules.is_known_address(datum, "2001:db9::1")
    assert not rules.is_known_address(datum, "")
    assert not rules.is_known_address(None, "192.0.2.7")
    assert not rules.is_known_address({"visits": "nonsense"}, "192.0.2.7")


def test_a_factor_that_was_enrolled_just_now_does_not_resist_phishing():
    facts = {"amr": "pwd", "method": "password", "purpose": "enrol", "groups": "a"}
    assert rules.with_factor(facts, Factor.PASSKEY, Method.PASSWORD)["assurance"] == "phishing_resistant"
    assert rules.with_factor(facts, Factor.PASSKEY, Method.PASSWORD, is_new=True)["assurance"] == "mfa"


@pytest.mark.parametrize(
    ("kept", "factor", "amr", "assurance"),
    [
        ({"amr": "pwd", "assurance": "single"}, Factor.TOTP, "pwd otp mfa", "mfa"),
        ({"amr": "pwd", "assurance": "single"}, Factor.PASSKEY, "pwd hwk mfa", "phishing_resistant"),
        ({"amr": "pwd otp mfa", "assurance": "mfa"}, Factor.PASSKEY, "pwd otp hwk mfa", "phishing_resistant"),
        # Lifted higher in another tab meanwhile: it never knows less.
        (
            {"amr": "pwd hwk mfa", "assurance": "phishing_resistant"},
            Factor.TOTP,
            "pwd hwk otp mfa",
            "phishing_resistant",
        ),
        ({}, Factor.TOTP, "otp mfa", "mfa"),
    ],
)
def test_what_a_session_knows_after_one_more_factor(kept, factor, amr, assurance):
    assert rules.lifted(kept, factor, Method.PASSWORD) == {
        "factor": factor.value,
        "amr": amr,
        "assurance": assurance,
    }


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (b"acr=mfa", Assurance.MFA),
        (b"acr=phishing_resistant&next=/", Assurance.PHISHING_RESISTANT),
        (b"acr=single", Assurance.SINGLE),
        (b"acr=", Assurance.SINGLE),
        (b"", Assurance.SINGLE),
        (b"acr=mfa&acr=phishing_resistant", Assurance.SINGLE),
        (b"acr=MFA", Assurance.SINGLE),
        (b"acr=%ff%00", Assurance.SINGLE),
    ],
)
def test_how_much_a_query_wants_to_be_proven(query, wanted):
    assert rules.wanted_assurance(query) is wanted


@pytest.mark.parametrize(
    ("method", "factor", "is_asked"),
    [
        (Method.PASSWORD, {}, True),
        (Method.PASSKEY, {}, True),
        (Method.MAGIC_LINK, {}, True),
        (Method.X509, {}, False),
        (Method.KERBEROS, {}, False),
        (Method.X509, {"factor": "totp"}, True),
    ],
)
def test_only_what_takes_somebody_answers_who_is_there_now(method, factor, is_asked):
    assert rules.is_asked_anew({rules.AGAIN: "1", **factor}, method) is is_asked
    assert not rules.is_asked_anew(factor, method)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        (b"login_hint=ada", "ada"),
        (b"login_hint=ada%40example.test&next=%2F", "ada@example.test"),
        (b"login_hint=a%0ab", ""),
        (b"login_hint=a%00", ""),
        (b"login_hint=" + b"a" * 257, ""),
        (b"login_hint=ada&login_hint=bob", ""),
        (b"login_hint=%zz", ""),
        (b"", ""),
    ],
)
def test_the_name_that_an_application_expects_is_one_short_line(query, name):
    assert rules.wanted_name(query) == name
