"""What is said of those annotations that become none of our settings."""

from yett.ops.importing.source import Note

_OURS = "so it is here, without a setting"


_TLS = "TLS 1.2 and 1.3 with sound suites"


_STREAMED = "bodies are streamed"


NOTES: dict[str, Note] = {
    "auth-realm": Note("there is a page, not a dialogue of the browser"),
    "auth-secret-type": Note("there is a page, not a dialogue of the browser"),
    "auth-cache-key": Note("deciding costs no request that would have to be kept"),
    "auth-cache-duration": Note("deciding costs no request that would have to be kept"),
    "auth-keepalive": Note("deciding costs no request"),
    "auth-keepalive-requests": Note("deciding costs no request"),
    "auth-keepalive-timeout": Note("deciding costs no request"),
    "auth-keepalive-share-vars": Note("deciding costs no request"),
    "auth-proxy-set-headers": Note("there is no question to add fields to"),
    "auth-signin": Note("people sign in on the sign-in host"),
    "auth-signin-redirect-param": Note("people sign in on the sign-in host"),
    "auth-always-set-cookie": Note(_OURS),
    "auth-tls-verify-depth": Note("service.client_ca says whom to believe", "set it"),
    "auth-tls-error-page": Note("a page of ours says so"),
    "auth-tls-pass-certificate-to-upstream": Note(
        "service.client_cert_forward says so", "set it", ("false",)
    ),
    "auth-tls-match-cn": Note("clients had certificates", "see [authn.x509]"),
    "ssl-redirect": Note(_OURS, "", ()),
    "force-ssl-redirect": Note(_OURS, "", ()),
    "preserve-trailing-slash": Note(_OURS),
    "proxy-send-timeout": Note("idle_timeout says so"),
    "proxy-buffering": Note(_STREAMED),
    "proxy-request-buffering": Note(_STREAMED),
    "proxy-buffers-number": Note(_STREAMED),
    "proxy-buffer-size": Note(_STREAMED),
    "proxy-busy-buffers-size": Note(_STREAMED),
    "proxy-max-temp-file-size": Note(_STREAMED),
    "client-body-buffer-size": Note(_STREAMED),
    "proxy-http-version": Note("`protocol` of the mapping says so", "", ("1.1",)),
    "ssl-ciphers": Note(_TLS),
    "ssl-prefer-server-ciphers": Note(_TLS),
    "proxy-ssl-ciphers": Note(_TLS),
    "proxy-ssl-protocols": Note(_TLS),
    "proxy-ssl-verify-depth": Note(_TLS),
    "proxy-ssl-verify": Note(
        "certificates of services are always checked", "set `ca_file` of the mapping", ("on",)
    ),
    "proxy-ssl-secret": Note(
        "authorities and certificates are files here", "set `ca_file`, `tls_client_cert` of the mapping"
    ),
    "proxy-ssl-server-name": Note(_OURS),
    "service-upstream": Note("the service's own address is used"),
    "enable-access-log": Note("every request is recorded"),
    "enable-rewrite-log": Note("every request is recorded"),
    "enable-opentracing": Note("[tracing] says so"),
    "enable-opentelemetry": Note("[tracing] says so"),
    "opentelemetry-trust-incoming-span": Note("tracing.incoming says so"),
    "opentracing-trust-incoming-span": Note("tracing.incoming says so"),
    "rewrite-target": Note("paths are not rewritten", "let the service answer below its path"),
    "use-regex": Note("paths are prefixes, exact, or patterns with *", "", ()),
    "canary-by-header-value": Note(
        'clients ask for "canary" or "stable" in the header', "change the clients"
    ),
    "canary-by-header-pattern": Note(
        'clients ask for "canary" or "stable" in the header', "change the clients"
    ),
    "canary-weight-total": Note("weights are of a hundred", "", ("100",)),
    "affinity": Note(
        "a service has one address; spreading over its pods is Kubernetes'",
        "use [[proxy.pool]] with `affinity`",
    ),
    "affinity-mode": Note("see [[proxy.pool]]"),
    "affinity-canary-behavior": Note("`sticky` of the canary says so"),
    "session-cookie": Note("see [[proxy.pool]]"),
    "upstream-hash-by": Note("a service has one address", "use [[proxy.pool]]"),
    "load-balance": Note("a service has one address", "use [[proxy.pool]]"),
    "limit-connections": Note("requests are limited, connections are not", "see [protection.rate]"),
    "limit-burst-multiplier": Note("`burst` of [[protection.rate.entity]] says so", "see it"),
    "limit-rate": Note("bandwidth is not limited", "see [protection.rate]"),
    "limit-rate-after": Note("bandwidth is not limited", "see [protection.rate]"),
    "limit-whitelist": Note("protection.rate.exempt says so for all", "set it"),
    "global-rate-limit": Note("limits are of each gateway", "see [protection.rate]"),
    "enable-cors": Note("origins are listed in [protection.cors]", "", ()),
    "cors-allow-methods": Note("every method of the mapping"),
    "cors-allow-headers": Note("every field that is asked for"),
    "cors-expose-headers": Note("the application says so"),
    "cors-allow-credentials": Note(_OURS),
    "cors-max-age": Note("protection.cors.max_age says so"),
    "proxy-next-upstream": Note("`retry` of the mapping says so", "set it"),
    "proxy-next-upstream-timeout": Note("`retry` of the mapping says so", "set it"),
    "proxy-next-upstream-tries": Note("`retry` of the mapping says so", "set it"),
    "proxy-cookie-domain": Note("`rewrite_redirects` changes cookies that name the service", "switch it on"),
    "proxy-cookie-path": Note("paths of cookies are not changed", "let the service set them"),
    "proxy-redirect-from": Note(
        "`rewrite_redirects` changes redirects that name the service", "switch it on"
    ),
    "proxy-redirect-to": Note("`rewrite_redirects` changes redirects that name the service", "switch it on"),
    "custom-http-errors": Note(
        "pages of ours stand for failures of ours only", "let the application show its own"
    ),
    "custom-headers": Note("fields stand in `response_headers` of the mapping", "set them"),
    "default-backend": Note("there is a page for what nobody serves", "see `fallback` of [[proxy.mapping]]"),
    "from-to-www-redirect": Note(
        "a name that sends people on is a mapping of its own", "add one with `redirect`"
    ),
    "satisfy": Note("all that guards it has to be passed", "see what guards it", ("all",)),
    "ssl-passthrough": Note(
        "TLS always ends here", "see whether the service needs the client's handshake", ("false",)
    ),
    "stream-snippet": Note("NGINX's own directives", "see what they are for"),
    "enable-modsecurity": Note("there is no such firewall", "see [protection]", ("false",)),
    "enable-owasp-core-rules": Note("there is no such firewall", "see [protection]", ("false",)),
    "enable-owasp-modsecurity-crs": Note("there is no such firewall", "see [protection]", ("false",)),
    "modsecurity-snippet": Note("there is no such firewall", "see [protection]"),
    "modsecurity-transaction-id": Note("there is no such firewall", "see [protection]"),
    "mirror-request-body": Note("bodies up to `max_body` of the shadow are copied"),
    "mirror-host": Note("`preserve_host` of the shadow says so", "see it"),
    "http2-push-preload": Note("browsers have given it up"),
    "connection-proxy-header": Note(_OURS),
    "upstream-vhost": Note(
        "the host that people open is sent", "set `preserve_host = false` if the service needs its own"
    ),
    "influxdb": Note("metrics are in [metrics]"),
    "enable-influxdb": Note("metrics are in [metrics]"),
    "x-forwarded-prefix": Note(
        "fields that begin with X-Forwarded- are the gateway's own", "let the service know its path"
    ),
    "relative-redirects": Note(_OURS),
}
