"""identity_providers.oidc.clients: applications that people sign in to."""

import json
import re
import secrets
from typing import Any

from yett.ops.importing import ours, words
from yett.ops.importing.authelia.notes import CLIENT_NOTES
from yett.ops.importing.model import Draft, Table
from yett.ops.importing.source import Notes, Source

_GRANTS = frozenset({"authorization_code", "refresh_token", "client_credentials"})
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_METHODS = frozenset({"client_secret_basic", "client_secret_post", "private_key_jwt", "none"})
_CONSENT = {"implicit": "implicit", "explicit": "always", "pre-configured": "ask", "auto": "ask", "": "ask"}
_ALGORITHMS = frozenset({"RS256", "ES256", "EdDSA"})
_SCOPES = frozenset({"openid", "profile", "email", "groups", "offline_access", "address", "phone"})
_WEAK = 32
"""Characters below which a secret is likely to be refused as one that somebody made up."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:/@+-]{0,199}")


def convert(source: Source, draft: Draft) -> None:
    """The clients, and what there is to say of all of them."""
    lifetimes = source.sub("lifespans")
    code = words.seconds_of(lifetimes.text("authorize_code"))
    if code is not None and 5 <= code <= 600:
        draft.section("oidc").put("code_lifetime", words.duration(code), lifetimes.where("authorize_code"))
    general = {
        name: (words.seconds_of(lifetimes.text(theirs)), lifetimes.where(theirs))
        for name, theirs in (
            ("access_lifetime", "access_token"),
            ("refresh_lifetime", "refresh_token"),
            ("identity_lifetime", "id_token"),
        )
    }
    custom = lifetimes.sub("custom")
    policies = source.sub("authorization_policies")
    for each in source.each("clients"):
        _client(each, draft, general, custom, policies)
    for table in (policies, custom):
        for key in table.table:
            table.take(key)


def _client(
    source: Source,
    draft: Draft,
    general: dict[str, tuple[float | None, str]],
    custom: Source,
    policies: Source,
) -> None:
    key = "client_id" if source.has("client_id") else "id"
    client_id = source.text(key)
    if not _ID.fullmatch(client_id):
        draft.left(source.where(key), client_id, "is no id that a client can have", "give it another")
        return
    table = draft.item("oidc.client", source.where())
    table.put("id", client_id, source.where(key))
    name_key = "client_name" if source.has("client_name") else "description"
    name = source.text(name_key)
    table.put(
        "name", name if name and name.isprintable() and len(name) <= 80 else None, source.where(name_key)
    )
    _authentication(source, draft, table, client_id)
    _addresses(source, draft, table)
    _scopes(source, draft, table)
    mode = source.text("consent_mode")
    table.put("consent", _CONSENT.get(mode, "ask"), source.where("consent_mode") if mode else "asked once")
    if source.flag("require_pushed_authorization_requests"):
        table.put("must_push", True, source.where("require_pushed_authorization_requests"))
    if source.has("require_pkce") and not source.flag("require_pkce"):
        draft.settled(
            source.where("require_pkce"),
            False,
            "PKCE is asked of it all the same; `pkce = false` if it cannot",
        )
    _algorithms(source, draft, table)
    _lifetimes(source, table, general, custom)
    _policy(source, draft, table, policies)
    notes: Notes = {f"{_plain(source.path)}.{what}": note for what, note in CLIENT_NOTES.items()}
    source.rest(notes, unknown="no setting of a client that is known here")
    # What is left of it has been told just now.
    source.taken.add(source.path)


def _plain(path: str) -> str:
    return re.sub(r"\[\d+\]", "", path)


def _authentication(source: Source, draft: Draft, table: Table, client_id: str) -> None:
    is_public = source.flag("public")
    key = "client_secret" if source.has("client_secret") else "secret"
    secret = source.text(key)
    method = source.text("token_endpoint_auth_method") or ("none" if is_public else "client_secret_basic")
    if method not in _METHODS:
        draft.left(
            source.where("token_endpoint_auth_method"),
            method,
            "is no way to prove who it is here",
            "it became client_secret_basic: change the application",
        )
        method = "client_secret_basic"
    if is_public:
        method = "none"
    table.put("auth_method", method, source.where("token_endpoint_auth_method"))
    if method in {"client_secret_basic", "client_secret_post"}:
        table.put("secret", _secret(source, draft, key, secret, client_id), "")
    keys = source.take("jwks")
    if method != "private_key_jwt":
        return
    table.put("jwks_uri", source.text("jwks_uri") or None, source.where("jwks_uri"))
    if isinstance(keys, list) and keys:
        if all(isinstance(each, dict) and "kty" in each for each in keys):
            table.put("jwks", json.dumps({"keys": keys}, default=str), source.where("jwks"))
        else:
            draft.left(
                source.where("jwks"),
                "PEM",
                "public keys are a JSON Web Key set here",
                "set `jwks` of this client",
            )


def _secret(source: Source, draft: Draft, key: str, secret: str, client_id: str) -> Any:
    """The secret as it is, or a new one where only its hash is known or it is a weak one."""
    wanted = f"client_{client_id}_secret"
    plain = secret.removeprefix("$plaintext$")
    if secret and (not secret.startswith("$") or plain != secret) and len(plain) >= _WEAK and plain.isascii():
        return draft.secret(wanted, plain)
    made = draft.secret(wanted, secrets.token_urlsafe(32))
    why = "only its hash is known" if secret.startswith("$") and plain == secret else "it is too short"
    draft.left(
        source.where(key),
        secret,
        f"{why}, so a new secret was made: {made.name}",
        "give the application that one",
    )
    return made


def _addresses(source: Source, draft: Draft, table: Table) -> None:
    good = []
    for text in source.texts("redirect_uris"):
        if (
            text.startswith(("https://", "http://127.0.0.1", "http://[::1]", "http://localhost"))
            and "*" not in text
        ):
            good.append(text)
        else:
            draft.left(
                source.where("redirect_uris"),
                text,
                "answers go to https addresses only, each in full",
                "change it",
            )
    table.put("redirect_uris", good, source.where("redirect_uris"))
    audience = source.texts("audience")
    if audience:
        table.put("audience", audience[0], source.where("audience"))
        for each in audience[1:]:
            draft.left(source.where("audience"), each, "a client's tokens have one audience", "choose it")


def _scopes(source: Source, draft: Draft, table: Table) -> None:
    scopes = source.texts("scopes") or ["openid", "groups", "profile", "email"]
    odd = [each for each in scopes if each not in _SCOPES and not each.startswith("authelia.")]
    for each in scopes:
        if each.startswith("authelia."):
            draft.left(
                source.where("scopes"), each, "tokens for Authelia's own endpoints", "use scoped tokens (gt-)"
            )
    table.put("scopes", [each for each in scopes if each in _SCOPES] + odd, source.where("scopes"))
    grants = source.texts("grant_types") or ["authorization_code"]
    fine = [each for each in grants if each in _GRANTS or each == _DEVICE]
    for each in grants:
        if each not in fine:
            draft.left(
                source.where("grant_types"),
                each,
                "is no grant that is given here",
                "let it use a code and PKCE",
            )
    if "offline_access" in scopes and "refresh_token" not in fine and "authorization_code" in fine:
        fine.append("refresh_token")
    table.put("grants", fine or ["authorization_code"], source.where("grant_types"))


def _algorithms(source: Source, draft: Draft, table: Table) -> None:
    chosen = source.text("id_token_signed_response_alg")
    if chosen in _ALGORITHMS:
        table.put("id_token_algorithm", chosen, source.where("id_token_signed_response_alg"))
    elif chosen:
        draft.left(
            source.where("id_token_signed_response_alg"),
            chosen,
            "ID tokens are signed with RS256, ES256 or EdDSA",
            "see what the application can check",
        )
    access = source.text("access_token_signed_response_alg", "none")
    if access == "none":
        # Authelia's own default: tokens that only it can read.
        draft.settled(
            source.where("access_token_signed_response_alg"),
            access,
            'access tokens are signed; `token_format = "opaque"` if not',
        )


def _lifetimes(
    source: Source, table: Table, general: dict[str, tuple[float | None, str]], custom: Source
) -> None:
    name = source.text("lifespan")
    own = custom.sub(name) if name and custom.has(name) else Source({}, source.draft)
    limits = {
        "access_lifetime": (10, 86400),
        "refresh_lifetime": (60, 365 * 86400),
        "identity_lifetime": (10, 86400),
    }
    theirs = {
        "access_lifetime": "access_token",
        "refresh_lifetime": "refresh_token",
        "identity_lifetime": "id_token",
    }
    for key, (least, most) in limits.items():
        seconds, where = general[key]
        if own.has(theirs[key]):
            seconds, where = words.seconds_of(own.text(theirs[key])), own.where(theirs[key])
        if seconds is not None:
            table.put(key, words.duration(min(max(seconds, least), most)), where)


def _policy(source: Source, draft: Draft, table: Table, policies: Source) -> None:
    """Who may sign in to it, and with how much proof."""
    name = source.text("authorization_policy", "two_factor")
    if name == "deny":
        table.put("groups", [ours.NOBODY], source.where("authorization_policy"))
        return
    if name == "two_factor" and source.has("authorization_policy"):
        draft.left(
            source.where("authorization_policy"),
            name,
            "a client does not ask for two factors by itself",
            "ask everybody for them ([signin.mfa]), or let it ask (acr_values)",
        )
    if name in {"one_factor", "two_factor"}:
        return
    policy = policies.sub(name) if policies.has(name) else None
    if policy is None:
        draft.left(source.where("authorization_policy"), name, "is no policy that is there", "correct it")
        table.put("groups", [ours.NOBODY], source.where("authorization_policy"))
        return
    wanted: list[str] = []
    is_plain = policy.text("default_policy", "two_factor") == "deny"
    for rule in policy.each("rules"):
        subjects = rule.texts("subject") if not _is_nested(rule.peek("subject")) else []
        is_plain = is_plain and bool(subjects) and all(each.startswith("group:") for each in subjects)
        is_plain = is_plain and rule.text("policy") != "deny" and not rule.has("networks")
        wanted += [each.removeprefix("group:") for each in subjects if each.startswith("group:")]
    draft.left(
        source.where("authorization_policy"),
        name,
        "became the groups that it names"
        if is_plain
        else "cannot be said as groups, so nobody may sign in to it",
        "see who may, and with how much proof",
    )
    names = ours.members(draft, policy.where("rules"), wanted) if is_plain else [ours.NOBODY]
    table.put("groups", names or [ours.NOBODY], source.where("authorization_policy"))


def _is_nested(subject: Any) -> bool:
    return isinstance(subject, list) and any(isinstance(each, list) for each in subject)
