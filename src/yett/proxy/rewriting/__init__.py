"""Making applications that know themselves by another address name the public one.

Read `model`, `translation` (what is replaced by what), `headers`, `attributes` and `html` (where
that stands), then `rules` and `step`.
"""

from yett.proxy.rewriting.model import Place
from yett.proxy.rewriting.step import RewritingStep, place_of

__all__ = ["Place", "RewritingStep", "place_of"]
