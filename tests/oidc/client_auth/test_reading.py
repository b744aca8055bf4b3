"""Which way a request proves its client, row by row."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.oidc.client_auth import Reason
from yett.oidc.client_auth.model import Assertion, Bare, Secret
from yett.oidc.client_auth.reading import ASSERTION_TYPE, read


def basic(text, scheme="Basic"):
    raw = text if isinstance(text, bytes) else text.encode()
    return f"{scheme} {base64.b64encode(raw).decode()}"


def header(client_id, text, as_sent=""):
    return Secret(client_id, text, is_basic=True, as_sent=as_sent or text)


@pytest.mark.parametrize(
    ("authorization", "form", "shown"),
    [
        ([basic("app:secret")], {}, header("app", "secret")),
        ([basic("app:secret", "bAsIc")], {}, header("app", "secret")),
        ([basic("app:secret")], {"client_id": "app"}, header("app", "secret")),
        ([basic("app:secret")], {"client_id": "", "client_secret": ""}, header("app", "secret")),
        ([basic("app:")], {}, header("app", "")),
        ([basic("app:a:b")], {}, header("app", "a:b")),
        ([basic("a%3Ab:c%25+d")], {}, header("a:b", "c% d", "c%25+d")),
        ([basic("a%C3%A9:%E2%82%AC")], {}, header("aé", "€", "%E2%82%AC")),
        ([basic("aé:€")], {}, header("aé", "€")),
        ([], {"client_id": "app", "client_secret": "s"}, Secret("app", "s", is_basic=False)),
        ([], {"client_id": "app"}, Bare("app")),
        ([], {"client_id": "app", "client_secret": ""}, Bare("app")),
        (
            [],
            {"client_assertion": "x", "client_assertion_type": ASSERTION_TYPE},
            Assertion("", "x"),
        ),
        (
            [],
            {"client_assertion": "x", "client_assertion_type": ASSERTION_TYPE, "client_id": "a"},
            Assertion("a", "x"),
        ),
        # Two at once, in any pair.
        ([basic("app:secret")], {"client_secret": "secret"}, Reason.SEVERAL),
        ([basic("app:secret")], {"client_assertion": "x"}, Reason.SEVERAL),
        ([], {"client_id": "a", "client_secret": "s", "client_assertion": "x"}, Reason.SEVERAL),
        ([basic("app:secret"), basic("app:secret")], {}, Reason.SEVERAL),
        ([basic("app:secret")], {"client_id": "other"}, Reason.SEVERAL),
        # None that counts.
        ([], {}, Reason.NOBODY),
        ([], {"client_id": ""}, Reason.NOBODY),
        ([], {"client_secret": "s"}, Reason.NOBODY),
        ([basic("secret")], {}, Reason.NOBODY),
        ([basic(":secret")], {}, Reason.NOBODY),
        ([basic(b"app:\xff")], {}, Reason.NOBODY),
        ([basic("app:%zz")], {}, header("app", "%zz")),
        ([basic("app:%")], {}, header("app", "%")),
        ([basic("app:%ff")], {}, header("app", "%ff")),
        ([basic("app:a+b")], {}, header("app", "a b", "a+b")),
        ([basic("%zz:secret")], {}, Reason.NOBODY),
        (["Basic !!!!"], {}, Reason.NOBODY),
        (["Basic"], {}, Reason.NOBODY),
        (["Basic " + "A" * 5000], {}, Reason.NOBODY),
        (["Bearer token"], {}, Reason.METHOD),
        (["Digest x"], {}, Reason.METHOD),
        ([""], {"client_id": "app"}, Reason.METHOD),
        ([], {"client_assertion": "x"}, Reason.METHOD),
        ([], {"client_assertion": "x", "client_assertion_type": "saml2-bearer"}, Reason.METHOD),
        ([], {"client_assertion_type": ASSERTION_TYPE, "client_id": "a"}, Reason.MALFORMED),
    ],
)
def test_a_request_proves_its_client_in_one_way(authorization, form, shown):
    assert read(authorization, form) == shown


@given(st.text(max_size=40), st.dictionaries(st.sampled_from(["client_id", "client_secret", "x"]), st.text()))
def test_nothing_raises(header, form):
    read([header], form)
    read([f"Basic {header}"], form)


def test_what_was_shown_is_not_printed():
    assert "hunter2" not in repr(Secret("app", "hunter2", is_basic=True, as_sent="hunter2"))
    assert "hunter2" not in repr(Assertion("app", "hunter2"))
