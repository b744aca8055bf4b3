import dataclasses

import pytest
from tests.events.outputs.tls import authority

from yett.config import ConfigInvalid, load
from yett.config import catalogue as sections
from yett.events.outputs import Body
from yett.kernel.levels import LogLevel
from yett.kernel.outputs import OutputSettings, check_outputs, headers_of, scheme_of, tls_of
from yett.kernel.telemetry import TelemetrySettings


def output(to, name="siem", **more):
    return OutputSettings(name=name, to=to, **more)


def mistakes(*outputs, writes_stdout=False):
    return [str(each) for each in check_outputs(outputs, writes_stdout=writes_stdout)]


@pytest.fixture
def read(tmp_path):
    def load_text(text, environ=None):
        path = tmp_path / "yett.toml"
        path.write_text(text)
        loaded = load(path, environ or {}, [sections.sections["telemetry"]])
        return loaded.snapshot[TelemetrySettings].output

    return load_text


def test_outputs_are_read_from_a_file(read):
    (one, two) = read(
        """
        [[telemetry.output]]
        name = "siem"
        to = "syslog+tls://logs.example.org:6514"
        level = "warn"
        components = ["signin", "authn.password"]
        without = ["http.access"]
        spool_size = "1GiB"
        [[telemetry.output]]
        name = "file"
        to = "file:/var/log/yett/audit.jsonl"
        audit_only = true
        """
    )
    assert (one.level, one.components, one.spool_size) == (
        LogLevel.WARN,
        ("signin", "authn.password"),
        1 << 30,
    )
    assert (scheme_of(two), two.audit_only) == ("file", True)


def test_a_token_may_come_from_the_environment_and_is_never_shown(read):
    (found,) = read(
        '[[telemetry.output]]\nname = "loki"\nto = "https://h/push"\n',
        {"YETT_TELEMETRY_OUTPUT_LOKI_TOKEN": "hunter2-hunter2"},
    )
    assert headers_of(found) == {"Authorization": "Bearer hunter2-hunter2"}
    with pytest.raises(ConfigInvalid) as caught:
        read('[[telemetry.output]]\nname = "a"\nto = "https://h/"\ntoken = "two words hunter2"\n')
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "to",
    [
        "",
        "syslog://h",
        "syslog+tls://",
        "syslog+tls://h:123456",
        "ftp://h",
        "file:relative",
        "https://u:p@h/",
        "syslog+tcp://h/p\\n",
    ],
)
def test_an_address_that_is_none_is_refused(read, to):
    with pytest.raises(ConfigInvalid):
        read(f'[[telemetry.output]]\nname = "a"\nto = "{to}"\n')


@pytest.mark.parametrize("name", ["", "A", "../x", "a/b", "a.b", "-a", "a" * 33])
def test_a_name_that_is_no_folder_is_refused(read, name):
    with pytest.raises(ConfigInvalid):
        read(f'[[telemetry.output]]\nname = "{name}"\nto = "stdout"\n')


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (output("syslog+tls://h:99999"), "Port out of range"),
        (output("syslog+tls://h:0"), "port 0"),
        (output("file:/a", dialect="latin"), "no such dialect"),
        (output("http://127.0.0.1/", dialect="syslog", body=Body.BULK), "JSON"),
        (output("http://logs.example.org/", token="t" * 20), "in the clear"),
        (output("http://logs.example.org/", headers=("X: y",)), "in the clear"),
        (output("https://h/", token="t", headers=("authorization: x",)), "as well"),
        (output("syslog+tcp://h", server_name="x"), "has no TLS"),
        (output("stdout", name="stderr"), "mislead"),
        (output("http://127.0.0.1.evil.example/", token="t" * 20), "in the clear"),
        (output("otlp+grpc://127.evil.example", token="t" * 20), "in the clear"),
        (output("syslog+tls://h", token="t" * 20), "means nothing to syslog+tls"),
        (output("file:/a", headers=("X: y",)), "means nothing to file"),
        (output("syslog+udp://h", compress=True), "means nothing"),
        (output("otlp+https://h", body=Body.LOKI), "means nothing"),
        (output("otlp+https://h", message_limit=1000), "means nothing"),
    ],
)
def test_mistakes_beyond_single_values_are_found(settings, words):
    assert any(words in each for each in mistakes(settings)), mistakes(settings)


def test_names_and_files_belong_to_one_output():
    assert "several" in mistakes(output("file:/a"), output("file:/b"))[0]
    assert len(mistakes(output("file:/a"), output("file:/a", name="b"))) == 2
    assert len(mistakes(output("file:/a/b"), output("file://a/./c/../b", name="b"))) == 2
    assert mistakes(output("http://[::1]/", name="a", token="t"), output("file:/a")) == []
    assert "written already" in mistakes(output("stdout", name="stdout"), writes_stdout=True)[0]
    assert mistakes(output("stdout", name="stdout"), output("http://127.0.0.1/", name="a", token="t")) == []


def test_files_of_tls_have_to_be_there_and_fit(tmp_path):
    files, other = authority(tmp_path / "a"), authority(tmp_path / "b")
    good = output("syslog+tls://h", ca_file=files.ca, cert_file=files.client_cert, key_file=files.client_key)
    assert mistakes(good) == []
    assert tls_of(good).context()
    assert tls_of(output("syslog+tcp://h")) is None
    missing = dataclasses.replace(good, ca_file=tmp_path / "none")
    foreign = dataclasses.replace(good, key_file=other.client_key)
    no_pem = dataclasses.replace(good, ca_file=files.key)
    lonely = output("syslog+tls://h", key_file=files.key)
    assert "No such file" in mistakes(missing)[0]
    assert "another key" in mistakes(foreign)[0]
    assert "no certificates" in mistakes(no_pem)[0]
    assert "cert_file" in mistakes(lonely)[0]


@pytest.mark.parametrize(
    "more",
    [
        {"headers": ("X-Key: y",), "to": "http://logs.example.org/in?token=s3cret-s3cret"},
        {"to": "https://logs.example.org:0/in/s3cret-s3cret"},
        {"to": "https://logs.example.org:99999/in/s3cret-s3cret"},
    ],
)
def test_no_mistake_shows_the_token_in_an_address(more):
    found = mistakes(OutputSettings(name="a", **more))
    assert found
    assert "logs.example.org" in found[0]
    assert "s3cret" not in "".join(found)
