"""What is said of those settings of oauth2-proxy that become none of ours."""

from yett.ops.importing.source import Note, Notes

_OURS = "so it is here, without a setting"


_LOOKS = "pages look as ours do"


_LOGS = "what is logged, and how, is set in [telemetry]"


_IDP = "the provider's own document (discovery) says so; it is always used"


SESSIONS = "sessions are kept in the gateway's own store"


NOTES: Notes = {
    "acr_values": Note("is not asked of a provider", "require two factors by `assurance` of a mapping"),
    "approval_prompt": Note("is an old form of prompt", ""),
    "prompt": Note("is not asked of a provider", "require a recent sign-in with [[proxy.mapping.reauth]]"),
    "backend_logout_url": Note("sign-out ends the sessions here", "see docs on signing out at the provider"),
    "jwt_key": Note("keys of clients are files here", "see the settings of the provider"),
    "jwt_key_file": Note("only login.gov's way needs it", "see the settings of the provider"),
    "pubjwk_url": Note("only login.gov's way needs it", "see the settings of the provider"),
    "insecure_oidc_allow_unverified_email": Note(
        "an address that nobody verified could be somebody else's",
        "let the provider verify addresses",
        (False,),
    ),
    "insecure_oidc_skip_issuer_verification": Note(
        "tokens of another issuer would be believed", "name each issuer as a provider of its own", (False,)
    ),
    "insecure_oidc_skip_nonce": Note("the nonce is always checked", "", (False,)),
    "login_url": Note(_IDP),
    "redeem_url": Note(_IDP),
    "profile_url": Note(_IDP),
    "validate_url": Note(_IDP),
    "oidc_jwks_url": Note(_IDP),
    "oidc_public_key_files": Note("keys come from the provider's own document", "see that it has one"),
    "skip_oidc_discovery": Note("discovery is always used", "see that the provider has a document", (False,)),
    "skip_claims_from_profile_url": Note(_OURS),
    "auth-request-response-mode": Note(_OURS),
    "oidc_audience_claims": Note("the audience is always `aud`", "", (["aud"],)),
    "oidc_extra_audiences": Note("tokens for other audiences are not believed", "give each its own client"),
    "oidc_enabled_signing_algs": Note("sound ones are allowed, HMAC and none never"),
    "use_system_trust_store": Note("the system's authorities are believed besides net.fetching.ca_file"),
    "cookie_csrf_expire": Note("proxy.sign_in_timeout says how long a sign-in may take"),
    "cookie_csrf_per_request": Note(_OURS),
    "cookie_csrf_per_request_limit": Note(_OURS),
    "cookie_csrf_samesite": Note(_OURS),
    "cookie_httponly": Note(_OURS, "", ()),
    "cookie_name": Note("cookies have names with a __Host- prefix"),
    "cookie_path": Note("each application has a host of its own", "give the application a host of its own"),
    "cookie_refresh": Note("tokens are renewed in the background"),
    "cookie_samesite": Note(_OURS),
    "cookie_secret": Note(
        "the cluster key is made at the first start; what is sealed with the old one is worthless here"
    ),
    "cookie_secret_file": Note("the cluster key is made at the first start"),
    "cookie_secure": Note(_OURS, "", ()),
    "basic_auth_password": Note(
        "no shared password goes to applications", "check signed identity headers, or a bearer"
    ),
    "set_basic_auth": Note("no shared password goes to applications", "use X-Auth-Request- fields", (False,)),
    "set_authorization_header": Note(
        "tokens of the provider are not handed out", "use a bearer of ours", (False,)
    ),
    "pass_access_token": Note("tokens of the provider are not handed out", "use a bearer of ours", (False,)),
    "pass_basic_auth": Note("no shared password goes to applications", "use X-Forwarded-User", (False,)),
    "prefer_email_to_user": Note(
        "a person's name and address are fields of their own", "choose by a field", (False,)
    ),
    "set_xauthrequest": Note("answers for other proxies carry X-Auth-Request- fields"),
    "skip_auth_strip_headers": Note("a client's own copies of identity fields never reach an application"),
    "auth_logging": Note(_LOGS),
    "auth_logging_format": Note(_LOGS),
    "errors_to_info_log": Note(_LOGS),
    "exclude_logging_paths": Note(_LOGS),
    "logging_compress": Note(_LOGS),
    "logging_filename": Note(_LOGS),
    "logging_local_time": Note(_LOGS),
    "logging_max_age": Note(_LOGS),
    "logging_max_backups": Note(_LOGS),
    "logging_max_size": Note(_LOGS),
    "request_id_header": Note("every request has an id of ours"),
    "request_logging": Note(_LOGS),
    "request_logging_format": Note(_LOGS),
    "silence_ping_logging": Note(_LOGS),
    "standard_logging": Note(_LOGS),
    "standard_logging_format": Note(_LOGS),
    "banner": Note(_LOOKS),
    "custom_sign_in_logo": Note(_LOOKS),
    "custom_templates_dir": Note(_LOOKS),
    "footer": Note(_LOOKS),
    "provider_display_name": Note(_LOOKS),
    "show_debug_on_error": Note("why something failed stands in the log, never on a page", "", (False,)),
    "display_htpasswd_form": Note("people with passwords sign in on the sign-in page"),
    "htpasswd_file": Note(
        "its hashes (bcrypt, SHA-1) are not taken over", "add people with `yett users add`"
    ),
    "htpasswd_user_groups": Note(
        "people of the password file are not taken over", "give them groups by `yett users`"
    ),
    "ping_path": Note("health is at /health of the sign-in host"),
    "ping_user_agent": Note("health is at /health of the sign-in host"),
    "ready_path": Note("health is at /health of the sign-in host"),
    "gcp_healthchecks": Note("health is at /health of the sign-in host", "", (False,)),
    "allow_query_semicolons": Note("queries go through as they are"),
    "api_routes": Note("programs get 401, browsers the sign-in page, by what they ask for"),
    "force_json_errors": Note("programs get 401, browsers the sign-in page, by what they ask for"),
    "bearer_token_login_fallback": Note("a request with a bearer that is not good gets 401"),
    "encode_state": Note(_OURS),
    "extra_jwt_issuers": Note("only tokens of ours are believed", "give programs tokens of ours"),
    "skip_jwt_bearer_tokens": Note(
        "only tokens of ours are believed", "give programs tokens of ours", (False,)
    ),
    "force_https": Note(_OURS),
    "proxy_prefix": Note("the paths of forward-auth are /oauth2/… on the sign-in host", "", ("/oauth2",)),
    "real_client_ip_header": Note("service.proxy_header says so", "", ("X-Real-IP",)),
    "relative_redirect_url": Note(_OURS),
    "signature_key": Note(
        "requests are signed by [proxy.mapping.request_signing]", "switch it on where it is checked"
    ),
    "skip_auth_preflight": Note(
        "preflights are answered by [protection.cors]", "list the origins there", (False,)
    ),
    "skip_provider_button": Note("with one provider people are sent on at once"),
    "ssl_insecure_skip_verify": Note(
        "certificates are always checked", "trust the authority (ca_file)", (False,)
    ),
    "ssl_upstream_insecure_skip_verify": Note(
        "certificates of services are always checked",
        "trust their authority (`ca_file` of the mapping)",
        (False,),
    ),
    "metrics_secure_address": Note("metrics are served without TLS, for this machine", "set [metrics]"),
    "metrics_tls_cert_file": Note("metrics are served without TLS, for this machine", "set [metrics]"),
    "metrics_tls_key_file": Note("metrics are served without TLS, for this machine", "set [metrics]"),
    "metrics_address": Note("metrics are switched on in [metrics]", "set it there"),
    "tls_cipher_suites": Note("TLS 1.2 and 1.3 with sound suites"),
    "tls_min_version": Note("TLS 1.2 and 1.3 with sound suites"),
    "session_cookie_minimal": Note(SESSIONS),
    "session_store_type": Note(SESSIONS),
    "flush_interval": Note("answers are streamed"),
    "disable_keep_alives": Note("connections to services are kept", "", (False,)),
    "trusted_ips": Note(
        "nobody is let in for where they come from alone", "make a public mapping with a rule of networks"
    ),
    "config": Note("other files are imported by naming them"),
    "alpha_config": Note("other files are imported by naming them"),
    "version": Note("says nothing"),
    "redis": Note(SESSIONS),
}


STRUCTURED_NOTES: dict[str, Note] = {
    "upstreamConfig.upstreams.rewriteTarget": Note(
        "paths are not rewritten", "let the service answer below its path"
    ),
    "upstreamConfig.upstreams.flushInterval": Note("answers are streamed"),
    "upstreamConfig.upstreams.disableKeepAlives": Note("connections to services are kept", "", (False,)),
    "injectRequestHeaders": Note("fields are set by the mapping", "see `request_headers` of a mapping"),
    "injectResponseHeaders": Note("answers for other proxies have fixed fields", "see docs on forward-auth"),
    "metricsServer": Note("metrics are switched on in [metrics]", "set it there"),
    "server": Note(
        "TLS 1.2 and 1.3 with sound suites; certificates are files", "set tls_cert and tls_key of [service]"
    ),
    "providers": Note(
        "the provider's own document (discovery) says so, or it has no equivalent",
        "see [[identity.federation.provider]]",
    ),
}


UNKNOWN = "no setting of oauth2-proxy that is known here"
