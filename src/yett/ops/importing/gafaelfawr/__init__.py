"""Gafaelfawr: its settings (gafaelfawr.yaml, or the values of its chart) and GafaelfawrIngress objects.

An object becomes a rule of forward-auth, for proxies that only say what is asked for, and a piece of
NGINX configuration that asks with the same parameters as before. Read `objects`, `settings`, `people`, `quotas`.
"""

from yett.ops.importing.gafaelfawr.objects import convert

__all__ = ["convert"]
