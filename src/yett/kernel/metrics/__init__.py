"""Numbers for monitoring: declared once, counted where things happen, gathered when somebody asks.

Read `declare` (names, kinds and labels; the reference page is printed from them), `counting` (what
counts), and `registry` (who is asked, and how the answers become families). Counting is plain
integers; everything else happens at the time of a scrape.
"""

from yett.kernel.metrics.counting import Distribution, Tally
from yett.kernel.metrics.declare import Kind, Metric, catalogue, counter, gauge, histogram
from yett.kernel.metrics.registry import Family, Registry, Sample

__all__ = [
    "Distribution",
    "Family",
    "Kind",
    "Metric",
    "Registry",
    "Sample",
    "Tally",
    "catalogue",
    "counter",
    "gauge",
    "histogram",
]
