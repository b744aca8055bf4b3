"""oauth2-proxy: its settings as TOML, as variables, as flags, and its structured settings (YAML).

One gateway of theirs is in front of one host, and people sign in on that same host; ours has a sign-in
host of its own for all. What stands before applications becomes mappings (`upstreams`, `structured`);
what only answers other proxies becomes a rule of forward-auth (`settings`). `reading` knows the spellings.
"""

from yett.ops.importing.oauth2_proxy.settings import convert

__all__ = ["convert"]
