"""What applications hold: it is good while everything that it rests on stands, through any restart, and not longer."""

import base64
import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.journeys.gateway import PASSWORDS, SIGN_IN, Gateway, until
from tests.journeys.test_oidc_provider import (
    CALLBACK,
    SECRET,
    Application,
    Person,
    assert_said,
    claims_of,
)
from tests.oidc.foreign import Signer, hmac_signed, part, unsigned

CLIENTS = f"""\
[[oidc.client]]
id = "house"
secret = "{SECRET}"
redirect_uris = ["{CALLBACK}"]
scopes = ["openid", "profile", "email", "groups", "offline_access"]
consent = "implicit"

[[oidc.client]]
id = "old"
secret = "{SECRET}"
redirect_uris = ["{CALLBACK}"]
consent = "implicit"
id_token_algorithm = "RS256"

[[oidc.client]]
id = "guard"
secret = "{SECRET}"
redirect_uris = ["{CALLBACK}"]
may_introspect = true
"""


@pytest.fixture(scope="module")
def provider(tmp_path_factory, heard_folder):
    gateway = Gateway(
        tmp_path_factory.mktemp("tokens"), CLIENTS, heard=heard_folder, telemetry='log_level = "trace"'
    )
    gateway.people()
    gateway.start()
    yield gateway
    gateway.stop()


def tokens_for(person, application, scope="openid profile offline_access"):
    person.ask(**application.request(scope=scope))
    status, tokens = application.redeem(person.answer)
    assert status == 200, tokens
    return tokens


def refresh(application, tokens, **more):
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], **more}
    return application.post("/oidc/token", **form)


def worth(provider, token, client="guard"):
    return Application(provider, client).post("/oidc/introspect", token=token)[1]


def keys_of(provider):
    return json.loads(provider.fetch("GET", SIGN_IN, "/oidc/jwks").body)


def head_of(token):
    return json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))


def test_tokens_verify_with_the_published_keys_alone(provider):
    for client, algorithm in (("house", "ES256"), ("old", "RS256")):
        application = Application(provider, client)
        tokens = tokens_for(Person(provider), application, "openid email")
        keys = KeySet.import_key_set(keys_of(provider))
        found = jwt.decode(tokens["id_token"], keys, algorithms=[algorithm])
        assert (found.claims["iss"], found.claims["aud"]) == (application.issuer, client)
        assert found.claims["email"] == "alice@example.org"
        access = jwt.decode(tokens["access_token"], keys, algorithms=["ES256"])
        assert access.header["typ"] == "at+jwt"
        assert access.claims["sub"] == "alice"


def test_what_was_given_out_outlives_a_kill(provider):
    person, application = Person(provider), Application(provider, "house")
    tokens = tokens_for(person, application)
    given_back = tokens_for(person, application)
    page = provider.fetch("GET", SIGN_IN, "/oidc/jwks")
    before = json.loads(page.body)
    assert revoke(application, given_back["refresh_token"]) == 200
    provider.kill()
    provider.start()
    assert keys_of(provider) == before
    assert application.user_info(tokens["access_token"])[0] == 200
    assert application.user_info(given_back["access_token"])[0] == 401
    status, later = refresh(application, tokens)
    assert status == 200, later
    assert worth(provider, later["access_token"])["active"] is True
    assert_said(provider, "oidc.key_history", "Key history loaded")


def revoke(application, token):
    pair = base64.b64encode(f"{application.client_id}:{application.secret}".encode()).decode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {pair}"}
    return application.gateway.fetch(
        "POST", SIGN_IN, "/oidc/revoke", headers=headers, body=f"token={token}"
    ).status


def test_a_refresh_token_that_comes_twice_ends_everything_of_its_grant(provider):
    person, application = Person(provider), Application(provider, "house")
    first = tokens_for(person, application)
    status, second = refresh(application, first)
    assert status == 200
    assert second["refresh_token"] != first["refresh_token"]
    status, refused = refresh(application, first)
    assert (status, refused["error"]) == (400, "invalid_grant")
    assert [worth(provider, each["access_token"])["active"] for each in (first, second)] == [False, False]
    assert refresh(application, second)[1]["error"] == "invalid_grant"
    assert_said(
        provider, "oidc.token.refresh", "Token refresh requested", "Token used twice", "Token not found"
    )


