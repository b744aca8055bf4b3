import importlib
import pkgutil
import re

import pytest

import yett.cli  # noqa: F401 - so that every room has declared what it says
from yett.events import catalogue
from yett.events.explain import Weight
from yett.events.explain.words import gate, lives, lookup, methods, providers, signing_in
from yett.events.explain.words.lookup import cause_of, filled, note_of, reason_of, sentence_of

ROOMS = (
    "yett.guard",
    "yett.proxy",
    "yett.signin",
    "yett.authn",
    "yett.sessions",
    "yett.oidc",
    "yett.identity",
    "yett.net.http",
    "yett.net.trust",
)
SENTENCES = {**gate.SENTENCES, **signing_in.SENTENCES, **lives.SENTENCES, **providers.SENTENCES}
SCOPE = {"auth.user_id", "session.ref", "server.request.client_ip", "server.request.id"}


def declared():
    """Everything declared by the rooms that decide about people; all of them are imported by now."""
    return [each for each in catalogue.events.values() if each.module.startswith(ROOMS)]


def reasons():
    for event in declared():
        for field in event.fields:
            if field.name in lookup.REASON_FIELDS and field.type_name.startswith("one of "):
                for value in field.type_name.removeprefix("one of ").split(", "):
                    yield event.code, value


REASONS = sorted(set(reasons()))


def test_there_are_reasons_to_look_at():
    assert len({code for code, _ in REASONS}) > 60
    assert ("access.denied", "no_group") in REASONS


@pytest.mark.parametrize(("code", "value"), REASONS, ids=lambda each: each)
def test_every_reason_that_is_declared_has_words(code, value):
    assert len(reason_of(code, value)) > 10


def enumerations(room, name="Reason"):
    package = importlib.import_module(room)
    for found in pkgutil.walk_packages(package.__path__, f"{room}."):
        module = importlib.import_module(found.name)
        kind = getattr(module, name, None)
        if kind is not None and kind.__module__ == found.name:
            yield kind


@pytest.mark.parametrize(
    ("family", "room"),
    [
        ("listener.geo.geo_blocked", "yett.guard.geo"),
        ("listener.time.time_blocked", "yett.guard.time"),
        ("listener.ratelimit.rate_blocked", "yett.guard.rate"),
        ("listener.sizelimit.size_blocked", "yett.guard.size"),
        ("pow.validate.refused", "yett.guard.pow"),
        ("proxy.oidc.callback.exchange_failed", "yett.oidc"),
    ],
)
def test_reasons_that_are_recorded_as_plain_words_have_words_too(family, room):
    kinds = list(enumerations(room))
    if room == "yett.oidc":
        # Only what codes are refused for gets as far as our own proxy.
        kinds = [kind for kind in kinds if kind.__module__ == "yett.oidc.model"]
    found = [each for kind in kinds for each in kind]
    assert found
    missing = {each.value for each in found if not reason_of(family, each.value)}
    if room == "yett.oidc":
        # What a request for a code can be refused for never comes of redeeming one.
        missing = {each for each in missing if each.startswith(("code_", "verifier_", "other_", "sign_on"))}
        missing -= {"other_person"}
    assert not missing


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_a_sentence_is_about_an_event_and_names_only_its_fields(code):
    event = catalogue.events[code]
    named = set(re.findall(r"\{([^}]*)\}", SENTENCES[code].sentence))
    assert named <= {field.name for field in event.fields} | SCOPE
    assert SENTENCES[code].sentence[0].isupper() or SENTENCES[code].sentence[0] == "{"
    assert not SENTENCES[code].sentence.endswith(".")


SILENT = {
    # What happens to the gateway, and not to somebody's request or sign-in.
    "listener.http.error.accept_failed",
    "listener.http.error.connections_full",
    "listener.http.error.connection_ended",
    "listener.http.error.introduction_refused",
    "listener.proxy_validation.connection_rejected",
    # Said besides another one that has words.
    "listener.session.not_created",
}


