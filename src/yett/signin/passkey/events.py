"""What the sign-in says about passkeys. What the method decides it says itself, under `webauthn`."""

from yett.authn.passkey import Reason
from yett.events import DEBUG, ERROR, INFO, event
from yett.events.fields import ClientAddress, Name, User


@event("signin.passkey.begin", DEBUG, "Beginning passkey authentication")
def beginning() -> None:
    """Somebody opened the sign-in page in a browser that knows passkeys, or pressed the button."""


@event("signin.passkey.begin", ERROR, "BeginAuthentication failed")
def begin_failed(reason: Reason) -> None:
    """Nobody can sign in with a passkey. The line before it says why. Look there."""


@event("signin.passkey.begin", DEBUG, "WebAuthn challenge created")
def challenge_created(expires_in: int) -> None:
    """The browser has so many seconds to answer."""


@event("signin.passkey.finish", DEBUG, "Finishing passkey authentication")
def finishing() -> None:
    """The browser answered. Nothing to do."""


@event("signin.passkey.finish", INFO, "FinishAuthentication failed")
def finish_failed(reason: Reason, client_address: ClientAddress) -> None:
    """The passkey was not accepted; the line before it says more. Many from one address are attempts to forge."""


@event("signin.passkey.finish", ERROR, "Failed to get user from directory")
def directory_failed(
    user: User,
    hash: Name,  # noqa: A002 - the catalogue's name for it
    client_address: ClientAddress,
) -> None:
    """The passkey is right, but LDAP could not say whether its person may still come in. They were turned away.

    Look at the LDAP servers.
    """


@event("signin.passkey.finish", INFO, "User not found in directory after passkey auth")
def person_gone(user: User, hash: Name, client_address: ClientAddress) -> None:  # noqa: A002 - as above
    """The passkey is right, but the directory does not know its person. They were turned away.

    Revoke the passkey if the account is gone for good.
    """


@event("signin.passkey.finish", INFO, "Account is disabled")
def account_disabled(user: User, hash: Name, client_address: ClientAddress) -> None:  # noqa: A002 - as above
    """The passkey of a disabled account was used; the person saw a general refusal."""
