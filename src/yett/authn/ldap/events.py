"""What is said about passwords that LDAP checks.

A name that nobody has is never written down: people type their password into the wrong box.
"""

from yett.authn.ldap.model import Finding, Problem
from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import Error, User


@event("ldapauth.authenticate", DEBUG, "Empty username provided")
def empty_username() -> None:
    """Nothing was asked of LDAP: with an empty name it would be an anonymous bind, which succeeds."""


@event("ldapauth.authenticate", DEBUG, "Empty password provided")
def empty_password() -> None:
    """Nothing was asked of LDAP: with an empty password it would be an anonymous bind, which succeeds."""


@event("ldapauth.authenticate", DEBUG, "Attempting LDAP bind")
def attempting(user: User) -> None:
    """The server is asked. `user` is empty when nobody has the name that was typed."""


@event("ldapauth.authenticate", INFO, "Bind successful")
def bind_successful(user: User, is_expired: bool) -> None:
    """The password is right; an expired one has to be changed before anything else."""


@event("ldapauth.authenticate", INFO, "Bind failed (invalid credentials)")
def bind_failed(user: User, reason: Finding) -> None:
    """The server did not take the password. `locked` and `disabled` are the server's own words for the account."""


@event("ldapauth.authenticate", ERROR, "LDAP bind call failed (service error)")
def call_failed(user: User, error: Error) -> None:
    """No server could be asked, or it would not say. Nobody of LDAP gets in by password; look at the servers."""


@event("ldapauth.authenticate", WARN, "Bind turned away, too many are waiting")
def turned_away(user: User) -> None:
    """More people sign in at once than are asked about. If they are yours, raise `parallel_checks`."""


@event("ldapauth.change", INFO, "Password changed in LDAP", audit=True)
def changed(user: User) -> None:
    """The person has another password from now on."""


@event("ldapauth.change", WARN, "Password not changed in LDAP", audit=True)
def not_changed(user: User, reason: Problem) -> None:
    """The old password still counts. `not_allowed` often means that the account may not write passwords.

    Look at the reason, and at the access rules of the server.
    """
