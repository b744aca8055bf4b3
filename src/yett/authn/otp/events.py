"""What codes by mail say in the log. The code itself is never among it."""

import enum

from yett.events import DEBUG, ERROR, INFO, TRACE, WARN, event
from yett.events.fields import Email, Error, Name, User


class Blocked(enum.Enum):
    """Of what there was too much."""

    RESENDS = "resends"
    TRIES = "tries"
    """The browser's code is locked, and so is asking for another."""


# Which mail addresses codes go to.


@event("otp.domain", TRACE, "Invalid email format")
def email_malformed(user: User) -> None:
    """The directory has no mail address for the person, or one that no mail can be sent to. Correct it there."""


@event("otp.domain", TRACE, "Domain allowed")
def domain_allowed(user: User) -> None:
    """The person's mail domain is one that codes may be sent to. Nothing to do."""


@event("otp.domain", TRACE, "Domain not in allowed list")
def domain_not_listed(user: User, email: Email) -> None:
    """The person's mail domain is not in `allowed_domains`."""


# Making and sending.


@event("otp.generate", INFO, "Email domain not allowed", audit=True)
def domain_refused(user: User) -> None:
    """No code was sent, as the person's mail address is missing, malformed or outside `allowed_domains`.

    If the domain is one of yours, add it to the setting; else correct the address in the directory.
    """


@event("otp.generate", INFO, "Device ID missing")
def device_missing(user: User) -> None:
    """The browser did not send the cookie that a code is tied to. Cookies are off, or somebody is trying."""


@event("otp.generate", INFO, "Device already has OTP for different email", audit=True)
def other_email(user: User, wait_seconds: float) -> None:
    """From one browser a code was asked for a second person while one was open. Single ones are shared machines."""


@event("otp.generate", INFO, "OTP resend blocked - max retries exceeded", audit=True)
def resend_blocked(user: User, blocked_by: Blocked, wait_seconds: float) -> None:
    """The browser asked for `max_resends` codes already, or its code is locked; it has to wait.

    `yett admin otp unlock` ends the wait of a person.
    """


@event("otp.generate", WARN, "OTP generation blocked - too many codes for one person", audit=True)
def person_blocked(user: User, limit: int, wait_seconds: float) -> None:
    """The person was sent `max_per_hour` codes, from whatever browsers; none is sent until the hour is over.

    Whoever asks knows the person's password: talk to them, and change it. `yett admin otp unlock`
    ends the wait.
    """


@event("otp.generate", DEBUG, "OTP resend denied - too soon")
def resend_too_soon(user: User, wait_seconds: float) -> None:
    """Another code was asked for before `resend_interval` was over. Nothing to do."""


@event("otp.generate", DEBUG, "Generating BASE20 OTP (consonants only)")
def generating_base20(length: int) -> None:
    """A code of consonants is made. Nothing to do."""


@event("otp.generate", DEBUG, "Generating numeric OTP")
def generating_numeric(length: int) -> None:
    """A code of digits is made. Nothing to do."""


@event("otp.generate", WARN, "Invalid UserpassOTPType configuration, defaulting to numeric")
def code_type_invalid(value: Name) -> None:
    """`code_type` in [authn.otp] is neither `base20` nor `numeric`. Digits are easier to guess: correct it."""


@event("otp.generate", ERROR, "Failed to generate OTP code")
def not_generated(user: User, error: Error) -> None:
    """The system's random source failed, or the store could not say which code is open. No code was sent.

    Look at the store, then at the machine.
    """


@event("otp.generate", ERROR, "Invalid OTP TTL configuration")
def ttl_invalid(seconds: float) -> None:
    """`ttl` in [authn.otp] is below 30 seconds or above an hour, so nobody gets a code. Correct it."""


@event("otp.generate", ERROR, "Failed to broadcast OTP to cluster")
def not_broadcast(user: User, error: Error) -> None:
    """The store refused the code, so it was not sent. The error says whether the store is full or out of reach.

    Look at the store.
    """


@event("otp.generate", ERROR, "Failed to achieve quorum for OTP storage")
def no_quorum(user: User, rounds: int) -> None:
    """The store took other writes of the same code before ours, each time it was tried, so none was sent.

    Many at once from one browser do this. If it lasts, look at the health of the store.
    """


@event("otp.generate", DEBUG, "OTP stored with cluster quorum")
def stored(user: User, version: int) -> None:
    """The code can be checked on every node. Nothing to do."""


