"""GafaelfawrIngress objects: rules, and pieces of NGINX configuration."""

import re
from urllib.parse import urlencode

from yett.ops.importing import ours, words
from yett.ops.importing.gafaelfawr.settings import SCOPE, convert_settings
from yett.ops.importing.kubernetes import gather, names_of
from yett.ops.importing.model import Draft
from yett.ops.importing.source import Source


def convert(files: list[tuple[str, str]], draft: Draft, *, hostname: str) -> str:
    """The settings and objects of these files (name and text); the text for NGINX."""
    objects = gather(files, draft)
    base = ""
    for _, document in objects.settings:
        base = convert_settings(document, draft, hostname) or base
    if not objects.settings:
        ours.hostname(draft, hostname, "", "")
    pieces = [convert_object(each, draft) for each in objects.gafaelfawr]
    for each in objects.ingresses:
        draft.settled(
            each.where(), "", "Gafaelfawr made it of another object; `yett import ingress-nginx` reads such"
        )
    return "\n".join(piece for piece in pieces if piece)


def convert_object(source: Source, draft: Draft) -> str:
    """Rules for one object; the piece for NGINX."""
    namespace, name = names_of(source.table)
    if source.peek("kind") != "GafaelfawrIngress":
        spec = source.sub("spec")
        draft.left(
            spec.where("scopes"),
            f"{spec.text('service')}: {', '.join(spec.texts('scopes'))}",
            "no tokens are put into Kubernetes",
            "make a service token at /auth/api/v1/tokens, and put it there",
        )
        return ""
    config = source.sub("config")
    scopes = config.sub("scopes")
    wanted, is_any = scopes.texts("all"), False
    if scopes.has("any"):
        wanted, is_any = scopes.texts("any"), True
    is_open = scopes.flag("anonymous")
    query = _parameters(config, wanted, is_any=is_any)
    places = _places(source.sub("template").sub("spec"), draft)
    for host, paths, is_exact in places:
        made = ours.Rule(source.where(), hosts=[host] if host else [], paths=paths, is_exact=is_exact)
        made.level = "bypass" if is_open else "one_factor"
        made.scopes = [each for each in wanted if SCOPE.fullmatch(each)]
        ours.rule(draft, made)
    if is_any and len(wanted) > 1 and not is_open:
        draft.left(
            scopes.where("any"),
            ", ".join(wanted),
            "a rule asks for all of its scopes; the piece for NGINX for any",
            "use that piece, or write a rule for each",
        )
    restricted = [key for key in ("onlyServices", "username", "userDomain") if config.peek(key)]
    if restricted:
        draft.left(
            config.where(restricted[0]),
            config.peek(restricted[0]),
            "a rule cannot ask for it; the piece for NGINX does",
            "use that piece; the rule lets nobody in",
        )
        for table in draft.items("forward_auth.rule"):
            if table.source == source.where():
                table.replace("level", "deny", "until somebody looks at it")
                table.lines = [line for line in table.lines if line.key not in {"scopes", "groups"}]
    for key in ("baseUrl", "replace403", "authCacheDuration"):
        if config.has(key):
            draft.settled(
                config.where(key), config.take(key), "says nothing here; NGINX's own cache may be kept"
            )
    redirects = config.flag("loginRedirect")
    config.rest({}, unknown="no setting of an ingress that is known here")
    config.taken.add(config.path)
    return _piece(f"{namespace}/{name}", query, is_open=is_open, redirects=redirects, draft=draft)


def _parameters(config: Source, wanted: list[str], *, is_any: bool) -> str:
    """The query of /ingress/auth, as Gafaelfawr's own operator would write it."""
    pairs = [("scope", each) for each in wanted]
    if is_any:
        pairs.append(("satisfy", "any"))
    service = config.text("service")
    delegate = config.sub("delegate")
    internal = delegate.sub("internal")
    if service:
        pairs.append(("service", service))
    if delegate.has("notebook"):
        delegate.take("notebook")
        pairs.append(("notebook", "true"))
    elif delegate.has("internal"):
        pairs.append(("delegate_to", internal.text("service") or service))
        scopes = internal.texts("scopes")
        pairs += [("delegate_scope", each) for each in scopes]
    if delegate.has("minimumLifetime"):
        pairs.append(("minimum_lifetime", delegate.text("minimumLifetime")))
    if delegate.flag("useAuthorization"):
        pairs.append(("use_authorization", "true"))
    for key, name, default in (
        ("authType", "auth_type", ""),
        ("allowCookies", "allow_cookies", "true"),
        ("allowOptions", "allow_options", "false"),
        ("username", "username", ""),
        ("userDomain", "user_domain", "false"),
    ):
        value = config.text(key)
        if value and value != default:
            pairs.append((name, value))
    pairs += [("only_service", each) for each in config.texts("onlyServices")]
    return urlencode(pairs)


def _places(spec: Source, draft: Draft) -> list[tuple[str, list[str], bool]]:
    found = []
    for rule in spec.each("rules"):
        host = rule.text("host").lower()
        if host and words.host_of(host.removeprefix("*.")) is None:
            draft.left(rule.where("host"), host, "is no name of a host", "write a rule by hand")
            continue
        for path in rule.sub("http").each("paths"):
            place = words.path_of(path.text("path", "/"))
            if place is None:
                literal = words.literal_paths(f"^{path.text('path').removeprefix('^')}")
                if not literal:
                    draft.left(
                        path.where("path"), path.text("path"), "is no plain path", "write a rule by hand"
                    )
                    continue
                found += [(host, [text], is_exact) for text, is_exact in literal]
                continue
            found.append((host, [place], path.text("pathType") == "Exact"))
            path.take("backend")
    return found


def _piece(name: str, query: str, *, is_open: bool, redirects: bool, draft: Draft) -> str:
    """A piece of NGINX configuration: who to ask, and what to hand on."""
    host = next((str(table.get("hostname")) for table in draft.tables if table.name == "service"), "")
    kind = "anonymous" if is_open else "auth"
    slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    asked = f"?{query}" if query and not is_open else ""
    lines = [
        f"# {''.join(each if each.isprintable() else ' ' for each in name)[:120]}: into the `location` that it guards",
        f"#   auth_request /_yett_{slug};",
        *([f"#   error_page 401 = @yett_login_{slug};"] if redirects else []),
        f"location = /_yett_{slug} {{",
        "    internal;",
        f"    proxy_pass https://{host}/ingress/{kind}{asked};",
        "    proxy_pass_request_body off;",
        '    proxy_set_header Content-Length "";',
        f"    proxy_set_header Host {host};",
        "    proxy_set_header X-Original-Method $request_method;",
        "    proxy_set_header X-Original-URL $scheme://$http_host$request_uri;",
        "    proxy_set_header X-Forwarded-For $remote_addr;",
        "}",
    ]
    if redirects:
        lines += [
            f"location @yett_login_{slug} {{",
            f"    return 302 https://{host}/login?rd=$scheme://$http_host$request_uri;",
            "}",
        ]
    return "\n".join(lines) + "\n"
