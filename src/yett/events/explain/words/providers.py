"""What tokens are about, in words: other providers, our own one, and the questions of other proxies."""

from yett.events.explain.model import Chapter
from yett.events.explain.words.model import Reasons, Sentences, end, news, trouble

_JWTS = {
    "unreadable": "it cannot be read as a signed token",
    "typ": "it is a token of another kind",
    "alg": "it is signed with an algorithm that is not taken",
    "jwk": "the key in it cannot be used",
    "htm": "it was made for another method",
    "htu": "it was made for another address",
    "ath": "it was made for another access token",
    "future": "it was made in the future: the clocks differ",
    "other_key": "what it goes with is bound to another key",
    "several": "more than one came at once",
    "issuer": "somebody else made it than may",
    "subject": "it is about nobody whom its maker may speak for",
    "audience": "it was made for somebody else",
    "expired": "it is too old",
    "not_yet_valid": "it is not good yet: the clocks differ",
    "lifetime": "it would be good for too long",
    "jti": "it has no number that could tell it from others",
    "no_key": "no key is known that could have signed it",
    "signature": "the signature is wrong",
    "replayed": "it was shown before",
}

_REQUESTS = {
    "claims": "the claims that it asks for cannot be read",
    "entropy": "its PKCE challenge or verifier can be guessed",
    "grant": "the client may not have codes",
    "groups": "the person is in none of the client's groups",
    "network": "the address is not one from which people may use the client",
    "acr_unmet": "the person did not prove as much as it asks for",
    "consent_denied": "the person did not allow it",
    "consent_required": "the person has to allow it, and it wants no page to be shown",
    "dpop_jkt": "the key that it names is misshapen",
    "id_token_hint": "the ID token in it is not ours",
    "other_person": "somebody else is signed in than it asks for",
    "push_required": "the client has to hand its requests over directly",
    "pushed_spent": "the request that was handed over was used already",
    "pushed_unknown": "no such request was handed over, or it is too old",
    "random": "the system's random source failed",
    "registration": "it wants to register a client on its way, which is not offered",
    "request_uri": "it names a request elsewhere, which is not read",
}

_CLIENTS = {
    "certificate": "the certificate is not the client's",
    "network": "the address is not one of the client's",
    "nobody": "it names no client",
    "other_method": "it proves itself in another way than was agreed on",
    "secret": "the secret is wrong",
    "several_methods": "it proves itself in several ways at once",
    "throttled": "after too many failures the next try has to wait",
}

_CERTIFICATES = {
    "authority": "no authority that counts here vouches for the certificate",
    "expired": "the certificate has run out",
    "no_certificate": "no certificate was shown",
    "no_identity_fields": "the client is registered with nothing to know its certificate by",
    "no_revocation_list": "no list says whether the certificate is revoked",
    "not_yet_valid": "the certificate is not valid yet",
    "revoked": "the certificate is revoked",
    "san_dns": "the certificate has another name of a host",
    "san_email": "the certificate has another mail address",
    "san_uri": "the certificate has another URI",
    "subject_dn": "the certificate is somebody else's",
    "thumbprint": "the certificate is another one than was registered",
    "unreadable": "the certificate cannot be read",
}

_ANSWERS = {
    "invalid_client_metadata": "what the client says of itself cannot be taken",
    "invalid_dpop_proof": "its proof of possession is not good",
    "invalid_grant": "what it shows is not good for tokens, or not any more",
    "invalid_redirect_uri": "an address that it wants to go back to cannot be taken",
    "invalid_request": "it cannot be read",
    "invalid_scope": "it asks for a scope that it may not have",
    "invalid_software_statement": "what vouches for the software is not good",
    "invalid_token": "the token that allows it is missing or not good",
    "server_error": "the gateway could not do it",
    "slow_down": "it asks too often",
    "temporarily_unavailable": "the store did not answer",
    "unauthorized_client": "the client may not ask in this way",
    "unsupported_grant_type": "it asks in a way that is not offered",
}

