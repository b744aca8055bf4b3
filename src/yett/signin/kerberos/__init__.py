"""Kerberos's place in a sign-in: the page that asks the browser for a ticket, and the one for a realm's password.

Read `rules`, then `ticket` and `password`; `step` joins them.
"""

from yett.signin.kerberos.step import KerberosStep

__all__ = ["KerberosStep"]
