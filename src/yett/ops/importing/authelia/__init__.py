"""Authelia: its configuration.yml and its users file.

Read `settings` (what belongs to the gateway as a whole), `access` (who may reach what), `clients` (applications that
people sign in to) and `people`. What has no equivalent stands in `notes`.
"""

from yett.ops.importing.authelia.settings import convert

__all__ = ["convert"]
