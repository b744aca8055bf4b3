"""What passkeys say in the log. `hash` names a passkey; `yett passkey list` shows the same."""

from yett.authn.passkey.model import Reason
from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import Detail, Device, Error, Host, Name, User

# Making one.


@event("webauthn.registration", INFO, "Begin registration request", audit=True)
def registration_began(user: User) -> None:
    """Somebody wants a new passkey. Nothing to do."""


@event("webauthn.registration", INFO, "Finish registration request", audit=True)
def registration_answered(user: User) -> None:
    """A browser answered with a new key. The next line says whether it is fit."""


@event("webauthn.registration", INFO, "Passkey registered")
def registered(user: User, hash: Name, algorithm: int) -> None:  # noqa: A002 - the catalogue's name for it
    """The new key is fit. `webauthn.enroll` says when it is written down."""


@event("webauthn.registration", INFO, "Attestation validated")
def attestation_validated(user: User, format: Name, model: Name, trusted: bool) -> None:  # noqa: A002 - its name
    """The authenticator proved what it says about itself.

    Unless `trusted`, it proved it to nobody in particular: no root of the settings vouches for it.
    """


@event("webauthn.registration", WARN, "Challenge mismatch")
def registration_challenge_mismatch(user: User) -> None:
    """The answer belongs to another question. Two windows of one person, or somebody replays.

    Look at the address if it is said again and again.
    """


@event("webauthn.registration", WARN, "Origin mismatch")
def registration_origin_mismatch(user: User, reason: Reason, origin: Detail) -> None:
    """A page of another site, or one inside another site's page, asked for the passkey. It may be phishing.

    If the origin is one of yours, look at `service.hostname` and `service.public_port`.
    """


@event("webauthn.registration", WARN, "Attestation failed")
def attestation_failed(user: User, reason: Reason, problem: Detail) -> None:
    """The authenticator is not what it says, or none that the settings allow. Nothing was enrolled.

    Look at `attestation` and `trusted_roots` if the model should be allowed.
    """


@event("webauthn.registration", WARN, "Registration refused")
def registration_refused(user: User, reason: Reason) -> None:
    """The new key is not fit, or the answer came too late. The person can try again.

    Look at the reason if they cannot.
    """


@event("webauthn.registration", ERROR, "Challenge generation failures")
def registration_challenge_failed(user: User, error: Error) -> None:
    """The system's random source failed. Check the machine."""


@event("webauthn.registration", ERROR, "Session storage failures")
def registration_not_stored(user: User, error: Error) -> None:
    """The store could not keep or find what was asked of a browser. Look at the store."""


@event("webauthn.registration", ERROR, "Marshal failures")
def registration_not_marshalled(user: User, error: Error) -> None:
    """The question to the browser could not be written, as a rule because of the person's display name.

    Mend the name in its directory.
    """


# Using one.


@event("webauthn.authentication", INFO, "New challenge issued", audit=True)
def challenge_issued(user: User) -> None:
    """A browser was asked for a passkey. Without a user anybody's will do. Nothing to do."""


@event("webauthn.authentication", INFO, "Auth successful")
def authenticated(user: User, hash: Name, verified: bool) -> None:  # noqa: A002 - the catalogue's name for it
    """The passkey is right. Whether its person is let in is decided by the sign-in that asked."""


@event("webauthn.authentication", INFO, "Passkey not found")
def not_found(hash: Name, revoked: bool) -> None:  # noqa: A002 - the catalogue's name for it
    """A passkey that nobody has, any more. People keep them on devices after they were revoked here."""


@event("webauthn.authentication", INFO, "Passkey expired")
def expired(user: User, hash: Name) -> None:  # noqa: A002 - the catalogue's name for it
    """The person has to sign in in another way and make a new one."""


@event("webauthn.authentication", INFO, "Invalid session")
def no_ceremony() -> None:
    """Nothing was asked of this browser, or it answered twice or too late. Many at once are replays."""


@event("webauthn.authentication", WARN, "Origin mismatch")
def origin_mismatch(reason: Reason, origin: Detail) -> None:
    """A page of another site, or one inside another site's page, asked for the passkey. It may be phishing.

    If the origin is one of yours, look at `service.hostname` and `service.public_port`.
    """


