from tests.ops.importing.authelia.test_settings import converted, said
from tests.ops.importing.samples import AUTHELIA

from yett.ops.importing import ours
from yett.ops.importing.model import Variable


def clients(text):
    draft = converted(text)
    return draft, {each.get("id"): said(each) for each in draft.items("oidc.client")}


def test_clients_are_taken_over_and_get_a_new_secret_where_only_a_hash_was_known():
    draft, found = clients(AUTHELIA)
    assert found["forge"] == {
        "id": "forge",
        "name": "The forge",
        "auth_method": "client_secret_basic",
        "secret": Variable("CLIENT_FORGE_SECRET"),
        "redirect_uris": ["https://forge.example.org/callback"],
        "scopes": ["openid", "profile", "email", "groups", "offline_access"],
        "grants": ["authorization_code", "refresh_token"],
        "consent": "implicit",
        "id_token_algorithm": "RS256",
        "access_lifetime": "30m",
        "refresh_lifetime": "48h",
        "identity_lifetime": "10m",
        "groups": ["staff"],
    }
    assert len(draft.secrets["CLIENT_FORGE_SECRET"]) >= 43
    assert found["program"]["auth_method"] == "none"
    assert "secret" not in found["program"]
    assert found["program"]["must_push"] is True
    assert "give the application that one" in [each.advice for each in draft.open_ends]


def test_a_good_secret_stays_and_a_short_one_does_not():
    base = "identity_providers: {oidc: {clients: [{client_id: a, client_secret: '%s'}]}}"
    good = "$plaintext$" + "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4"
    assert clients(base % good)[0].secrets == {"CLIENT_A_SECRET": good.removeprefix("$plaintext$")}
    assert clients(base % "short")[0].secrets["CLIENT_A_SECRET"] != "short"


def test_who_may_sign_in_is_never_more_than_it_was():
    base = (
        "identity_providers: {oidc: {authorization_policies: {p: %s}, "
        "clients: [{client_id: a, authorization_policy: %s}]}}"
    )
    for policy, name, groups in (
        ("{default_policy: deny, rules: [{policy: one_factor, subject: 'group:x'}]}", "p", ["x"]),
        ("{default_policy: one_factor, rules: [{policy: deny, subject: 'group:x'}]}", "p", [ours.NOBODY]),
        (
            "{default_policy: deny, rules: [{policy: one_factor, subject: [['group:x', 'group:y']]}]}",
            "p",
            [ours.NOBODY],
        ),
        ("{default_policy: deny, rules: [{policy: one_factor, subject: 'user:x'}]}", "p", [ours.NOBODY]),
        ("{default_policy: deny}", "other", [ours.NOBODY]),
        ("{default_policy: deny}", "deny", [ours.NOBODY]),
        ("{default_policy: deny}", "one_factor", None),
    ):
        assert clients(base % (policy, name))[1]["a"].get("groups") == groups


def test_addresses_that_no_answer_may_go_to_are_left_out():
    text = "identity_providers: {oidc: {clients: [{client_id: a, redirect_uris: ['http://x/', 'https://*.x/', 'https://x/cb']}]}}"
    draft, found = clients(text)
    assert found["a"]["redirect_uris"] == ["https://x/cb"]
    assert len([each for each in draft.open_ends if each.key.endswith("redirect_uris")]) == 2
