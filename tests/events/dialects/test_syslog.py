import pytest
from tests.events.dialects.entries import REJECTED, REQUEST, STARTED

from yett.events import catalogue
from yett.events.dialects import Unreadable
from yett.events.dialects.meaning import MEANINGS
from yett.events.dialects.syslog import Syslog

DIALECT = Syslog()
BOM = "\ufeff"


def test_an_audit_record_and_an_ordinary_one():
    assert DIALECT.write(REJECTED).decode() == (
        "<108>1 2026-11-22T15:04:06.000001Z gate-1 yett - authn.password.rejected "
        '[yett@32473 component="authn.password" server.request.id="0d1f3b5c7e9b" auth.user_id="ada" '
        f'server.request.client_ip="2001:db8::7" reason="wrong"] {BOM}Password rejected'
    )
    assert DIALECT.write(STARTED).decode() == (
        "<14>1 2026-11-22T15:00:00.000000Z - yett - kernel.start.part_started "
        r'[yett@32473 component="kernel.start" name="listener \"main\""]'
        rf'[yett-json@32473 seconds="0.25" modules="[\"guard\",\"proxy\"\]"] {BOM}Part started'
    )


@pytest.mark.parametrize(
    ("level", "audit", "priority"),
    [
        ("ERROR", False, 11),
        ("WARN", False, 12),
        ("INFO", False, 14),
        ("DEBUG", False, 15),
        ("TRACE", False, 15),
        ("ERROR", True, 107),
        ("INFO", True, 110),
    ],
)
def test_priority_is_facility_and_severity(level, audit, priority):
    entry = STARTED | {"level": level} | ({"audit": True} if audit else {})
    line = DIALECT.write(entry)
    assert line.startswith(b"<%d>1 " % priority)
    assert DIALECT.read(line) == entry


# The examples of RFC 5424, section 6.5.
def test_example_1_of_the_rfc():
    line = (
        "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - "
        f"{BOM}'su root' failed for lonvick on /dev/pts/8"
    )
    assert DIALECT.read(line.encode()) == {
        "time": "2003-10-11T22:14:15.003000Z",
        "level": "ERROR",
        "component": "su",
        "msg": "'su root' failed for lonvick on /dev/pts/8",
        "code": "ID47",
        "severity": 2,
        "node": "mymachine.example.com",
        "syslog.facility": 4,
    }


def test_example_2_of_the_rfc():
    line = (
        "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts."
    )
    entry = DIALECT.read(line.encode())
    assert entry["time"] == "2003-08-24T12:14:15.000003Z"
    assert (entry["syslog.facility"], entry["severity"], entry["syslog.procid"]) == (20, 5, "8710")
    assert entry["msg"] == "%% It's time to make the do-nuts."


def test_example_3_of_the_rfc():
    line = (
        "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 "
        '[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"] '
        f"{BOM}An application event log entry..."
    )
    entry = DIALECT.read(line.encode())
    assert entry["exampleSDID@32473.eventSource"] == "Application"
    assert entry["msg"] == "An application event log entry..."


def test_example_4_of_the_rfc_has_no_message():
    line = (
        "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 "
        '[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"]'
    )
    entry = DIALECT.read(line.encode())
    assert (entry["examplePriority@32473.class"], entry["msg"]) == ("high", "")


def test_a_parameter_may_stand_there_several_times():
    entry = DIALECT.read(b'<14>1 - - app - - [origin ip="192.0.2.1" ip="192.0.2.129"] x')
    assert entry["origin.ip"] == ["192.0.2.1", "192.0.2.129"]
    assert entry["time"] == ""


def test_every_code_has_a_message_id_of_its_own():
    seen = set()
    for code in (*catalogue.events, *MEANINGS, "a~123456", "-", "", "two words", "é" * 20):
        line = DIALECT.write(STARTED | {"code": code})
        msgid = line.split(b" ")[5]
        assert 1 <= len(msgid) <= 32
        assert DIALECT.read(line)["code"] == code
        seen.add(msgid)
    assert len(seen) == len({*catalogue.events, *MEANINGS}) + 5


def test_long_codes_that_begin_alike_are_told_apart():
    first, second = (DIALECT.write(STARTED | {"code": "a" * 40 + end}).split(b" ")[5] for end in ("b", "c"))
    assert first != second
    assert first[:26] == second[:26] == b"a" * 25 + b"~"


def test_no_control_character_is_sent():
    entry = STARTED | {"msg": "two\nlines\x7f", "name": "a\r\n<14>1 - - forged - - - x\x00", "n\nl": "x"}
    line = DIALECT.write(entry)
    assert not any(byte < 32 or byte == 127 for byte in line)
    assert line.endswith(f"{BOM}two lines ".encode())
    assert DIALECT.read(line) == entry


def test_values_cannot_end_their_element():
    entry = REQUEST | {"app": 'x"] [forged@1 a="b', "route": "back\\", "rule": "]"}
    assert DIALECT.read(DIALECT.write(entry)) == entry


def test_a_node_that_is_no_hostname_is_kept_beside():
    for node in ("", "a b", "n" * 256, "-", "é"):
        entry = STARTED | {"node": node}
        assert DIALECT.write(entry).split(b" ")[2] == b"-"
        assert DIALECT.read(DIALECT.write(entry)) == entry


@pytest.mark.parametrize(
    "line",
    [
        "<34>1",
        "<34>2 - - a - - - x",
        "<034>1 - - a - - - x",
        "<192>1 - - a - - - x",
        "<>1 - - a - - - x",
        "<34> Oct 11 22:14:15 mymachine su: old syslog",
        "<34>1 2003-10-11 - a - - - x",
        "<34>1 2003-10-11T22:14:15 - a - - - x",
        "<34>1 2003-10-11t22:14:15z - a - - - x",
        "<34>1 2003-10-11T22:14:60Z - a - - - x",
        "<34>1 2003-10-11T22:14:15.0000003Z - a - - - x",
        "<34>1 - " + "h" * 256 + " a - - - x",
        "<34>1 - - " + "a" * 49 + " - - - x",
        "<34>1 - - a - " + "m" * 33 + " - x",
        "<34>1 - - é - - - x",
        "<34>1  - - a - - - x",
        "<34>1 - - a - - -x",
        '<34>1 - - a - - [a b="c"]x',
        '<14>1 - - yett - c [yett@32473 component="a"][yett-json@32473 n="1x"] x',
        '<14>1 - - yett - c [yett@32473 component="a" component="b"] x',
        '<14>1 - - yett - c [yett@32473 component="a" level="LOUD"] x',
        '<14>1 - - yett - c [yett@32473 component="a" time="b"] x',
        '<14>1 - - yett - c [yett@32473 component="a"][yett-json@32473 _="1"] x',
    ],
)
def test_what_breaks_the_rules_is_unreadable(line):
    with pytest.raises(Unreadable):
        DIALECT.read(line.encode())
