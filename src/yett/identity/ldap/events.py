"""What is said about LDAP: its connections (`ldap.…`) and the copies that the directory keeps (`directory.…`)."""

from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import Address, Detail, Error, Groups, Name, User
from yett.identity.ldap.model import Index

# The provider.


@event("ldap.init", INFO, "LDAP provider disabled - no URL configured")
def provider_disabled() -> None:
    """There are no `urls` in `[identity.ldap]`. Nothing to do, unless there should be."""


@event("ldap.init", INFO, "Initializing LDAP connection pool")
def provider_initializing(servers: int) -> None:
    """The gateway connects to LDAP. Nothing to do."""


@event("ldap.init", ERROR, "Failed to initialize LDAP connection pool")
def provider_failed(error: Error) -> None:
    """No server could be used. The lines before say what is wrong with each; `yett ldap test` tries again."""


@event("ldap.init", INFO, "LDAP provider initialized and ready")
def provider_ready() -> None:
    """LDAP can be asked from now on. Nothing to do."""


@event("ldap.pool", DEBUG, "Initializing connection pool")
def pool_initializing(size: int) -> None:
    """Connections are opened one by one. Nothing to do."""


@event("ldap.pool", DEBUG, "Creating connection")
def pool_creating(number: int, total: int) -> None:
    """Progress of the pool. Nothing to do."""


@event("ldap.pool", DEBUG, "Connection created successfully")
def pool_created(number: int, total: int) -> None:
    """Progress of the pool. Nothing to do."""


@event("ldap.pool", INFO, "Connection pool initialized successfully")
def pool_initialized(size: int) -> None:
    """All connections are open. Nothing to do."""


@event("ldap.pool", WARN, "Transient error, retrying in some seconds")
def pool_retrying(wait_seconds: float, attempt: int, error: Error) -> None:
    """No server answers just now. It is tried again; look at the servers and at the way there when it goes on."""


@event("ldap.pool", ERROR, "Permanent error during connection - refusing to start")
def pool_refused(error: Error) -> None:
    """Trying again would not help: the account, its password or the certificate is wrong. `yett ldap test` shows it."""


@event("ldap.pool", ERROR, "Exceeded max retry duration - refusing to start")
def pool_gave_up(seconds: float, attempts: int, error: Error) -> None:
    """No server answered for `max_retry`, and nobody is known from before. Start again when LDAP is back."""


@event("ldap.conn", DEBUG, "Using custom CA certificate")
def custom_ca(file: Name) -> None:
    """Servers are checked against the authorities of this file. Nothing to do."""


@event("ldap.conn", DEBUG, "Using system CA certificates")
def system_ca() -> None:
    """Servers are checked against the authorities of the system. Nothing to do."""


@event("ldap.conn", DEBUG, "Attempting to connect with HA failover")
def connecting(servers: int) -> None:
    """A connection is opened to the first server that takes one. Nothing to do."""


@event("ldap.conn", DEBUG, "Dialing LDAP URL")
def dialing(server: Address) -> None:
    """One server is tried. Nothing to do."""


@event("ldap.conn", DEBUG, "Successfully connected")
def connected(server: Address) -> None:
    """The server answered, with TLS where that is asked for. Nothing to do."""


@event("ldap.conn", DEBUG, "Binding with service account")
def binding(server: Address) -> None:
    """The gateway's account signs in to LDAP. Nothing to do."""


@event("ldap.conn", DEBUG, "Successfully bound with service account")
def bound(server: Address) -> None:
    """The gateway's account may read from now on. Nothing to do."""


@event("ldap.conn", WARN, "LDAP server failed, trying next")
def server_failed(server: Address, error: Error) -> None:
    """One server cannot be used; the next is. Mend it before the next fails too."""


@event("ldap.conn", ERROR, "Failed to dial LDAP")
def dial_failed(servers: int, error: Error) -> None:
    """No server at all could be used. People known so far stay known; passwords of LDAP cannot be checked.

    Look at the servers, the way there, and their certificates.
    """


@event("ldap.conn", ERROR, "Failed to bind")
def bind_failed(server: Address, error: Error) -> None:
    """The server does not take the account's name or password (result 49), or asks for more (8, 13).

    Correct `bind_dn` or the password; the server's log says more.
    """


# The copies: starting.


@event("directory.init", INFO, "Directory service disabled - no LDAP configured")
def sync_disabled() -> None:
    """Nobody is fetched from LDAP; people come from the other sources alone."""


@event("directory.init", INFO, "Waiting for LDAP connection pool to initialize")
def waiting_for_pool() -> None:
    """The directory starts as soon as LDAP answers. Nothing to do."""


@event("directory.init", INFO, "Cluster and memory storage ready, starting initial sync")
def storage_ready(kept: int) -> None:
    """What is kept from before could be read; now LDAP is asked for everybody. Nothing to do."""


@event("directory.init", ERROR, "Initial sync failed")
def initial_sync_failed(error: Error) -> None:
    """LDAP answers, but could not be read. It is tried again by schedule; `yett ldap test` shows what is found."""