_FEDERATION = {
    "discovery": "the provider could not be asked about itself, or its answer was refused",
    "keys": "the provider's keys could not be had",
    "unreachable": "the provider did not answer as it should",
    "store": "the store did not answer",
    "directory": "LDAP could not be asked about the person",
    "par": "the provider did not take the request that was handed over",
    "par_missing": "the provider takes no requests directly, and they may not go another way",
    "state_missing": "the answer brings no state",
    "state_unknown": "nobody here waits for it: it was used already, or never asked for",
    "state_expired": "the person took longer than trip_lifetime",
    "other_browser": "another browser left than came back",
    "other_provider": "it came from another provider than was asked",
    "other_issuer": "it names another issuer than was asked, or none where it has to",
    "malformed": "it brings no code that could be one",
    "provider_error": "the provider said no",
    "exchange": "the provider gave no tokens for the code",
    "no_id_token": "the provider gave no ID token",
    "token_type": "the provider gave tokens of a kind that was not asked for",
    "not_bound": "the provider did not bind its tokens to the gateway's key",
    "too_long": "the ID token is too long",
    "no_jwt": "the ID token cannot be read",
    "algorithm": "the ID token is signed with an algorithm that is not allowed",
    "unknown_key": "the provider has no key like the one that signed the ID token",
    "signature": "the signature of the ID token is wrong",
    "iss": "the ID token was made by another issuer",
    "sub": "the ID token is about nobody, or somebody else than before",
    "aud": "the ID token was made for another client",
    "azp": "the ID token was given to another client",
    "exp": "the ID token has run out: perhaps a clock is wrong",
    "iat": "the ID token was not made just now: perhaps a clock is wrong",
    "nbf": "the ID token is not good yet: perhaps a clock is wrong",
    "nonce": "the ID token belongs to another sign-in",
    "auth_time": "the person was to sign in there anew, and did not",
    "at_hash": "the ID token belongs to another access token",
    "c_hash": "the ID token belongs to another code",
    "userinfo": "the provider's two answers are about different people",
    "domain": "they have no verified mail address in allowed_domains",
    "unknown_person": "nobody here is linked with that account, and none may be made",
    "no_name": "the provider gave no name that a person can have here",
    "name_taken": "somebody here has the name already",
    "ambiguous": "the person here is linked with another account of that provider",
    "link_stale": "the person whom the account was linked with is gone",
    "disabled": "the account here is switched off",
}

REASONS: Reasons = {
    "identity.oidc": _FEDERATION,
    "signin.federated": {
        "wrong": "the directory does not know the person, or they are switched off",
        "unavailable": "something of the gateway's did not answer",
    },
    "oidc.authorize": _REQUESTS,
    "oidc.par": _REQUESTS,
    "oidc.token.exchange": _REQUESTS,
    "oidc.validation": _REQUESTS,
    "oidc.token": _ANSWERS,
    "oidc.dcr": {
        **_ANSWERS,
        "missing": "no token came that allows it",
        "unknown": "the token that came allows nothing here",
    },
    "oidc.client_auth": {**_JWTS, **_CLIENTS},
    "oidc.jwt_bearer": _JWTS,
    "oidc.dpop": _JWTS,
    "oidc.mtls": _CERTIFICATES,
    "oidc.forms": {
        "cross_site": "the browser says that another site sent the form",
        "forged": "the form was not made by this gateway",
        "foreign": "the form was given to another session",
        "expired": "the form had been open for too long",
    },
    "oidc.keys": {
        "absent": "there is none",
        "double": "two have one name",
        "low_entropy": "it can be guessed",
        "too_short": "it is too short",
        "unknown_kind": "it is of a kind that is not used here",
    },
    "oidc.pat": {
        "lifetime": "it would be good for longer than is allowed",
        "name": "its name cannot be one",
        "name_taken": "the person has one of that name",
        "off": "personal access tokens are switched off",
        "too_many": "the person has as many as are allowed",
    },
    "oidc.tokens": {
        "namesake": "a person and a client have one name",
        "random": "the system's random source failed",
        "reused": "the code or refresh token was used before",
        "unknown": "no such refresh token is known",
        "unproven": "the key or certificate was not shown that it is bound to",
        "scope": "it asks for more than was granted",
    },
    "oidc.userinfo": {
        "absent": "no token came",
        "invalid": "the token is not known, has run out, or was revoked",
        "several": "more than one token came",
        "unproven": "the key or certificate was not shown that the token is bound to",
        "user": "the token is nobody's: its client has it for itself",
    },
}

