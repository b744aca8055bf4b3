"""What stands behind it."""

import re

from yett.ops.importing import ours, words
from yett.ops.importing.model import Draft, Table
from yett.ops.importing.source import Source


def convert_upstreams(source: Source, application: str) -> list[Table]:
    """A mapping for each upstream: "http://127.0.0.1:8080/path/", "file:///dir/#/path" or "static://200"."""
    found = []
    passes_host = source.flag("pass_host_header", default=True)
    sockets = source.flag("proxy_websockets", default=True)
    timeout = words.seconds_of(source.text("upstream_timeout"))
    names: set[str] = set()
    for text in source.texts("upstreams", split=","):
        place = "upstreams"
        if text.startswith("static://"):
            source.draft.settled(place, text, "an answer for other proxies: that is forward-auth")
            continue
        if text.startswith("file://"):
            directory, _, below = text.removeprefix("file://").partition("#")
            mapping = new_mapping(source.draft, names, application, below or directory, place)
            mapping.below("assets").put("directory", directory, place)
            found.append(mapping)
            continue
        service = words.service_of(text)
        path = words.path_of(service[1]) if service else None
        if service is None or path is None:
            source.draft.left(
                place, text, "is no address that requests can go to", "write it as `service` of a mapping"
            )
            continue
        mapping = new_mapping(source.draft, names, application, path, place)
        mapping.put("service", service[0], place)
        mapping.put("preserve_host", False if not passes_host else None, "pass_host_header")
        mapping.put("websocket", False if not sockets else None, "proxy_websockets")
        mapping.put("response_timeout", words.duration(timeout) if timeout else None, "upstream_timeout")
        found.append(mapping)
    return found


def new_mapping(draft: Draft, names: set[str], host: str, path: str, source: str) -> Table:
    """A further mapping of the application's host."""
    mapping = draft.item("proxy.mapping", "")
    label = path.strip("/") or "root"
    mapping.put(
        "app",
        words.app_name(
            f"{host.split('.', maxsplit=1)[0] or 'app'} {label}" if label != "root" else host, names
        ),
        source,
    )
    mapping.put("host", host or "app.invalid", "redirect_url" if host else "a placeholder")
    ours_path = words.path_of(path)
    if ours_path is None:
        draft.left(source, path, "is no path that a mapping can have", "set `path` of the mapping")
    mapping.put("path", ours_path if ours_path != "/" else None, source)
    return mapping


def tell_identity(source: Source, mapping: Table) -> None:
    """The fields that tell an application who is there."""
    if source.flag("pass_user_headers", default=True):
        fields = ["X-Auth-Request-User: {user}", "X-Auth-Request-Email: {email}"]
        fields += ["X-Auth-Request-Groups: {groups}", "X-Auth-Request-Preferred-Username: {user}"]
        mapping.below("request_headers").put("set", fields, "pass_user_headers")
        if not any(each.key == "pass_user_headers" for each in source.draft.leftovers):
            source.draft.left(
                "pass_user_headers",
                True,
                "fields that begin with X-Forwarded- are the gateway's own; these are called X-Auth-Request-",
                "let applications read those, or the signed X-Yett- ones",
            )
    if source.flag("pass_authorization_header") and mapping.get("service"):
        mapping.below("bearer").put(
            "audience",
            str(mapping.get("app")).replace(" ", "-"),
            "pass_authorization_header: a token of ours",
        )


def open_paths(source: Source, mappings: list[Table], application: str) -> None:
    """Paths that take no sign-in: "GET=^/api/health$", "^/public/"."""
    names = {str(mapping.get("app")).casefold() for mapping in mappings}
    for key in ("skip_auth_routes", "skip_auth_regex"):
        for text in source.texts(key, split=","):
            method, has_method, pattern = (
                text.partition("=") if re.match(r"[A-Z]+!?=", text) else ("", "", text)
            )
            paths = None if method.endswith("!") else words.literal_paths(pattern)
            homes = [_home_of(mappings, path) for path, _ in paths or ()]
            if paths is None or (mappings and None in homes):
                source.draft.left(
                    key,
                    text,
                    "a pattern that is no plain path below an application, which is not guessed at",
                    "make a mapping with `public = true` for what it means",
                )
                continue
            methods = [method] if has_method else []
            for (path, is_exact), home in zip(paths, homes, strict=True):
                if home is not None:
                    _public(
                        source.draft, names, home, path, methods, is_exact=is_exact, source=f"{key}: {text}"
                    )
                    continue
                ours.rule(
                    source.draft,
                    ours.Rule(
                        f"{key}: {text}",
                        hosts=[application] if application else [],
                        paths=[path],
                        is_exact=is_exact,
                        methods=methods,
                        level="bypass",
                    ),
                )


def _public(
    draft: Draft, names: set[str], home: Table, path: str, methods: list[str], *, is_exact: bool, source: str
) -> None:
    """A mapping beside an application's own, for a path of it that takes no sign-in."""
    public = draft.item("proxy.mapping", "")
    public.put("app", words.app_name(f"{home.get('app')} {path.strip('/')}", names), source)
    for key in ("host", "service", "preserve_host", "websocket", "response_timeout"):
        public.put(key, home.get(key), "")
    public.put("path", path.rstrip("/") or "/", "")
    public.put("match", "exact" if is_exact else None, "")
    public.put("methods", methods, "")
    public.put("public", True, "")


def _home_of(mappings: list[Table], path: str) -> Table | None:
    """The mapping with a service that a path is in; the longest wins."""
    fitting = [
        mapping
        for mapping in mappings
        if mapping.get("service") and _contains(str(mapping.get("path") or "/"), path)
    ]
    return max(fitting, key=lambda mapping: len(str(mapping.get("path") or "/")), default=None)


def _contains(base: str, path: str) -> bool:
    stem = base.rstrip("/")
    return path == stem or path.startswith(f"{stem}/")
