"""What programs read about the interface is what it does."""

from yett.tokens.api.operations import BASE, OPERATIONS, description
from yett.tokens.api.routes import TokenAPI


def test_every_operation_is_described_and_done():
    paths = description()["paths"]

    for each in OPERATIONS:
        told = paths[each.path][each.method.lower()]
        assert told["operationId"] == each.name
        assert str(each.status) in told["responses"]
        assert callable(getattr(TokenAPI, each.name))
        named = {parameter["name"] for parameter in told.get("parameters", ())}
        assert {part[1:-1] for part in each.path.split("/") if part.startswith("{")} <= named
    assert len({each.name for each in OPERATIONS}) == len(OPERATIONS)


def test_whatever_is_referred_to_is_there():
    found = description()
    names = set(found["components"]["schemas"])

    def references(value):
        if isinstance(value, dict):
            for name, each in value.items():
                if name == "$ref":
                    yield each.removeprefix("#/components/schemas/")
                else:
                    yield from references(each)
        elif isinstance(value, list):
            for each in value:
                yield from references(each)

    assert set(references(found)) <= names
    assert found["openapi"] == "3.1.0"


def test_the_documented_addresses_are_there():
    documented = {
        ("GET", "/login"),
        ("GET", "/token-info"),
        ("GET", "/user-info"),
        ("GET", "/users/{username}/tokens"),
        ("POST", "/users/{username}/tokens"),
        ("GET", "/users/{username}/tokens/{key}"),
        ("DELETE", "/users/{username}/tokens/{key}"),
        ("PATCH", "/users/{username}/tokens/{key}"),
        ("GET", "/users/{username}/tokens/{key}/change-history"),
        ("GET", "/users/{username}/token-change-history"),
        ("GET", "/history/token-changes"),
        ("POST", "/tokens"),
        ("GET", "/users"),
        ("GET", "/groups"),
        ("GET", "/users/{username}"),
        ("GET", "/quota-overrides"),
        ("PUT", "/quota-overrides"),
        ("DELETE", "/quota-overrides"),
        ("GET", "/oidc-clients"),
        ("GET", "/oidc-clients/{client_id}"),
    }

    assert documented <= {(each.method, each.path.removeprefix(BASE)) for each in OPERATIONS}


def test_the_browsers_cookie_and_the_challenge_are_described_as_they_are():
    said = description("__Secure-yett-token")
    assert said["components"]["securitySchemes"]["cookie"]["name"] == "__Secure-yett-token"
    answers = said["paths"]["/auth/api/v1/token-info"]["get"]["responses"]
    schema = answers["401"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Unknown"}
    assert "503" in answers
