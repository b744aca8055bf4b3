"""Where people sign in."""

import re

from yett.ops.importing import ours
from yett.ops.importing.model import Table, Variable
from yett.ops.importing.source import Source

OIDC = {
    "oidc",
    "keycloak-oidc",
    "entra-id",
    "google",
    "gitlab",
    "adfs",
    "login.gov",
    "nextcloud",
    "cidaas",
    "keycloak",
}


ISSUERS = {
    "google": "https://accounts.google.com",
    "gitlab": "https://gitlab.com",
    "": "https://accounts.google.com",
}


def convert_provider(source: Source) -> None:
    """Where people sign in."""
    if not source.has("client_id"):
        return
    kind = source.text("provider", "google")
    issuer = source.text("oidc_issuer_url") or ISSUERS.get(kind, "")
    secret: Variable | None = None
    if source.has("client_secret"):
        secret = source.draft.secret("provider_client_secret", source.text("client_secret"))
    elif source.has("client_secret_file"):
        secret = source.draft.awaited("provider_client_secret")
        source.draft.left(
            "client_secret_file",
            source.text("client_secret_file"),
            "secrets stand in the environment",
            f"put what is in that file into {secret.name}",
        )
    if not issuer or kind not in OIDC:
        source.draft.left(
            "provider",
            kind,
            "only providers of OpenID Connect are spoken to, and its issuer is not known",
            "see whether it has an issuer, and write it as a provider",
        )
        source.take("client_id")
        return
    method = source.text("code_challenge_method")
    if method == "plain":
        source.draft.settled("code_challenge_method", method, "PKCE is always used, with S256")
    table = ours.provider(
        source.draft,
        name=re.sub(r"[^a-z0-9-]+", "-", kind.lower()).strip("-") or "oidc",
        title=source.text("provider_display_name"),
        issuer=issuer,
        client_id=source.text("client_id"),
        secret=secret,
        scopes=source.text("scope", "").split(),
        source="provider, oidc_issuer_url, client_id",
    )
    for theirs, our in (("oidc_groups_claim", "groups_claim"), ("oidc_email_claim", "email_claim")):
        claim = source.text(theirs)
        if claim and claim not in {"groups", "email"}:
            table.put(our, claim, theirs)
    let_in(table, has_groups=source.has("allowed_groups"))
    authorities = source.texts("provider_ca_files", split=",")
    if authorities:
        source.draft.section("net.fetching").put("ca_file", authorities[0], "provider_ca_files")
        for each in authorities[1:]:
            source.draft.left(
                "provider_ca_files", each, "there is one file of authorities", "append it to the first"
            )


def let_in(table: Table, *, has_groups: bool) -> None:
    """Whom the provider knows, the gateway knows, as it was."""
    table.put("create", True, "whoever signed in there was known here")
    if has_groups:
        table.put("take_groups", True, "groups were those that the provider named")


def limit_domains(source: Source) -> None:
    """Only some domains of mail addresses may come from the provider."""
    domains = [text.lstrip("@.").lower() for text in source.texts("email_domains", split=",")]
    if not domains or "*" in domains:
        return
    table = next(source.draft.items(ours.PROVIDER), None)
    if table is not None:
        table.put("allowed_domains", domains, "email_domains")
    else:
        source.draft.left(
            "email_domains", domains, "there is no provider to say it of", "make a group of these people"
        )
