"""What sessions say in the log."""

import enum

from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import Error, Host, ModuleKey, Name, SessionRef
from yett.sessions.model import EndReason, Refusal, SessionType


class Step(enum.Enum):
    """What a callback is told of."""

    CREATE = "create"
    DELETE = "delete"
    DELETE_V2 = "delete_v2"


# Create.


@event("sessions.create", INFO, "Session created")
def created(
    session: SessionRef,
    type: SessionType,  # noqa: A002 - the documented name of the field
    module_key: ModuleKey,
    ttl: float,
    host: Host,
    parent: Name,
) -> None:
    """Somebody signed in or went one step further. `ttl` is how many seconds it lasts unused.

    It is good for `host` only; `parent` is the sign-on session that it came from, if it came from one. Nothing to do.
    """


@event("sessions.create", WARN, "TTL capped to certificate validity")
def capped_at_creation(session: SessionRef, module_key: ModuleKey, ttl: float) -> None:
    """The certificate used to sign in ends soon, and the session ends with it. Renew the certificate."""


@event("sessions.create", WARN, "DurableKV not available")
def not_durable() -> None:
    """Sessions are kept in memory only, so a restart signs everybody out. Set `[cluster] cluster_path`."""


@event("sessions.create", ERROR, "Failed to generate ID")
def id_not_generated(module_key: ModuleKey, error: Error) -> None:
    """The system's random source failed, or gave a value twice. The sign-in was refused; check the machine."""


@event("sessions.create", ERROR, "Failed to store session")
def session_not_stored(module_key: ModuleKey, error: Error) -> None:
    """The store refused the session and the sign-in with it. The error says whether it is full or out of reach.

    Look at the store.
    """


@event("sessions.create", ERROR, "Failed to update index")
def index_not_updated(module_key: ModuleKey, error: Error) -> None:
    """The session could not be listed under its owner, so it was not made: it could not be revoked with the rest.

    Look at the store.
    """


@event("sessions.create", INFO, "Session refused")
def refused(type: SessionType, module_key: ModuleKey, reason: Refusal) -> None:  # noqa: A002 - as above
    """What the session rests on ended before it was made: its sign-on, its certificate, its owner's access."""


# Validate.


@event("sessions.validate", DEBUG, "Session validated")
def validated(session: SessionRef, type: SessionType, module_key: ModuleKey) -> None:  # noqa: A002 - as above
    """A request showed a live session. Nothing to do."""


@event("sessions.validate", ERROR, "Invalid session type in storage")
def type_invalid(session: SessionRef) -> None:
    """A newer version wrote this session, or the store was tampered with. It is not accepted.

    Have all nodes run the same version; if they do, find out who wrote it.
    """


@event("sessions.validate", ERROR, "Session record unreadable")
def record_unreadable(error: Error) -> None:
    """The store holds something that is no session; it is passed over. Check the store's integrity."""


@event("sessions.validate", ERROR, "Session lookup failed")
def lookup_failed(error: Error) -> None:
    """The store could not be asked whether a session exists, so the visitor counts as not signed in.

    Look at the store.
    """


# Extend.


@event("sessions.extend", DEBUG, "Session TTL extended")
def extended(session: SessionRef, module_key: ModuleKey, ttl: float) -> None:
    """A session in use goes on. Nothing to do."""


@event("sessions.extend", WARN, "Extension rejected by validator")
def extension_rejected(session: SessionRef, module_key: ModuleKey, validator: Name) -> None:
    """Something the session rests on no longer holds, as the named validator says. It runs out at its time.

    Nothing to do; the person signs in anew.
    """


@event("sessions.extend", ERROR, "Extension validator failed")
def validator_failed(session: SessionRef, validator: Name, error: Error) -> None:
    """The validator could not answer, which counts as a refusal. The error says why. Look at it."""


@event("sessions.extend", WARN, "Cert expired")
def certificate_expired(session: SessionRef, module_key: ModuleKey) -> None:
    """The certificate of the sign-in ended while the session was in use. The person has to renew it.

    Have them enrol one.
    """


@event("sessions.extend", WARN, "TTL capped")
def capped_at_extension(session: SessionRef, module_key: ModuleKey, ttl: float) -> None:
    """The session will end with its certificate, however much it is used. Renew the certificate."""


@event("sessions.extend", ERROR, "Extension not stored")
def extension_not_stored(session: SessionRef, error: Error) -> None:
    """The store refused the extension, so the session keeps its old end. Look at the store."""


# End.


@event("sessions.revoke", INFO, "Session revoked")
def revoked(session: SessionRef, module_key: ModuleKey, reason: EndReason) -> None:
    """A session was ended before its time: by sign-out, an operator, its sign-on, or because of too many."""


@event("sessions.revoke", WARN, "Failed to broadcast deletion")
def deletion_not_broadcast(session: SessionRef, module_key: ModuleKey, error: Error) -> None:
    """The session is dead on this node, but the store did not take the deletion.

    It is tried again until it succeeds. Mend the store and do not restart this node before
    "Deletion broadcast late" was said, or the session may be accepted again.
    """


