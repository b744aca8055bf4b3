"""Metrics for Prometheus: an endpoint on a listener of its own, and a command that shows them.

Read `config`, `sources` (what is read from the rooms at a scrape; requests are counted in
`proxy/metering.py`), `said` (counting events), `exposition` (both text formats), `endpoint`
and `commands`.
"""

from yett.ops.metrics.commands import MetricsCommands
from yett.ops.metrics.config import MetricsSettings, check_metrics
from yett.ops.metrics.endpoint import MetricsEndpoint
from yett.ops.metrics.said import EventCounts
from yett.ops.metrics.sources import Rooms, add_sources, detailed_events

__all__ = [
    "EventCounts",
    "MetricsCommands",
    "MetricsEndpoint",
    "MetricsSettings",
    "Rooms",
    "add_sources",
    "check_metrics",
    "detailed_events",
]
