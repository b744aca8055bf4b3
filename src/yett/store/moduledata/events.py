"""What module data say in the log.

Two layers speak: the backend says what the key-value store did, the service what became of the
request. One failure is therefore told twice, once by each.
"""

import enum

from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import Error, Name, User


class Unstored(enum.Enum):
    """Why a language preference was not stored."""

    MALFORMED = "malformed"
    UNAVAILABLE = "unavailable"


@event(
    "moduledata.init",
    WARN,
    "module_data_storage=ldap is deprecated and no longer supported; using hexon KV backend. "
    "Migrate existing module data to hexon KV before upgrading.",
)
def ldap_unsupported() -> None:
    """LDAP is not written to any more; what modules keep goes to the store.

    Set `module_data_storage` to `kv`. Authenticators still kept in LDAP are not seen: enrol them again.
    """


@event("moduledata.init", WARN, "cluster_path not set - module data may be lost on restart")
def path_unset() -> None:
    """There is no directory for the store, so what modules keep is in memory only.

    Set `cluster_path` to a directory, or people have to enrol their authenticators after every restart.
    """


@event("moduledata.init", WARN, "Persistent storage not enabled - module data will NOT survive restarts")
def not_persistent() -> None:
    """What modules keep about people is in memory only, by the settings.

    Set `persistence` to true, unless losing every enrolled authenticator at a restart is meant.
    """


@event("moduledata.init", INFO, "Module data storage initialized (hexon KV)")
def initialized(durable: bool) -> None:
    """Module data can be read and written. Nothing to do."""


@event("moduledata.get", DEBUG, "Getting module data")
def getting(module: Name, user: User) -> None:
    """One datum is read. Nothing to do."""


@event("moduledata.get", ERROR, "Backend.Get failed")
def get_failed(module: Name, user: User, error: Error) -> None:
    """What depended on the datum was refused. The line before says whether the store or the datum is at fault.

    Look there.
    """


@event("moduledata.set", INFO, "Setting module data")
def setting(module: Name, user: User) -> None:
    """One datum is written. Nothing to do."""


@event("moduledata.set", ERROR, "Backend.Set failed")
def set_failed(module: Name, user: User, error: Error) -> None:
    """The datum is as it was before; whoever wanted it changed was told so. Look at the store."""


@event("moduledata.set.preferences", WARN, "Failed to store language preference")
def language_unstored(user: User, reason: Unstored) -> None:
    """The other preferences were stored; mail and pages keep the language they had.

    `malformed` means that the preference is no language tag, `unavailable` that the store failed. Look at the
    store in the second case.
    """


@event("moduledata.delete", INFO, "Deleting module data")
def deleting(module: Name, user: User) -> None:
    """One datum is removed. Nothing to do."""


@event("moduledata.delete", ERROR, "Backend.Delete failed")
def delete_failed(module: Name, user: User, error: Error) -> None:
    """The datum is still there. Look at the store and delete again."""


@event("moduledata.getallforuser", DEBUG, "Getting all module data for user")
def getting_all_for_user(user: User) -> None:
    """Everything kept about one person is read. Nothing to do."""


@event("moduledata.getallforuser", ERROR, "Backend.GetAllForUser failed")
def get_all_for_user_failed(user: User, error: Error) -> None:
    """What depended on the data was refused. Look at the store."""


@event("moduledata.loadall", INFO, "Loading all module data")
def loading_all(module: Name) -> None:
    """Every datum of one module is read, as a rule at start. Nothing to do."""


@event("moduledata.loadall", ERROR, "Backend.LoadAll failed")
def load_all_failed(module: Name, error: Error) -> None:
    """The module starts without its data or not at all. Look at the store."""


@event("moduledata.exists", ERROR, "Backend.Exists failed")
def exists_failed(module: Name, user: User, error: Error) -> None:
    """What depended on the answer was refused. Look at the store."""


@event("moduledata.hexon.get", ERROR, "PersistentGet failed")
def kv_get_failed(module: Name, user: User, error: Error) -> None:
    """The store could not be read; the error says what to mend."""


@event("moduledata.hexon.get", WARN, "Unexpected value type in KV")
def unexpected_value(module: Name, user: User, size: int) -> None:
    """The record is not what was written: it is refused, not taken for missing, so nobody's second factor lapses.

    Restore it from a copy, or delete it and have the person enrol again.
    """


@event("moduledata.hexon.set", ERROR, "PersistentSet failed")
def kv_set_failed(module: Name, user: User, error: Error) -> None:
    """The store could not be written; the error says what to mend. Nothing was changed."""


@event("moduledata.hexon.set", DEBUG, "Module data stored in Hexon KV")
def kv_stored(module: Name, user: User, version: int) -> None:
    """The datum is safe. Nothing to do."""


@event("moduledata.hexon.delete", DEBUG, "Key not found in Hexon KV (nothing to delete)")
def kv_nothing_to_delete(module: Name, user: User) -> None:
    """The datum was gone already. Nothing to do."""


@event("moduledata.hexon.delete", ERROR, "PersistentDelete failed")
def kv_delete_failed(module: Name, user: User, error: Error) -> None:
    """The store could not be written; the error says what to mend. Nothing was changed."""


@event("moduledata.hexon.delete", DEBUG, "Module data deleted from Hexon KV")
def kv_deleted(module: Name, user: User) -> None:
    """The datum is gone. Nothing to do."""


@event("moduledata.hexon.getallforuser", DEBUG, "Retrieved all module data for user")
def kv_retrieved_for_user(user: User, count: int) -> None:
    """Everything kept about the person was read. Nothing to do."""


@event("moduledata.hexon.loadall", INFO, "Loaded all module data from Hexon KV")
def kv_loaded_all(module: Name, count: int, skipped: int) -> None:
    """The module has its data. `skipped` counts records that are not what was written; each had its own line."""
