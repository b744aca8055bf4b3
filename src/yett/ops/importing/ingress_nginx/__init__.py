"""ingress-nginx: Ingress objects and their annotations.

An Ingress without `auth-url` was open to everybody, and its mapping is `public`. One that was guarded in
a way that has no equivalent (passwords of a file, certificates, addresses, a snippet) becomes a mapping
that nobody may enter, until somebody says who may. Read `objects`, `guard`, `paths`, `canary`.
"""

from yett.ops.importing.ingress_nginx.objects import convert

__all__ = ["convert"]
