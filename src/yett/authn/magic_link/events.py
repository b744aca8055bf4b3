"""What magic links say in the log, and the lines printed when settings disagree.

Addresses that were typed are never written down: they may be anybody's, or a password.
"""

from yett.authn.magic_link.model import Action, Fault
from yett.events import DEBUG, ERROR, INFO, WARN, console, event
from yett.events.fields import ClientAddress, Error, User

no_mail = console(
    "[CONFIG] WARNING: signin.magiclink.enabled=true but SMTP is not configured — magic link disabled",
    advice="Nobody can be sent a link. Set `smtp.host` and `smtp.sender`, or switch magic links off.",
)
device_codes_needed = console(
    "[CONFIG] INFO: auto-enabling authentication.devicecode (required by signin.magiclink)",
    advice="A browser that waits for its link does so with a device code. Nothing to do.",
)

# Limits.


@event("magiclink.ratelimit.ip.status", DEBUG, "Per-IP rate limit check passed")
def address_passed(client_address: ClientAddress) -> None:
    """An address may ask for one more link. Nothing to do."""


@event("magiclink.ratelimit.email.status", DEBUG, "Per-email rate limit check passed")
def email_passed() -> None:
    """One more link may go to the mailbox that was named, if there is one. Nothing to do."""


@event("magiclink.initiate", INFO, "Per-email rate limit exceeded")
def email_throttled(client_address: ClientAddress) -> None:
    """A mailbox was named more often than `signin.magiclink.max_per_email`, so no link is sent.

    The visitor sees the same page as always. Many of these: somebody tries to flood a mailbox.
    """


@event("magiclink.initiate", INFO, "Per-IP rate limit exceeded")
def address_throttled(client_address: ClientAddress, retry_after: float) -> None:
    """An address asked for more links than `signin.magiclink.max_per_address`; it was told to wait."""


# Asking for a link.


@event("magiclink.initiate", ERROR, "Failed to create device code")
def no_device_code(client_address: ClientAddress) -> None:
    """The browser cannot wait, so no link was made; the records of `devicecode.authorize` say why. Look there."""


@event("magiclink.initiate", ERROR, "Failed to create magiclink session")
def link_not_kept(client_address: ClientAddress, error: Error) -> None:
    """The store did not take the link, so none is sent. The visitor was told. Look at the store."""


@event("magiclink.initiate", WARN, "Failed to dispatch magic link email")
def not_dispatched(user: User) -> None:
    """The mail server did not take the mail; the visitor waits in vain. The records of `smtp.send` say why.

    Look there.
    """


@event("magiclink.initiate", INFO, "Magic link email queued")
def queued(user: User, client_address: ClientAddress) -> None:
    """A link is on its way to a person. Nothing to do."""


@event("magiclink.initiate", INFO, "Magic link not sent, nobody to send it to")
def nobody(reason: Fault) -> None:
    """The address that was named belongs to nobody who may sign in, or is in no allowed domain.

    The visitor sees the same page as always. Many of these: somebody tries out addresses.
    """


@event("magiclink.initiate", WARN, "Magic link not sent, several people have the address")
def ambiguous(people: int) -> None:
    """The directory gives one mail address to several people, so a link cannot tell who is meant. Correct it there."""


# Waiting.


@event("magiclink.poll", ERROR, "PollDeviceCode failed")
def poll_failed() -> None:
    """Whether the link was confirmed could not be found out; the browser asks again. Look at the store."""


@event("magiclink.poll", ERROR, "Directory lookup failed during poll")
def poll_lookup_failed(user: User, error: Error) -> None:
    """The link was confirmed, but who the person is now could not be found out; nobody was let in. Look there."""


@event("magiclink.poll", INFO, "User invalid at poll time")
def user_invalid(user: User) -> None:
    """Between the confirmation and the sign-in the person was disabled or removed; they were not let in."""


# Opening a link.


@event("magiclink.preverify", INFO, "Pre-verification successful, showing confirmation page")
def previewed(client_address: ClientAddress, is_same_browser: bool) -> None:
    """Somebody, or a mail scanner, opened a link. It is still good: only a decision uses it up."""


@event("magiclink.preverify", INFO, "Magic link not accepted")
def not_previewed(reason: Fault, client_address: ClientAddress) -> None:
    """A link was opened that is over, was used, or was altered. Many `forged` ones: somebody tries things."""


@event("magiclink.verify", INFO, "Magic link denied by user")
def denied(client_address: ClientAddress) -> None:
    """Whoever reads the mailbox says that they did not ask for the link. Somebody else did: look who, above."""


@event("magiclink.verify", ERROR, "Directory lookup failed during verify")
def verify_lookup_failed(user: User, error: Error) -> None:
    """Who the person is now could not be found out, so the link was not used and is still good. Look there."""


@event("magiclink.verify", INFO, "Magic link signin_here — session on verifying device only")
def signin_here(user: User, client_address: ClientAddress) -> None:
    """The person signs in where they opened the link; the browser that asked for it gets nothing. Nothing to do."""


@event("magiclink.verify", ERROR, "Failed to update device code authorization")
def not_authorized(user: User) -> None:
    """The link is used up, but the browser that waits could not be told; the person has to ask for another.

    The records of `devicecode.complete` say why. Look there.
    """


@event("magiclink.verify", INFO, "Magic link authorized")
def authorized(user: User, client_address: ClientAddress) -> None:
    """The person let the browser in that asked for the link. Nothing to do."""


@event("magiclink.verify", WARN, "Magic link refused", audit=True)
def refused(action: Action, reason: Fault, client_address: ClientAddress) -> None:
    """A link was not used as somebody wanted.

    `wrong_check` again and again: they do not see the browser that asked, so somebody may have sent them the
    link. Ask them to open links only in the browser that they asked from, and nobody else's at all.
    """


@event("magiclink.revoke", INFO, "Magic links of a person who is out forgotten", audit=True)
def forgotten(user: User, links: int) -> None:
    """They lead nowhere, and the browsers that waited for them were told so. The person was disabled or removed."""
