"""Ingress objects: their hosts, and what is the same for all of their paths."""

import re

from yett.ops.importing import ours, words
from yett.ops.importing.ingress_nginx.canary import convert_canary
from yett.ops.importing.ingress_nginx.guard import Guard, guard_of
from yett.ops.importing.ingress_nginx.notes import NOTES
from yett.ops.importing.ingress_nginx.paths import convert_path
from yett.ops.importing.kubernetes import Objects, gather
from yett.ops.importing.model import Draft, Table, Value
from yett.ops.importing.source import Notes, Source

_PREFIX = "nginx.ingress.kubernetes.io/"


def convert(files: list[tuple[str, str]], draft: Draft, *, hostname: str) -> None:
    """The Ingress objects of these files (name and text)."""
    objects = gather(files, draft)
    for name, _ in objects.settings:
        draft.left(name, "", "is no object of Kubernetes", "see what it is")
    names: set[str] = set()
    unplaced: list[tuple[str, Guard]] = []
    known = ""
    first_host = ""
    for ingress in sorted(objects.ingresses, key=_is_canary):
        notes = _annotations(ingress)
        if _is_canary(ingress):
            convert_canary(ingress, notes, objects, draft)
        else:
            known = known or _sign_in_host(notes)
            host = _ingress(ingress, notes, objects, draft, names, unplaced)
            first_host = first_host or host
        _told(ingress, notes)
    _close(unplaced, draft)
    if not known and first_host and not hostname:
        known = ours.neighbour_host(draft, first_host.removeprefix("*."))
    ours.hostname(draft, hostname, known, "auth-signin")


def _annotations(ingress: Source) -> Source:
    table = ingress.sub("metadata").sub("annotations").table
    own = {key.removeprefix(_PREFIX): value for key, value in table.items() if key.startswith(_PREFIX)}
    return Source(own, ingress.draft, ingress.path)


def _is_canary(ingress: Source) -> bool:
    annotations = ingress.sub("metadata").sub("annotations").table
    return str(annotations.get(f"{_PREFIX}canary")).lower() == "true"


def _sign_in_host(notes: Source) -> str:
    for key in ("auth-signin", "auth-url"):
        address = notes.peek(key)
        host = words.host_of(address) if isinstance(address, str) and address.startswith("https://") else None
        if host and not host.endswith(".svc.cluster.local"):
            return host
    return ""


def _told(ingress: Source, notes: Source) -> None:
    """Put down what became nothing, of the annotations and of the object."""
    table: Notes = {f"{notes.path}.{key}": note for key, note in NOTES.items()}
    for key in list(notes.table):
        if key.startswith(("session-cookie-", "influxdb-", "global-rate-limit-")):
            notes.draft.settled(notes.where(key), notes.take(key), "see [[proxy.pool]] and [protection.rate]")
    notes.rest(table, unknown="no annotation of ingress-nginx that is known here")
    spec = ingress.sub("spec")
    if spec.has("defaultBackend"):
        ingress.draft.left(
            spec.where("defaultBackend"), "", "there is a page for what nobody serves", "see `fallback`"
        )


def _close(unplaced: list[tuple[str, Guard]], draft: Draft) -> None:
    """Close what is more open than a guarded path of the same host that could not be said: it would be let in there."""
    for host, guard in unplaced:
        for mapping in draft.items("proxy.mapping"):
            is_more_open = mapping.get("public") or mapping.get("groups") != (guard.groups or None)
            if (
                mapping.get("host") == host
                and not guard.is_public
                and is_more_open
                and not _is_redirect(mapping)
            ):
                mapping.lines = [line for line in mapping.lines if line.key != "public"]
                mapping.replace(
                    "groups", [ours.NOBODY], f"closed: a guarded path of {host} could not be taken over"
                )


def _is_redirect(mapping: Table) -> bool:
    return any(inner.name.endswith(".redirect") for inner in mapping.inner)


def _ingress(
    ingress: Source,
    notes: Source,
    objects: Objects,
    draft: Draft,
    names: set[str],
    unplaced: list[tuple[str, Guard]],
) -> str:
    """A mapping for each host and path; the first host."""
    guard = guard_of(notes, draft)
    settings = common_of(notes, draft)
    spec = ingress.sub("spec")
    first = ""
    aliases = [host for text in notes.texts("server-alias", split=",") if (host := words.host_of(text))]
    for rule in spec.each("rules"):
        host = rule.text("host").lower()
        name = host.removeprefix("*.")
        if words.host_of(name) != name:
            draft.left(rule.where("host"), host, "every host has to be named", "add a mapping for each")
            continue
        first = first or host
        for path in rule.sub("http").each("paths"):
            unplaced += [
                (served, guard)
                for served in (host, *aliases)
                if not convert_path(ingress, notes, path, served, objects, draft, names, guard, settings)
            ]
    if spec.has("tls"):
        draft.settled(
            spec.where("tls"), "", "certificates are made by our own authority, or are service.tls_cert"
        )
    return first


def common_of(notes: Source, draft: Draft) -> list[tuple[str, Value, str]]:
    """What is the same for every path."""
    found: list[tuple[str, Value, str]] = []
    for key, our_keys in (
        ("proxy-connect-timeout", ("connect_timeout",)),
        ("proxy-read-timeout", ("response_timeout", "idle_timeout")),
    ):
        seconds = words.seconds_of(notes.text(key)) if notes.has(key) else None
        if seconds:
            found += [(each, words.duration(seconds), key) for each in our_keys]
    if notes.has("proxy-body-size"):
        size = words.size_of(notes.text("proxy-body-size"))
        if size:
            found.append(("max_body", size, "proxy-body-size"))
    if notes.has("proxy-ssl-name"):
        host = words.host_of(notes.text("proxy-ssl-name"))
        if host:
            found.append(("tls_server_name", host, "proxy-ssl-name"))
    for origin in notes.texts("cors-allow-origin", split=","):
        table = draft.section("protection.cors")
        known = table.get("allowed_origins")
        origins = known if isinstance(known, list) else []
        if re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", origin):
            if origin not in origins:
                table.replace(
                    "allowed_origins", [*origins, origin], "cors-allow-origin, for every application"
                )
        else:
            draft.left(notes.where("cors-allow-origin"), origin, "each origin has to be named", "list them")
    return found