@event("webauthn.authentication", WARN, "RP ID hash mismatch")
def rp_id_mismatch(hash: Name) -> None:  # noqa: A002 - the catalogue's name for it
    """The authenticator signed for another domain. Somebody forges, or `rp_id` was changed.

    Compare `rp_id` with the host name that people see.
    """


@event("webauthn.authentication", WARN, "Signature verification failed")
def signature_failed(user: User, hash: Name) -> None:  # noqa: A002 - the catalogue's name for it
    """The answer was not signed by the passkey that it names. Somebody forges.

    Talk to the person whose passkey it names, and look at where the request came from.
    """


@event("webauthn.authentication", WARN, "Passkey refused")
def refused(user: User, hash: Name, reason: Reason) -> None:  # noqa: A002 - the catalogue's name for it
    """The answer breaks a rule of its own; `reason` says which. Single ones are odd browsers.

    Look at the browser if it goes on.
    """


@event("webauthn.authentication", ERROR, "Challenge generation failures")
def challenge_failed(error: Error) -> None:
    """The system's random source failed. Check the machine."""


@event("webauthn.authentication", ERROR, "Session storage failures")
def not_stored(error: Error) -> None:
    """The store could not keep or find a question, or the passkey's counter. Nobody was let in. Look at the store."""


@event("webauthn.authentication", ERROR, "Cloned device failures")
def cloned(user: User, hash: Name, stored: int, received: int, revoked: bool) -> None:  # noqa: A002 - as above
    """The counter of a passkey did not grow: somebody may have a copy of its key. The sign-in was refused.

    Talk to the person. If it was `revoked` they need a new one; set `revoke_cloned` if not.
    """


@event("webauthn.authentication", ERROR, "COSE key failures")
def key_unusable(user: User, hash: Name) -> None:  # noqa: A002 - the catalogue's name for it
    """The stored public key cannot be used: the record is damaged. Revoke the passkey; its person makes a new one."""


@event("webauthn.authentication", DEBUG, "Begin/finish request trace")
def traced(finish: bool, named: bool) -> None:
    """One step of a sign-in with a passkey; `named` when it is known who should answer."""


@event("webauthn.authentication", DEBUG, "Counter validation")
def counter_validated(hash: Name, stored: int, received: int) -> None:  # noqa: A002 - the catalogue's name for it
    """Two zeros belong to passkeys that are copied between devices and cannot count."""


@event("webauthn.authentication", DEBUG, "Auth successful")
def authentication_done(hash: Name, backed_up: bool, count: int) -> None:  # noqa: A002 - the catalogue's name
    """What is written down of a use: its count, and whether the key has copies now."""


# Keeping them.


@event("webauthn.enroll", INFO, "Passkey enrolled", audit=True)
def enrolled(user: User, hash: Name, device: Device, active_count: int) -> None:  # noqa: A002 - as above
    """From now on the person can sign in with it. They were told by mail, where mail is set up."""


@event("webauthn.enroll", ERROR, "Failed to load existing passkeys")
def enrol_not_loaded(user: User, error: Error) -> None:
    """The new passkey was not enrolled. Look at the store."""


@event("webauthn.enroll", ERROR, "Failed to store")
def enrol_not_stored(user: User, error: Error) -> None:
    """The new passkey was not enrolled; the person's device may show it all the same. Look at the store."""


@event("webauthn.enroll", DEBUG, "Enroll request")
def enrolling(user: User, hash: Name) -> None:  # noqa: A002 - the catalogue's name for it
    """A fit key is about to be written down."""


@event("webauthn.enroll", WARN, "Enrollment refused", audit=True)
def enrol_refused(user: User, hash: Name, reason: Reason) -> None:  # noqa: A002 - the catalogue's name for it
    """The key is enrolled already, for whomever, or the person has as many as are allowed.

    Have them remove one that they do not use.
    """


@event("webauthn.revoke", INFO, "Passkey revoked", audit=True)
def revoked(user: User, hash: Name, device: Device, reason: Detail, revoked_by: Detail) -> None:  # noqa: A002 - as above
    """It opens nothing any more. Sessions that it made go on; `yett admin sessions revoke-all` ends them."""


@event("webauthn.revoke", WARN, "No passkeys found")
def none_to_revoke(user: User) -> None:
    """The person has none. The name may be mistyped. `yett admin passkey list` shows who has some."""