_IN, _LOCK, _ACCESS, _SESSION, _PERSON = (
    Chapter.SIGN_IN,
    Chapter.LOCK,
    Chapter.ACCESS,
    Chapter.SESSION,
    Chapter.PERSON,
)

SENTENCES: Sentences = {
    # Signing in through another provider.
    "signin.federated.too_many": end(_IN, "One address left for {provider} too often"),
    "signin.federated.succeeded": news(_IN, "{provider} vouched for {auth.user_id}"),
    "signin.federated.turned_away": end(_IN, "{provider} vouched for {auth.user_id}, who may not come in"),
    "signin.federated.session_failed": end(
        _IN, "{provider} vouched for {auth.user_id}, but no session could be kept"
    ),
    "signin.federated.not_linked": end(
        _IN, "An account at {provider} was not connected: it is connected with another person"
    ),
    "signin.federated.no_longer_vouched": trouble(
        _SESSION, "{provider} does not vouch for {auth.user_id} any more, so the session was ended"
    ),
    "identity.oidc.discovery.discovery_refused": trouble(
        _IN, "What {provider} says of itself was refused ({detail})"
    ),
    "identity.oidc.discovery.discovery_failed": trouble(
        _IN, "{provider} could not be asked about itself ({error})"
    ),
    "identity.oidc.jwks.keys_failed": trouble(_IN, "The keys of {provider} could not be had ({error})"),
    "identity.oidc.authorization.trip_unstored": end(
        _IN, "Nobody could be sent to {provider}: the store did not answer ({error})"
    ),
    "identity.oidc.authorization.trip_undeleted": end(
        _IN, "Who came back from {provider} could not be let in: the store did not answer ({error})"
    ),
    "identity.oidc.authorization.built": news(_IN, "A browser was sent to {provider}"),
    "identity.oidc.par.built_with_push": news(_IN, "A browser was sent to {provider}"),
    "identity.oidc.par.push_refused": trouble(
        _IN, "{provider} did not take the request that was handed over ({error})"
    ),
    "identity.oidc.par.push_unreadable": trouble(
        _IN, "{provider} did not take the request that was handed over (status {status})"
    ),
    "identity.oidc.callback.provider_error": end(_IN, "{provider} did not sign the person in ({error})"),
    "identity.oidc.callback.state_refused": end(_IN, "An answer of {provider} was not believed"),
    "identity.oidc.token.exchange_failed": end(_IN, "{provider} gave no tokens ({detail})"),
    "identity.oidc.token.refresh_failed": trouble(
        _SESSION, "{provider} was asked whether somebody is still welcome, and did not confirm it ({detail})"
    ),
    "identity.oidc.validate_id_token.invalid_token": end(_IN, "The ID token of {provider} was not believed"),
    "identity.oidc.userinfo.userinfo_refused": end(
        _IN, "What {provider} says about the person was not believed ({detail})"
    ),
    "identity.oidc.people.created": news(
        _PERSON, "{auth.user_id} was made from what {provider} says, in groups: {groups}"
    ),
    "identity.oidc.people.updated": news(
        _PERSON, "{provider} says something else of {auth.user_id}: groups are {groups}"
    ),
    "identity.oidc.people.changed_by_operator": news(
        _PERSON,
        "An operator changed {auth.user_id}, who came from a provider "
        "(disabled: {is_disabled}; removed: {is_removed})",
    ),
    "identity.oidc.link.linked": news(
        _PERSON, "An account at {provider} leads to {auth.user_id} from now on ({how})"
    ),
    "identity.oidc.link.unlinked": news(
        _PERSON, "An account at {provider} leads to {auth.user_id} no more ({by})"
    ),
    "identity.oidc.link.refused": end(_IN, "{provider} vouched for somebody who is nobody here"),
    # Our own provider: codes.
    "oidc.authcode.generate.code_generated": news(_IN, "{client} got a code for {auth.user_id}"),
    "oidc.authcode.generate.rate_limited": end(_LOCK, "Too many sign-ins to {client} came from one address"),
    "oidc.authcode.generate.unknown_client": end(_IN, "An application asked for a sign-in that is not known"),
    "oidc.authcode.generate.invalid_redirect_uri": end(
        _IN, "{client} wants people to come back to an address that it did not register"
    ),
    "oidc.authcode.generate.pkce_missing": end(_IN, "{client} asked for a sign-in without PKCE"),
    "oidc.authcode.generate.unauthorized_scope": end(_IN, "{client} asked for a scope that it may not have"),
    "oidc.authcode.generate.address_refused": end(_IN, "{client} may not be used from the address"),
    "oidc.auth.random_failed": end(_IN, "No code could be made: the random source failed ({error})"),
    "oidc.authorize.group_refused": end(_ACCESS, "{auth.user_id} is in none of the groups of {client}"),
    "oidc.authorize.other_person": end(_IN, "{client} expects somebody else than {auth.user_id}"),
    "oidc.token.exchange.code_exchanged": news(_IN, "{client} exchanged its code for {auth.user_id}"),
    "oidc.token.exchange.pkce_failed": trouble(_IN, "{client} redeemed a code that it did not ask for"),
    "oidc.token.exchange.client_mismatch": trouble(
        _IN, "{client} redeemed a code that was made for {issued_to}"
    ),
    "oidc.token.exchange.consent_gone": trouble(
        _IN, "{auth.user_id} took back what they had allowed {client}"
    ),
    "oidc.token.exchange.exchange_unavailable": trouble(_IN, "A code could not be looked up ({error})"),
    # Tokens.
    "oidc.tokens.generate.issued": news(
        _SESSION, "{client} got tokens for {auth.user_id}, good for {lifetime} s"
    ),
    "oidc.tokens.generate.not_generated": trouble(_IN, "No tokens could be made for {client} ({error})"),
    "oidc.tokens.generate.refused": trouble(_SESSION, "{client} got no tokens for {auth.user_id}"),
    "oidc.tokens.generate.namesake": end(
        _ACCESS, "{client} got no token, because a person is called the same"
    ),
    "oidc.tokens.saga.step_failed": trouble(_SESSION, "The store did not take a token ({error})"),
    "oidc.token.refresh.refresh_unknown": end(_SESSION, "{client} showed a refresh token that is not good"),
    "oidc.token.refresh.refresh_mismatch": end(_SESSION, "{client} showed a refresh token of {issued_to}"),
    "oidc.token.refresh.refresh_scope": end(_SESSION, "{client} asked for more than it was granted"),
    "oidc.token.refresh.refresh_unproven": end(
        _SESSION, "{client} showed a refresh token without the key that it is bound to"
    ),
    "oidc.token.refresh.refresh_reused": end(
        _SESSION, "{client} showed a refresh token a second time, so everything of its grant was ended"
    ),
    "oidc.tokens.refresh.refreshed": news(_SESSION, "{client} got newer tokens for {auth.user_id}"),
    "oidc.tokens.refresh.not_refreshed": end(_SESSION, "{client} got no newer tokens for {auth.user_id}"),
    "oidc.token.refused": end(_SESSION, "{client} was refused tokens"),
    "oidc.token.unbound": end(_SESSION, "{client} has to bind its tokens to a key, and showed none"),
    "oidc.token.other_key": end(_SESSION, "{client} redeemed a code without the key that was named for it"),
    "oidc.token.throttled": end(_LOCK, "{client} asks for tokens too often ({wait_seconds} s to wait)"),
    "oidc.client_auth.secret_mismatch": end(_ACCESS, "{client} showed a wrong secret"),
    "oidc.client_auth.assertion_failed": end(_ACCESS, "{client} did not prove itself"),
    "oidc.client_auth.unknown_method": end(_ACCESS, "{client} did not prove itself as agreed"),
    "oidc.client_auth.unknown_client": end(_ACCESS, "A client is not known"),
    "oidc.client_auth.address_not_allowed": end(_ACCESS, "{client} proved itself from a foreign address"),
    "oidc.client_auth.throttled": end(
        _LOCK, "After {failures} failures {client} has to wait for {wait_seconds} s"
    ),
    "oidc.dpop.replayed": end(_ACCESS, "A proof of possession was shown a second time"),
    "oidc.dpop.refused": end(_ACCESS, "A proof of possession was not good"),
    "oidc.dpop.nonce.nonce_refused": end(_ACCESS, "A proof of possession repeats an old nonce"),
    "oidc.jwt_bearer.assertion_refused": end(_ACCESS, "{client} brought an assertion that was refused"),
    "oidc.jwt_bearer.assertion_served": news(
        _SESSION, "{client} got a token for {auth.user_id}, because {issuer} vouched for them"
    ),
    "oidc.client_credentials.client_served": news(_SESSION, "{client} got a token for itself"),
    "oidc.revoke.revoked": news(_SESSION, "{client} gave a token of {auth.user_id} back"),
    "oidc.revoke.family_revoked": trouble(_SESSION, "What {client} had of {auth.user_id} was ended ({by})"),
    "oidc.revoke_user_tokens.user_revoked": trouble(
        _SESSION, "Everything that applications had of {auth.user_id} was ended ({grants})"
    ),
    "oidc.userinfo.userinfo_served": news(_SESSION, "{client} was told about {auth.user_id}"),
    "oidc.userinfo.userinfo_token_invalid": end(_ACCESS, "Nobody was told about a person"),
    "oidc.logout.completed": news(_SESSION, "{client} signed {auth.user_id} out"),
    "oidc.logout.refused": end(_SESSION, "{client} could not sign anybody out"),
    "oidc.logout.backchannel.told": news(_SESSION, "{client} heard that the session is over"),
    "oidc.logout.backchannel.not_told": trouble(
        _SESSION, "{client} could not be told that the session is over (status {status})"
    ),
    # What other proxies ask.
    "gafaelfawr.token_authorized": news(_ACCESS, "{auth.user_id} may open {auth_uri}"),
    "gafaelfawr.ingress_denied": end(_ACCESS, "{auth.user_id} may not open {auth_uri} ({error})"),
    "gafaelfawr.ingress_nobody_allowed": end(_ACCESS, "Nobody may open {auth_uri} ({error})"),
    "gafaelfawr.ingress_token_invalid": end(_ACCESS, "The token for {auth_uri} is not good ({error})"),
    "gafaelfawr.ingress_token_too_old": end(
        _ACCESS, "The token of {auth.user_id} ends too soon for {auth_uri} ({error})"
    ),
    "gafaelfawr.ingress_request_invalid": end(
        _ACCESS, "The request for {auth_uri} does not say who sent it ({error})"
    ),
    "gafaelfawr.ingress_cors_rejected": end(_ACCESS, "A page of another site asked for {auth_uri} ({error})"),
    "gafaelfawr.ingress_options_rejected": end(_ACCESS, "OPTIONS is not taken for {auth_uri} ({error})"),
    "gafaelfawr.ingress_rate_limited": end(
        Chapter.LIMIT, "{auth.user_id} used up the quota of {service} ({error})"
    ),
    "gafaelfawr.ingress_cookies_conflict": end(
        _ACCESS, "The browser sent the tokens of two people for {auth_uri}"
    ),
    "gafaelfawr.ingress_question_malformed": end(
        _ACCESS, "A proxy did not say clearly what it asks about: {field} ({error})"
    ),
    "gafaelfawr.ingress_asker_untrusted": end(_ACCESS, "Somebody asked what only proxies may ask"),
    "gafaelfawr.redirecting": news(_IN, "Somebody was taken to the sign-in page"),
    "gafaelfawr.login_refused": end(_ACCESS, "{auth.user_id} got no token ({error})"),
    "gafaelfawr.login_failed": end(_SESSION, "{auth.user_id} got no token ({error})"),
    "gafaelfawr.logged_out": news(_SESSION, "{auth.user_id} signed out"),
    "gafaelfawr.logout_csrf_failed": end(_SESSION, "A form to sign out came from elsewhere ({error})"),
}
