from yett.oidc.signing import Algorithm, SigningSettings, check_signing


def test_a_client_wants_what_can_be_signed_with():
    settings = SigningSettings(algorithms=(Algorithm.ES256, Algorithm.ES256))
    found = [
        (each.key, each.value)
        for each in check_signing(settings, [("a", ""), ("b", "ES256"), ("c", "RS256")])
    ]
    assert found == [
        ("oidc.signing.algorithms", "ES256"),
        ("oidc.client[c].id_token_algorithm", "RS256"),
    ]
