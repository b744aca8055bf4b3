from msgspec import UNSET

from yett.tokens import Actor, Draft, Group, Identity, Source, TokenData, TokenType, saying
from yett.tokens.model import INTERNAL

DATA = TokenData("k" * 22, "root", TokenType.SESSION, frozenset({"admin:token"}), 1.0)


def test_of_the_gateway_itself_nothing_is_said():
    assert set(saying.of_actor(INTERNAL).values()) == {UNSET}


def test_whoever_acts_does_so_by_a_token():
    assert saying.of_actor(Actor("root", "", DATA, Source.BASIC_PASSWORD)) == {
        "user": "root",
        "token": "k" * 22,
        "scopes": ("admin:token",),
        "token_source": "basic-password",
    }


def test_what_a_token_says_about_its_user_is_said_without_gaps():
    assert saying.userinfo(Identity()) == {}
    assert saying.userinfo(Identity("A", "a@b", 1, 2, (Group("g", 3), Group("h")))) == {
        "name": "A",
        "email": "a@b",
        "uid": 1,
        "gid": 2,
        "groups": [{"name": "g", "id": 3}, {"name": "h"}],
    }


async def test_tokens_made_by_administrators_are_said_so_with_all_they_say_of_their_users(place, said):
    root = await place.actor(place.people.table["root"])
    said.forget()
    identity = Identity("Ada", "ada@example.test", 45613, 12, (Group("foo", 12313),))
    drafts = (
        Draft("carol", TokenType.USER, frozenset({"read:all"}), place.clock.now() + 3600, "x", identity),
        Draft("bot-ci", TokenType.SERVICE, frozenset(), None),
        Draft("root", TokenType.USER, frozenset(), None, "own"),
    )

    keys = [(await place.tokens.create_as_administrator(draft, root)).key for draft in drafts]

    common = {
        "logger": "gafaelfawr",
        "severity": "info",
        "audit": True,
        "user": "root",
        "token": root.token.key,
        "scopes": sorted(root.scopes),
        "token_source": "cookie",
    }
    assert said() == [
        {
            **common,
            "event": "Created new user token as administrator",
            "event_code": "gafaelfawr.user_token_created_as_administrator",
            "token_key": keys[0],
            "token_username": "carol",
            "token_expires": "2027-01-15 09:00:00+00:00",
            "token_name": "x",
            "token_scopes": ["read:all"],
            "token_userinfo": {
                "name": "Ada",
                "email": "ada@example.test",
                "uid": 45613,
                "gid": 12,
                "groups": [{"name": "foo", "id": 12313}],
            },
        },
        {
            **common,
            "event": "Created new service token",
            "event_code": "gafaelfawr.service_token_created",
            "token_key": keys[1],
            "token_username": "bot-ci",
            "token_expires": None,
            "token_scopes": [],
        },
        {
            **common,
            "event": "Created new user token as administrator",
            "event_code": "gafaelfawr.user_token_created_as_administrator",
            "token_key": keys[2],
            "token_username": "root",
            "token_expires": None,
            "token_name": "own",
            "token_scopes": [],
        },
    ]
