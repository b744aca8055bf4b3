"""What is said of those settings of Authelia that become none of ours."""

from yett.ops.importing.source import Note, Notes

_OURS = "so it is here, without a setting"
_STORE = "everything is kept in the gateway's own store"
_ENROL = "second factors are enrolled anew: they cannot be read without Authelia's key"

NOTES: Notes = {
    "theme": Note("pages follow what the browser prefers"),
    "default_2fa_method": Note("people choose on the page"),
    "certificates_directory": Note(
        "authorities are files of each connection", "see `ca`, `ca_file` and net.fetching.ca_file"
    ),
    "server.asset_path": Note("pages look as ours do"),
    "server.headers": Note("a strict Content-Security-Policy is always sent"),
    "server.buffers": Note("service.max_head and protection.size limit requests"),
    "server.timeouts": Note("service.head_timeout, idle_timeout and body_timeout say so"),
    "server.disable_healthcheck": Note("health is at /health of the sign-in host"),
    "server.endpoints.enable_pprof": Note("there is no such thing", "", (False,)),
    "server.endpoints.enable_expvars": Note("there is no such thing", "", (False,)),
    "server.endpoints.authz": Note("each dialect is at the path that Authelia's manual gives it"),
    "server.tls.client_certificates": Note(
        "authorities of client certificates are service.client_ca", "set it and service.client_cert"
    ),
    "log.format": Note("telemetry.format says so"),
    "log.file_path": Note("the log is kept under the data directory; further files are [[telemetry.output]]"),
    "log.keep_stdout": Note("telemetry.format says so"),
    "telemetry": Note("metrics are switched on in [metrics]", "set it there", (False,)),
    "totp.algorithm": Note("codes are SHA-1, as every app understands", "", ("SHA1", "sha1")),
    "totp.digits": Note("codes have six digits", "", (6,)),
    "totp.period": Note("a code lasts 30 seconds", "", (30,)),
    "totp.secret_size": Note(_OURS),
    "totp.allowed_algorithms": Note(_OURS),
    "totp.allowed_digits": Note(_OURS),
    "totp.allowed_periods": Note(_OURS),
    "totp.disable_reuse_security_policy": Note("a code is good once, always", "", (False,)),
    "totp.disable": Note("authenticator apps are always offered", "", (False,)),
    "webauthn.filtering": Note("authn.passkey.aaguids says which models may be enrolled", "set it"),
    "webauthn.metadata": Note(
        "authn.passkey.trusted_roots names the makers that are believed", "set it", (False,)
    ),
    "webauthn.selection_criteria.discoverability": Note("authn.passkey.discoverable says so"),
    "webauthn.timeout": Note("authn.passkey.ceremony_lifetime says so"),
    "webauthn.enable_passkey_login": Note("people may sign in with a passkey alone"),
    "duo_api": Note("there are no pushes of Duo", "offer passkeys or authenticator apps", (True,)),
    "identity_validation": Note("codes by mail are set in [authn.otp]; there are no reset links"),
    "jwt_secret": Note("keys are derived from the cluster key"),
    "ntp": Note("the clock is the system's"),
    "definitions.user_attributes": Note("people have the attributes of the directory", "give them groups"),
    "authentication_backend.password_change": Note("authn.ldap.change_by says so"),
    "authentication_backend.password_reset": Note(
        "there are no reset links", "send people to whoever keeps passwords"
    ),
    "authentication_backend.refresh_interval": Note("identity.ldap.delta_interval says so"),
    "authentication_backend.file.watch": Note("a changed users file is taken over within a second"),
    "authentication_backend.file.path": Note("people are in users.toml of the data directory"),
    "authentication_backend.file.search": Note(
        "names are small letters; addresses are not names", "", (False,)
    ),
    "authentication_backend.file.password": Note("[authn.password] says how new hashes are made"),
    "authentication_backend.file.extra_attributes": Note(
        "people have a name, an address and groups", "see what needs more"
    ),
    "authentication_backend.ldap.permit_referrals": Note(
        "referrals are not followed", "name all servers", (False,)
    ),
    "authentication_backend.ldap.permit_unauthenticated_bind": Note("is never done", "", (False,)),
    "authentication_backend.ldap.permit_feature_detection_failure": Note(_OURS),
    "authentication_backend.ldap.tls.server_name": Note("the name in the address is checked"),
    "authentication_backend.ldap.tls.minimum_version": Note("TLS 1.2 and 1.3"),
    "authentication_backend.ldap.tls.maximum_version": Note("TLS 1.2 and 1.3"),
    "authentication_backend.ldap.tls.certificate_chain": Note(
        "we show no certificate to LDAP", "use a bind account"
    ),
    "authentication_backend.ldap.tls.private_key": Note(
        "we show no certificate to LDAP", "use a bind account"
    ),
    "authentication_backend.ldap.pooling": Note("connections are always kept open"),
    "authentication_backend.ldap.group_search_mode": Note("groups are read with their members"),
    "authentication_backend.ldap.attributes": Note(
        "people have a name, an address and groups", "see what needs more"
    ),
    "authentication_backend.ldap.timeout": Note("identity.ldap.connect_timeout and request_timeout say so"),
    "password_policy": Note("passwords have at least authn.password.min_length characters", "set it"),
    "privacy_policy": Note("there is no link on the page", "say it in the sign-in page's message", (False,)),
    "session.secret": Note("keys are derived from the cluster key"),
    "session.name": Note("cookies have names with a __Host- or __Secure- prefix"),
    "session.same_site": Note("Lax, always"),
    "session.redis": Note(_STORE),
    "session.remember_me": Note("there is no such choice", "see sessions.sign_on_lifetime"),
    "session.remember_me_duration": Note("there is no such choice", "see sessions.sign_on_lifetime"),
    "session.cookies.name": Note("cookies have names with a __Host- or __Secure- prefix"),
    "session.cookies.same_site": Note("Lax, always"),
    "session.cookies.remember_me": Note(
        "there is no such choice", "see sessions.sign_on_lifetime", (-1, "-1")
    ),
    "session.cookies.default_redirection_url": Note("people land on their profile", "", ()),
    "default_redirection_url": Note("people land on their profile"),
    "regulation": Note("wrong passwords make the next attempt wait, longer each time; see [authn.password]"),
    "storage.encryption_key": Note(_ENROL, "tell people before the change"),
    "storage": Note(_STORE),
    "notifier.disable_startup_check": Note("`yett admin mail test` tries it"),
    "notifier.filesystem": Note("mails go to a mail server", "set [smtp]"),
    "notifier.smtp.identifier": Note(_OURS),
    "notifier.smtp.subject": Note("mails have subjects of ours"),
    "notifier.smtp.startup_check_address": Note("`yett admin mail test` tries it"),
    "notifier.smtp.disable_html_emails": Note("mails have both forms"),
    "notifier.smtp.timeout": Note("smtp.timeout says so"),
    "notifier.smtp.tls": Note("TLS 1.2 and 1.3, and no certificate of ours", "see smtp.ca_file"),
    "identity_providers.oidc.hmac_secret": Note("keys are derived from the cluster key"),
    "identity_providers.oidc.jwks": Note(
        "signing keys are made and rotated here; applications fetch them",
        "nothing, unless an application has them fixed",
    ),
    "identity_providers.oidc.issuer_private_key": Note("signing keys are made and rotated here"),
    "identity_providers.oidc.issuer_certificate_chain": Note("signing keys are made and rotated here"),
    "identity_providers.oidc.enable_client_debug_messages": Note(
        "why something failed stands in the log", "", (False,)
    ),
    "identity_providers.oidc.minimum_parameter_entropy": Note(_OURS),
    "identity_providers.oidc.enforce_pkce": Note("PKCE is asked of every client unless `pkce = false`"),
    "identity_providers.oidc.enable_pkce_plain_challenge": Note("S256, always", "", (False,)),
    "identity_providers.oidc.enable_jwt_access_token_stateless_introspection": Note(
        "tokens are looked up", "", (False,)
    ),
    "identity_providers.oidc.discovery_signed_response_alg": Note("documents are not signed", "", ("none",)),
    "identity_providers.oidc.discovery_signed_response_key_id": Note("documents are not signed"),
    "identity_providers.oidc.require_pushed_authorization_requests": Note(
        "set `must_push` of each client", "set it", (False,)
    ),
    "identity_providers.oidc.pushed_authorizations": Note(
        "set `must_push` of each client", "set it", (False,)
    ),
    "identity_providers.oidc.claims_policies": Note(
        "scopes say which claims there are", "see what an application needs"
    ),
    "identity_providers.oidc.scopes": Note(
        "scopes are those of the standard, and groups", "see what an application needs"
    ),
    "identity_providers.oidc.cors": Note(
        "discovery, keys, tokens and user info may be asked by any origin's scripts"
    ),
    "identity_providers.oidc.lifespans": Note("lifetimes are those of each client, or oidc.code_lifetime"),
    "identity_providers.oidc.authorization_policies": Note("are taken into each client that names them"),
}

