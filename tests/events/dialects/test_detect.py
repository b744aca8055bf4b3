import pytest
from tests.events.dialects.entries import SAID

from yett.events.dialects import DIALECTS, Unreadable, detect


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b'{"event":"Token authorized","severity":"info","logger":"gafaelfawr"}', "gafaelfawr"),
        (b'{"event":"Token authorized","level":"info","logger":"gafaelfawr"}', "gafaelfawr"),
        (b'INFO:     127.0.0.1:5 - "GET / HTTP/1.1" 200 OK', "apache"),
        (b'127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1', "apache"),
        (b'{"level":"info","msg":"Finished request","time":"2017-02-21T02:12:22Z"}', "ssoca"),
        (b'{"ID":25,"module":"tg_mod","class":"event","facility":1,"msg":"OK"}', "adf"),
        (b"<34>1 - - su - - - x", "syslog"),
        (b'{"@timestamp":"2026-11-22T15:04:05Z","log.level":"info","message":"m"}', "ecs"),
        (b'{"@timestamp":"2026-11-22T15:04:05Z","log":{"level":"info"},"message":"m"}', "ecs"),
        (b'{"class_uid":0,"metadata":{},"time":0,"severity_id":1}', "ocsf"),
    ],
)
def test_a_line_is_told_by_what_only_its_dialect_has(line, name):
    assert detect.read(line)[0] == name


@pytest.mark.parametrize("name", sorted(set(DIALECTS) - {"apache"}))
@pytest.mark.parametrize("entry", SAID)
def test_whatever_we_write_is_recognised(name, entry):
    found, read = detect.read(DIALECTS[name].write(entry))
    assert read == entry
    # ssoca's names are ours: with a component and a code a line of it is as good as a native one.
    assert found == name or (name, found) == ("ssoca", "native")


@pytest.mark.parametrize(
    "line", [b"", b"{}", b'{"a":1}', b"hello", b"<14>", b"[]", b'{"event":"x","severity":"loud"}']
)
def test_what_is_of_no_dialect_is_unreadable(line):
    with pytest.raises(Unreadable):
        detect.read(line)