def test_of_fifty_uses_of_one_refresh_token_at_once_one_gets_tokens(provider):
    application = Application(provider, "house")
    tokens = tokens_for(Person(provider), application)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: refresh(application, tokens), range(50)))
    won = [said for status, said in answers if status == 200]
    assert len(won) == 1
    assert {said["error"] for status, said in answers if status != 200} == {"invalid_grant"}
    # Nobody can tell which of them was the thief.
    assert worth(provider, won[0]["access_token"]) == {"active": False}


def test_tokens_that_somebody_else_made_are_worth_nothing(provider):
    application = Application(provider, "house")
    tokens = tokens_for(Person(provider), application, "openid")
    token = tokens["access_token"]
    head, body, signature = token.split(".")
    published = next(key for key in keys_of(provider)["keys"] if key["kid"] == head_of(token)["kid"])
    attacker = Signer()
    said = claims_of(token) | {"sub": "bob"}

    def forged(**header):
        return attacker.sign(said, kid=published["kid"], typ="at+jwt", **header)

    for text in (
        unsigned(said, kid=published["kid"], typ="at+jwt"),
        hmac_signed(said, json.dumps(published).encode(), kid=published["kid"], typ="at+jwt"),
        hmac_signed(said, b"", kid=published["kid"], typ="at+jwt"),
        forged(),
        forged(jwk=attacker.jwk),
        forged(jku="https://evil.example/jwks"),
        forged(x5u="https://evil.example/chain.pem"),
        attacker.sign(said, kid="../../../../dev/null", typ="at+jwt"),
        attacker.sign(said, kid="https://evil.example/jwks", typ="at+jwt"),
        f"{head}.{part(said)}.{signature}",
        f"{head}.{body}.{'A' * 86}",
        f"{head}.{body}.",
        tokens["id_token"],
        token + "A",
        "A" * 20_000,
    ):
        assert application.user_info(text)[0] in {401, 431}, text[:80]
        assert worth(provider, text) == {"active": False}, text[:80]
    assert application.user_info(token)[0] == 200


def test_less_can_be_had_and_more_cannot(provider):
    application = Application(provider, "house")
    tokens = tokens_for(Person(provider), application)
    status, narrow = refresh(application, tokens, scope="openid")
    assert (status, narrow["scope"]) == (200, "openid")
    assert refresh(application, narrow, scope="openid email")[1]["error"] == "invalid_scope"


def test_signing_out_ends_what_was_granted_unless_it_was_for_afterwards(provider):
    person, application = Person(provider), Application(provider, "house")
    bound = tokens_for(person, application, "openid")
    lasting = tokens_for(person, application)
    provider.run("admin", "sessions", "revoke-all", "alice")
    assert worth(provider, bound["access_token"]) == {"active": False}
    assert worth(provider, lasting["access_token"])["active"] is True
    assert refresh(application, lasting)[0] == 200


def test_a_person_who_is_disabled_is_out_of_every_application_at_once(provider):
    person, application = Person(provider, "bob"), Application(provider, "house")
    tokens = tokens_for(person, application)
    assert worth(provider, tokens["access_token"])["username"] == "bob"
    provider.run("users", "disable", "bob")
    until(lambda: worth(provider, tokens["access_token"]) == {"active": False}, what="bob being out")
    assert application.user_info(tokens["access_token"])[0] == 401
    assert refresh(application, tokens)[1]["error"] == "invalid_grant"
    provider.run("users", "enable", "bob")
    # What was open does not come back.
    assert_said(provider, "oidc.revoke_user_tokens", "Bulk user token revocation")
    assert worth(provider, tokens["access_token"]) == {"active": False}
    assert refresh(application, tokens)[1]["error"] == "invalid_grant"


def test_a_new_password_ends_what_was_granted_for_afterwards(provider):
    application = Application(provider, "house")
    tokens = tokens_for(Person(provider), application)
    provider.run("users", "passwd", "alice", "--password-stdin", stdin="another long sentence\n")
    until(lambda: worth(provider, tokens["access_token"]) == {"active": False}, what="the end of the grant")
    assert refresh(application, tokens)[1]["error"] == "invalid_grant"
    provider.run("users", "passwd", "alice", "--password-stdin", stdin=PASSWORDS["alice"] + "\n")


