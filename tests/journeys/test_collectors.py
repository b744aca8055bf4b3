"""What Debian's collectors make of our syslog."""

import json

import pytest
from tests.events import samples
from tests.events.outputs.peers import Rsyslog, SyslogNG
from tests.events.outputs.tls import authority
from tests.events.samples import START, Reason, record

from yett.events import Native
from yett.events.dialects import DIALECTS
from yett.events.outputs import TLS, DatagramCarrier, StreamCarrier, Unreachable, Words

WORDS = Words(DIALECTS["syslog"], limit=8192)
"""As the settings have it unless told otherwise."""
NASTY = [
    'quotes "inside" and "',
    "] closing ][ brackets ]]",
    'back\\slash \\] \\" \\n \\',
    "line\nbreak\r\nand another\n",
    "nul \0 inside",
    "escape \x1b[31m bell \x07 tab \t delete \x7f",
    "no text: \udcff\udc80",
    "Grüße aus Österreich, ß",
    "مرحبا \u202eevil\u202c שלום",
    "😀 and \u2028 and \ufeff",
    "<13>1 2026-01-01T00:00:00Z forged app - - - a message of its own",
    "10 <13>1 - - - - - -",
    "%s %n $HOST ${HOST} `x` $(x)",
    "x" * 65536,
    "ü" * 32768,
    "",
    " ",
    "-",
    '[yett@32473 auth.user_id="root"]',
]
NODE = "node-1"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def rsyslog(tmp_path_factory, files):
    peer = Rsyslog(tmp_path_factory.mktemp("rsyslog"), files).start()
    yield peer
    peer.stop()


@pytest.fixture(scope="module")
def syslog_ng(tmp_path_factory, files):
    peer = SyslogNG(tmp_path_factory.mktemp("syslog-ng"), files).start()
    yield peer
    peer.stop()


@pytest.fixture(params=["rsyslog", "syslog_ng"])
def peer(request):
    found = request.getfixturevalue(request.param)
    found.parsed.unlink(missing_ok=True)
    # A file that was taken away is written on unseen.
    found.stop()
    return found.start()


def lines():
    native = Native(NODE)
    return [
        *(
            native.line(record(samples.odd, text, at=START + number * 1000, user="ädä", request="r-1"))
            for number, text in enumerate(NASTY)
        ),
        native.line(record(samples.audited, 'ada"]\\', Reason.NO_GROUP, at=START)),
        native.line(
            record(samples.denied, "wiki", "h", "/p", "rule", Reason.NO_GROUP, ("a", 'b"'), (), at=START)
        ),
        native.line(record(samples.served, "GET", "h", "/", 200, 1.5, at=START)),
    ]


def understood(entry):
    """The fields as a collector found them in the structured data."""
    data = entry["data"]
    values = {name: json.loads(value) for name, value in data.get("yett-json@32473", {}).items()}
    return data.get("yett@32473", {}) | values


def expected(line):
    # Read back from what was sent, because long texts are shortened.
    entry = DIALECTS["syslog"].read(WORDS.message(line))
    assert len(line) > 8192 or entry == json.loads(line)
    code = entry["code"]
    return {
        name: value
        for name, value in entry.items()
        if name not in {"time", "audit", "msg", "level", "node"} and not (name == "code" and len(code) <= 32)
    }


def check(lines, entries):
    assert len(entries) == len(lines)
    for line, entry in zip(lines, entries, strict=True):
        told = json.loads(line)
        facility = 13 if told.get("audit") else 1
        severity = {"INFO": 6, "WARN": 4}[told["level"]]
        assert int(entry["pri"]) == facility * 8 + severity
        assert (entry["host"], entry["app"], entry["msgid"]) == (NODE, "yett", told["code"])
        assert entry["text"].removeprefix("\ufeff") == told["msg"]
        assert understood(entry) == expected(line)


def secured(files, **more):
    return TLS(**({"ca_file": files.ca, "server_name": "logs.example.org"} | more))


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_every_field_is_understood_as_it_was_meant(peer, files, transport):
    tls = secured(files) if transport == "tls" else None
    carrier = StreamCarrier("127.0.0.1", getattr(peer, transport), WORDS, tls=tls)
    sent = lines()
    carrier.carry(sent)
    carrier.carry(sent)
    carrier.close()
    check([*sent, *sent], peer.wait_for(2 * len(sent)))


def test_even_the_longest_message_never_breaks_into_the_next(peer):
    """Neither reads structured data of any length, so that it is shortened unless somebody asks for all of it."""
    carrier = StreamCarrier("127.0.0.1", peer.tcp, Words(DIALECTS["syslog"]))
    sent = lines()
    carrier.carry(sent)
    carrier.close()
    entries = peer.wait_for(len(sent))
    assert [entry["msgid"] for entry in entries] == [json.loads(each)["code"] for each in sent]
    short = [place for place, each in enumerate(sent) if len(each) < 8192]
    check([sent[place] for place in short], [entries[place] for place in short])


def test_datagrams_are_understood_as_well(rsyslog):
    rsyslog.stop()
    rsyslog.parsed.unlink(missing_ok=True)
    rsyslog.start()
    carrier = DatagramCarrier("127.0.0.1", rsyslog.udp, Words(DIALECTS["syslog"], limit=8192))
    short = [each for each in lines() if len(each) < 8000]
    for number, line in enumerate(short):
        carrier.carry([line])
        # Datagrams have no order and no flow control: one after the other.
        rsyslog.wait_for(number + 1)
    carrier.close()
    check(short, rsyslog.entries())


@pytest.mark.parametrize("wrong", ["authority", "name"])
def test_a_collector_that_is_not_the_right_one_is_told_nothing(peer, files, tmp_path, wrong):
    other = authority(tmp_path)
    tls = secured(
        files, **({"ca_file": other.ca} if wrong == "authority" else {"server_name": "logs.example.com"})
    )
    carrier = StreamCarrier("127.0.0.1", peer.tls, WORDS, tls=tls)
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        carrier.carry(lines())
    carrier.close()
    good = StreamCarrier("127.0.0.1", peer.tls, WORDS, tls=secured(files))
    good.carry(lines()[:1])
    good.close()
    assert len(peer.wait_for(1)) == 1


def test_a_collector_that_asks_who_we_are_is_shown_a_certificate(files, tmp_path):
    peer = SyslogNG(tmp_path, files, verify="required-trusted").start()
    try:
        nobody = StreamCarrier("127.0.0.1", peer.tls, WORDS, tls=secured(files))
        with pytest.raises(Unreachable):
            nobody.carry(lines()[:1])
        nobody.close()
        known = secured(files, cert_file=files.client_cert, key_file=files.client_key)
        carrier = StreamCarrier("127.0.0.1", peer.tls, WORDS, tls=known)
        sent = lines()[:3]
        carrier.carry(sent)
        carrier.close()
        check(sent, peer.wait_for(3))
    finally:
        peer.stop()
