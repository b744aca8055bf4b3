import subprocess
import sys

import pytest

from yett.events.dialects.meaning import MEANINGS, Kind, Outcome, meaning_of


def test_every_code_of_the_table_is_one_that_the_gateway_has():
    script = "import yett.cli, yett.events; print(*yett.events.catalogue.events)"
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60
    )
    assert set(MEANINGS) <= set(done.stdout.split())


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.SUCCESS),
        (304, Outcome.SUCCESS),
        (404, Outcome.FAILURE),
        (0, Outcome.UNKNOWN),
        ("x", Outcome.UNKNOWN),
    ],
)
def test_the_outcome_of_a_request_is_that_of_its_status(status, outcome):
    meaning = meaning_of({"code": "http.access.completed", "status": status})
    assert (meaning.kind, meaning.outcome) == (Kind.WEB, outcome)


def test_what_is_not_in_the_table_says_nothing():
    for code in ("x.y", "", "signin"):
        assert meaning_of({"code": code}).kind is Kind.OTHER
    assert meaning_of({}).outcome is Outcome.UNKNOWN
