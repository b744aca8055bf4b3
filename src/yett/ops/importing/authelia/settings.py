"""What belongs to the gateway as a whole: names, sessions, mail, second factors."""

from typing import Any
from urllib.parse import urlsplit

from yett.ops.importing import documents, ours, words
from yett.ops.importing.authelia import access, clients, people
from yett.ops.importing.authelia.notes import NOTES
from yett.ops.importing.model import Draft
from yett.ops.importing.source import Source

_UNKNOWN = "no setting of Authelia that is known here"
_LEVELS = {"trace": "trace", "debug": "debug", "info": "info", "warn": "warn", "error": "error"}


def convert(files: list[tuple[str, str]], draft: Draft, *, hostname: str) -> None:
    """The settings and users files (name and text); tables of several files are one."""
    settings: dict[str, Any] = {}
    for name, text in files:
        for document in documents.yaml_of(text, name):
            if not isinstance(document, dict):
                raise documents.Unreadable(f"{name} holds no table of settings")
            if people.is_users_file(document):
                source = Source(document, draft)
                people.convert_users(source, draft)
                source.rest({}, unknown=_UNKNOWN)
            else:
                _merge(settings, document)
    if settings:
        source = Source(settings, draft)
        _convert(source, draft, hostname)
        source.rest(NOTES, unknown=_UNKNOWN)


