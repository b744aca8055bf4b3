"""What `logs search` and its relatives are made of, apart from the files of the log themselves.

Read `asking` (from what was typed to a query), `config` and `saved` (queries with names), then what
becomes of what is found: `spreadsheet` (CSV), `counting` (top lists), `trail` (one person's path) and
`progress`. The commands are in `ops/record.py`.
"""

from yett.ops.searching.asking import Asked, level_of, query_of, when_of
from yett.ops.searching.config import LogsSettings, QuerySettings, check_queries
from yett.ops.searching.counting import Tally
from yett.ops.searching.progress import Progress
from yett.ops.searching.rows import COLUMNS, in_one_line, row_of
from yett.ops.searching.saved import BUILT_IN, Queries, told
from yett.ops.searching.spreadsheet import COLUMNS_OF_CSV, csv_line, header
from yett.ops.searching.trail import (
    Kind,
    Step,
    Trail,
    entries_of_path,
    mappings_in,
    query_of_rest,
    render_trail,
    trail_of,
)

__all__ = [
    "BUILT_IN",
    "COLUMNS",
    "COLUMNS_OF_CSV",
    "Asked",
    "Kind",
    "LogsSettings",
    "Progress",
    "Queries",
    "QuerySettings",
    "Step",
    "Tally",
    "Trail",
    "check_queries",
    "csv_line",
    "entries_of_path",
    "header",
    "in_one_line",
    "level_of",
    "mappings_in",
    "query_of",
    "query_of_rest",
    "render_trail",
    "row_of",
    "told",
    "trail_of",
    "when_of",
]
