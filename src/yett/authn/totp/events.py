"""What authenticator apps and recovery codes say in the log."""

from yett.authn.totp.model import Reason
from yett.events import ERROR, INFO, WARN, event
from yett.events.fields import Detail, Error, User

# Setting up.


@event("totp.enroll", ERROR, "Failed to generate TOTP secret")
def secret_not_generated(user: User, error: Error) -> None:
    """The system's random source failed. Nothing was set up; check the machine."""


@event("totp.enroll", ERROR, "Failed to generate QR code")
def qr_not_generated(user: User, error: Error) -> None:
    """The picture could not be drawn. Nothing was set up; try a shorter `issuer`."""


@event("totp.enroll", INFO, "TOTP enrollment initiated")
def initiated(user: User, replacing: bool, lifetime: float) -> None:
    """Somebody began to set up an app. Nothing is in force before its first code."""


@event("totp.enroll", ERROR, "Failed to store pending TOTP enrollment")
def pending_not_stored(user: User, error: Error) -> None:
    """The store could not be asked or written, so nothing was set up. The error says what to mend."""


@event("totp.enroll", INFO, "TOTP enrollment refused - already enrolled")
def already_enrolled(user: User) -> None:
    """The person has an authenticator. To change it they have to prove it first, or an operator resets it."""


@event("totp.enroll.confirm", INFO, "TOTP enrollment verification failed - invalid code")
def confirmation_wrong(user: User) -> None:
    """The first code was wrong; it can be typed again. Frequent: the phone's clock is off."""


@event("totp.enroll.confirm", INFO, "TOTP enrollment verification failed - nothing pending")
def nothing_pending(user: User) -> None:
    """The first code came too late, or twice, or for an enrolment that was begun anew elsewhere."""


@event("totp.enroll.confirm", ERROR, "Failed to generate recovery codes")
def recovery_not_generated(user: User, error: Error) -> None:
    """The system's random source failed. The authenticator is not in force; check the machine."""


@event("totp.enroll.confirm", ERROR, "Failed to store TOTP secret")
def secret_not_stored(user: User, error: Error) -> None:
    """The store refused the authenticator, so it is not in force. The error says what to mend."""


@event("totp.enroll.confirm", INFO, "TOTP enrollment confirmed and persisted")
def confirmed(user: User, recovery_codes: int) -> None:
    """The person's app is their second factor from now on. Nothing to do."""


@event("totp.enroll.confirm", INFO, "TOTP authenticator added", audit=True)
def added(user: User, replacing: bool) -> None:
    """A person's authenticator is in force; with `replacing`, in place of another. They are told by mail."""


# Codes.


@event("totp.validate", INFO, "TOTP validation failed - no enrollment found", audit=True)
def not_enrolled(user: User) -> None:
    """A code came for somebody who has no authenticator. If they should have one, look for who removed it."""


@event("totp.validate", ERROR, "Failed to decode stored TOTP secret", audit=True)
def secret_undecodable(user: User) -> None:
    """The secret was altered, or sealed with another cluster key; no code is accepted.

    Restore the key or the store; else `yett admin totp reset`, and the person enrols anew.
    """


@event("totp.validate", ERROR, "Failed to query TOTP enrollment", audit=True)
def query_failed(user: User, error: Error) -> None:
    """The store could not be read, so the code was refused. The error says what to mend."""


@event("totp.validate", INFO, "TOTP validation failed - invalid code", audit=True)
def code_wrong(user: User) -> None:
    """Many of these for one person in a minute usually mean guessing, by somebody who has the first factor."""


@event("totp.validate", WARN, "Clock backward detected during TOTP validation - allowing code", audit=True)
def clock_backward_allowed(user: User, step: int, last_step: int) -> None:
    """This machine's clock was put back; `allow_clock_backward` is on, so a code was accepted that may be a replay.

    Mend the clock, and switch the setting off.
    """


@event("totp.validate", WARN, "Clock backward detected during TOTP validation - rejecting code", audit=True)
def clock_backward_refused(user: User, step: int, last_step: int) -> None:
    """This machine's clock is behind the time of the person's last code, so a code was refused that may be a replay.

    Mend the clock. If it was ahead before, the person can use a recovery code until that time is reached.
    """


@event("totp.validate", WARN, "TOTP replay detected - code already used", audit=True)
def replayed(user: User, step: int, last_step: int) -> None:
    """A right code came a second time. Single ones are impatience; else somebody watched the person type.

    Talk to the person if it comes again.
    """


@event("totp.validate", ERROR, "Failed to update last used step - rejecting for safety", audit=True)
def step_not_updated(user: User, error: Error) -> None:
    """The code was right, but could not be marked as spent, so it was refused. Mend the store."""


@event("totp.validate", INFO, "TOTP validation successful", audit=True)
def validated(user: User, drift: int) -> None:
    """A drift, in steps of 30 seconds, that keeps growing means that the person's clock is off."""


# Recovery codes.


@event("totp.recovery", INFO, "Recovery code validation failed - no enrollment found")
def recovery_not_enrolled(user: User) -> None:
    """A recovery code came for somebody who has no authenticator."""


@event("totp.recovery", INFO, "Recovery code validation failed - no codes remaining")
def recovery_exhausted(user: User) -> None:
    """The person used every recovery code. `yett admin totp reset` lets them enrol anew; make sure who asks."""


@event("totp.recovery", INFO, "Recovery code validation failed - invalid code")
def recovery_wrong(user: User) -> None:
    """A recovery code was wrong, or used before. Many mean guessing, which is hopeless."""


@event("totp.recovery", ERROR, "Failed to consume recovery code - rejecting for safety")
def recovery_not_consumed(user: User, error: Error) -> None:
    """The code was right, but could not be taken out of the store, so it was refused. Mend the store."""


@event("totp.recovery", INFO, "Recovery code validated and consumed")
def recovery_consumed(user: User, left: int) -> None:
    """The person has lost or broken their app. With few codes left they should enrol anew or renew them."""


@event("totp.recovery", ERROR, "Failed to query recovery codes")
def recovery_query_failed(user: User, error: Error) -> None:
    """The store could not be read, or holds something damaged; the code was refused. Look at the store."""


@event("totp.recovery", INFO, "Recovery codes renewed", audit=True)
def recovery_renewed(user: User, codes: int) -> None:
    """The person got new recovery codes; all earlier ones are void."""


@event("totp.recovery", ERROR, "Recovery codes could not be renewed")
def recovery_not_renewed(user: User, reason: Reason, error: Error) -> None:
    """The recovery codes are as they were before. The error says what to mend."""


# Removing.


@event("totp.delete", INFO, "No TOTP enrollment found to delete")
def nothing_to_delete(user: User) -> None:
    """There was no authenticator to remove. Nothing to do."""


@event("totp.delete", INFO, "TOTP enrollment deleted")
def deleted(user: User) -> None:
    """The person has no authenticator any more, and no recovery codes."""


@event("totp.delete", INFO, "TOTP authenticator removed", audit=True)
def removed(user: User, by: Detail) -> None:
    """Who removed whose authenticator: the person themselves, or an operator. The person is told by mail."""