def test_every_refusal_on_a_requests_way_has_a_sentence():
    """A warning or an audited refusal by the gate and its guards says why to whoever asks."""
    rooms = ("yett.guard.events", "yett.identity.access.events", "yett.net.http.events")
    graver = [
        each.code
        for each in catalogue.events.values()
        if each.module in rooms and each.level.name in {"WARN", "ERROR"} and "{" not in each.code
    ]
    blocking = [code for code in graver if re.search(r"block|reject|refus|denied|open$", code)]
    assert blocking
    assert not {code for code in blocking if code not in SENTENCES} - SILENT


def test_no_table_says_something_twice():
    sizes = [len(each.SENTENCES) for each in (gate, signing_in, lives, providers)]
    assert sum(sizes) == len(SENTENCES)
    families = [set(each.REASONS) for each in (gate, methods, lives, providers)]
    assert sum(map(len, families)) == len(set.union(*families))


def test_the_longest_beginning_of_a_code_that_knows_a_reason_counts():
    assert "password" in reason_of("authn.password.rejected", "wrong")
    assert "wrong" in reason_of("signin.mfa.totp.totp_failed", "wrong")
    assert reason_of("signin.mfa.totp.totp_failed", "locked") == reason_of("signin.mfa.x", "locked")
    assert reason_of("authn.password.rejected", "no such thing") == ""
    assert reason_of("", "") == ""


def entry(code, **fields):
    return {"time": "2026-01-01T00:00:00.000000Z", "level": "WARN", "code": code, **fields}


DENIED = entry(
    "access.denied",
    reason="no_group",
    rule="wiki",
    app="Wiki",
    groups_needed=["ops", "admins"],
    groups_held=[],
    **{"auth.user_id": "bob"},
)


def test_a_refusal_by_group_says_which_groups():
    assert cause_of(DENIED).sentence == (
        "Rule wiki keeps bob out of Wiki: none of their groups is among those that the rule names "
        "(needed: ops, admins; held: none)."
    )
    assert cause_of(DENIED).weight is Weight.END
    assert "add them to one of the groups" in cause_of(DENIED).advice


def test_what_a_record_lacks_leaves_a_question_mark():
    assert cause_of(entry("access.denied")).sentence == "Rule ? keeps ? out of ?."


def test_a_reason_without_words_is_told_as_it_is():
    made = entry("access.denied", reason="new\u0007thing", rule="r", app="a")
    assert cause_of(made).sentence.endswith(": new\u0007thing.")


def test_what_strangers_wrote_cannot_fill_a_page():
    made = entry("listener.cors.cors_rejected", origin="x" * 10_000)
    assert len(cause_of(made).sentence) < 400


def test_braces_in_values_are_not_filled_again():
    assert filled("{app}", {"app": "{rule}", "rule": "secret"}) == "{rule}"


@pytest.mark.parametrize("value", [None, 3, True, [], {"a": 1}, 1.5])
def test_fields_of_another_type_are_no_trouble(value):
    made = entry("access.denied", reason=value, app=value, groups_needed=value)
    assert cause_of(made) is not None
    assert note_of(made) is not None


def test_news_is_no_cause():
    assert cause_of(entry("signin.success.signed_in")) is None
    assert cause_of(entry("proxy.init.initialized")) is None
    assert note_of(entry("proxy.init.initialized")) is None
    assert note_of(entry("signin.success.signed_in")).weight is Weight.NEWS


def test_a_sentence_ends_once():
    assert sentence_of(SENTENCES["access.denied"], DENIED).count(".") == 1


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (
            {"code": "identity.oidc.link.refused", "provider": "acme", "reason": "name_taken"},
            "acme vouched for somebody who is nobody here: somebody here has the name already.",
        ),
        (
            {"code": "identity.oidc.callback.state_refused", "provider": "acme", "reason": "other_browser"},
            "An answer of acme was not believed: another browser left than came back.",
        ),
        (
            {
                "code": "gafaelfawr.ingress_denied",
                "auth.user_id": "ada",
                "auth_uri": "https://a.test/x",
                "error": "Token missing required scope",
            },
            "ada may not open https://a.test/x (Token missing required scope).",
        ),
        (
            {"code": "oidc.token.refresh.refresh_reused", "client": "wiki"},
            "wiki showed a refresh token a second time, so everything of its grant was ended.",
        ),
    ],
)
def test_what_providers_tokens_and_proxies_say_is_told(entry, sentence):
    assert cause_of(entry).sentence == sentence
