"""What is said about Kerberos.

`kerberos.security` is the stream for whoever watches over sign-ins; the other components say what
is wrong with the gateway's own keys, tickets and programs. Principals are names of people; no
token, key, ticket or password is ever in a record.
"""

from yett.authn.kerberos.model import ChangeFault, Denial, Reason
from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import ClientAddress, Detail, Error, Name, Names, Principal, SessionRef, User

# Signing in with a ticket.


@event("kerberos.security", WARN, "SPNEGO token exceeds size limit", audit=True)
def token_too_large(size: int, limit: int, client_address: ClientAddress) -> None:
    """The token was not looked at. People in very many groups have large ones: raise `max_token` for them."""


@event("kerberos.security", INFO, "SPNEGO auth successful", audit=True)
def spnego_successful(user: User, principal: Principal, client_address: ClientAddress) -> None:
    """The ticket is right and its person is in the directory. Whether they get in is decided by the sign-in."""


@event("kerberos.security", INFO, "SPNEGO auth failed", audit=True)
def spnego_failed(
    reason: Reason, principal: Principal, detail: Detail, client_address: ClientAddress
) -> None:
    """The token was refused; `principal` is empty when it is not known whose it is.

    `clock_skew`: compare clocks. `other_service`: the service principal's key was changed at the KDC and
    not here, or a browser uses another name. `replay`: somebody sent a used token again.
    """


@event("kerberos.security", INFO, "SPNEGO decode failed", audit=True)
def spnego_not_decoded(client_address: ClientAddress) -> None:
    """What came behind `Negotiate` is not base64. Browsers do not do that; programs under construction do."""


@event("kerberos.security", INFO, "SPNEGO unmarshal failed", audit=True)
def spnego_not_unmarshalled(reason: Reason, client_address: ClientAddress) -> None:
    """The token is none of Kerberos. `ntlm`: the browser has no ticket and tried NTLM, which is never accepted."""


@event("kerberos.security", ERROR, "SPNEGO validated but no credentials in context", audit=True)
def spnego_without_credentials(principal: Principal, client_address: ClientAddress) -> None:
    """The token is right but anonymous: the KDC vouches for nobody. Nobody is let in by it.

    Find out who gives out such tickets for this service; the KDC should not.
    """


@event("kerberos.security", WARN, "SPNEGO auth for disabled user", audit=True)
def spnego_of_disabled(user: User, principal: Principal, client_address: ClientAddress) -> None:
    """Somebody who is disabled in the directory still gets tickets. Disable them at the KDC as well."""


@event("kerberos.spnego", WARN, "User not found in directory")
def person_not_found(principal: Principal) -> None:
    """The ticket is right, but the directory knows nobody by this principal. See `match` and `principal`."""


@event("kerberos.spnego", WARN, "Unexpected type")
def principal_of_unexpected_type(principal: Principal) -> None:
    """The ticket is that of a service or a host, no person. Programs that may sign in are named in `principal`.

    If it is to be let in, name it there; else find out what sends it.
    """


@event("kerberos.spnego", WARN, "Lookup failed")
def lookup_failed(principal: Principal, error: Error) -> None:
    """Who a principal is could not be found out: several people have it as e-mail address, or their source is away.

    See what the directory says of its sources, and whether two people share an address.
    """


# The gateway's own keys.


@event("kerberos.spnego", ERROR, "Failed to load keytab")
def keytab_not_loaded(file: Name, error: Error, is_old_kept: bool) -> None:
    """Without keys nobody signs in with Kerberos; those from before go on being used if there were any.

    Look at whether the file is there, is a keytab, and may be read by the gateway.
    """


@event("kerberos.spnego", WARN, "Keytab permissive permissions")
def keytab_permissive(file: Name) -> None:
    """Others than its owner may read or change the keytab. Whoever can read it can sign in as anybody: chmod 600."""


@event("kerberos.spnego", WARN, "Keytab missing service principal")
def keytab_without_service(service: Name, found: Names) -> None:
    """No key is for the name that browsers ask for. Make one at the KDC, or set `service_host`."""


@event("kerberos.spnego", INFO, "Keytab loaded from base64")
def keytab_from_base64(keys: int) -> None:
    """The keys of the setting `keytab_base64` are in use. Nothing to do."""


