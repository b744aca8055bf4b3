"""What the discovery documents say about tokens (OpenID Connect Discovery, section 3; RFC 8414, section 2)."""

from collections.abc import Iterable
from typing import Any

from yett.oidc.clients import AuthMethod
from yett.oidc.jose import ALGORITHMS
from yett.oidc.signing import JWKS
from yett.oidc.tokens.introspection import INTROSPECT
from yett.oidc.tokens.revocation import REVOKE
from yett.oidc.tokens.userinfo import USERINFO


def facts(issuer: str, algorithms: Iterable[str]) -> dict[str, Any]:
    """The members that belong to keys and to the endpoints about tokens."""
    methods = [each.value for each in AuthMethod]
    return {
        "jwks_uri": f"{issuer}{JWKS}",
        "userinfo_endpoint": f"{issuer}{USERINFO}",
        "introspection_endpoint": f"{issuer}{INTROSPECT}",
        "introspection_endpoint_auth_methods_supported": [
            each for each in methods if each != AuthMethod.NONE.value
        ],
        "introspection_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "revocation_endpoint": f"{issuer}{REVOKE}",
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "id_token_signing_alg_values_supported": sorted(algorithms),
    }
