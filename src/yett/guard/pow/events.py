"""What proof of work says in the log: at the front door, about challenges, and about forms that were kept."""

from yett.events import DEBUG, ERROR, INFO, TRACE, WARN, event
from yett.events.fields import Detail, Error, Host, Method, Name, Path
from yett.guard.pow.model import Standing

# The front door.


@event("listener.pow", DEBUG, "Session checks")
def session_checked(host: Host, standing: Standing) -> None:
    """What the pass of a request was worth; `none` and `expired` lead to a challenge."""


@event("listener.pow", INFO, "Application session valid")
def session_valid(host: Host) -> None:
    """A browser that computed before came to this node for the first time. Later requests are not recorded."""


@event("listener.pow", WARN, "Session validation failures")
def session_invalid(host: Host) -> None:
    """A pass was altered, made up, or belongs to another client or host; its bearer has to compute.

    Single ones are people whose address changed. Many are somebody trying, or passes being shared. Look at the
    addresses.
    """


@event("listener.pow", DEBUG, "Challenge served")
def challenge_served(method: Method, host: Host, path: Path, page: bool, body: Name) -> None:
    """Somebody without a pass got the page, or as a program the JSON text, in place of an answer.

    `body` says why what was sent along is not kept; it is empty when it was kept or nothing came.
    """


@event("listener.pow", DEBUG, "Body stored")
def door_body_stored(host: Host, path: Path, size: int) -> None:
    """A form met the wall and waits for its sender to have computed."""


@event("listener.pow", INFO, "PoW challenge passed")
def challenge_passed(host: Host, seconds: float) -> None:
    """A client proved its work and is let through from now on."""


@event("listener.pow", INFO, "Body restored")
def door_body_restored(host: Host, size: int) -> None:
    """The form of somebody who has computed went back to their browser, which sends it once more."""


@event("listener.pow", WARN, "Body too large")
def door_body_too_large(host: Host, path: Path, limit: int) -> None:
    """A form that met the wall is larger than `body_limit`: the person was told to send it again.

    Raise it if people send such forms.
    """


@event("listener.pow", WARN, "Invalid body format")
def solution_malformed(host: Host, problem: Detail) -> None:
    """What was sent as a solution is no form, or not one of ours. Somebody is trying things out.

    Nothing to do, unless it comes from a page of yours.
    """


@event("listener.pow", ERROR, "PoW handler not registered")
def not_registered(method: Method, host: Host, path: Path, allowed: bool, error: Error) -> None:
    """Proof of work is on, but its page could not be read at the start, so nothing can be asked.

    Requests are refused, or pass if `fail_open` says so. Repair the installation and restart.
    """


@event("listener.pow", ERROR, "Body encryption failures")
def body_not_encrypted(host: Host, error: Error) -> None:
    """A form could not be encrypted and was not kept: the system's random source failed. Check the machine."""


# Making challenges.


@event("pow.generate", DEBUG, "Using default difficulty")
def default_difficulty(difficulty: int) -> None:
    """Few challenges are open, so none is harder than `difficulty` says."""


@event("pow.generate", ERROR, "Failed to generate random challenge")
def challenge_not_generated(error: Error) -> None:
    """The system's random source failed, so nobody new gets in (503). Check the machine."""


@event("pow.generate", ERROR, "Failed to generate challenge ID")
def id_not_generated(error: Error) -> None:
    """The system's random source failed, so nobody new gets in (503). Check the machine."""


@event("pow.generate", WARN, "Invalid TTL config, using default")
def ttl_invalid(ttl: float, used: float) -> None:
    """`ttl` leaves no second to answer in, or is longer than an hour. Correct it and reload."""


@event("pow.generate", ERROR, "Failed to broadcast PoW token to cluster")
def token_not_stored(error: Error) -> None:
    """A program asked for a challenge, and the store did not take it (503). Look at the store."""


@event("pow.generate", DEBUG, "PoW token stored in cluster")
def token_stored(challenge_id: Name, open_challenges: int) -> None:
    """The challenge can be answered at every node, once."""


@event("pow.generate", INFO, "PoW challenge issued")
def challenge_issued(host: Host, challenge_id: Name, difficulty: int) -> None:
    """A client may begin to compute. Many more of these than of solutions: somebody only asks."""


@event("pow.create", ERROR, "Failed to broadcast PoW token to cluster")
def page_token_not_stored(error: Error) -> None:
    """A page asked for a challenge, and the store did not take it (503). Look at the store."""


@event("pow.create", DEBUG, "PoW challenge created with anti-automation features")
def challenge_created(challenge_id: Name, decoys: int, minimum_time: float) -> None:
    """A page got decoy fields and a least time along with its challenge."""


# Judging solutions.


@event("pow.validate", ERROR, "Failed to query PoW token from storage")
def query_failed(error: Error) -> None:
    """The store could not say whether there is such a challenge; the solution was not judged (503).

    Look at the store.
    """


@event("pow.validate", ERROR, "Failed to retrieve PoW token")
def token_unreadable(challenge_id: Name, error: Error) -> None:
    """What the store gave back is damaged. The client gets a new challenge; look at the store."""


