"""What signing in through other providers says (`identity.oidc.…`)."""

from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import ClientAddress, Detail, Error, Groups, Host, Name, User
from yett.identity.federation.model import Reason

# The module.


@event("identity.oidc.init", DEBUG, "No OIDC providers configured, module inactive")
def inactive() -> None:
    """There is no `[[identity.federation.provider]]`. Nothing to do, unless there should be."""


@event("identity.oidc.init", ERROR, "Invalid OIDC provider configuration", audit=True)
def invalid(provider: Name, detail: Detail) -> None:
    """This provider is out until it is set right: most often its `client_key` cannot be read. The others go on.

    Correct what the detail names, then reload.
    """


@event("identity.oidc.init", INFO, "OIDC RP module initialized")
def initialized(providers: int) -> None:
    """People can sign in through so many providers. Nothing to do."""


@event("identity.oidc.get_provider", DEBUG, "Fetching provider metadata")
def provider_wanted(provider: Name) -> None:
    """Somebody is about to go to this provider, or an operator asked about it. One step of normal work."""


@event("identity.oidc.list_providers", DEBUG, "Listed OIDC providers")
def providers_listed(providers: int) -> None:
    """The sign-in page draws its buttons. One step of normal work."""


@event("identity.oidc.health_check", DEBUG, "Health check completed")
def health_checked(providers: int, reachable: int) -> None:
    """Each provider was asked about itself; those that could not be are named by the lines before."""


# Discovery and keys.


@event("identity.oidc.discovery", DEBUG, "Fetching discovery metadata")
def discovering(provider: Name) -> None:
    """The provider is asked about itself. One step of normal work."""


@event("identity.oidc.discovery", WARN, "Dev mode enabled - endpoint validation relaxed")
def dev_mode(provider: Name) -> None:
    """`dev_mode` is on for this provider: its addresses may be plain http on this machine. Switch it off."""


@event("identity.oidc.discovery", INFO, "Discovery metadata fetched and validated", audit=True)
def discovered(provider: Name) -> None:
    """What the provider says of itself is in force. Nothing to do."""


@event("identity.oidc.discovery", WARN, "Discovery metadata refused", audit=True)
def discovery_refused(provider: Name, detail: Detail) -> None:
    """The provider's document cannot be believed; nobody is sent there.

    Most often `issuer` is not written exactly as the provider writes it. An address that leads inside
    your network, or away from https, is a sign that somebody else answered. Compare `issuer` with the
    provider's document.
    """


@event("identity.oidc.discovery", WARN, "Discovery failed")
def discovery_failed(provider: Name, error: Error) -> None:
    """The provider could not be asked about itself. What is known from before is used as long as it may be.

    Look at the provider, and at the way there (`yett admin federation test NAME`).
    """


@event("identity.oidc.discovery", WARN, "Failed to cache discovery metadata")
def metadata_unstored(provider: Name, error: Error) -> None:
    """This node knows it, the others will ask for themselves. Look at the store."""


@event("identity.oidc.discovery", WARN, "Invalid cached metadata type")
def metadata_unreadable(provider: Name) -> None:
    """What the store has is no metadata of this provider: another version wrote it. It is fetched anew.

    Nothing to do.
    """


@event("identity.oidc.jwks", DEBUG, "Fetching JWKS")
def keys_wanted(provider: Name) -> None:
    """The provider is asked for its keys. One step of normal work."""


@event("identity.oidc.jwks", INFO, "JWKS fetched", audit=True)
def keys_fetched(provider: Name, keys: int, unusable: int) -> None:
    """From now on these keys of the provider are believed. `unusable` ones are private, weak or of another kind."""


@event("identity.oidc.jwks", WARN, "Failed to fetch JWKS")
def keys_failed(provider: Name, error: Error) -> None:
    """The provider's keys could not be had. Whoever comes from it waits until they can, or until it uses old ones.

    Look at the provider, and at the way there.
    """


