"""What device codes say in the log. `code` is a handle of the code's record, never a code."""

from yett.authn.device_code.model import NotMade, Reason, Status
from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import ClientAddress, Error, Name, User

# Being switched on.


@event("devicecode.init", INFO, "Device Code authorization disabled in config")
def disabled() -> None:
    """No device gets a code. `authentication.devicecode.enabled`, or magic links, switch it on."""


@event("devicecode.init", INFO, "Device Code authorization (RFC 8628) initialized")
def initialized(lifetime: float, interval: float) -> None:
    """Devices may ask for codes; both numbers are in seconds. Nothing to do."""


# Asking for codes.


@event("devicecode.authorize", ERROR, "Failed to generate device code")
def device_code_not_generated(client: Name, error: Error) -> None:
    """The random source failed, or gave a value that is in use. The device was told to try later.

    This must not happen on a sound machine; restart it, and look at its kernel log.
    """


@event("devicecode.authorize", ERROR, "Failed to generate user code")
def user_code_not_generated(client: Name, error: Error) -> None:
    """No free user code was found, or the random source failed. The device was told to try later.

    Shorten `lifetime` if very many devices wait; else check the machine.
    """


@event("devicecode.authorize", ERROR, "Failed to store device code")
def not_stored(client: Name, error: Error) -> None:
    """The store did not take the code, so no code was given out. Look at the store."""


@event("devicecode.authorize", ERROR, "Failed to achieve quorum for device code storage")
def no_quorum(client: Name, error: Error) -> None:
    """The store took the code, but did not show it when asked again, so no code was given out. Look at the store."""


@event("devicecode.authorize", WARN, "Failed to store user code reverse lookup")
def user_code_not_stored(client: Name, code: Name, error: Error) -> None:
    """The code was given out, but only this node finds it by what a person types. Look at the store."""


@event("devicecode.authorize", INFO, "Device authorization codes generated")
def issued(client: Name, code: Name, client_address: ClientAddress, lifetime: float) -> None:
    """A device waits for somebody to confirm it. Nothing to do."""


@event("devicecode.authorize", INFO, "Device code request throttled")
def throttled(client: Name, client_address: ClientAddress, retry_after: float) -> None:
    """An address asked for more codes than `authentication.devicecode.max_per_address`; it got none.

    Single ones are devices that begin anew too eagerly. Many of them: consider a block at the firewall.
    """


# Typing them.


@event("devicecode.verify", INFO, "Invalid user code format (not BASE20)")
def user_code_malformed(user: User) -> None:
    """What a person typed cannot be a code. What it was is not recorded: it may be a password. Nothing to do."""


@event("devicecode.verify", INFO, "User code not accepted")
def user_code_refused(user: User, reason: Reason) -> None:
    """A code that does not exist, is over or was used was typed. Many for one person mean that they guess."""


@event("devicecode.verify", WARN, "User code guesses throttled", audit=True)
def guesses_throttled(user: User, client_address: ClientAddress, retry_after: float) -> None:
    """After too many codes that do not exist, the next was not looked at.

    Whoever guesses a code confirms a stranger's device in their own name: it then works for them, unnoticed. Look
    at the address; if many people of one office are behind it, nothing has to be done.
    """


@event("devicecode.verify", WARN, "User code could not be looked up")
def user_code_unavailable(user: User, error: Error) -> None:
    """The store did not answer; the person was told to try later. Look at the store."""


# Deciding.


@event("devicecode.complete", INFO, "Device code already handled")
def already_handled(user: User, code: Name, status: Status) -> None:
    """Somebody decided about this code before; nothing was changed. Nothing to do."""


@event("devicecode.complete", ERROR, "Failed to generate tokens for device authorization")
def tokens_not_generated(user: User, client: Name, code: Name, reason: NotMade) -> None:
    """There is nothing to sign with, so the device was not approved. The records before this one say why.

    Look at the signing key that they name.
    """


@event("devicecode.complete", ERROR, "Failed to get token response")
def no_token_response(user: User, client: Name, code: Name, reason: NotMade) -> None:
    """There is no answer for this person: disabled, removed or signed out while they decided. Nothing was approved.

    If the person should be able to, look at why they are disabled or signed out.
    """


