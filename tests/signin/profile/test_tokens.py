import pytest

from yett.signin.profile.authenticator import FAILED
from yett.signin.profile.tokens import OwnTokens, Wish

WISH = Wish("backup", ("account",), 7)


@pytest.fixture
async def own(kept):
    return OwnTokens(kept.personal)


async def test_a_token_is_made_shown_and_revoked(own, home, kept):
    owner = await home.owner()
    assert own.is_offered(owner)
    made = await own.make(owner, WISH)
    assert kept.personal.look(made.text)
    assert [each.name for each in own.shown(owner)] == ["backup"]
    assert await own.revoke(owner, made.token.id) is True
    assert await own.revoke(owner, made.token.id) is False
    assert not own.shown(owner)


@pytest.mark.parametrize(
    ("wish", "heading"),
    [
        (Wish("", ("account",), 7), "The token needs a name."),
        (Wish("a", (), 7), "Choose what the token may do."),
        (Wish("a", ("account",), 1000), "Choose how long the token lasts."),
        (Wish("here", ("account",), 7), "You have a token of that name."),
    ],
)
async def test_each_refusal_says_what_to_do(own, home, wish, heading):
    owner = await home.owner()
    await own.make(owner, Wish("here", ("account",), 7))
    assert (await own.make(owner, wish)).heading == heading


async def test_one_too_many_is_told(own, home):
    owner = await home.owner()
    for number in range(3):
        await own.make(owner, Wish(f"token {number}", ("account",), 7))
    assert "as many tokens" in (await own.make(owner, WISH)).heading


async def test_faults_of_ours_are_told_as_such(own, home):
    owner = await home.owner()
    made = await own.make(owner, WISH)
    home.house.records.broken_prefix = "oidc/personal"
    assert await own.make(owner, Wish("other", ("account",), 7)) is FAILED
    assert await own.revoke(owner, made.token.id) is FAILED


async def test_people_see_only_their_own(own, home):
    ada, bob = await home.owner(), await home.owner("bob")
    made = await own.make(ada, WISH)
    assert not own.shown(bob)
    assert await own.revoke(bob, made.token.id) is False
    assert own.shown(ada)
