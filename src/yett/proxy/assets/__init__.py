"""Files of a directory, served by the gateway itself.

Read `opening` (from a path to an open file, never outside the directory), `rules` (conditions
and ranges), then `serving`.
"""

from yett.proxy.assets.opening import Wrong, is_climbing
from yett.proxy.assets.serving import Assets, BadDirectory, compile_assets

__all__ = ["Assets", "BadDirectory", "Wrong", "compile_assets", "is_climbing"]