@event("pow.validate", WARN, "Invalid challenge ID")
def challenge_unknown(host: Host, problem: Detail) -> None:
    """Solutions name challenges that were never issued, are spent, or belong to somebody else.

    Many of these: one solution is being sent again and again. Ban the address if it goes on.
    """


@event("pow.validate", ERROR, "Invalid token type in storage")
def token_of_other_type(challenge_id: Name) -> None:
    """The store holds something else in place of a challenge: another version of the program may be running.

    Have all nodes run the same version.
    """


@event("pow.validate", ERROR, "Failed to delete expired PoW token")
def expired_not_deleted(challenge_id: Name, error: Error) -> None:
    """The challenge is void all the same, and the store lets go of it by itself. Look at the store if it goes on."""


@event("pow.validate", DEBUG, "Challenge expired")
def challenge_expired(challenge_id: Name) -> None:
    """The answer came too late; the page asks for another challenge."""


@event("pow.validate", DEBUG, "PoW solution failed")
def solution_wrong(challenge_id: Name, difficulty: int) -> None:
    """The hash has too few zero bits: nobody computed it."""


@event("pow.validate", ERROR, "Failed to delete used PoW token")
def used_not_deleted(challenge_id: Name, error: Error) -> None:
    """It might be used again, so the solution does not count (503). Look at the store."""


@event("pow.validate", DEBUG, "PoW token deleted after successful validation")
def token_spent(challenge_id: Name) -> None:
    """No other solution of this challenge will count."""


@event("pow.validate", INFO, "Valid PoW solution")
def solution_valid(host: Host, challenge_id: Name, difficulty: int, seconds: float) -> None:
    """The client has computed; `seconds` is how long it took, network included."""


@event("pow.timing", DEBUG, "Validating PoW timing")
def timing_checked(challenge_id: Name, seconds: float, minimum_time: float) -> None:
    """How long the page was open."""


@event("pow.timing", WARN, "PoW submitted too quickly (bot detection)")
def too_fast(host: Host, seconds: float, minimum_time: float) -> None:
    """The page waits for the least time, so this was none of ours. It was refused, and may try again later.

    Nothing to do.
    """


@event("pow.honeypot", DEBUG, "Validating honeypot fields")
def decoys_checked(challenge_id: Name, decoys: int) -> None:
    """Fields that no person sees are looked at."""


@event("pow.honeypot", WARN, "Decoy field filled (bot detection)")
def decoy_filled(host: Host, decoy: Name) -> None:
    """A program filled in what no person sees, and was refused. Nothing to do."""


@event("pow.honeypot", DEBUG, "Honeypot validation passed")
def decoys_empty(challenge_id: Name) -> None:
    """The decoys came back as they were."""


@event("pow.hash", TRACE, "Hash difficulty check failed at full byte")
def hash_failed_at_full_byte(difficulty: int) -> None:
    """A byte that has to be zero is not."""


@event("pow.hash", TRACE, "Hash difficulty check failed at partial byte")
def hash_failed_at_partial_byte(difficulty: int) -> None:
    """The whole bytes are zero, some of the bits after them are not."""


@event("pow.hash", TRACE, "Hash difficulty check passed")
def hash_passed(difficulty: int) -> None:
    """The hash begins with enough zero bits."""


# Forms that were kept.


@event("pow.body", DEBUG, "POST body stored")
def body_stored(size: int, kept: int) -> None:
    """A form was encrypted and stored; `kept` is how many bytes of forms this node keeps now."""


@event("pow.body", DEBUG, "POST body retrieved")
def body_retrieved(size: int) -> None:
    """A stored form was found."""


@event("pow.body", DEBUG, "POST body deleted")
def body_deleted() -> None:
    """A stored form is gone from the store: it was fetched, or had to make room."""


@event("pow.body", DEBUG, "POST body restored")
def body_restored(size: int) -> None:
    """A form was decrypted for the browser that had sent it."""


@event("pow.body", WARN, "Body not found (expired)")
def body_not_found(host: Host) -> None:
    """The form waited for too long, had to make room, or was fetched before; the person was told.

    Raise `body_room` if it is frequent.
    """


@event("pow.body", WARN, "Cleanup failures")
def cleanup_failed(error: Error) -> None:
    """Something that had to make room could not be deleted; the store lets go of it when its time is over.

    Look at the store if it goes on.
    """


@event("pow.body", ERROR, "Storage failures")
def body_not_stored(error: Error) -> None:
    """The store did not take a form. The challenge works, the form is lost, and the person was told.

    Look at the store.
    """


@event("pow.body", ERROR, "Retrieval failures")
def body_not_retrieved(error: Error) -> None:
    """The store could not give a form back; the person was told. Look at the store."""


@event("pow.body", ERROR, "Decryption failures")
def body_not_decrypted(host: Host) -> None:
    """A stored form is damaged, belongs to somebody else, or was sealed under another cluster key.

    Nothing to do after a change of that key; otherwise look at who writes to the store.
    """