@event("kerberos.spnego", INFO, "Keytab loaded from file")
def keytab_from_file(file: Name, keys: int) -> None:
    """The keys of the file are in use. Nothing to do."""


# Tickets.


@event("kerberos.security", INFO, "Kerberos authentication successful", audit=True)
def authentication_successful(user: User, principal: Principal) -> None:
    """The KDC took the person's password, and the gateway's own key confirmed that it was the real KDC."""


@event("kerberos.security", INFO, "Kerberos authentication failed")
def authentication_failed(user: User, reason: Reason, detail: Detail) -> None:
    """The KDC did not take the password, or could not be asked. Many for one person usually mean guessing.

    `user` is empty when nobody in the directory has the name. `unverified`: somebody may pretend to be the KDC.
    """


@event("kerberos.acquire", ERROR, "Failed to load krb5.conf")
def configuration_not_loaded(file: Name, error: Error) -> None:
    """The library cannot read the Kerberos configuration, so no ticket can be had. Look for braces and line ends."""


@event("kerberos.security", INFO, "Ticket access denied — invalid or expired session", audit=True)
def access_denied(session: SessionRef, reason: Denial) -> None:
    """Somebody asked for the ticket of a session that is over or has none."""


@event("kerberos.write_file", INFO, "Created temporary ticket file", audit=True)
def file_created(user: User, session: SessionRef, file: Name) -> None:
    """A credential cache was written for a service that needs one. It is deleted with the session."""


@event("kerberos.refresh", INFO, "Ticket refreshed")
def refreshed(user: User, session: SessionRef) -> None:
    """A kept ticket was renewed at the KDC. Nothing to do."""


@event("kerberos.refresh", ERROR, "Failed to refresh ticket")
def not_refreshed(user: User, session: SessionRef, error: Error) -> None:
    """The ticket ends at its time; the person signs in anew for another. Look at KDC and `kinit`."""


@event("kerberos.revoke", INFO, "Ticket revoked")
def revoked(user: User, session: SessionRef) -> None:
    """The kept ticket and its files are deleted. Services that have one already may use it until it ends."""


@event("kerberos.revoke_user", INFO, "User tickets revoked")
def user_revoked(user: User, tickets: int) -> None:
    """Every kept ticket of the person is deleted."""


@event("kerberos.keep", ERROR, "Ticket not kept")
def not_kept(user: User, session: SessionRef, error: Error) -> None:
    """The person is signed in, but services that need their ticket will not get one. Look at the store."""


@event("kerberos.keep", DEBUG, "Ticket kept")
def kept(user: User, session: SessionRef) -> None:
    """A ticket is sealed in the store for as long as its session lasts."""


# Changing a password.


@event("kerberos.security", INFO, "Password change failed")
def change_failed(user: User, reason: ChangeFault, detail: Detail) -> None:
    """The person's password is still the old one."""


@event("kerberos.security", INFO, "Password change successful")
def change_successful(user: User) -> None:
    """The person's password in the realm is another one from now on."""


@event("kerberos.security", INFO, "Tickets revoked after change")
def revoked_after_change(user: User, tickets: int) -> None:
    """What was got with the old password is no longer kept."""


@event("kerberos.password_change", ERROR, "kpasswd pipe failures")
def pipe_failed(error: Error) -> None:
    """No pipe to the program could be made: the process has too many files open.

    Raise its limit of open files, and look for what holds them.
    """


@event("kerberos.password_change", ERROR, "kpasswd start failures")
def start_failed(program: Name, error: Error) -> None:
    """The program is not there or cannot be run. Install krb5-user, or set `authn.kerberos.kpasswd`."""


@event("kerberos.password_change", ERROR, "kpasswd write failures")
def write_failed(error: Error) -> None:
    """The program did not read what it was told, or ended too soon. Run it by hand to see why."""


# Starting.


@event("kerberos.init", INFO, "Memory locking enabled")
def memory_locked() -> None:
    """No memory of this process is written to a swap device from now on."""


@event("kerberos.init", WARN, "Memory locking failed — passwords may be swapped")
def memory_not_locked(error: Error) -> None:
    """The system lets this process lock no memory, so a password in use might get onto a disk.

    Allow it (systemd: LimitMEMLOCK=infinity), encrypt the swap device, or set `lock_memory = false`.
    """
