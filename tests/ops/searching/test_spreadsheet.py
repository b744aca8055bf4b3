import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.ops.searching import COLUMNS_OF_CSV, csv_line, header

ENTRY = {
    "time": "2027-01-15T08:00:00.000000Z",
    "level": "WARN",
    "audit": True,
    "component": "access",
    "msg": "Access denied",
    "code": "access.denied",
    "auth.user_id": "bob",
    "groups_needed": ["staff", "board"],
    "status": 403,
    "seq": 7,
    "chain": "00",
}


def cells(line):
    (row,) = csv.reader(io.StringIO(line.decode(), newline=""))
    return row


def test_every_line_has_the_same_columns():
    row = dict(zip(cells(header()), cells(csv_line(ENTRY)), strict=True))
    assert tuple(row) == COLUMNS_OF_CSV
    assert (row["audit"], row["msg"], row["auth.user_id"], row["node"]) == (
        "true",
        "Access denied",
        "bob",
        "",
    )
    assert json.loads(row["details"]) == {"groups_needed": ["staff", "board"], "status": 403}
    assert header().endswith(b"\r\n")
    assert csv_line(ENTRY).endswith(b"\r\n")


def test_columns_can_be_chosen():
    assert csv_line(ENTRY, ("status", "groups_needed", "nothing")) == b"403,staff board,\r\n"
    assert json.loads(cells(csv_line(ENTRY, ("details", "code")))[0])["msg"] == "Access denied"


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        '=HYPERLINK("http://x","y")',
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\u00a0=1",
        "\uff1d1",
        "\ufeff=1",
        "\u200b=1",
    ],
)
def test_no_cell_is_a_formula(text):
    cell = cells(csv_line({"msg": text}, ("msg",)))[0]
    assert cell[0] == "'" or cell[0] == "\\"


def test_a_number_is_a_number():
    assert csv_line({"n": -5}, ("n",)) == b"-5\r\n"


@given(st.text(), st.text())
def test_whatever_a_record_holds_is_one_line_of_printable_text(message, other):
    line = csv_line({"msg": message, other or "x": other})
    text = line.decode()
    assert text.endswith("\r\n")
    assert text[:-2].isprintable()
    row = dict(zip(COLUMNS_OF_CSV, cells(line), strict=True))
    assert row["details"] == "" or isinstance(json.loads(row["details"]), dict)
