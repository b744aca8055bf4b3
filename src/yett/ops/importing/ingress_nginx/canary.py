"""A second version for some."""

from yett.ops.importing import words
from yett.ops.importing.ingress_nginx.paths import put_once
from yett.ops.importing.kubernetes import Objects, backend_of, names_of
from yett.ops.importing.model import Draft
from yett.ops.importing.source import Source


def convert_canary(ingress: Source, notes: Source, objects: Objects, draft: Draft) -> None:
    """A second version for some, of the mappings with the same host and path."""
    notes.take("canary")
    namespace, _ = names_of(ingress.table)
    for rule in ingress.sub("spec").each("rules"):
        host = rule.text("host").lower()
        for path in rule.sub("http").each("paths"):
            place = (words.path_of(path.text("path", "/")) or "?").rstrip("/") or None
            path.take("pathType")
            backend = backend_of(path.sub("backend"), namespace, objects.ports)
            home = next(
                (
                    each
                    for each in draft.items("proxy.mapping")
                    if each.get("host") == host and each.get("path") == place and each.get("service")
                ),
                None,
            )
            if home is None or backend is None:
                draft.left(
                    path.where(),
                    host,
                    "there is no mapping that it would be a second version of",
                    "add it by hand",
                )
                continue
            table = home.below("canary", path.where())
            table.put("service", f"http://{backend.host}:{backend.port}", path.where("backend"))
            weight = notes.number("canary-weight") if notes.has("canary-weight") else None
            total = notes.number("canary-weight-total") if notes.has("canary-weight-total") else None
            if weight is not None:
                table.put("weight", min(100.0, max(0.0, 100.0 * weight / (total or 100.0))), "canary-weight")
            table.put("header", notes.text("canary-by-header") or None, "canary-by-header")
            table.put("cookie", notes.text("canary-by-cookie") or None, "canary-by-cookie")
            if notes.has("canary-by-header") or notes.has("canary-by-cookie"):
                put_once(
                    draft,
                    notes.path,
                    "canary",
                    'clients said "always" and "never", here they say "canary" and "stable"',
                    "change the clients",
                )