@event("webauthn.revoke", WARN, "Passkey not found in active list")
def not_active(user: User, hash: Name) -> None:  # noqa: A002 - the catalogue's name for it
    """The person has no such passkey, or it was revoked before. `yett admin passkey list` shows their ids."""


@event("webauthn.revoke", ERROR, "Failed to store revoked passkey")
def revoke_not_stored(user: User, hash: Name, error: Error) -> None:  # noqa: A002 - the catalogue's name for it
    """The passkey still works! Look at the store and revoke again."""


@event("webauthn.revoke", DEBUG, "Revoke request")
def revoking(user: User, hash: Name) -> None:  # noqa: A002 - the catalogue's name for it
    """Somebody wants a passkey gone."""


@event("webauthn.storage", DEBUG, "Loading passkeys")
def loading(user: User, active_count: int, revoked_count: int) -> None:
    """The passkeys of a person were read. Nothing to do."""


@event("webauthn.storage", DEBUG, "Storing passkeys")
def storing(user: User, active_count: int, revoked_count: int) -> None:
    """The passkeys of a person are written. Nothing to do."""


@event("webauthn.storage", INFO, "Passkeys stored to moduledata")
def stored(user: User) -> None:
    """They are written down. Each use of a passkey does this too, for its counter."""


@event("webauthn.get", DEBUG, "Passkey lookup")
def looked_up(hash: Name, found: bool) -> None:  # noqa: A002 - the catalogue's name for it
    """A browser named a passkey. Nothing to do."""


@event("webauthn.list", DEBUG, "Passkey listing")
def listed(user: User, active_count: int) -> None:
    """Somebody looks at their passkeys, or an operator does."""


# Running out.


@event("webauthn.expiration", INFO, "Check started")
def check_started() -> None:
    """All passkeys are looked through for those that run out. Nothing to do."""


@event("webauthn.expiration", INFO, "Check completed")
def check_completed(people: int, reminded: int, expired: int) -> None:
    """Everybody who had to be told was told. `expired` ones stay in the list and open nothing."""


@event("webauthn.expiration", INFO, "Reminder sent")
def reminded(user: User, hash: Name, days: int) -> None:  # noqa: A002 - the catalogue's name for it
    """The person was told by mail that their passkey runs out in so many days."""


@event("webauthn.expiration", INFO, "Check disabled")
def check_disabled() -> None:
    """Nobody is told before a passkey runs out, because `reminders` is empty or mail is not set up."""


@event("webauthn.expiration", INFO, "Check skipping")
def check_skipped() -> None:
    """The passkeys were looked through a short while ago, by another node or before a restart."""


@event("webauthn.expiration", WARN, "Lock acquisition failed")
def lock_failed(held: bool, error: Error) -> None:
    """The check was left out, as another node is at it or the store failed. It comes again after `check_every`.

    Look at the store if it is said every time.
    """


@event("webauthn.expiration", ERROR, "Scheduler registration failures")
def not_scheduled(error: Error) -> None:
    """The store could not say when the last check was. It is tried again soon. Look at the store."""


@event("webauthn.expiration", ERROR, "LoadAll failures")
def load_all_failed(error: Error) -> None:
    """The passkeys could not be read, so nobody was told. Look at the store."""


@event("webauthn.expiration", ERROR, "GetAllUsers failures")
def nobody_known(people: int) -> None:
    """So many people have passkeys, but the directory knows nobody. Look at its sources."""


# Beginning.


@event("webauthn.init", INFO, "Provider initialized")
def initialized(rpid: Host, origin: Name, type: Name, validity: float) -> None:  # noqa: A002 - the catalogue's name
    """Passkeys can be made and used. `validity` is in seconds, 0 meaning for ever."""


@event("webauthn.init", INFO, "Provider disabled")
def disabled() -> None:
    """`[authn.passkey] enabled` is false: nobody is asked for a passkey."""


@event("webauthn.init", ERROR, "Initialization failed")
def failed(error: Error) -> None:
    """Passkeys are not to be had until the gateway is started again, as a rule because of `trusted_roots`.

    Mend that setting and restart.
    """


@event("webauthn.rename", INFO, "Passkey renamed", audit=True)
def renamed(user: User, hash: Name, device: Device) -> None:  # noqa: A002 - the catalogue's name for it
    """The person calls one of their passkeys something else. Nothing to do."""
