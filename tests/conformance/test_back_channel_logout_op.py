"""Back-Channel Logout OP: OpenID Connect Back-Channel Logout 1.0, together with RP-initiated logout."""

import time
from urllib.parse import urlencode

from joserfc import jwt
from tests.conformance.suite import AFTER
from tests.journeys.gateway import SIGN_IN, until

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def test_discovery_endpoint_verification(suite):
    assert suite.metadata["backchannel_logout_supported"] is True
    assert suite.metadata["backchannel_logout_session_supported"] is True


def test_back_channel_rp_initiated_logout(suite):
    client, person = suite.client("told"), suite.person()
    tokens, claims = client.flow(person)
    assert claims["sid"]
    before = len(suite.receiver.told)
    asked = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": AFTER, "state": "x"}
    person.get(f"/oidc/logout?{urlencode(asked)}", SIGN_IN)
    until(lambda: len(suite.receiver.told) > before, what="the logout token")
    found = jwt.decode(suite.receiver.told[-1], suite.keys, algorithms=["RS256", "ES256", "EdDSA"])
    said = found.claims
    # Section 2.4.
    assert (said["iss"], said["aud"]) == (suite.issuer, "told")
    assert (said["sub"], said["sid"]) == (claims["sub"], claims["sid"])
    assert said["events"] == {EVENT: {}}
    assert "nonce" not in said
    assert said["jti"]
    assert time.time() - 60 < said["iat"] <= time.time() + 1
    assert said["iat"] < said["exp"] <= said["iat"] + 120
    assert found.header["typ"] == "logout+jwt"
    assert found.header["alg"] != "none"


def test_a_client_that_nobody_signed_in_to_is_not_told(suite):
    person = suite.person()
    tokens, _ = suite.client().flow(person)
    told, other = len(suite.receiver.told), suite.person()
    # Another's sign-out, which is told, comes after: whatever was to come of the first one has come by then.
    person.get(f"/oidc/logout?{urlencode({'id_token_hint': tokens['id_token']})}", SIGN_IN)
    second, _ = suite.client("told").flow(other)
    other.get(f"/oidc/logout?{urlencode({'id_token_hint': second['id_token']})}", SIGN_IN)
    until(lambda: len(suite.receiver.told) > told, what="the logout token")
    assert len(suite.receiver.told) == told + 1