@event("identity.oidc.jwks", WARN, "Failed to cache JWKS")
def keys_unstored(provider: Name, error: Error) -> None:
    """This node knows them, the others will ask for themselves. Look at the store."""


# Leaving for a provider.


@event("identity.oidc.authorize", DEBUG, "Building authorization URL")
def building(provider: Name) -> None:
    """Somebody goes to the provider. One step of normal work."""


@event("identity.oidc.authorization", INFO, "Authorization URL built", audit=True)
def built(provider: Name, client_address: ClientAddress) -> None:
    """Somebody is on their way to the provider, with a request that stands in the address."""


@event("identity.oidc.authorization", WARN, "Failed to delete auth session")
def trip_undeleted(provider: Name, error: Error) -> None:
    """It could not be made sure that this trip ends once, so it ended in nothing. Look at the store."""


@event("identity.oidc.authorization", WARN, "Failed to store auth session")
def trip_unstored(provider: Name, error: Error) -> None:
    """Nobody was sent to the provider, since nobody would know them when they come back. Look at the store."""


@event("identity.oidc.par", DEBUG, "Pushing authorization request to IdP")
def pushing(provider: Name) -> None:
    """The provider is told what will be asked, before the browser goes there. One step of normal work."""


@event("identity.oidc.par", WARN, "PAR endpoint returned error with unparseable body", audit=True)
def push_unreadable(provider: Name, status: int) -> None:
    """The provider refused the request and did not say why in a way that can be read. Look at its own log."""


@event("identity.oidc.par", WARN, "PAR request refused", audit=True)
def push_refused(provider: Name, status: int, error: Error) -> None:
    """The provider refused the request; the error is its own word for why. Compare client and redirect address."""


@event("identity.oidc.par", WARN, "Non-standard request_uri format from IdP")
def push_uri_odd(provider: Name) -> None:
    """What it gave is no `urn:ietf:params:oauth:request_uri:…`. It is used all the same. Nothing to do."""


@event("identity.oidc.par", WARN, "PAR expires_in missing, using default")
def push_lifetime_missing(provider: Name, seconds: int) -> None:
    """The provider does not say how long its request lasts, though it has to. It is taken to last so long.

    Tell those who run the provider.
    """


@event("identity.oidc.par", WARN, "PAR expires_in outside RFC 9126 recommended range")
def push_lifetime_odd(provider: Name, seconds: int) -> None:
    """Between 5 and 600 seconds are usual. A very short one makes people fail who are slow.

    Tell those who run the provider if people fail.
    """


@event("identity.oidc.par", INFO, "PAR request successful", audit=True)
def pushed(provider: Name, seconds: int) -> None:
    """The provider has the request."""


@event("identity.oidc.par", WARN, "Discovery failed, falling back to standard authorization")
def discovery_fallback(provider: Name) -> None:
    """The provider does not say any more whether it takes requests directly; what it said before is used.

    `par = "required"` or "offered" would not go on. Look at the provider if it stays so.
    """


@event("identity.oidc.par", DEBUG, "PAR not supported, using standard authorization")
def push_unsupported(provider: Name) -> None:
    """The provider has no endpoint for it. One step of normal work."""


@event("identity.oidc.par", WARN, "PAR request failed, falling back to standard authorization")
def push_fallback(provider: Name) -> None:
    """The request goes through the browser, as `par = "fallback"` says.

    Look at why the provider refuses pushed requests; set `par` to "off" if it never takes them.
    """


@event("identity.oidc.par", INFO, "Authorization URL built with PAR")
def built_with_push(provider: Name, client_address: ClientAddress) -> None:
    """Somebody is on their way to the provider, which has their request already."""


# Coming back.


@event("identity.oidc.callback", DEBUG, "Processing authorization callback")
def returning(provider: Name, client_address: ClientAddress) -> None:
    """Somebody came back from the provider. One step of normal work."""


