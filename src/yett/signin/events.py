"""What signing in and out says in the log.

What the password method decides (right, wrong, unknown, busy) it says itself; here stands what
becomes of it.
"""

from yett.authn.otp import Reason as CodeReason
from yett.authn.otp import Refusal as CodeRefusal
from yett.authn.totp import Reason as TotpReason
from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import ClientAddress, Error, Name, SessionRef, User
from yett.identity.access import Assurance
from yett.sessions import Refusal
from yett.signin.model import Factor, FormFault, Purpose


@event("signin.complete", INFO, "Authentication completed")
def completed(user: User, method: Name) -> None:
    """Every proof that was asked for has been given. A session is made next. Nothing to do."""


@event("signin.finalize", ERROR, "Failed to create session", audit=True)
def session_failed(user: User, reason: Refusal) -> None:
    """The person proved who they are but was turned away, because no session could be kept.

    Look at the store: its disk may be full or damaged. Nobody signs in until that is mended.
    """


@event("signin.success", INFO, "User signed in successfully", audit=True)
def signed_in(user: User, method: Name, session: SessionRef, client_address: ClientAddress) -> None:
    """A new sign-on session exists. Nothing to do."""


@event("signin.person", INFO, "Account is disabled", audit=True)
def account_disabled(user: User, method: Name, client_address: ClientAddress) -> None:
    """The right credential of a disabled account was used; the person saw a general refusal.

    Ask them about it: either nobody told them, or somebody else knows the credential.
    """


@event("signin.person", WARN, "User not found in directory", audit=True)
def person_gone(user: User, method: Name, client_address: ClientAddress) -> None:
    """The credential was right, but the directory does not know the person. They were turned away.

    The account was removed a moment ago, or the directory lacks a source it should have. Look at the directory if
    they should be there.
    """


@event("signin.form", WARN, "Sign-in form refused")
def form_refused(reason: FormFault, client_address: ClientAddress) -> None:
    """A form was sent that this gateway did not give to that browser.

    Single ones come from browsers that keep no cookies. Many of them mean that another site tries to sign people
    in or out. Look at the addresses if there are many.
    """


@event("signin.form", INFO, "Sign-in form expired")
def form_expired() -> None:
    """The page had been open for longer than `signin.form_lifetime`; a fresh one was shown. Nothing to do."""


@event("signin.signout", INFO, "User signed out", audit=True)
def signed_out(user: User, session: SessionRef) -> None:
    """The person ended their sign-on session, and with it every application session under it."""


# Signing in anew.


@event("signin.reauth", INFO, "Reauth session created during signin", audit=True)
def reauth_created(user: User, session: SessionRef) -> None:
    """Somebody who was signed in was asked again who they are, and proved it. For a while they count as fresh."""


@event("signin.reauth", ERROR, "Failed to create reauth session")
def reauth_failed(user: User, reason: Refusal) -> None:
    """The person is signed in, but does not count as fresh and will be asked again. Look at the store."""


@event("signin.reauth", ERROR, "Unexpected reauth session response type")
def reauth_invalid(user: User, session: SessionRef) -> None:
    """What was to say that the person was asked anew was over before it could; they will be asked again.

    Single ones happen when somebody is disabled or signed out everywhere while they sign in anew. Many at
    once mean that sessions end as soon as they begin: look at the clocks and at the session records.
    """


# Proving more than at the sign-in.


@event("signin.stepup", INFO, "Sign-on session stepped up", audit=True)
def stepped_up(user: User, session: SessionRef, factor: Factor, assurance: Assurance) -> None:
    """Somebody who was signed in proved one more factor, because an application asks for it. Nothing to do."""


@event("signin.stepup", WARN, "Step-up not possible", audit=True)
def step_up_impossible(user: User, session: SessionRef, needed: Assurance, held: Assurance) -> None:
    """An application asks for more proof than the person can give: they have no factor that is strong enough.

    They were told where to set one up. Help them to, or look at whether the application asks for too much.
    """


@event("signin.stepup", ERROR, "Step-up could not be kept")
def step_up_failed(user: User, session: SessionRef) -> None:
    """The factor was right, but the session could not be changed. The person signs in anew. Look at the store.

    Single ones also come from two windows that prove the same at once.
    """


# Passwords of people from LDAP. What the method itself decides, it says itself.


@event("signin.ldap", INFO, "Attempting LDAP authentication", audit=True)
def ldap_attempted(user: User) -> None:
    """Somebody signs in with a password that LDAP has to check. `user` is empty when nobody is known by that name."""


