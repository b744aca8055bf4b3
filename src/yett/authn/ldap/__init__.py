"""Passwords that LDAP checks: by a bind of the person's own, on a connection that is used for nothing else.

Read `model`, then `rules` (what a server's answer means), and `service`, which asks.
"""

from yett.authn.ldap.config import ChangeBy, LdapPasswordSettings
from yett.authn.ldap.model import Changed, NotChanged, Problem
from yett.authn.ldap.service import LdapPassword

__all__ = ["ChangeBy", "Changed", "LdapPassword", "LdapPasswordSettings", "NotChanged", "Problem"]