@event("identity.oidc.callback", WARN, "IdP returned error", audit=True)
def provider_error(provider: Name, error: Error, client_address: ClientAddress) -> None:
    """The provider did not sign the person in; the error is its own word for why.

    `access_denied` is most often the person's own choice. The others are mistakes in how the two are set
    up. Compare the client's settings at the provider with ours when it is none of that person's doing.
    """


@event("identity.oidc.callback", WARN, "State validation failed", audit=True)
def state_refused(provider: Name, reason: Reason, client_address: ClientAddress) -> None:
    """An answer came that nobody here was waiting for, or from another browser or provider.

    Single ones come from people who were slow, went back, or lost their cookies. Many at once: somebody
    tries to slip their own sign-in to others. Look at where they come from when there are many.
    """


# Tokens.


@event("identity.oidc.token", DEBUG, "Exchanging code for tokens")
def exchanging(provider: Name) -> None:
    """The provider is asked for the tokens of a code. One step of normal work."""


@event("identity.oidc.token", INFO, "Token exchange successful", audit=True)
def exchanged(provider: Name) -> None:
    """The provider gave tokens for the code."""


@event("identity.oidc.token", WARN, "Token exchange failed", audit=True)
def exchange_failed(provider: Name, reason: Reason, detail: Detail) -> None:
    """No tokens, so nobody was signed in. The detail is the provider's word, or ours for what was wrong with it.

    Compare the client's settings at the provider with ours.
    """


@event("identity.oidc.token", DEBUG, "Refreshing access token")
def refreshing(provider: Name) -> None:
    """The provider is being asked. One step of normal work."""


@event("identity.oidc.refresh", DEBUG, "Refreshing access token")
def refresh_wanted(provider: Name) -> None:
    """It is time to ask whether a person is still welcome there. One step of normal work."""


@event("identity.oidc.token", INFO, "Token refresh successful", audit=True)
def refreshed(provider: Name) -> None:
    """The person is still welcome there."""


@event("identity.oidc.token", WARN, "Token refresh failed", audit=True)
def refresh_failed(provider: Name, detail: Detail, is_final: bool) -> None:
    """Where it is final the provider does not know the grant any more, and the session here ends.

    Else it is tried again. Nothing to do where it is final; look at the provider where it goes on.
    """


@event("identity.oidc.revoke", DEBUG, "Revoking token with external IdP")
def revoke_wanted(provider: Name) -> None:
    """A session ended whose tokens go back. One step of normal work."""


@event("identity.oidc.token", WARN, "Provider does not support token revocation", audit=True)
def revoke_unsupported(provider: Name) -> None:
    """The tokens were thrown away here, and live on there until they run out. `revoke = false` asks for no more.

    Nothing to do.
    """


@event("identity.oidc.token", INFO, "Token revocation acknowledged", audit=True)
def revoked(provider: Name) -> None:
    """The provider took the token back."""


@event("identity.oidc.token", WARN, "Token revocation failed", audit=True)
def revoke_failed(provider: Name, detail: Detail) -> None:
    """The token was thrown away here, and lives on there until it runs out.

    Look at the provider if it repeats.
    """


@event("identity.oidc.introspect", DEBUG, "Introspecting token with external IdP")
def introspect_wanted(provider: Name) -> None:
    """It is time to ask whether a person is still welcome there. One step of normal work."""


@event("identity.oidc.token", DEBUG, "Token introspection completed")
def introspected(provider: Name, is_active: bool) -> None:
    """A token that is not active any more ends the session here."""


@event("identity.oidc.token", WARN, "Failed to keep provider tokens")
def grant_unstored(provider: Name, error: Error) -> None:
    """Tokens of somebody could not be kept or read: the provider is not asked about them, nor given them back.

    Look at the store.
    """


# Who it is.


@event("identity.oidc.validate_id_token", DEBUG, "Validating ID token")
def validating(provider: Name) -> None:
    """What the provider says of a person is being checked. One step of normal work."""