@event("devicecode.complete", ERROR, "Invalid token response type")
def token_response_unfit(user: User, client: Name, code: Name, reason: NotMade) -> None:
    """What the device would get cannot be handed over; nothing was approved.

    Usually the person is in so many groups that no token can name them all. Take the person out of groups they do
    not need.
    """


@event("devicecode.complete", INFO, "Generated tokens for device authorization")
def tokens_generated(user: User, client: Name, code: Name) -> None:
    """What the device will get was made; it is kept sealed until the device fetches it. Nothing to do."""


@event("devicecode.complete", ERROR, "Failed to broadcast authorization update")
def decision_not_stored(user: User, code: Name, error: Error) -> None:
    """The store did not take the decision; the device goes on waiting, the person may try again. Look at the store."""


@event("devicecode.complete", ERROR, "Failed to achieve quorum for authorization")
def decision_unconfirmed(user: User, code: Name, error: Error) -> None:
    """The store took the decision, but did not show it when asked again. The person was told that it is not certain.

    Look at the store; the device may have been approved all the same.
    """


@event("devicecode.complete", WARN, "Concurrent modification detected (version mismatch)")
def concurrent(user: User, code: Name) -> None:
    """Two decisions about one code came at the same moment; the other one was first and holds.

    A double click does this. With two different people, ask both what they confirmed.
    """


@event("devicecode.complete", INFO, "Device authorization completed")
def completed(user: User, client: Name, code: Name, status: Status) -> None:
    """A person approved or denied a device. Nothing to do."""


@event("devicecode.complete", WARN, "Device authorization not allowed", audit=True)
def not_allowed(user: User, client: Name, code: Name) -> None:
    """The person is not in a group that may confirm this client, or the client was taken out of the settings.

    If they should be, see the client's `groups` in the settings.
    """


# Asking what became of it.


@event("devicecode.poll", WARN, "Failed to lookup device code")
def lookup_failed(client: Name, error: Error) -> None:
    """The store did not answer; the device was told to try later. Look at the store."""


@event("devicecode.poll", WARN, "Client ID mismatch")
def client_mismatch(client: Name, issued_to: Name, code: Name) -> None:
    """A client asked with a code that was given to another. It learned nothing.

    Somebody has read the code on its way, or two programs are mixed up. Find out whose devices the two clients
    are.
    """


@event("devicecode.poll", DEBUG, "Client polling too fast")
def too_fast(client: Name, code: Name, interval: float) -> None:
    """The device was told to slow down; from now on it has to wait for that many seconds. Nothing to do."""


@event("devicecode.poll", WARN, "Failed to replicate LastPoll update across cluster")
def pace_not_replicated(client: Name, code: Name, error: Error) -> None:
    """When the device asked is known to this node only; it could ask another sooner. Look at the store."""


@event("devicecode.poll", WARN, "Failed to initiate LastPoll broadcast")
def pace_unknown(client: Name, code: Name, error: Error) -> None:
    """The store did not say when the device asked last, so this node goes by what it knows. Look at the store."""


@event("devicecode.poll", INFO, "Device authorization denied by user")
def denied(client: Name, code: Name, user: User) -> None:
    """The device learned that it was denied. Nothing to do."""


@event("devicecode.poll", INFO, "Device authorization granted")
def granted(client: Name, code: Name, user: User) -> None:
    """The device fetched what it was granted; the code is gone. Nothing to do."""


@event("devicecode.poll", ERROR, "Device authorization could not be opened")
def answer_unreadable(client: Name, code: Name, user: User) -> None:
    """What was kept for the device cannot be opened: the cluster key was changed meanwhile. It has to begin anew.

    Nothing to do unless nobody changed that key: then find out who wrote into the store.
    """


@event("devicecode.revoke", INFO, "Device codes of a person who is out forgotten", audit=True)
def forgotten(user: User, codes: int) -> None:
    """They were confirmed and not fetched yet; the devices get nothing. The person was disabled or removed."""