@event("sessions.revoke", INFO, "Deletion broadcast late")
def deletion_made_up_for(session: SessionRef, module_key: ModuleKey) -> None:
    """A deletion that had failed went through. Nothing to do."""


@event("sessions.revoke", DEBUG, "Session ended on another node")
def ended_elsewhere(session: SessionRef, module_key: ModuleKey) -> None:
    """The store told that the session is gone. The node that ended it said why."""


@event("sessions.revoke_all", INFO, "All sessions revoked for module_key")
def all_revoked(module_key: ModuleKey, sessions: int) -> None:
    """Everything a user had open was ended: by an operator, or because the user was disabled."""


@event("sessions.revoke_all", ERROR, "Session index unavailable")
def index_unavailable(module_key: ModuleKey, error: Error) -> None:
    """The store could not list the user's sessions; those known to this node were ended. Do it again later."""


@event("sessions.expire", DEBUG, "Session expired")
def expired(session: SessionRef, module_key: ModuleKey, reason: EndReason) -> None:
    """A session ran out. Nothing to do."""


# Regenerate.


@event("sessions.regenerate", INFO, "Session ID regenerated successfully")
def regenerated(session: SessionRef, module_key: ModuleKey) -> None:
    """The session got a new token, as it should after each change of what it proves. Nothing to do."""


@event("sessions.regenerate", WARN, "Session not found for regeneration")
def not_found_for_regeneration() -> None:
    """The session ended, or got its new token from another request at the same moment. Repeated: a replay.

    Talk to the person then.
    """


@event("sessions.regenerate", ERROR, "Fetch failures")
def regeneration_fetch_failed(error: Error) -> None:
    """The store could not be read. The session stays as it was and the sign-in step was refused.

    Look at the store.
    """


@event("sessions.regenerate", ERROR, "Generate failures")
def regeneration_generate_failed(session: SessionRef, error: Error) -> None:
    """The system's random source failed. The session stays as it was; check the machine."""


@event("sessions.regenerate", ERROR, "Store failures")
def regeneration_store_failed(session: SessionRef, error: Error) -> None:
    """The store refused the renewed session. The old one stays as it was and the step was refused.

    Look at the store.
    """


@event("sessions.regenerate", ERROR, "Index failures")
def regeneration_index_failed(session: SessionRef, error: Error) -> None:
    """The renewed session could not be indexed. The old one stays as it was and the step was refused.

    Look at the store.
    """


@event("sessions.regenerate", ERROR, "Delete failures")
def regeneration_delete_failed(session: SessionRef, error: Error) -> None:
    """The old token is dead on this node, but the store still has it. It is tried again until it is gone.

    Look at the store.
    """


# Behind the scenes.


@event("sessions.persist_activity", ERROR, "Panic recovered persisting LastActivity")
def activity_not_persisted(sessions: int, error: Error) -> None:
    """The use of sessions could not be written down. They end at their old time unless this recovers.

    Look at the error and at the store.
    """


@event("sessions.validator", INFO, "Session extend validator registered")
def validator_registered(validator: Name) -> None:
    """A part of the gateway has a say in whether sessions go on. Nothing to do."""


@event("sessions.callback", INFO, "Session create callback registered")
def create_callback_registered(callback: Name) -> None:
    """A part of the gateway wants to know of new sessions. Nothing to do."""


@event("sessions.callback", INFO, "Session delete callback registered")
def delete_callback_registered(callback: Name) -> None:
    """A part of the gateway wants to know which sessions end. Nothing to do."""


@event("sessions.callback", INFO, "Session delete_v2 callback registered")
def delete_v2_callback_registered(callback: Name) -> None:
    """A part of the gateway wants to know how sessions end. Nothing to do."""


@event("sessions.callback", ERROR, "Callback panicked")
def callback_panicked(step: Step, callback: Name, error: Error) -> None:
    """One part could not react to a session that began or ended. Its state may lag behind; report the error."""


@event("sessions.index", DEBUG, "Index cleanup")
def index_cleaned(session: SessionRef) -> None:
    """The index named a session that is no more, and does no longer. Nothing to do."""


@event("sessions.index", DEBUG, "Session removed")
def index_session_removed(session: SessionRef, module_key: ModuleKey) -> None:
    """A session that ended was taken out of its owner's index. Nothing to do."""


@event("sessions.index", DEBUG, "Index deleted")
def index_deleted(module_key: ModuleKey) -> None:
    """The owner has no session left, so there is no index any more. Nothing to do."""


@event("sessions.index", WARN, "Index not cleaned up")
def index_not_cleaned(session: SessionRef, error: Error) -> None:
    """An entry for a session that ended could not be deleted. It does no harm and expires by itself.

    Nothing to do.
    """


@event("sessions.watch", INFO, "Sessions loaded")
def loaded(sessions: int) -> None:
    """This node knows all live sessions now. Nothing to do."""


@event("sessions.watch", WARN, "Session changes were missed")
def changes_missed() -> None:
    """More changed than this node could follow, so it lists all sessions anew. Frequent: it is overloaded.

    Give it more processor time, or add a node.
    """
