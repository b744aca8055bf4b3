import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.identity.local.parse import parse

HASH = "$argon2id$v=19$m=65536,t=3,p=1$" + "A" * 22 + "$" + "B" * 43


def user(**fields):
    lines = [f"{key} = {value}" for key, value in fields.items()]
    return "\n".join(["[[user]]", *lines, ""])


def test_a_full_and_a_bare_person():
    parsed = parse(
        user(
            name='"ada"',
            id='"01890a5d-ac96-774b-bcce-b302099a8057"',
            display_name='"Ada L."',
            email='"ada@example.org"',
            groups='["ops", "dev", "ops"]',
            password_hash=f'"{HASH}"',
        )
        + user(name='"bob"', disabled="true")
    )
    assert parsed.mistakes == ()
    ada, bob = parsed.users["ada"], parsed.users["bob"]
    assert ada.person.groups == ("dev", "ops")
    assert (ada.person.display_name, ada.person.email, ada.password_hash) == (
        "Ada L.",
        "ada@example.org",
        HASH,
    )
    assert ada.person.entry == "local:01890a5d-ac96-774b-bcce-b302099a8057"
    assert bob.person.entry == "local:"
    assert bob.person.display_name == "bob"
    assert bob.person.is_disabled
    assert bob.password_hash == ""


def test_a_hash_is_not_shown_when_a_user_is_printed():
    assert HASH not in repr(parse(user(name='"ada"', password_hash=f'"{HASH}"')).users["ada"])


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("[[user]\n", "not TOML"),
        ("user = 3\n", "people are written as [[user]] tables"),
        ("[user.ada]\n", "people are written as [[user]] tables"),
        ("[[users]]\nname = 'ada'\n", "unknown key 'users'; did you mean 'user'?"),
        (user(email='"a@b.c"'), "user 1: has no name"),
        (user(name="3"), "user 1: has no name"),
        (user(name='"Ada"'), "user 1 ('Ada'): 'Ada' is not a name"),
        (user(name='"ada"') * 2, "user 2 ('ada'): this name is taken"),
        (user(name='"ada"', group='["x"]'), "unknown key 'group'; did you mean 'groups'?"),
        (user(name='"ada"', zzz="1"), "unknown key 'zzz'; known are name"),
        (user(name='"ada"', id="1"), "id is a text"),
        (user(name='"ada"', id='"a b"'), "id is 1 to 64 letters"),
        (user(name='"ada"', id='"' + "x" * 65 + '"'), "id is 1 to 64 letters"),
        (
            user(name='"ada"', id='"1"') + user(name='"bob"', id='"1"'),
            "user 2 ('bob'): this id is an earlier",
        ),
        (user(name='"ada"', groups='"x"'), "groups is a list of names"),
        (user(name='"ada"', groups='["X y"]'), "group 'X y' is not a name"),
        (user(name='"ada"', groups=str([f"g{n}" for n in range(501)])), "more than 500"),
        (user(name='"ada"', disabled='"no"'), "disabled is true or false"),
        (user(name='"ada"', email='"ada"'), "is not a mail address"),
        (user(name='"ada"', email='"a@b.c\\nX: y"'), "is not a mail address"),
        (user(name='"ada"', display_name='"a\\r\\nX-Evil: 1"'), "display_name has to be one line"),
        (user(name='"ada"', display_name=f'"{"x" * 201}"'), "display_name has to be one line"),
        (user(name='"ada"', display_name="7"), "display_name is a text"),
        (user(name='"ada"', password_hash='"secret"'), "not an Argon2id hash"),
        (user(name='"ada"', password_hash=f'"{HASH.replace("65536", "99999999")}"'), "amount of work"),
        (user(name='"ada"', password_hash=f'"{HASH.replace("t=3", "t=0")}"'), "amount of work"),
        (user(name='"ada"', password_hash=f'"{HASH.replace("argon2id", "argon2i")}"'), "not an Argon2id"),
    ],
)
def test_a_mistake_is_named_and_nobody_is_known(text, mistake):
    parsed = parse(text)
    assert mistake in "\n".join(parsed.mistakes)
    assert parsed.users == {}


def test_a_hash_is_never_quoted_in_a_mistake():
    assert "hunter2" not in "".join(parse(user(name='"ada"', password_hash='"hunter2"')).mistakes)


def test_all_mistakes_come_together():
    text = user(name='"Ada"') + user(name='"bob"', zzz="1", email='"x"') + user()
    assert len(parse(text).mistakes) == 4


def test_whoever_a_broken_text_disables_is_still_told():
    text = (
        user(name='"ada"', disabled="true", zzz="1")
        + user(name='" Bob"', disabled='"yes"')
        + user(name='"cy"')
    )
    parsed = parse(text)
    assert parsed.users == {}
    assert parsed.disabled == {"ada", "bob"}


VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=12).map(repr),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@given(st.text(max_size=80))
def test_any_text_gets_an_answer(text):
    parsed = parse(text)
    assert not (parsed.mistakes and parsed.users)


@given(
    st.dictionaries(st.sampled_from(["name", "groups", "disabled", "email", "password_hash", "x"]), VALUES)
)
def test_any_table_gets_an_answer(fields):
    parsed = parse(user(**{key: str(value).lower() for key, value in fields.items()}))
    assert not (parsed.mistakes and parsed.users)


@pytest.mark.parametrize(
    ("written", "mistake"),
    [
        ('"2027-01-15T08:00:00.500000+00:00"', ""),
        ('"2027-01-15T09:00:00.5+01:00"', ""),
        ('""', ""),
        ('"2027-01-15T08:00:00"', "has to be a time with its offset"),
        ('"yesterday"', "has to be a time with its offset"),
        ('"0001-01-01T00:00:00+14:00"', "has to be a time with its offset"),
        ("7", "password_changed is a text"),
    ],
)
def test_the_time_of_a_change_of_password(written, mistake):
    parsed = parse(user(name='"ada"', password_changed=written))
    if mistake:
        assert mistake in parsed.mistakes[0]
    else:
        assert parsed.users["ada"].password_changed_at == (1_800_000_000.5 if written != '""' else 0.0)


def test_numbers_of_unix_systems():
    person = parse(user(name='"ada"', uid="0", gid="4294967294")).users["ada"].person

    assert (person.uid, person.gid) == (0, 4294967294)


@pytest.mark.parametrize("value", ["-1", "4294967295", '"5"', "true", "1.0"])
def test_what_is_no_such_number(value):
    assert parse(user(name='"ada"', uid=value)).mistakes == (
        "user 1 ('ada'): uid is a number from 0 to 4294967294",
    )
