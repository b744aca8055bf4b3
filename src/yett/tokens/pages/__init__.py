"""The page for people, `/auth/tokens`: what tokens they have, a new one, one of them, and what became of all.

Read `filling` (what a form says), then `pages`. Everything works without scripts.
"""

from yett.tokens.pages.pages import PAGE, TokenPages

__all__ = ["PAGE", "TokenPages"]