@event("directory.init", WARN, "Kept people in force until LDAP answers")
def kept_in_force(people: int, age_seconds: int) -> None:
    """LDAP did not answer; people, groups and who is disabled are as they were that long ago.

    Look at the servers of LDAP: whoever left since then still counts.
    """


@event("directory.init", WARN, "Kept people not used")
def kept_unused(reason: Detail) -> None:
    """What is kept from before is too old, was read with other settings, or is damaged. LDAP has to answer first.

    Look at its servers.
    """


# The copies: full sync.


@event("directory.sync.full", INFO, "Full sync loop started")
def full_loop_started(interval_seconds: float) -> None:
    """Everybody is fetched again and again from now on. Nothing to do."""


@event("directory.sync.full", INFO, "Starting full sync from LDAP")
def full_started() -> None:
    """Everybody is being fetched. Nothing to do."""


@event("directory.sync.full", ERROR, "Failed to call LDAP GetAllUsers")
def full_call_failed(error: Error) -> None:
    """There is no connection to LDAP. Everybody stays as they are known. Look at the servers and the way there."""


@event("directory.sync.full", ERROR, "Failed to get users from LDAP")
def full_users_failed(error: Error) -> None:
    """The search for people or groups did not end well. Everybody stays as they are known.

    Look at the error; `yett ldap test` searches in the same way.
    """


@event("directory.sync.full", ERROR, "Full sync failed")
def full_failed(error: Error) -> None:
    """Everybody stays as they are known, and it is tried again by schedule. Look at the error."""


@event("directory.sync.full", WARN, "More in LDAP than is taken over")
def full_limited(people: int, groups: int) -> None:
    """There are more than `max_people` or `max_groups`; the rest is left out. Raise them, or narrow the filters."""


@event("directory.sync.full", WARN, "Entries without a usable name")
def full_unusable(entries: int, duplicates: int) -> None:
    """Their names are not of the form that names have here, or are claimed by several entries and so by none.

    Correct them in LDAP, or choose another `name_attribute`.
    """


@event("directory.sync.full", WARN, "People without an id")
def full_without_id(people: int) -> None:
    """Their entries lack `id_attribute`, or the account may not read it (`objectGUID` in Active Directory).

    A person whose entry is removed cannot be told from the next one of that name, who then has their passkeys and
    authenticators. Let it, or set another.
    """


@event("directory.sync.full", WARN, "Groups contain each other")
def full_cycle() -> None:
    """Whoever is in one of them is in all of them. Mend the groups in LDAP."""


@event("directory.sync.full", ERROR, "Too many would be removed, nobody was", audit=True)
def full_doubted(people: int, people_lost: int, groups: int, groups_lost: int, memberships_lost: int) -> None:
    """LDAP names far fewer than before, as with a wrong filter, base or right of the account.

    Everybody it did not name stays. If it is as it should be: `yett admin directory sync --full --accept-loss`.
    """


@event("directory.sync.full", INFO, "Retrieved users from LDAP")
def full_users(users: int) -> None:
    """So many entries of people. Nothing to do."""


@event("directory.sync.full", INFO, "Retrieved groups from LDAP")
def full_groups(groups: int) -> None:
    """So many entries of groups. Nothing to do."""


@event("directory.sync.full", INFO, "Syncing users and groups to cluster storage")
def full_storing(changed: int, removed: int) -> None:
    """What is different is in force and is being kept for the next start. Nothing to do."""


@event("directory.sync.full", WARN, "Failed to store user")
def user_unstored(user: User, error: Error) -> None:
    """The person is in force but not kept; a start without LDAP would know them as before. Look at the store."""


@event("directory.sync.full", WARN, "Failed to store group")
def group_unstored(group: Name, error: Error) -> None:
    """The group is in force but not kept, as it is too large or the store failed. Look at the store."""


@event("directory.sync.full", INFO, "Full sync completed")
def full_completed(people: int, groups: int, changed: int, removed: int, seconds: float) -> None:
    """Everybody is as LDAP has them. Nothing to do."""


# The copies: what changed.


@event("directory.sync.delta", INFO, "Delta sync loop started")
def delta_loop_started(interval_seconds: float) -> None:
    """What changes is fetched again and again from now on. Nothing to do."""


@event("directory.sync.delta", ERROR, "Delta sync failed")
def delta_failed(error: Error) -> None:
    """LDAP could not be asked what changed; the next sync asks for the same time again.

    Look at the servers if it lasts.
    """


@event("directory.sync.delta", INFO, "Starting delta sync from LDAP")
def delta_started(since: Name) -> None:
    """LDAP is asked what changed. Nothing to do."""


@event("directory.sync.delta", WARN, "More in LDAP than is taken over")
def delta_limited(people: int, groups: int) -> None:
    """There are more than `max_people` or `max_groups`; new ones are left out.

    Raise the limit, or narrow the filters.
    """


@event("directory.sync.delta", DEBUG, "Retrieved modified users from LDAP")
def delta_users(users: int) -> None:
    """So many entries of people, those of the overlap included. Nothing to do."""


