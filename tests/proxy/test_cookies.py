import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.cookies import csrf_of, drop, keep_csrf, keep_session, session_token, token_of

TOKEN = "a-b_" * 10 + "abc"


@pytest.mark.parametrize(
    "cookies",
    [
        f"__Host-yett={TOKEN}",
        f"theme=dark; __Host-yett={TOKEN}",
        f"theme=dark;__Host-yett={TOKEN} ; other=1",
        f'bad="un;closed; __Host-yett={TOKEN}; x',
    ],
)
def test_our_cookie_is_found_among_others(cookies):
    assert token_of(cookies.encode()) == TOKEN


@pytest.mark.parametrize(
    "cookies",
    [
        "",
        "__Host-yett=",
        f"__Host-yett={TOKEN}x",
        f"__Host-yett={TOKEN[:-1]}",
        f"X__Host-yett={TOKEN}",
        f"a=__Host-yett={TOKEN}",
        f"__Host-yett-login={TOKEN}",
        f'__Host-yett="{TOKEN}"',
    ],
)
def test_what_only_looks_like_our_cookie_is_not_read(cookies):
    assert session_token(cookies.encode()) == b""


def test_the_cookie_of_a_trip_to_sign_in_is_another_one():
    assert csrf_of(f"__Host-yett={TOKEN}; __Host-yett-login={TOKEN[::-1]}".encode()) == TOKEN[::-1]
    assert csrf_of(f"__Host-yett={TOKEN}".encode()) == ""


@given(st.binary())
def test_any_bytes_give_a_token_of_the_right_form_or_none(cookies):
    assert len(session_token(cookies)) in {0, 43}


def test_every_cookie_is_set_as_its_prefix_demands():
    for line in (keep_session(TOKEN), keep_csrf(TOKEN, 60), drop("__Host-yett")):
        attributes = line.split("; ")[1:]
        assert attributes[:4] == ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"]
        assert not any(each.startswith("Domain") for each in attributes)


def test_what_is_set_is_found_again():
    assert token_of(keep_session(TOKEN).partition(";")[0].encode()) == TOKEN
    assert csrf_of(keep_csrf(TOKEN, 60).partition(";")[0].encode()) == TOKEN
    assert token_of(drop("__Host-yett").partition(";")[0].encode()) == ""
