"""One path of a host: where its requests go, and what happens to them on the way."""

import re

from yett.ops.importing import words
from yett.ops.importing.ingress_nginx.guard import Guard
from yett.ops.importing.kubernetes import Backend, Objects, backend_of, names_of
from yett.ops.importing.model import Draft, Table, Value
from yett.ops.importing.source import Source

_KNOWN_FIELDS = {
    # What answers of other gateways call what ours knows.
    "x-auth-request-user": "{user}",
    "x-auth-request-preferred-username": "{user}",
    "x-auth-request-email": "{email}",
    "x-auth-request-groups": "{groups}",
    "remote-user": "{user}",
    "remote-name": "{name}",
    "remote-email": "{email}",
    "remote-groups": "{groups}",
}


def convert_path(
    ingress: Source,
    notes: Source,
    path: Source,
    host: str,
    objects: Objects,
    draft: Draft,
    names: set[str],
    guard: Guard,
    settings: list[tuple[str, Value, str]],
) -> bool:
    """The mappings of one path at one host; False when the path cannot be said."""
    namespace, name = names_of(ingress.table)
    places = _places(path, is_regular=str(notes.peek("use-regex")).lower() == "true")
    if not places:
        draft.left(
            path.where("path"),
            path.text("path"),
            "is no plain path, and is not guessed at",
            "add a mapping for what it means; until then nobody enters more open paths of the host",
        )
        return False
    backend = backend_of(path.sub("backend"), namespace, objects.ports)
    for place, match in places:
        mapping = draft.item("proxy.mapping", path.where())
        label = name if place == "/" else f"{name} {place.strip('/*')}"
        mapping.put("app", words.app_name(label, names), "")
        mapping.put("host", host, "")
        mapping.put("path", place.rstrip("/") or None, "")
        mapping.put("match", match or None, "")
        if not _redirect(notes, mapping):
            _service(notes, mapping, backend, path, draft)
        if guard.is_public:
            mapping.put("public", True, guard.source)
        mapping.put("groups", guard.groups, guard.source)
        for key, value, source in settings:
            mapping.put(key, value, source)
        _fields(notes, mapping, draft)
        if match != "pattern":
            _limits(notes, draft, str(mapping.get("app")), host, place)
        _mirror(notes, mapping, draft)
        if place == "/" and not match:
            _app_root(notes, draft, mapping, names)
    return True


def _places(path: Source, *, is_regular: bool) -> list[tuple[str, str]]:
    """The paths of ours that one of theirs is, each with how it is compared; none when it cannot be said."""
    text, kind = path.text("path", "/") or "/", path.text("pathType", "Prefix")
    plain = words.path_of(text)
    if kind == "Exact":
        return [(plain, "exact")] if plain else []
    if kind == "Prefix" and not is_regular:
        return [(plain, "")] if plain else []
    if plain == "/":
        return [("/", "")]
    if text.endswith("/?(.*)"):
        plain = words.path_of(text.removesuffix("/?(.*)"))
    if plain:
        # NGINX compares letters, not segments: "/api" is "/apikeys", too.
        return [(f"{plain.rstrip('/')}*/**", "pattern")]
    found = words.literal_paths(f"^{text.removeprefix('^')}") or []
    return [(place, "exact" if is_exact else "") for place, is_exact in found]


def _service(notes: Source, mapping: Table, backend: Backend | None, path: Source, draft: Draft) -> None:
    if backend is None:
        draft.left(path.where("backend"), "", "is no service with an address", "set `service` of the mapping")
        mapping.put("service", "http://127.0.0.1:1", "a placeholder: nothing answers there")
        return
    protocol = notes.text("backend-protocol", "HTTP").upper()
    if protocol not in {"HTTP", "HTTPS", "GRPC", "GRPCS", "AUTO_HTTP"}:
        draft.left(notes.where("backend-protocol"), protocol, "is not spoken", "let the service speak HTTP")
    scheme = "https" if protocol.endswith("S") else "http"
    mapping.put("service", f"{scheme}://{backend.host}:{backend.port}", path.where("backend"))
    if protocol.startswith("GRPC"):
        mapping.put("protocol", "h2", notes.where("backend-protocol"))
    if backend.is_guessed:
        draft.left(
            path.where("backend"),
            backend.host,
            "its port is only a name; 80 is a guess",
            "import the Service object together with it",
        )