@event("otp.generate", INFO, "OTP code generated", audit=True)
def generated(user: User, email: Email, resends: int, ttl: float) -> None:
    """A code is about to be mailed; `resends` says how many went before it. Nothing to do."""


@event("otp.generate", WARN, "Failed to send OTP email")
def not_sent(user: User, email: Email) -> None:
    """The mail could not be handed over; the lines before say why. The person can ask for another code.

    Look at the mail server.
    """


# Checking.


@event("otp.validate", DEBUG, "OTP validation attempt")
def attempted(user: User) -> None:
    """Somebody typed a code. What came of it follows."""


@event("otp.validate", ERROR, "Failed to query OTP from storage")
def query_failed(user: User, error: Error) -> None:
    """The store could not be read, so the code was refused. The error says what to mend."""


@event("otp.validate", ERROR, "Failed to retrieve OTP")
def unreadable(user: User, error: Error) -> None:
    """The store holds something damaged in place of a code; it was refused. Check the store's integrity."""


@event("otp.validate", ERROR, "Invalid OTP type in storage")
def type_invalid(user: User) -> None:
    """Another version of the program kept this, or the store was tampered with. The code was refused.

    Have the person ask for another code; if it comes again, look at who else writes to the store.
    """


@event("otp.validate", DEBUG, "No OTP found")
def none_found(user: User) -> None:
    """The browser has no open code of this person: it ended, was spent, or was asked for elsewhere."""


@event("otp.validate", INFO, "OTP validation rejected - OTP is locked", audit=True)
def locked_refused(user: User, wait_seconds: float) -> None:
    """A code came from a browser that sent too many wrong ones; it was not looked at."""


@event("otp.validate", ERROR, "Failed to delete expired OTP")
def expired_not_deleted(user: User, error: Error) -> None:
    """An expired code stays in the store a little longer, which does no harm. Look at the store."""


@event("otp.validate", INFO, "OTP code expired", audit=True)
def expired(user: User) -> None:
    """The code came too late. Frequent: mail is slow, or `ttl` is short."""


@event("otp.validate", ERROR, "Failed to lock OTP after max retries exceeded")
def not_locked(user: User, error: Error) -> None:
    """The store did not take the lock after too many wrong codes. The code was refused; mend the store."""


@event("otp.validate", WARN, "SECURITY: OTP locked due to max retry attempts exceeded", audit=True)
def locked(user: User, tries: int, wait_seconds: float) -> None:
    """Somebody guessed at codes, and knows the person's first factor. Talk to the person."""


@event("otp.validate", ERROR, "Failed to update OTP retry count")
def tries_not_counted(user: User, error: Error) -> None:
    """A wrong code could not be counted, so it was refused without saying more. Mend the store."""


@event("otp.validate", ERROR, "Failed to achieve quorum for OTP retry update")
def no_quorum_for_tries(user: User, rounds: int) -> None:
    """The store took other writes of the same code before ours, each time it was tried; the code was refused.

    Many tries at once from one browser do this: somebody is racing. Else look at the store. Look at whose codes
    they are, and talk to that person.
    """


@event("otp.validate", INFO, "Invalid OTP code submitted", audit=True)
def wrong(user: User, tries: int, left: int) -> None:
    """A wrong code, counted. Single ones are typing errors; many of one person are guesses."""


@event("otp.validate", ERROR, "Failed to delete OTP after validation")
def not_deleted(user: User, error: Error) -> None:
    """The right code could not be taken out of the store, so it was refused: it might be used twice.

    Look at the store.
    """


@event("otp.validate", DEBUG, "OTP deleted after successful validation")
def deleted(user: User) -> None:
    """The code is gone from the store. Nothing to do."""


@event("otp.validate", INFO, "OTP validated and removed (replay prevention)", audit=True)
def removed(user: User) -> None:
    """The right code was spent: of any number of tries with it, this one counts."""


@event("otp.validate", INFO, "OTP validated successfully", audit=True)
def validated(user: User, email: Email) -> None:
    """The person reads the mailbox. Whether they are let in is decided by the sign-in that asked."""


# Operators.


@event("otp.unlock", INFO, "OTP unlocked", audit=True)
def unlocked(user: User, codes: int, by: Name) -> None:
    """An operator ended the waits of a person; their open codes were removed."""


@event("otp.revoke", INFO, "OTPs of a person who is out forgotten", audit=True)
def forgotten(user: User, codes: int) -> None:
    """Codes that were sent are good for nothing any more. The person was disabled or removed."""