def _merge(into: dict[str, Any], new: dict[Any, Any]) -> None:
    for key, value in new.items():
        old = into.get(str(key))
        if isinstance(old, dict) and isinstance(value, dict):
            _merge(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            into[str(key)] = old + value
        else:
            into[str(key)] = value


def _convert(source: Source, draft: Draft, hostname: str) -> None:
    _names(source, draft, hostname)
    _server(source, draft)
    _sessions(source.sub("session"), draft)
    _mail(source.sub("notifier").sub("smtp"), draft)
    _factors(source, draft)
    backend = source.sub("authentication_backend")
    people.convert_ldap(backend.sub("ldap"), draft)
    if backend.has("file") and not draft.people:
        draft.left(
            backend.where("file.path"),
            backend.sub("file").text("path"),
            "its people are in another file",
            "import that file together with this one",
        )
    control = source.sub("access_control")
    named = source.sub("definitions").sub("network")
    access.add_definitions(control, named)
    access.convert(control, draft)
    clients.convert(source.sub("identity_providers").sub("oidc"), draft)


def _names(source: Source, draft: Draft, hostname: str) -> None:
    """The sign-in host, and the domain whose hosts people are known at."""
    session = source.sub("session")
    cookies = session.each("cookies")
    domains = []
    known = ""
    for each in cookies:
        domains.append((each.text("domain").lstrip("."), each.where("domain")))
        known = known or words.host_of(each.text("authelia_url")) or ""
    if session.has("domain"):
        domains.append((session.text("domain").lstrip("."), session.where("domain")))
    good = [(name, where) for text, where in domains if (name := words.host_of(text))]
    if not known and good:
        known = f"auth.{good[0][0]}"
    ours.hostname(draft, hostname, known, "session.cookies.authelia_url")
    if good and source.has("access_control"):
        ours.members_domain(draft, *good[0])
    for name, where in good[1:]:
        draft.left(
            where, name, "people are known at the hosts of one domain", "use a gateway for each domain"
        )


def _server(source: Source, draft: Draft) -> None:
    server = source.sub("server")
    service = draft.section("service")
    address = server.text("address")
    if address:
        _listen(address, server, draft)
    elif server.has("port"):
        number = server.number("port")
        service.put("port", int(number) if number and 0 < number < 65536 else None, server.where("port"))
        server.take("host")
    tls = server.sub("tls")
    cert, key = tls.text("certificate"), tls.text("key")
    if cert and key:
        service.put("tls_cert", cert, tls.where("certificate"))
        service.put("tls_key", key, tls.where("key"))
    elif source.has("server"):
        service.put("tls", False, f"{server.where('tls')}: the proxy in front ends TLS")
        service.put("proxy_mode", "optional", "a proxy stands in front")
        service.put("trusted_proxies", ["127.0.0.0/8", "::1/128"], "a proxy stands in front")
        draft.left(
            server.where(),
            "",
            "every proxy was believed; here only those that are named, so far this machine",
            "put the networks of your proxies into service.trusted_proxies and forward_auth.trusted",
        )
    level = source.sub("log").text("level")
    if level in _LEVELS:
        draft.section("telemetry").put("log_level", _LEVELS[level], "log.level")


def _listen(address: str, server: Source, draft: Draft) -> None:
    try:
        parts = urlsplit(address if "://" in address else f"tcp://{address}")
        port = parts.port
    except ValueError:
        draft.left(server.where("address"), address, "is no address to listen on", "set service.port")
        return
    service = draft.section("service")
    if parts.scheme == "unix":
        service.put("unix_socket", parts.path, server.where("address"))
        return
    service.put("port", port or None, server.where("address"))
    if parts.hostname and words.is_address(parts.hostname) and parts.hostname not in {"0.0.0.0", "::"}:  # noqa: S104 - theirs
        service.put("network_interface", parts.hostname, server.where("address"))
    if parts.path.strip("/"):
        draft.left(
            server.where("address"),
            parts.path,
            "pages are at the root of the sign-in host",
            "change the links",
        )


def _sessions(source: Source, draft: Draft) -> None:
    """How long people stay signed in. Of several domains, the strictest."""
    table = draft.section("sessions")
    places = [source, *source.each("cookies")]
    for theirs, ours_keys, most in (
        ("inactivity", ("idle_timeout",), 30 * 86400),
        ("expiration", ("lifetime", "sign_on_lifetime"), 90 * 86400),
    ):
        found = [
            (seconds, place.where(theirs))
            for place in places
            if place.has(theirs) and (seconds := words.seconds_of(place.text(theirs))) is not None
        ]
        if found:
            seconds, where = min(found)
            for key in ours_keys:
                table.put(key, words.duration(min(max(seconds, 60), most)), where)


def _mail(source: Source, draft: Draft) -> None:
    if not source.table:
        return
    table = draft.section("smtp")
    address = source.text("address") or (
        f"smtp://{source.text('host')}:{source.text('port', '25')}" if source.has("host") else ""
    )
    try:
        parts = urlsplit(address if "://" in address else f"smtp://{address}")
        port = parts.port
    except ValueError:
        draft.left(source.where("address"), address, "is no address of a mail server", "set [smtp]")
        return
    where = source.where("address")
    table.put("host", parts.hostname or None, where)
    is_implicit = parts.scheme == "submissions" or port == 465
    table.put("port", port or {"submissions": 465, "submission": 587}.get(parts.scheme, 25), where)
    is_open = source.flag("disable_require_tls")
    has_login = source.has("username")
    if is_open and not has_login:
        table.put("security", "none", source.where("disable_require_tls"))
    else:
        table.put("security", "ssl" if is_implicit else "starttls", where)
        if is_open:
            draft.left(
                source.where("disable_require_tls"), True, "a password never travels in the clear", "nothing"
            )
    if has_login:
        table.put("username", source.text("username"), source.where("username"))
        has_password = source.has("password")
        password = (
            draft.secret("smtp_password", source.text("password"))
            if has_password
            else draft.awaited("smtp_password")
        )
        table.put("password", password, source.where("password"))
        if not has_password:
            draft.left(
                source.where("password"), "", "it stands somewhere else", f"put it into {password.name}"
            )
    table.put("sender", source.text("sender") or None, source.where("sender"))
    tls = source.sub("tls")
    if tls.flag("skip_verify"):
        draft.left(tls.where("skip_verify"), True, "the server's certificate is checked", "set smtp.ca_file")


def _factors(source: Source, draft: Draft) -> None:
    totp = source.sub("totp")
    table = draft.section("authn.totp")
    issuer = totp.text("issuer")
    table.put("issuer", issuer if 0 < len(issuer) <= 64 else None, totp.where("issuer"))
    skew = totp.number("skew")
    if skew is not None:
        table.put("window", int(min(max(skew, 0), 2)), totp.where("skew"))
    keys = source.sub("webauthn")
    table = draft.section("authn.passkey")
    if keys.flag("disable"):
        table.put("enabled", False, keys.where("disable"))
    name = keys.text("display_name")
    table.put("rp_name", name if 0 < len(name) <= 64 else None, keys.where("display_name"))
    wish = keys.text("attestation_conveyance_preference")
    table.put(
        "attestation",
        wish if wish in {"none", "indirect", "direct", "enterprise"} else None,
        keys.where("attestation_conveyance_preference"),
    )
    criteria = keys.sub("selection_criteria")
    kind, check = (
        criteria.text("attachment"),
        criteria.text("user_verification") or keys.text("user_verification"),
    )
    table.put(
        "authenticators",
        kind if kind in {"platform", "cross-platform"} else None,
        criteria.where("attachment"),
    )
    if check in {"required", "preferred"}:
        table.put("user_verification", check, criteria.where("user_verification"))
    elif check:
        draft.settled(criteria.where("user_verification"), check, "a check is asked for")