@event("signin.ldap", ERROR, "LDAP bind call failed")
def ldap_failed(user: User) -> None:
    """LDAP could not be asked, so nobody from there gets in with a password. Look at its servers and the way there."""


@event("signin.ldap", DEBUG, "LDAP bind successful, syncing user from directory")
def ldap_bound(user: User) -> None:
    """The password is right; what LDAP says of the person is read anew before they are let in. Nothing to do."""


@event("signin.ldap", WARN, "Failed to sync user from directory")
def sync_failed(user: User) -> None:
    """LDAP could not be asked anew, so the person comes in as they were known. Look at its servers."""


@event("signin.ldap", WARN, "User sync returned failure")
def sync_refused(user: User) -> None:
    """LDAP knows the password, but the search of the directory does not find the person: they were turned away.

    They are gone, or `identity.ldap.user_filter` leaves them out by now; if it should not, look at the filter.
    `user` is empty when nobody was known by the name.
    """


@event("signin.ldap", ERROR, "Failed to get user from directory")
def ldap_person_unread(user: User) -> None:
    """The password is right, but the person was never read from LDAP and could not be now, so they were turned away.

    Look at the servers of LDAP and the way there.
    """


@event("signin.ldap", INFO, "User not found in directory after sync")
def ldap_person_gone(user: User) -> None:
    """The password is right, but the directory does not know the person, who was turned away."""


@event("signin.ldap", INFO, "Account is disabled", audit=True)
def ldap_person_disabled(user: User) -> None:
    """The right password of a disabled account was used; the person saw a general refusal.

    Ask them about it: either nobody told them, or somebody else knows the password.
    """


# An expired password.


@event("signin.ldap", INFO, "Password expired - creating temporary session for password change")
def password_expired(user: User) -> None:
    """The password was right but has run out; the person is shown the page to change it and nothing else."""


@event("signin.ldap", ERROR, "Failed to create password_expired session")
def password_session_failed(user: User, reason: Refusal) -> None:
    """The person could not even be shown the page to change their password. Look at the store."""


@event("signin.password", INFO, "Expired password changed", audit=True)
def password_changed(user: User) -> None:
    """The person changed a password that had run out, and signs in anew now. Nothing to do."""


@event("signin.password", INFO, "Expired password not changed", audit=True)
def password_not_changed(user: User) -> None:
    """The directory refused the new password, or the old one was wrong; the person may try again."""


# The second factor.


@event("signin.mfa", INFO, "MFA required for user", audit=True)
def factor_required(user: User, method: Name) -> None:
    """The first factor was right and another one is asked for. Nothing to do."""


@event("signin.mfa", WARN, "Second factor required but not possible", audit=True)
def no_factor(user: User, method: Name) -> None:
    """The person has no second factor and may not enrol one by themselves, so they were turned away.

    Enrol one together with them, give them an address that codes can be sent to, or allow
    `signin.mfa.enrol_after_first_factor`.
    """


@event("signin.mfa.totp", ERROR, "Failed to check TOTP enrollment status")
def enrolment_unknown(user: User, error: Error) -> None:
    """Whether the person has an authenticator could not be read, so they were turned away. Look at the store."""


@event("signin.mfa", DEBUG, "Validating MFA session")
def validating() -> None:
    """A half-finished sign-in is looked for. Nothing to do."""


@event("signin.mfa", ERROR, "Session validation wait failed")
def validation_failed(error: Error) -> None:
    """Whether there is a half-finished sign-in could not be read in time. Look at the store."""


@event("signin.mfa", INFO, "MFA session not valid")
def not_valid() -> None:
    """The half-finished sign-in is over, or was used: the person begins anew. Nothing to do."""


@event("signin.mfa", DEBUG, "MFA session validated successfully")
def validated(user: User, session: SessionRef) -> None:
    """There is a half-finished sign-in. Nothing to do."""


@event("signin.mfa", ERROR, "Try could not be counted")
def try_not_counted(user: User, error: Error) -> None:
    """A code was not looked at, because the try could not be written down first. Look at the store."""


@event("signin.mfa", WARN, "Wrong second factors could not be cleared")
def tries_not_cleared(error: Error) -> None:
    """Somebody gave the right code; their earlier wrong ones still count. Look at the store."""


