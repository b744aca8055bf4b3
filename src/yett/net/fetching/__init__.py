"""Requests of our own to servers elsewhere, over HTTPS.

Read `config`, `model` and `rules` (which addresses are asked, and which never), then `reading` (an
answer from its bytes) and `fetcher`. Whoever fetches gives addresses that may come from outside:
documents of an identity provider name more of them, and clients name where their keys are. So a
host is looked up once, every address is judged, and the connection goes to one that was.
"""

from yett.net.fetching.config import FetchingSettings, check_fetching
from yett.net.fetching.fetcher import Fetcher
from yett.net.fetching.model import Fetched, FetchFailed, parse_object
from yett.net.fetching.rules import BadAddress, Place, parse_address

__all__ = [
    "BadAddress",
    "FetchFailed",
    "Fetched",
    "Fetcher",
    "FetchingSettings",
    "Place",
    "check_fetching",
    "parse_address",
    "parse_object",
]
