"""Where records go besides the journal.

Read `config` (the settings), `carriers` (what is built from them), then `force` (how they are put in force).
"""

from yett.kernel.outputs.carriers import MAKERS, carrier_of, filter_of
from yett.kernel.outputs.config import OutputSettings, check_outputs, headers_of, scheme_of, tls_of
from yett.kernel.outputs.force import OnState, OutputsInForce

__all__ = [
    "MAKERS",
    "OnState",
    "OutputSettings",
    "OutputsInForce",
    "carrier_of",
    "check_outputs",
    "filter_of",
    "headers_of",
    "scheme_of",
    "tls_of",
]
