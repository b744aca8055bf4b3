"""Structured settings (YAML), of which there can be several documents beside the others."""

import re

from yett.ops.importing import documents, ours, words
from yett.ops.importing.model import Draft, Table
from yett.ops.importing.oauth2_proxy.listening import listen
from yett.ops.importing.oauth2_proxy.notes import STRUCTURED_NOTES, UNKNOWN
from yett.ops.importing.oauth2_proxy.provider import ISSUERS, let_in
from yett.ops.importing.oauth2_proxy.upstreams import new_mapping
from yett.ops.importing.source import Source


def documents_of(text: str, name: str, draft: Draft) -> list[Source]:
    """The documents of a file. Raises Unreadable."""
    return [
        Source(document, draft, name if index == 0 else f"{name}#{index}")
        for index, document in enumerate(documents.yaml_of(text, name))
        if isinstance(document, dict)
    ]


def convert_structured_upstreams(source: Source, application: str) -> list[Table]:
    """A mapping for each upstream."""
    found = []
    names: set[str] = set()
    outer = source.sub("upstreamConfig")
    if outer.has("proxyRawPath"):
        source.draft.settled(
            outer.where("proxyRawPath"), outer.take("proxyRawPath"), "paths go through as they are"
        )
    for each in outer.each("upstreams"):
        address, path = each.text("uri"), each.text("path", "/")
        if each.flag("static"):
            each.take("staticCode")
            source.draft.settled(each.where(), "static", "an answer for other proxies: that is forward-auth")
            continue
        mapping = new_mapping(source.draft, names, application, path, each.where("path"))
        if each.has("id"):
            mapping.replace("app", words.app_name(each.text("id"), names), each.where("id"))
        if address.startswith("file://"):
            mapping.below("assets").put("directory", address.removeprefix("file://"), each.where("uri"))
        elif (service := words.service_of(address)) is not None:
            mapping.put("service", service[0], each.where("uri"))
        else:
            source.draft.left(
                each.where("uri"), address, "is no address that requests can go to", "set `service`"
            )
            mapping.put("service", "http://127.0.0.1:1", "a placeholder: nothing answers there")
        if each.flag("insecureSkipTLSVerify"):
            source.draft.left(
                each.where("insecureSkipTLSVerify"),
                True,
                "certificates of services are always checked",
                "trust their authority (`ca_file` of the mapping)",
            )
        mapping.put(
            "preserve_host", None if each.flag("passHostHeader", default=True) else False, each.where()
        )
        mapping.put("websocket", None if each.flag("proxyWebSockets", default=True) else False, each.where())
        timeout = words.seconds_of(each.text("timeout"))
        mapping.put("response_timeout", words.duration(timeout) if timeout else None, each.where("timeout"))
        found.append(mapping)
    return found


_STRUCTURED_RESTRICTING = (
    "keycloakConfig",
    "azureConfig",
    "microsoftEntraIDConfig",
    "bitbucketConfig",
    "githubConfig",
    "gitlabConfig",
    "googleConfig",
)


def convert_structured_rest(source: Source) -> None:
    """Everything of the structured settings but what stands behind the gateway."""
    server = source.sub("server")
    if server.has("secureBindAddress") or server.has("bindAddress"):
        key = "secureBindAddress" if server.has("secureBindAddress") else "bindAddress"
        listen(source.draft.section("service"), server.text(key), server.where(key), source.draft)
        server.take("bindAddress")
    for each in source.each("providers"):
        flat = each.sub("oidcConfig")
        kind = each.text("provider", "oidc")
        issuer: str = flat.text("issuerURL") or ISSUERS.get(kind, "")
        secret = None
        name = each.text("id", kind)
        if each.has("clientSecret"):
            secret = source.draft.secret(f"provider_{name}_client_secret", each.text("clientSecret"))
        elif each.has("clientSecretFile"):
            secret = source.draft.awaited(f"provider_{name}_client_secret")
            source.draft.left(
                each.where("clientSecretFile"),
                each.text("clientSecretFile"),
                "secrets stand in the environment",
                f"put what is in that file into {secret.name}",
            )
        if not issuer or not each.has("clientID"):
            source.draft.left(
                each.where(), kind, "only providers with an issuer are spoken to", "write it by hand"
            )
            continue
        table = ours.provider(
            source.draft,
            name=re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-") or "oidc",
            title=each.text("name"),
            issuer=issuer,
            client_id=each.text("clientID"),
            secret=secret,
            scopes=each.text("scope").split(),
            source=each.where(),
        )
        for theirs, our in (("groupsClaim", "groups_claim"), ("emailClaim", "email_claim")):
            claim = flat.text(theirs)
            if claim and claim not in {"groups", "email"}:
                table.put(our, claim, flat.where(theirs))
        let_in(table, has_groups=each.has("allowedGroups"))
        allowed = ours.members(source.draft, each.where("allowedGroups"), each.texts("allowedGroups"))
        for kind in _STRUCTURED_RESTRICTING:
            if each.has(kind) and each.peek(kind) not in ({}, []):
                source.draft.left(
                    each.where(kind),
                    each.take(kind),
                    "who may enter is said by groups",
                    f"make a group of whom it meant, and put it in the place of {ours.NOBODY}",
                )
                allowed = [ours.NOBODY]
        for mapping in source.draft.items("proxy.mapping"):
            if not mapping.get("public"):
                mapping.put("groups", allowed, each.where("allowedGroups"))
    notes = {f"{source.path}.{key}": note for key, note in STRUCTURED_NOTES.items()}
    source.rest(notes, unknown=UNKNOWN)
