"""Sending records elsewhere: any number of outputs, none of which can hurt the data path or another.

Read `model` (what an output is made of), `output` (its thread), `backlog` (what waits for it, in memory and in the
`spool`), then `sink` (all of them together). Destinations: `syslog` (over `stream`), `file`, `descriptor`, `http` (with
`bodies`, over `posting`), `otlp`. `words` puts lines into the dialect that a destination reads.
"""

from yett.events.outputs.bodies import Body
from yett.events.outputs.descriptor import DescriptorCarrier
from yett.events.outputs.file import FileCarrier
from yett.events.outputs.http import HTTPCarrier
from yett.events.outputs.model import Carrier, Counters, Filter, Pace, Refused, State, Unreachable
from yett.events.outputs.output import Output
from yett.events.outputs.posting import Poster
from yett.events.outputs.sink import Outputs, stop_all
from yett.events.outputs.spool import Spool, SpoolInUse
from yett.events.outputs.stream import TLS
from yett.events.outputs.syslog import DatagramCarrier, StreamCarrier
from yett.events.outputs.words import Words

__all__ = [
    "TLS",
    "Body",
    "Carrier",
    "Counters",
    "DatagramCarrier",
    "DescriptorCarrier",
    "FileCarrier",
    "Filter",
    "HTTPCarrier",
    "Output",
    "Outputs",
    "Pace",
    "Poster",
    "Refused",
    "Spool",
    "SpoolInUse",
    "State",
    "StreamCarrier",
    "Unreachable",
    "Words",
    "stop_all",
]