def _redirect(notes: Source, mapping: Table) -> bool:
    for key, default in (("permanent-redirect", 301), ("temporal-redirect", 302)):
        address = notes.text(key)
        if address and re.fullmatch(r"https?://[!-\[\]-~]+", address):
            table = mapping.below("redirect")
            table.put("to", address, key)
            code = notes.number(f"{key}-code")
            table.put("status", int(code) if code in {301, 302, 303, 307, 308} else default, f"{key}-code")
            table.put("keep_path", False, key)
            return True
    return False


def _fields(notes: Source, mapping: Table, draft: Draft) -> None:
    """The fields of the answer that the application got to see."""
    fields = []
    for name in notes.texts("auth-response-headers", split=","):
        value = _KNOWN_FIELDS.get(name.lower())
        if value is not None and re.fullmatch(r"[A-Za-z0-9-]{1,128}", name):
            fields.append(f"{name}: {value}")
        elif mapping is next(draft.items("proxy.mapping"), None) or value is None:
            put_once(
                draft,
                notes.where("auth-response-headers"),
                name,
                "no such field is known here",
                "see `request_headers` and `bearer` of the mapping",
            )
    if fields:
        mapping.below("request_headers").put("set", fields, "auth-response-headers")


def put_once(draft: Draft, key: str, value: str, why: str, advice: str) -> None:
    """Put down what would be told for every path."""
    if not any(each.key == key and each.value == value for each in draft.leftovers):
        draft.left(key, value, why, advice)


def _limits(notes: Source, draft: Draft, app: str, host: str, path: str) -> None:
    for key, period in (("limit-rps", "1s"), ("limit-rpm", "1m")):
        number = notes.number(key) if notes.has(key) else None
        if number and 1 <= number <= 10_000_000:
            table = draft.item("protection.rate.entity", "")
            name = re.sub(r"[^a-z0-9_-]+", "-", f"{app} {host} {period}".lower()).strip("-_")[:63]
            table.put("name", name or "limit", key)
            table.put("host", host if not host.startswith("*") else None, "")
            table.put("path", path if path != "/" else None, "")
            table.put("requests", int(number), key)
            table.put("period", period, key)
            # NGINX lets five times as many come at once.
            table.put("burst", int(number) * 5, key)


def _mirror(notes: Source, mapping: Table, draft: Draft) -> None:
    target = notes.text("mirror-target").split("$", 1)[0]
    if not target:
        return
    service = words.service_of(target)
    if service is None or service[1] != "/":
        put_once(
            draft,
            notes.where("mirror-target"),
            target,
            "copies keep their path",
            "set `shadow` of the mapping",
        )
        return
    table = mapping.below("shadow", is_array=True)
    table.put("name", "mirror", "")
    table.put("service", service[0], "mirror-target")


def _app_root(notes: Source, draft: Draft, mapping: Table, names: set[str]) -> None:
    root = words.path_of(notes.text("app-root")) if notes.has("app-root") else None
    if not root or root == "/":
        return
    start = draft.item("proxy.mapping", notes.where("app-root"))
    start.put("app", words.app_name(f"{mapping.get('app')} start", names), "")
    start.put("host", mapping.get("host"), "")
    start.put("match", "exact", "")
    start.put("public", True, "it only sends people on")
    table = start.below("redirect")
    table.put("to", root, "app-root")
    table.put("status", 302, "")
    table.put("keep_path", False, "")
