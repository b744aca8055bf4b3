"""What the device grant says in the log. What becomes of the codes themselves, device codes say."""

from yett.events import ERROR, INFO, WARN, event
from yett.events.fields import ClientAddress, Error, Name, SessionRef, User
from yett.oidc.device.model import Fault
from yett.oidc.model import Unminted


@event("oidc.device_code", INFO, "Generating tokens for device authorization")
def generating(user: User, client: Name, session: SessionRef) -> None:
    """A person confirmed a device; its token is made now and kept sealed until the device fetches it. Nothing to do."""


@event("oidc.device_code", INFO, "Device code grant successful", audit=True)
def granted(user: User, client: Name, session: SessionRef, lifetime: float) -> None:
    """A device has a token in a person's name, for as many seconds. `session` is where it was confirmed.

    Whoever did not mean that signs out of that session, and changes their password: somebody else confirmed it.
    """


@event("oidc.device_code", ERROR, "Token generation failed")
def not_generated(user: User, client: Name, reason: Unminted, error: Error) -> None:
    """No token was made, and the device was not approved.

    `too_long`: the person is in too many groups for a token. `signing_key`: the error says what is missing. Look
    at the groups or at the key.
    """


@event("oidc.device_code", WARN, "Device request refused")
def refused(client: Name, reason: Fault) -> None:
    """A request for a code or a token was not well formed, or from a client that may not have device codes.

    `client` is "unknown" for one that is not in the settings: anybody can send any text. Look at the address if it
    goes on, or enter the program in the settings.
    """


@event("oidc.device_code", WARN, "Device not to be confirmed from this address")
def approver_far(user: User, client: Name, client_address: ClientAddress) -> None:
    """Somebody typed the code of a client from outside of its `people_networks`, and could not confirm it.

    Look at the address: if it is one of yours, add its network.
    """


@event("oidc.device_code", WARN, "Device approved by somebody who is out", audit=True)
def approver_out(user: User, client: Name, session: SessionRef) -> None:
    """Between confirming a device and its fetching the token, the person signed out, was disabled, or lost the group.

    The token was thrown away. Nothing to do, unless it repeats for one person.
    """
