"""The samples in the page on log formats are what the dialects write."""

import re
from pathlib import Path

from tests.events.dialects.entries import REJECTED, REQUEST

from yett.events.dialects import DIALECTS

PAGE = Path(__file__).parent.parent / "docs" / "log-formats.md"
SAMPLE = re.compile(r"^```\w+ (\w+)\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


def test_each_dialect_has_a_sample_that_is_what_it_writes():
    samples = dict(SAMPLE.findall(PAGE.read_text("utf-8")))
    assert samples == {
        name: dialect.write(REQUEST if name == "apache" else REJECTED).decode()
        for name, dialect in DIALECTS.items()
    }


def test_each_sample_is_read_again():
    for name, line in SAMPLE.findall(PAGE.read_text("utf-8")):
        assert DIALECTS[name].read(line.encode())["code"] in {REQUEST["code"], REJECTED["code"]}
