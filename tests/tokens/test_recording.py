from dataclasses import replace

from yett.tokens import Actor, Change, TokenData, TokenType, recording

DATA = TokenData("k" * 22, "ada", TokenType.USER, frozenset({"b", "a"}), 1.0, 100.0, "laptop", "s", "p" * 22)
ACTOR = Actor("root", "192.0.2.7")


def test_an_entry_says_all_about_a_token_and_who_did_it():
    entry = recording.entry_of(DATA, Change.REVOKE, ACTOR, 50.0)

    assert (entry.token, entry.username, entry.scopes, entry.expires) == ("k" * 22, "ada", ("a", "b"), 100.0)
    assert (entry.actor, entry.ip_address, entry.action) == ("root", "192.0.2.7", Change.REVOKE)
    assert (entry.parent, entry.service, entry.token_name) == ("p" * 22, "s", "laptop")


def test_of_a_change_only_what_is_different_is_said():
    entry = recording.edit_of(DATA, replace(DATA, expires=None), ACTOR, 50.0)

    assert (entry.is_redated, entry.old_expires, entry.expires) == (True, 100.0, None)
    assert (entry.old_scopes, entry.old_token_name) == (None, None)


def test_a_use_is_of_a_token_from_an_address():
    use = recording.use_of(DATA, 50.0, "192.0.2.7")

    assert (use.token, use.ip_address, use.event_time, use.parent) == ("k" * 22, "192.0.2.7", 50.0, "p" * 22)
