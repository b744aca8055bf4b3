"""The same settings in three spellings: a file, variables, flags."""

from typing import Any

from yett.ops.importing import documents

_ENVIRONMENT = "OAUTH2_PROXY_"


_PLURALS = {
    # What a flag or variable is called, and what the same is called in a file.
    "allowed_group": "allowed_groups",
    "api_route": "api_routes",
    "cookie_domain": "cookie_domains",
    "email_domain": "email_domains",
    "htpasswd_user_group": "htpasswd_user_groups",
    "oidc_audience_claim": "oidc_audience_claims",
    "oidc_extra_audience": "oidc_extra_audiences",
    "oidc_public_key_file": "oidc_public_key_files",
    "provider_ca_file": "provider_ca_files",
    "skip_auth_route": "skip_auth_routes",
    "trusted_ip": "trusted_ips",
    "trusted_proxy_ip": "trusted_proxy_ips",
    "upstream": "upstreams",
    "whitelist_domain": "whitelist_domains",
}


_LISTS = frozenset(_PLURALS.values()) | {"skip_auth_regex", "extra_jwt_issuers", "oidc_enabled_signing_algs"}


def kind_of(name: str, text: str) -> str:
    """What a file is: toml, yaml, environment or flags."""
    first = next((line.strip() for line in text.splitlines() if line.strip() and line.strip()[0] != "#"), "")
    if name.endswith((".yaml", ".yml")):
        return "yaml"
    if first.startswith(("--", "-", "oauth2-proxy ")) and not name.endswith((".cfg", ".toml")):
        return "flags"
    if first.removeprefix("export ").startswith(_ENVIRONMENT):
        return "environment"
    return "toml"


def flat_of(kind: str, text: str, name: str) -> dict[str, Any]:
    """The settings of one file, called as they are in a file. Raises Unreadable."""
    if kind == "toml":
        return {_key(key): value for key, value in documents.toml_of(text, name).items()}
    if kind == "environment":
        pairs = [
            (key.removeprefix(_ENVIRONMENT).lower(), value)
            for key, value in documents.variables_of(text).items()
            if key.startswith(_ENVIRONMENT)
        ]
    else:
        pairs = documents.flags_of(text.removeprefix("oauth2-proxy"), name)
    found: dict[str, Any] = {}
    for raw, value in pairs:
        key = _key(raw)
        if key in _LISTS:
            found.setdefault(key, []).extend(part.strip() for part in value.split(",") if part.strip())
        else:
            found[key] = value
    return found


def _key(text: str) -> str:
    # One key of theirs has dashes in a file.
    key = text if text == "auth-request-response-mode" else text.replace("-", "_")
    return _PLURALS.get(key, key)
