import pytest

from yett.kernel import CommandFailed, Verdict
from yett.ops import AccessCommands
from yett.ops.access import events
from yett.proxy.rehearsal import Rehearsed, Step, Turn
from yett.store import StoreUnavailable

URL = "https://wiki.example/x"
ROUTE = Step("route", Turn.PASSES, "Mapping Wiki")
DENIED = Step("access", Turn.REFUSED, "Rule Wiki keeps bob out", "no_group", 403)
ASKED = Step("session", Turn.ASKED, "bob would be asked to sign in: password", "sign_in", 303)


@pytest.fixture
def make():
    seen = []

    def making(*steps, fails=None):
        async def rehearse(asked):
            seen.append(asked)
            if fails is not None:
                raise fails
            return Rehearsed([*steps], "wiki.example", "/x", "Wiki", "Wiki")

        return AccessCommands(rehearse)

    making.seen = seen
    return making


async def test_a_refusal_is_a_no_and_names_the_step(make, heard):
    answer = await make(ROUTE, DENIED).test(url=URL, user="Bob")
    assert isinstance(answer, Verdict)
    assert not answer.is_yes
    assert answer.text.startswith(
        "REFUSED. bob would not get GET https://wiki.example/x. Rule Wiki keeps bob out."
    )
    assert "> access  refused" in answer.text
    assert (answer.facts["allowed"], answer.facts["decided_by"], answer.facts["status"]) == (
        False,
        "access",
        403,
    )
    assert [step["step"] for step in answer.facts["steps"]] == ["route", "access"]
    assert heard("access") == [
        (
            events.tested,
            {
                "operator": "root", "source": "cli", "user": "bob", "method": "GET",
                "host": "wiki.example", "path": "/x",
                "outcome": Turn.REFUSED, "step": "access", "reason": "no_group",
            },
        )
    ]  # fmt: skip
    assert events.tested.declaration.audit


async def test_what_is_allowed_after_signing_in_is_a_yes(make):
    answer = await make(ROUTE, ASKED).test(url=URL, user="bob")
    assert answer.is_yes
    assert answer.text.startswith("ALLOWED, after something is asked.")
    assert answer.facts["outcome"] == "asked"


async def test_what_is_refused_after_signing_in_is_a_no(make):
    answer = await make(ROUTE, ASKED, DENIED).test(url=URL, user="bob")
    assert not answer.is_yes
    assert answer.facts["status"] == 303
    assert "first answer would have status 303" in answer.text


async def test_what_is_allowed_says_by_which_rule(make):
    answer = await make(ROUTE).test(url=URL)
    assert answer.text.startswith("ALLOWED by rule Wiki. Somebody who is not signed in would get GET")
    assert answer.facts["user"] is None


async def test_everything_that_was_said_is_asked(make):
    await make(ROUTE).test(
        url=f" {URL} ",
        method="POST",
        address="2001:db8::1",
        header=("Accept: text/html",),
        body="1MiB",
        at="2026-01-31T12:00Z",
    )
    asked = make.seen[0]
    assert (asked.url, asked.method, asked.client_address, asked.body_size) == (
        URL,
        "POST",
        "2001:db8::1",
        1 << 20,
    )
    assert asked.headers == ("Accept: text/html",)
    assert asked.at == 1_769_860_800


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"user": "no body"}, "nobody's name"),
        ({"user": "\u212aelvin"}, "nobody's name"),
        ({"address": "localhost"}, "no address"),
        ({"header": ("Accept",)}, "is not"),
        ({"header": ("Cookie: __Host-yett=secret",)}, "Cookie cannot be tried"),
        ({"header": ("Authorization : Bearer secret",)}, "Authorization cannot be tried"),
        ({"header": ("content_length: 5",)}, "cannot be tried"),
        ({"header": ("A: b",) * 51}, "at most 50"),
        ({"body": "much"}, "--body"),
        ({"at": "noon"}, "--at"),
    ],
)
async def test_what_cannot_be_asked_says_so_without_repeating_secrets(make, heard, words, said):
    with pytest.raises(CommandFailed, match=said) as caught:
        await make(ROUTE).test(url=URL, **words)
    assert "secret" not in str(caught.value)
    assert heard("access") == []


async def test_a_store_that_does_not_answer_is_said(make):
    with pytest.raises(CommandFailed, match="nobody can say"):
        await make(fails=StoreUnavailable("the disk is full")).test(url=URL)
