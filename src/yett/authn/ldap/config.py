"""Settings of passwords that LDAP checks."""

import enum
from datetime import timedelta

from yett.config import section, setting


class ChangeBy(enum.Enum):
    """How a password is changed."""

    PASSWORD_MODIFY = "password_modify"  # noqa: S105 - names a way
    """The operation of RFC 3062, as OpenLDAP, 389 and others have it."""
    ACTIVE_DIRECTORY = "active_directory"
    """The attribute `unicodePwd`."""
    NOBODY = "nobody"
    """Not here: people change it elsewhere."""


@section("authn.ldap")
class LdapPasswordSettings:
    """Passwords of people from LDAP. The servers are those of `[identity.ldap]`; nothing of a password is kept."""

    parallel_checks: int = setting(
        16, "Most checks at a time; each has a connection of its own.", at_least=1, at_most=256
    )
    waiting_checks: int = setting(
        64, "Most checks that wait for their turn; more are turned away.", at_least=0, at_most=10_000
    )
    max_length: int = setting(1024, "Most bytes (in UTF-8) of any password.", at_least=64, at_most=4096)
    refusal_time: timedelta = setting(
        timedelta(milliseconds=250),
        "No refusal is answered sooner, so that its time does not tell whether somebody exists.",
        at_least=timedelta(0),
        at_most=timedelta(seconds=5),
    )
    change_by: ChangeBy = setting(ChangeBy.PASSWORD_MODIFY, "How a password is changed that has run out.")