@event("signin.mfa", WARN, "Second factor attempts throttled", audit=True)
def codes_throttled(user: User, failures: int, wait_seconds: float, is_known: bool) -> None:
    """After too many wrong codes the next one has to wait; it was not checked.

    Whoever gets here has proven a first factor. If it is not the person, their password is known to
    somebody else: change it. `is_known` says that they have signed in from this address before.
    """


@event("signin.mfa", WARN, "Many wrong second factors for one person", audit=True)
def codes_guessed(user: User, failures: int) -> None:
    """Said at every twentieth. Somebody who knows the person's first factor guesses the second: change the first."""


@event("signin.mfa", WARN, "Sign-in ended after too many wrong codes", audit=True)
def tries_used_up(user: User, session: SessionRef) -> None:
    """The half-finished sign-in is dead; whoever it was has to begin with the first factor again.

    Talk to the person if it was not them: their first factor is known.
    """


@event("signin.mfa", DEBUG, "MFA verified - retrieving pending session")
def retrieving(user: User) -> None:
    """The second factor was right. Nothing to do."""


@event("signin.mfa.session", ERROR, "Failed to wait for MFA session validation")
def retrieval_failed(user: User, error: Error) -> None:
    """The second factor was right, but the half-finished sign-in could not be read again in time. Look at the store."""


@event("signin.mfa.session", DEBUG, "MFA session retrieved - creating authenticated session")
def retrieved(user: User, session: SessionRef) -> None:
    """The half-finished sign-in is used up by this. Nothing to do."""


@event("signin.mfa.signup", INFO, "MFA verified for signup - redirecting to passkey registration")
def signup_verified(user: User) -> None:
    """The person has to enrol a factor of their own now, before they are let in. Nothing to do."""


@event(
    "signin.mfa.groups", WARN, "Directory lookup failed after MFA - using cached groups from pending session"
)
def groups_cached(user: User) -> None:
    """The groups of a person from LDAP could not be read anew between the two factors; those from the start count.

    Look at its servers: a right taken away meanwhile still counts.
    """


@event("signin.mfa.complete", DEBUG, "Returning success response to client")
def answered(user: User, purpose: Purpose) -> None:
    """The person goes on: signed in, or to enrol a factor. Nothing to do."""


@event("signin.mfa.resend", ERROR, "Failed to generate OTP")
def resend_failed(user: User, reason: CodeRefusal) -> None:
    """Somebody asked for a code by mail and got none: the reason says whether they have to wait or mail is broken.

    Look at it.
    """


@event("signin.mfa.resend", INFO, "OTP code resent")
def resent(user: User) -> None:
    """Another code was sent by mail, because the person asked for it. Nothing to do."""


@event("signin.mfa.otp", ERROR, "OTP validation call failed")
def otp_call_failed(user: User) -> None:
    """Whether the code by mail is right could not be found out; nobody was let in. Look at the store."""


@event("signin.mfa.otp", INFO, "OTP validation failed", audit=True)
def otp_failed(user: User, reason: CodeReason) -> None:
    """The code by mail was not accepted. Many of these for one person mean that their password is known."""


@event("signin.mfa.otp", WARN, "OTP generation failed — user can resend from MFA page")
def otp_not_generated(user: User, reason: CodeRefusal) -> None:
    """No code was sent when the sign-in came to the second factor; the page offers to send one.

    Look at the records of `otp.generate` if it goes on.
    """


@event("signin.mfa.totp", ERROR, "TOTP validation call failed")
def totp_call_failed(user: User, reason: TotpReason) -> None:
    """Whether the code is right could not be found out; nobody was let in. Look at the store."""


@event("signin.mfa.totp", INFO, "TOTP and recovery code validation both failed", audit=True)
def totp_and_recovery_failed(user: User, reason: TotpReason) -> None:
    """What was typed is neither. Many of these for one person mean that their password is known."""


@event("signin.mfa.totp", INFO, "TOTP validation failed - invalid code", audit=True)
def totp_failed(user: User, reason: TotpReason) -> None:
    """The app's code was not accepted. Many of these for one person mean that their password is known."""


@event("signin.mfa.totp", INFO, "User authenticated via recovery code", audit=True)
def recovered(user: User, left: int) -> None:
    """The person used one of their recovery codes in place of the app. Ask whether they have lost it."""


@event("signin.leftovers", INFO, "Sessions of people who went meanwhile ended", audit=True)
def left_over_ended(sessions: int) -> None:
    """While the gateway was not running, their people were disabled, or others got their names. Nothing to do."""