CLIENT_NOTES: Notes = {
    "sector_identifier_uri": Note(
        "everybody has one `sub` for all applications", "see whether an application needs more"
    ),
    "request_uris": Note("requests by reference are pushed (PAR)", "let the application push"),
    "response_types": Note("code", "", (["code"], "code")),
    "response_modes": Note("query and form_post, as each request asks", "", ()),
    "pkce_challenge_method": Note("S256, always", "", ("S256", "")),
    "requested_audience_mode": Note("one audience, that of the client"),
    "consent_mode": Note("consent is asked once for each set of scopes"),
    "pre_configured_consent_duration": Note("consent is remembered until it is withdrawn"),
    "claims_policy": Note("scopes say which claims there are", "see what the application needs"),
    "introspection_endpoint_auth_method": Note("one method for all endpoints"),
    "revocation_endpoint_auth_method": Note("one method for all endpoints"),
    "pushed_authorization_request_endpoint_auth_method": Note("one method for all endpoints"),
    "token_endpoint_auth_signing_alg": Note("sound ones are allowed, HMAC and none never"),
    "allow_multiple_auth_methods": Note("one method for each client", "choose it", (False,)),
}
for _what in ("authorization", "id_token", "access_token", "userinfo", "introspection"):
    for _how in ("encrypted_response_alg", "encrypted_response_enc", "encrypted_response_key_id"):
        CLIENT_NOTES = {
            **CLIENT_NOTES,
            f"{_what}_{_how}": Note("answers are not encrypted", "", ("none", "A128CBC-HS256")),
        }
    CLIENT_NOTES = {
        **CLIENT_NOTES,
        f"{_what}_signed_response_key_id": Note("keys are rotated; none is chosen by name"),
        f"{_what}_signed_response_alg": Note(
            "only ID tokens and access tokens are signed", "", ("none", "RS256")
        ),
    }
for _how in ("signing_alg", "encryption_alg", "encryption_enc"):
    CLIENT_NOTES = {
        **CLIENT_NOTES,
        f"request_object_{_how}": Note("request objects are not read", "let it push (PAR)"),
    }
for _what in ("revocation", "introspection", "pushed_authorization_request"):
    CLIENT_NOTES = {**CLIENT_NOTES, f"{_what}_endpoint_auth_signing_alg": Note("sound ones are allowed")}
