"""What guards, routes, rules and upstreams say about a request, in words."""

from yett.events.explain.model import Chapter
from yett.events.explain.words.model import Reasons, Sentences, end, news, trouble

_PLACES = {
    "asn_denied": "the network of the address is on the list of those kept out (deny_asns)",
    "asn_not_allowed": "the network of the address is not among those let in (allow_asns)",
    "country_denied": "the country of the address is on the list of those kept out (deny_countries)",
    "country_not_allowed": "the country of the address is not among those let in (allow_countries)",
    "not_looked_up": 'no database could say where the address is, and on_failure is "block"',
}

_HOURS = {
    "closed": "no window of [protection.time] is open at this hour",
    "holiday": "a window would be open if the day were not a holiday",
}

_RATES = {
    "banned": "the client is banned, by an operator or for what it asked before",
    "over_limit": "it asked for more than its limit, and is banned for a while",
    "capacity": "more clients are active than can be counted (max_clients), so unknown ones wait",
}

TOKENS = {
    "signing_key": "there is no key to sign a token with",
    "person": "the person is disabled",
    "over": "the session ends now, so a token would be over at once",
    "too_long": "what is known of the person does not fit into a header field",
    "malformed": "what is known of the person is no text",
    "not_kept": "the store did not keep the token",
}

_PROOFS = {
    "malformed": "what was shown is incomplete or misshapen",
    "unknown_key": "it was signed with a key that is not ours, or not any more",
    "signature": "the signature does not fit what was shown",
    "not_yet": "it was signed in the future",
    "expired": "it is too old",
    "not_covered": "the signature leaves out something that it has to cover",
    "missing_field": "the signature covers a field that is not there",
    "algorithm": "the key is for another algorithm",
    "digest": "the body is another one",
}

REASONS: Reasons = {
    # At the door.
    "listener.geo": _PLACES,
    "listener.time": _HOURS,
    "timeaccess": _HOURS,
    "listener.ratelimit": _RATES,
    "geoaccess": _PLACES,
    "ratelimit": _RATES,
    "listener.sizelimit": {"too_large": "the body is larger than allowed"},
    "pow": {
        "format": "the answer is none that our page sends",
        "unknown": "the challenge was never issued, was used already, or belongs to somebody else",
        "expired": "the challenge was open for too long",
        "too_fast": "the answer came faster than a page can be read",
        "decoy": "a field was filled in that people do not see",
        "wrong": "the number does not solve the challenge",
        "unavailable": "the store could not say",
    },
    "listener.proxy_cert": {
        "oversized": "the client certificate that the proxy sent is too large",
        "not_pem": "what the proxy sent is no certificate in PEM",
        "not_decoded": "what the proxy sent cannot be decoded",
        "not_a_certificate": "what the proxy sent is no certificate",
        "several": "the proxy sent more than one certificate",
    },
    "listener.http": {
        "malformed": "it breaks the grammar of HTTP, or can be read in two ways",
        "head_too_large": "its header is too large (service.max_head)",
        "target_too_long": "its address is too long",
        "too_many_fields": "it has too many header fields",
        "version": "it is of a version of HTTP that is not spoken here",
        "method": "its method is one that no gateway takes",
        "expectation": "it expects something that cannot be promised",
        "body_too_large": "its body is larger than allowed",
        "head_timeout": "its header did not come in time",
        "body_timeout": "its body did not come in time",
        "upgrade": "the mapping does not allow WebSockets (websocket = true would)",
        "stopping": "the gateway was being stopped",
        "withdrawn": "its session, or the right to be there, ended before the answer began",
    },
    # Who may.
    "access": {
        "no_group": "none of their groups is among those that the rule names",
        "unknown_person": "the session names somebody whom the directory does not know, or not any more",
        "disabled": "the account is switched off",
    },
    # Upstreams.
    "proxy": {
        "connect_refused": "the upstream refused the connection",
        "connect_timeout": "the upstream took too long to take the connection",
        "connect_failed": "the upstream could not be reached",
        "tls": "the TLS handshake with the upstream failed",
        "busy": "every connection that may be opened to the upstream was in use",
        "response_timeout": "the upstream took too long to answer",
        "response_malformed": "what the upstream answered is no proper HTTP",
        "closed_early": "the upstream closed the connection before it had answered",
        "body_broken": "the upstream died in the middle of its answer",
        "idle": "nothing moved for too long",
        "pool_not_found": "there is no pool of that name",
        "no_healthy_backends": "no backend of the pool may be used",
        "algorithm_returned_nil": "the pool's strategy chose nobody",
        "rate_limited": "the pool takes no more requests of this person for now",
        "unmet": "its conditions were not met",
    },
    "loadbalancer": {
        "consecutive_failures": "it failed several times in a row",
        "failure_percentage": "too large a share of its requests failed",
        "success_rate": "it failed far more often than the others",
    },
    "proxy.retry": {
        "connect-failure": "the backend could not be reached",
        "reset": "the backend closed the connection",
        "timeout": "the backend took too long",
        "malformed": "what the backend answered is no proper HTTP",
        "status": "the backend answered with a status that is tried again",
    },
    "proxy.hedge": {
        "method": "the method must not be repeated",
        "upgrade": "it asked to speak another protocol",
        "body_too_large": "its body is too large to be kept",
        "single_backend": "there is one backend only",
        "budget": "enough copies are on their way already",
        "pace_unknown": "it is not known yet how fast answers usually come",
    },
    "proxy.rewrite": {
        "type": "the content is of a type that is not rewritten",
        "coding": "the content is coded in a way that is not read",
        "charset": "the text is in a character set that is not read",
        "part": "it is a part of a document only",
        "length": "the document is too long",
        "body": "the document is too long",
        "tag": "a tag of the document is too long",
    },
    "proxy.dns": {
        "not a host name": "it is not a host name",
        "the name has no address": "the name has no address",
        "no name server answered": "no name server answered",
        "the answer was not validated": "the answer could not be validated with DNSSEC",
    },
    "proxy.bearer_inject": {
        **TOKENS,
        "over": "it would be over at once: the session ends now, or the token that the provider gave does",
        "provider": "the provider whose token is wanted (bearer.through) is not set up, or is another one by now",
        "unreachable": "the provider whose token is wanted could not be asked",
        "refused": "the provider gave no token",
        "no_object": "the answer is no JSON object",
        "access_token": "it holds no access token, or one that must not become a header line",
        "token_type": "the token is not one that whoever holds it may use as it is (Bearer)",
        "issued_token_type": "it holds another kind of token than an access token",
        "expires_in": "it does not say for how many seconds the token is good",
    },
    "proxy.signing_key": {
        "malformed": "the query is not one that is understood",
        "unknown": "there is no such key",
    },
    "proxy.signature_verify": _PROOFS,
    "proxy.request_signature_verify": _PROOFS,
}

