from yett.oidc.tokens import facts


def test_clients_find_the_endpoints_and_how_to_prove_themselves_there():
    found = facts("https://us", ("RS256", "ES256"))
    assert found["jwks_uri"] == "https://us/oidc/jwks"
    assert found["userinfo_endpoint"] == "https://us/oidc/userinfo"
    assert found["introspection_endpoint"] == "https://us/oidc/introspect"
    assert found["revocation_endpoint"] == "https://us/oidc/revoke"
    assert found["id_token_signing_alg_values_supported"] == ["ES256", "RS256"]
    # Who cannot prove anything may give tokens back, and may not ask about them.
    assert "none" in found["revocation_endpoint_auth_methods_supported"]
    assert "none" not in found["introspection_endpoint_auth_methods_supported"]
    assert "none" not in found["introspection_endpoint_auth_signing_alg_values_supported"]
