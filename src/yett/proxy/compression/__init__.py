"""Compressing responses on their way to the client.

Read `negotiation` (what the client would like) and `rules` (when it may have it), then `step`,
which uses the encoders in `encoding`.
"""

from yett.proxy.compression.config import CompressionSettings
from yett.proxy.compression.encoding import GzipEncoder
from yett.proxy.compression.model import Coding
from yett.proxy.compression.negotiation import accepts, preferred
from yett.proxy.compression.step import CompressionStep

__all__ = ["Coding", "CompressionSettings", "CompressionStep", "GzipEncoder", "accepts", "preferred"]