@event("directory.sync.delta", DEBUG, "Retrieved modified groups from LDAP")
def delta_groups(groups: int) -> None:
    """So many entries of groups, those of the overlap included. Nothing to do."""


@event("directory.sync.delta", DEBUG, "No changes detected")
def delta_unchanged() -> None:
    """Nothing is different from what is known. Nothing to do."""


@event("directory.sync.delta", INFO, "Syncing modified objects to cluster storage")
def delta_storing(users: int, groups: int) -> None:
    """What changed is in force and is being kept for the next start. Nothing to do."""


@event("directory.sync.delta", INFO, "Delta sync completed")
def delta_completed(changed: int, seconds: float) -> None:
    """So many people are different now. Nothing to do."""


# The copies: one person.


@event("directory.syncuser", ERROR, "Failed to call LDAP GetUser")
def user_call_failed(user: User, error: Error) -> None:
    """There is no connection to LDAP. The person cannot sign in with a password of LDAP.

    Look at the servers and the way there.
    """


@event("directory.syncuser", ERROR, "Failed to get LDAP response")
def user_response_failed(user: User, error: Error) -> None:
    """LDAP did not answer, or said no. The person stays as they are known. Look at the error."""


@event("directory.syncuser", ERROR, "Invalid LDAP response type")
def user_response_invalid(user: User, error: Error) -> None:
    """LDAP answered what cannot be one person: several entries for the name, or something that is no answer.

    Look at the entries of that name.
    """


@event("directory.syncuser", DEBUG, "User not found in LDAP")
def user_not_found() -> None:
    """Nobody has the name that was typed, which is not written down: people type passwords into the wrong box."""


@event("directory.syncuser", ERROR, "Failed to broadcast cache update")
def user_broadcast_failed(user: User, error: Error) -> None:
    """The person is as LDAP has them, here and now; others, and the next start, have not heard of it."""


@event("directory.syncuser", WARN, "Cache update had errors")
def user_update_flawed(user: User, reason: Index) -> None:
    """The person is known, but not whole: see the lines of `directory.index`."""


@event("directory.syncuser", INFO, "User synced successfully")
def user_synced(user: User, groups: Groups) -> None:
    """The person is as LDAP has them now. Nothing to do."""


@event("directory.admin", INFO, "Manual full sync requested")
def full_requested(accept_loss: bool) -> None:
    """An operator asked for a full sync."""


# The copies: their indexes.


@event("directory.index", WARN, "Failed to update user-groups index")
def user_groups_failed(user: User, reason: Index) -> None:
    """The person is in more groups than `max_groups_of_person`, and counts as being in none.

    Raise it, or take the person out of some.
    """


@event("directory.index", WARN, "Failed to update group-members index")
def group_members_failed(group: Name, reason: Index) -> None:
    """The group has more than `max_members`, and counts as having none.

    Raise it if the group is meant to be so large.
    """


@event("directory.index", WARN, "Failed to update disabled index")
def disabled_failed(user: User, reason: Index) -> None:
    """What LDAP says about being disabled cannot be read, so the person counts as disabled.

    When this is said of everybody, the account may not read the attribute of `disabled_rule`. Grant it that
    right; for one person, look at the entry.
    """


@event("directory.index", WARN, "Failed to remove from email index")
def email_unremoved(user: User, error: Error) -> None:
    """The person is gone, but the kept copy with the address is not; a start without LDAP would know it again.

    Look at the store.
    """


@event("directory.index", WARN, "Failed to remove from user-groups index")
def groups_unremoved(user: User, error: Error) -> None:
    """The person is gone, but the kept copy is not; a start without LDAP would give them their groups again.

    Look at the store.
    """


@event("directory.index", WARN, "Failed to remove from disabled index")
def disabled_unremoved(user: User, error: Error) -> None:
    """The person is gone, but the kept copy is not; a start without LDAP would know them, disabled, again.

    Look at the store.
    """


@event("directory.index.bulk", INFO, "Bulk indexes built")
def bulk_built(people: int, groups: int, memberships: int, disabled: int) -> None:
    """Everybody can be found by name, group and state. Nothing to do."""


# People.


@event("identity.ldap", INFO, "Person added", audit=True)
def person_added(user: User, groups: Groups) -> None:
    """LDAP has somebody new, who may sign in."""


@event("identity.ldap", INFO, "Person changed", audit=True)
def person_changed(user: User, groups: Groups, groups_before: Groups) -> None:
    """Groups, name or mail address are others now. More groups may mean more rights."""


@event("identity.ldap", WARN, "Person disabled", audit=True)
def person_disabled(user: User) -> None:
    """LDAP says that the person is switched off; they are refused, and what they had open ends.

    Nothing to do if it was meant.
    """


@event("identity.ldap", INFO, "Person enabled", audit=True)
def person_enabled(user: User) -> None:
    """LDAP says that the person may sign in again."""


@event("identity.ldap", WARN, "Person removed", audit=True)
def person_removed(user: User) -> None:
    """LDAP has the person no more; what they had open ends. Nothing to do if it was meant."""