@event("identity.oidc.validate_id_token", WARN, "ID token validation failed", audit=True)
def invalid_token(provider: Name, reason: Reason) -> None:
    """What came is not what this provider would have signed for this sign-in, so nobody was let in.

    `exp` and `iat` are most often a clock that is wrong. Everything else should never happen: find out who
    answers in the provider's name.
    """


@event("identity.oidc.userinfo", DEBUG, "Fetching user info")
def userinfo_wanted(provider: Name) -> None:
    """More is to be known of a person than their ID token says. One step of normal work."""


@event("identity.oidc.userinfo", DEBUG, "Fetching user info from external IdP")
def userinfo_asked(provider: Name, host: Host) -> None:
    """The provider is asked about a person. One step of normal work."""


@event("identity.oidc.userinfo", INFO, "User info fetched", audit=True)
def userinfo_fetched(provider: Name) -> None:
    """What the provider adds about the person is known."""


@event("identity.oidc.userinfo", WARN, "User info refused", audit=True)
def userinfo_refused(provider: Name, detail: Detail) -> None:
    """What came about a person is not about who signed in, or cannot be read; nobody was let in.

    Look at the provider: its two answers name different people, or it changed what it sends.
    """


# Proof of possession.


@event("identity.oidc.dpop", WARN, "Failed to check DPoP JTI", audit=True)
def jti_unchecked(provider: Name, error: Error) -> None:
    """Whether a number was used before could not be looked up. It is random, so the request goes on.

    Look at the store.
    """


@event("identity.oidc.dpop", WARN, "Failed to store DPoP JTI", audit=True)
def jti_unstored(provider: Name, error: Error) -> None:
    """The number of a proof could not be noted. It is random, so the request goes on. Look at the store."""


@event("identity.oidc.dpop", WARN, "DPoP JTI SetNX wait failed")
def jti_too_slow(provider: Name) -> None:
    """The store took too long to note the number of a proof. The request goes on. Look at its disk."""


@event("identity.oidc.dpop", ERROR, "Unexpected SetNX response type")
def jti_twice(provider: Name) -> None:
    """A number that was drawn just now was used before. Another one is drawn.

    Twice is no accident: the machine's random numbers repeat, as those of a copied virtual machine can.
    Look at where the machine's random numbers come from before you trust anything that it made.
    """


# People.


@event("identity.oidc.people", INFO, "Person created from provider claims", audit=True)
def created(user: User, provider: Name, groups: Groups) -> None:
    """Somebody who was not known signed in through the provider, and `create` is on."""


@event("identity.oidc.people", INFO, "Person updated from provider claims", audit=True)
def updated(user: User, provider: Name, groups: Groups) -> None:
    """The provider says something else of somebody than before; the groups are those from now on."""


@event("identity.oidc.people", INFO, "Person changed by operator", audit=True)
def changed_by_operator(user: User, is_disabled: bool, is_removed: bool) -> None:
    """An operator did this by a command (`yett admin federation people`). Nothing to do."""


@event("identity.oidc.people", WARN, "People of providers cannot be read")
def people_unreadable(error: Error) -> None:
    """A record of somebody is damaged, or the store is away. Whoever cannot be read is not known.

    Look at the store.
    """


@event("identity.oidc.link", INFO, "Provider account linked", audit=True)
def linked(user: User, provider: Name, how: Name) -> None:
    """From now on whoever proves to the provider to be that account is this person here."""


@event("identity.oidc.link", INFO, "Provider account unlinked", audit=True)
def unlinked(user: User, provider: Name, by: Name) -> None:
    """The account at the provider is nobody's here any more."""


@event("identity.oidc.link", WARN, "Provider account refused", audit=True)
def refused(provider: Name, reason: Reason, client_address: ClientAddress) -> None:
    """Somebody signed in at the provider and is nobody here; the reason says why.

    `unknown_person` and `ambiguous`: link them, or let them be made. `name_taken`: somebody here has the name
    already, and is not them as far as anybody knows. `link_stale`: the name is another person's by now.
    """
