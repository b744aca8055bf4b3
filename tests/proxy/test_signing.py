from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.identity import Person
from yett.keys import MasterKey
from yett.proxy import HeaderSigner, ProxySettings, events, verify_headers

NOW = 1_800_000_010.0
MASTER = MasterKey(b"m" * 32)


def person(**changes):
    return Person(
        **{
            "name": "ada",
            "display_name": "Ada",
            "email": "ada@example.org",
            "groups": ("staff", "ops"),
            "is_disabled": False,
            "source": "local",
            **changes,
        }
    )


def signer(**changes):
    return HeaderSigner(MASTER, ProxySettings(**changes), key_length=32)


def sent(lines):
    return {
        name.lower(): value
        for name, value in (line.split(": ", 1) for line in lines.decode().removesuffix("\r\n").split("\r\n"))
    }


def test_headers_tell_who_calls_and_verify_with_the_published_keys():
    made = signer()
    headers = sent(made.headers(person(), session="s1", host="wiki.example", now=NOW).lines)

    assert headers["x-yett-user"] == "ada"
    assert headers["x-yett-groups"] == "staff,ops"
    assert verify_headers(headers, made.public_keys(NOW), host="wiki.example", now=NOW)


@pytest.mark.parametrize("name", ["user", "name", "email", "groups", "session", "issued", "expires"])
def test_a_changed_header_does_not_verify(name):
    made = signer()
    headers = sent(made.headers(person(), session="s1", host="wiki.example", now=NOW).lines)
    headers[f"x-yett-{name}"] += "1"
    assert not verify_headers(headers, made.public_keys(NOW), host="wiki.example", now=NOW)


def test_headers_for_one_host_do_not_verify_on_another():
    made = signer()
    headers = sent(made.headers(person(), session="s1", host="wiki.example", now=NOW).lines)
    assert not verify_headers(headers, made.public_keys(NOW), host="bank.example", now=NOW)


def test_a_signature_is_reused_within_its_window_and_expires_after_it():
    made = signer(signature_lifetime=timedelta(seconds=60))
    first = made.headers(person(), session="s1", host="h", now=NOW)
    headers = sent(first.lines)

    assert first.expires_at - 30 <= NOW < first.expires_at
    assert verify_headers(headers, made.public_keys(NOW), host="h", now=first.expires_at)
    assert not verify_headers(headers, made.public_keys(NOW), host="h", now=first.expires_at + 61 + 30)


def test_every_node_has_the_same_keys_and_they_change_with_the_epoch():
    one, two = signer(), signer()
    assert one.public_keys(NOW) == two.public_keys(NOW)
    day = timedelta(hours=24).total_seconds()
    before = {key["kid"] for key in one.public_keys(NOW)["keys"]}
    after = {key["kid"] for key in one.public_keys(NOW + day)["keys"]}
    assert len(before) == 3
    assert len(before & after) == 2


def test_keys_of_another_cluster_do_not_verify():
    made = signer()
    headers = sent(made.headers(person(), session="s1", host="h", now=NOW).lines)
    other = HeaderSigner(MasterKey(b"n" * 32), ProxySettings(), key_length=32)
    assert not verify_headers(headers, other.public_keys(NOW), host="h", now=NOW)


@given(st.text(max_size=40), st.text(max_size=40), st.lists(st.text(min_size=1, max_size=20), max_size=4))
def test_no_name_breaks_out_of_its_header(display_name, email, groups):
    made = signer()
    who = person(display_name=display_name, email=email, groups=tuple(groups))
    try:
        lines = made.headers(who, session="s1", host="h", now=NOW).lines
    except UnicodeEncodeError:  # lone surrogates: the directory's file cannot hold them
        return
    assert lines.count(b"\r\n") == 9
    assert all(line.startswith(b"X-Yett-") for line in lines.removesuffix(b"\r\n").split(b"\r\n"))
    assert verify_headers(sent(lines), made.public_keys(NOW), host="h", now=NOW)


def test_a_rotation_that_outruns_signatures_is_pointed_out(heard):
    signer(signing_rotation=timedelta(seconds=61), signature_lifetime=timedelta(seconds=60))
    assert [said for said, _ in heard()] == [events.rotation_too_short]


def test_a_short_cluster_key_is_pointed_out(heard):
    HeaderSigner(MASTER, ProxySettings(), key_length=20)
    assert heard() == [(events.key_too_short, {"length": 20})]


def test_missing_headers_do_not_verify():
    assert not verify_headers({}, signer().public_keys(NOW), host="h", now=NOW)


@pytest.mark.parametrize(("rotation", "seconds"), [(86400, 300), (600, 300), (60, 30), (1, 0)])
def test_published_keys_may_be_kept_until_the_one_after_next_is_needed(rotation, seconds):
    made = signer(signing_rotation=timedelta(seconds=rotation), signature_lifetime=timedelta(seconds=5))
    assert made.keys_fresh_for == seconds