def test_a_client_that_is_taken_out_gets_nothing_back_with_its_name(provider):
    application = Application(provider, "house")
    tokens = tokens_for(Person(provider), application)
    without = CLIENTS.replace('id = "house"', 'id = "hut"')
    for text in (without, CLIENTS):
        provider.write(mappings=text)
        provider.run("admin", "config", "reload")
    assert refresh(application, tokens)[1]["error"] == "invalid_grant"
    assert worth(provider, tokens["access_token"]) == {"active": False}


def test_nor_when_that_happens_while_the_gateway_does_not_run(provider):
    application = Application(provider, "house")
    tokens = tokens_for(Person(provider), application)
    provider.stop()
    provider.write(mappings=CLIENTS.replace('id = "house"', 'id = "hut"'))
    provider.start()
    provider.write(mappings=CLIENTS)
    provider.run("admin", "config", "reload")
    assert refresh(application, tokens)[1]["error"] == "invalid_grant"
    assert worth(provider, tokens["access_token"]) == {"active": False}


def test_an_operator_changes_keys_and_takes_one_back(provider):
    person, application = Person(provider), Application(provider, "house")
    tokens = tokens_for(person, application)
    assert "signs" in provider.run("admin", "oidc", "keys", "list")
    provider.run("admin", "oidc", "keys", "rotate", "--at-once")
    later = tokens_for(person, application)
    old, new = (head_of(each["id_token"])["kid"] for each in (tokens, later))
    assert old != new
    assert {old, new} <= {key["kid"] for key in keys_of(provider)["keys"]}
    assert application.user_info(tokens["access_token"])[0] == 200
    provider.run("admin", "oidc", "keys", "withdraw", old)
    assert old not in {key["kid"] for key in keys_of(provider)["keys"]}
    assert_said(provider, "oidc.key_history", "Key history rotated")
    assert_said(provider, "oidc.keys", "Key generated", "Key withdrawn")


def test_an_operator_sees_and_ends_what_applications_have(provider):
    application = Application(provider, "house")
    tokens = tokens_for(Person(provider), application)
    assert "house" in provider.run("admin", "oidc", "tokens", "list", "--user", "alice")
    provider.run("admin", "oidc", "tokens", "revoke", "alice")
    assert worth(provider, tokens["access_token"]) == {"active": False}
    assert "No application" in provider.run("admin", "oidc", "tokens", "list", "--user", "alice")


def test_who_asks_for_keys_in_the_name_of_nobody_is_told_of(provider):
    assert provider.fetch("GET", SIGN_IN, "/oidc/jwks?client_id=gone").status == 200
    assert_said(provider, "oidc.jwks", "JWKS requested", "Unknown client requesting JWKS")


def test_a_weak_key_of_the_operators_signs_nothing(provider, tmp_path, heard_folder):
    path = tmp_path / "weak.pem"
    key = rsa.generate_private_key(65537, 1024)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    settings = f'{CLIENTS}\n[oidc.signing]\nkey_files = ["{path}"]\n'
    gateway = Gateway(tmp_path / "gateway", settings, heard=heard_folder, telemetry='log_level = "trace"')
    gateway.data.mkdir(mode=0o700)
    shutil.copy(provider.data / "users.toml", gateway.data)
    gateway.start()
    try:
        assert_said(gateway, "oidc.keys", "Key too short")
        assert_said(gateway, "oidc.init", "Signing key validation failed")
        person, application = Person(gateway), Application(gateway, "old")
        person.ask(**application.request(scope="openid"))
        status, refused = application.redeem(person.answer)
        assert status in {500, 503}, refused
        assert_said(gateway, "oidc.idtoken", "Signing key not loaded")
        assert_said(gateway, "oidc.token.signing", "Signing retry", "All signing attempts failed")
        # Whoever wants another algorithm has no trouble.
        tokens_for(person, Application(gateway, "house"), "openid")
    finally:
        gateway.stop()
