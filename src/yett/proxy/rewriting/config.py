"""What the settings of rewriting look like; they stand in `[[proxy.mapping]]`."""

ORIGIN = r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?"
ORIGIN_WORDS = "http://host, https://host or either with a port, in lower case"
MOST = 1 << 30
"""The largest page that may be asked for."""
