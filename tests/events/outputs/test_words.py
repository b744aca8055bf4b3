import msgspec
import pytest
from tests.events.outputs.lines import line
from tests.events.samples import START, odd, record

from yett.events import Native
from yett.events.dialects import DIALECTS, Unwritable
from yett.events.outputs import Words

NATIVE = DIALECTS["native"]


def told(detail):
    return Native("n").line(record(odd, detail, at=START))


class Shouting:
    name = "shouting"

    def write(self, entry):
        if entry["component"] == "sample.plain":
            raise Unwritable("not that one")
        return entry["msg"].upper().encode()


def test_native_lines_stay_as_they_are():
    assert Words(NATIVE).messages([line(1), b"even this"]) == [line(1), b"even this"]


def test_another_dialect_writes_what_it_has_a_form_for():
    assert Words(Shouting()).messages([line(1), told("x"), line(2)]) == [b"ODD VALUES"]


@pytest.mark.parametrize("bad", [b"", b"{", b"[]", b"\xff", b"null", b"[" * 100_000])
def test_what_is_no_record_is_left_out(bad):
    assert Words(Shouting()).message(bad) is None
    assert Words(NATIVE, limit=10).message(bad.ljust(11)) is None


@pytest.mark.parametrize(
    "text", ["x" * 100_000, "ü" * 50_000, "\U0001f600" * 20_000, '"' * 60_000, "\x00" * 30_000]
)
@pytest.mark.parametrize("limit", [480, 1024, 8192])
def test_what_is_too_long_is_shortened_and_still_a_record(text, limit):
    message = Words(NATIVE, limit=limit).message(told(text))
    assert len(message) <= limit
    entry = msgspec.json.decode(message)
    assert (entry["msg"], entry["code"]) == ("Odd values", "sample.odd.odd")
    assert entry["detail"].rstrip("…") in text


def test_lists_and_many_fields_are_shortened_too():
    entry = msgspec.json.decode(line(1)) | {"groups": ["g" * 50] * 5000}
    message = Words(NATIVE, limit=1024).message(msgspec.json.encode(entry))
    assert len(message) <= 1024
    many = msgspec.json.decode(line(1)) | {f"f{number}": "v" * 10 for number in range(5000)}
    message = Words(NATIVE, limit=1024).message(msgspec.json.encode(many))
    assert msgspec.json.decode(message)["msg"] == "Plain thing happened"