_GUARD, _ROUTE, _UPSTREAM = Chapter.GUARD, Chapter.ROUTE, Chapter.UPSTREAM

SENTENCES: Sentences = {
    # The engine.
    "listener.http.error.request_refused": end(Chapter.ENGINE, "The request was not taken"),
    "listener.http.request.request_withdrawn": end(
        Chapter.ENGINE, "Its session, or the right to be there, ended before the answer began"
    ),
    "http.gate.gate_failed": end(Chapter.ENGINE, "Deciding about the request failed ({error})"),
    "http.application.application_failed": end(Chapter.ENGINE, "A page of the gateway failed ({error})"),
    "http.unrecorded.refused_unrecorded": end(
        Chapter.ENGINE, "The request was refused because its audit record could not be written"
    ),
    "listener.proxy_validation.client_not_named": end(
        Chapter.ENGINE, "A trusted proxy did not say who its client is"
    ),
    "proxy.error.client_left": trouble(Chapter.ENGINE, "The client left before the answer was complete"),
    # Guards.
    "listener.cors.cors_rejected": end(
        _GUARD, "A script of another site asked ({origin}), and that one is not in allowed_origins"
    ),
    "listener.geo.geo_blocked": end(_GUARD, "The client's place keeps it out"),
    "geoaccess.check.asn_denied": trouble(_GUARD, "The address belongs to network {asn}, which is kept out"),
    "geoaccess.check.asn_not_allowed": trouble(
        _GUARD, "The address belongs to network {asn}, which is not let in"
    ),
    "geoaccess.check.country_denied": trouble(
        _GUARD, 'The address lies in the country "{country}", which is kept out'
    ),
    "geoaccess.check.country_not_allowed": trouble(
        _GUARD, 'The address lies in the country "{country}", which is not let in'
    ),
    "geoaccess.check.not_looked_up": trouble(_GUARD, "Nobody could say where the address is ({error})"),
    "listener.geo.geo_failed": trouble(_GUARD, "Nobody could say where the client is ({error})"),
    "listener.time.time_blocked": end(_GUARD, "It came outside the hours of access"),
    "timeaccess.check.blocked": trouble(_GUARD, "Access to {host} is not open"),
    "listener.time.time_failed": trouble(_GUARD, "Nobody could say whether it is an allowed hour ({error})"),
    "listener.ratelimit.rate_blocked": end(_GUARD, "The rate limit turned the client away"),
    "ratelimit.check.banned": trouble(
        _GUARD, "The client went on although it was banned ({seconds_left} s left)"
    ),
    "ratelimit.check.exceeded": trouble(
        _GUARD, 'The client asked for more than limit "{limit}" allows, and was banned for {ban_time} s'
    ),
    "ratelimit.check.at_capacity": trouble(
        _GUARD, "{clients} clients were active, as many as can be counted"
    ),
    "ratelimit.ban.client_banned": trouble(_GUARD, "An operator banned {server.request.client_ip}"),
    "ratelimit.unban.client_unbanned": news(_GUARD, "An operator let {server.request.client_ip} in again"),
    "listener.ratelimit.rate_call_failed": trouble(_GUARD, "The request could not be counted ({error})"),
    "listener.ratelimit.circuitbreaker.breaker_open": end(
        _GUARD, "Requests could not be counted any more, so nobody was let in"
    ),
    "listener.sizelimit.size_blocked": end(
        _GUARD, "The body was larger than the {limit} bytes that are allowed everywhere"
    ),
    "listener.pow.challenge_served": end(_GUARD, "The client was asked to compute first (proof of work)"),
    "listener.pow.session_invalid": trouble(
        _GUARD, "The proof-of-work cookie was forged, or somebody else's"
    ),
    "listener.pow.not_registered": end(_GUARD, "Proof of work could not be asked for ({error})"),
    # Routes.
    "proxy.dispatcher.no_routes": end(_ROUTE, "No mapping serves the host {host}"),
    "proxy.dispatcher.no_path_match": end(_ROUTE, "No mapping of {host} covers the path"),
    "proxy.dispatcher.method_not_allowed": end(_ROUTE, "The path is mapped, but not for this method"),
    "proxy.dispatcher.ambiguous_path": end(_ROUTE, "The path could be read in two ways"),
    "proxy.dispatcher.path_too_long": end(
        _ROUTE, "The path is too long to be compared ({length} characters)"
    ),
    "proxy.assets.traversal_attempted": end(_ROUTE, "The path climbs out of the folder of {app}"),
    "proxy.assets.path_invalid": end(_ROUTE, "{app} has no file of that name, nor could it"),
    "proxy.assets.unreadable": end(_ROUTE, "The file of {app} could not be read"),
    # Sessions, as a request shows them.
    "listener.session.session_expired": trouble(
        Chapter.SESSION, "The cookie showed a session that is over, or never was"
    ),
    "listener.session.invalid": trouble(
        Chapter.SESSION, "The cookie showed a session of {audience}, another host"
    ),
    "sessions.validate.lookup_failed": trouble(
        Chapter.SESSION, "The store could not be asked for the session ({error})"
    ),
    # Access.
    "access.denied": end(Chapter.ACCESS, "Rule {rule} keeps {auth.user_id} out of {app}"),
    "proxy.stepup.step_up_required": end(
        Chapter.PROOF,
        "{app} takes a sign-in of strength {needed}, and {auth.user_id} signed in with {held}",
    ),
    "proxy.stepup.proved_too_little": end(
        Chapter.PROOF,
        "{auth.user_id} came back from signing in with {held} where {app} takes {needed}",
    ),
    "proxy.reauth.reauthentication_required": end(
        Chapter.PROOF,
        "{app} takes a sign-in of the last {max_age} s here, and {auth.user_id} signed in {age} s ago",
    ),
    "proxy.signing.key_not_derived": trouble(
        Chapter.ACCESS, "There is no key to sign identity headers with ({error})"
    ),
    # Limits of mappings.
    "proxy.limit.body_too_large": end(
        Chapter.LIMIT, "The body was larger than the {limit} bytes that {app} takes"
    ),
    # Upstreams.
    "proxy.error.request_failed": end(_UPSTREAM, "{app} did not answer (upstream {address})"),
    "proxy.fallback.fallback_failed": end(_UPSTREAM, "Neither the pool of {app} nor its fallback answered"),
    "proxy.fallback.invalid_fallback": trouble(_UPSTREAM, "The fallback of {app} cannot be used"),
    "proxy.circuit_breaker.circuit_open": end(
        _UPSTREAM, "Open circuits keep every backend of pool {pool_id} out of use"
    ),
    "proxy.circuit_breaker.fallback_activated": trouble(
        _UPSTREAM, "Pool {pool_id} had nobody to answer, so the fallback {address} was asked"
    ),
    "proxy.pool.no_backend": end(_UPSTREAM, "No backend of pool {pool_id} could be used"),
    "loadbalancer.rate_limit_exceeded": end(_UPSTREAM, "Pool {pool_id} takes no more requests for now"),
    "proxy.retry.attempts_exhausted": trouble(_UPSTREAM, "{app} was tried {max_attempts} times"),
    "proxy.retry.budget_exceeded": trouble(_UPSTREAM, "There were too many retries already for another one"),
    "proxy.retry.retrying": trouble(_UPSTREAM, "It was tried again with {backend}"),
    "proxy.hedge.all_failed": trouble(_UPSTREAM, "Every copy of the request failed"),
    "proxy.bearer_inject.not_minted": end(_UPSTREAM, "No token could be had for {app} ({error})"),
    "proxy.bearer_inject.wrong_response": end(
        _UPSTREAM, "What the provider {provider} gave in place of a token for {app} cannot be used"
    ),
    "proxy.bearer_inject.not_encrypted": end(_UPSTREAM, "The token for {app} could not be sealed ({error})"),
    "proxy.bearer_inject.nobody": trouble(_UPSTREAM, "{app} takes a token, and nobody is signed in"),
    "proxy.request_signing.body_not_hashed": trouble(_UPSTREAM, "The body was too large to be signed"),
    "proxy.dns.quic.not_connected": trouble(_UPSTREAM, "No connection by HTTP/3 to {host} could be opened"),
    "proxy.dns.not_resolved": trouble(_UPSTREAM, "The name {host} of the upstream could not be resolved"),
}
