"""Every secret that a gateway has to do with goes through it at the loudest level, and none is said anywhere."""

import base64
import hashlib
import html
import json
import time
from urllib.parse import urlencode

import pytest
from tests.authn.x509.making import root
from tests.journeys.eavesdropper import Secrets, Wiretapped
from tests.journeys.fixtures import SECOND
from tests.journeys.gateway import APP, MAPPING, PASSWORDS, until
from tests.journeys.ldap_server import GROUPS, PEOPLE, SERVICE, SERVICE_PASSWORD
from tests.journeys.mail_server import TLS, MailServer, html_of, text_of
from tests.journeys.rounds import LDAP_PASSWORD, TYPED_WRONG, WALLED, Listening, Rounds
from tests.kdc import PASSWORDS as REALM
from tests.kernel.tracing.collector import Collector
from tests.ops.reference.validating import of_record

MAIL_PASSWORD = "9f1c3e7a55-of-the-mail"
HOOK_SECRET = "77b1d0c2e4f9-of-the-hook"
HOOK_KEY = "4e2f8a61c03d-of-the-address"
SIGNING_KEY = "0d51f7e2c89ab3-of-signing-requests"
COLLECTOR_TOKEN = "5d7e21f0a9c4-of-the-collector"
CLUSTER_KEY = base64.b64encode(b"a cluster key of exactly 48 bytes, for this test").decode()
SETTINGS = """
[smtp]
host = "127.0.0.1"
port = {mail}
username = "yett"
password = "{mail_password}"
ca_file = "{mail_ca}"
sender = "Yett <yett@example.org>"

[protection.pow]
enabled = true
hosts = ["{walled}"]
difficulty = 10
minimum_time = "0s"

[authn.totp]
window = 2

[authn.otp]
resend_interval = "1s"

[signin.mfa]
password = "always"
require_groups = ["staff"]
free_attempts = 1000

[signin.magiclink]
enabled = true

[authentication.devicecode]
enabled = true
interval = "1s"

[[oidc.device.client]]
id = "cli"

[identity.ldap]
urls = ["{ldap}"]
ca = "{ldap_ca}"
bind_dn = "{ldap_account}"
bind_password = "{ldap_password}"
user_bases = ["{people}"]
group_bases = ["{groups}"]

[authn.kerberos]
enabled = true
keytab_base64 = "{keytab}"
krb5_conf = "{krb5}"
password = true
tickets = "kept"
lock_memory = false

[authn.x509]
enabled = true
authorities = "{folder}/ca.pem"

[tracing]
endpoint = "http://127.0.0.1:{collector}/v1/traces"
ratio = 1.0
headers = ["Authorization: Bearer {collector_token}"]

[notify]
digest_interval = "1s"

[[notify.webhook]]
name = "pager"
url = "http://127.0.0.1:{hook}/hook?key={hook_key}"
secret = "{hook_secret}"
allow_private = true
personal = true

[[notify.rule]]
name = "everything"
codes = ["*"]
severity = "info"
mail = ["ops@example.org"]
webhooks = ["pager"]
digest = true
"""
OUTPUTS = """
[[telemetry.output]]
name = "file"
to = "file:{folder}/output.log"
dialect = "ecs"

[[telemetry.output]]
name = "syslog"
to = "syslog+tcp://127.0.0.1:{syslog}"

[[telemetry.output]]
name = "posted"
to = "http://127.0.0.1:{hook}/lines?key={hook_key}"
headers = ["Authorization: Bearer {collector_token}"]

[[telemetry.output]]
name = "otlp"
to = "otlp+http://127.0.0.1:{hook}/v1/logs"
headers = ["Authorization: Bearer {collector_token}"]
"""
BEARER = '[proxy.mapping.bearer]\naudience = "https://wiki.internal"\n'
SIGNED = f'[proxy.mapping.request_signing]\nalg = "hmac-sha256"\nkey = "{SIGNING_KEY}"\n'


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    ca = root("CN=People of Example", now=time.time())
    alice = ca.issue("CN=alice")
    (folder / "ca.pem").write_bytes(ca.pem)
    (folder / "alice.pem").write_bytes(alice.pem)
    (folder / "alice.key").write_bytes(alice.key_pem)
    return folder


@pytest.fixture(scope="module")
def story(tmp_path_factory, heard_folder, upstream, slapd, kdc, tickets, certificates, chromium):
    slapd.clear()
    slapd.add_user("carol", LDAP_PASSWORD, display_name="Carol")
    service = f"http://127.0.0.1:{upstream.port}"
    folder = tmp_path_factory.mktemp("redaction")
    with (
        MailServer(tls=TLS.STARTTLS, login=("yett", MAIL_PASSWORD)) as post,
        Collector() as collector,
        Listening() as listening,
    ):
        values = {
            "mail": post.port, "mail_password": MAIL_PASSWORD, "mail_ca": post.ca_file, "ldap": slapd.url,
            "ldap_ca": slapd.ca, "ldap_account": SERVICE, "ldap_password": SERVICE_PASSWORD, "people": PEOPLE,
            "groups": GROUPS, "keytab": base64.b64encode(kdc.keytab.read_bytes()).decode(), "krb5": kdc.config,
            "folder": certificates, "collector": collector.server.server_port, "collector_token": COLLECTOR_TOKEN,
            "walled": WALLED, "hook": listening.posts.server_port, "hook_key": HOOK_KEY, "hook_secret": HOOK_SECRET,
            "syslog": listening.syslog.server_address[1],
        }  # fmt: skip
        gateway = Wiretapped(
            folder / "gateway",
            MAPPING.format(app="Wiki", host=APP, service=service, groups='["staff"]')
            + BEARER
            + SIGNED
            + MAPPING.format(app="Walled", host=WALLED, service=service, groups='["staff"]')
            + MAPPING.format(app="Lab", host=SECOND, service=service, groups='["lab"]')
            + SETTINGS.format(**values)
            + OUTPUTS.format(**{**values, "folder": folder}),
            service=f'client_cert = "optional"\nclient_ca = "{certificates}/ca.pem"',
            telemetry='log_level = "trace"\nring_size = 200000\nqueue_limit = 200000',
            heard=heard_folder,
        )
        gateway.config.write_text(
            gateway.config.read_text().replace("[cluster]", f'[cluster]\ncluster_key = "{CLUSTER_KEY}"')
        )
        told = Rounds(gateway, post, kdc, tickets, certificates)
        for name, value in {
            "mail password": MAIL_PASSWORD, "webhook key": HOOK_SECRET, "webhook address": HOOK_KEY,
            "signing key": SIGNING_KEY, "collector token": COLLECTOR_TOKEN, "cluster key": CLUSTER_KEY,
            "directory password": SERVICE_PASSWORD, "keytab": values["keytab"], "password": TYPED_WRONG,
            **{f"password of {name}": word for name, word in {**PASSWORDS, **REALM}.items()},
        }.items():  # fmt: skip
            told.secrets.add(name, value)
        told.secrets.add("password", LDAP_PASSWORD)
        told.secrets.add_file("client's key", certificates / "alice.key")
        gateway.people()
        gateway.start()
        try:
            told.run(chromium)
            told.said = everything_said(told, listening, collector, folder)
            yield told
        finally:
            gateway.stop()


def everything_said(told, listening, collector, folder):
    """Each place where the gateway says something, and what it said there."""
    gateway = told.gateway
    marker = "/the-last-thing-asked"
    gateway.fetch("GET", APP, marker)

    missing = []

    def has_arrived():
        arrived = {
            "standard output": gateway.output.read_bytes(),
            "syslog": b"".join(listening.said["syslog"]),
            "OTLP": b"".join(listening.said["otlp"]),
            "spans": str(collector.requests).encode(),
        }
        missing[:] = [name for name, said in arrived.items() if marker.encode() not in said]
        return not missing

    # Everything is said at the lowest level, and goes everywhere: a busy machine takes its time for it.
    until(has_arrived, seconds=60, what=missing)
    ring = gateway.run("--json", "admin", "logs", "recent", "--level", "trace", "--limit", "0")
    stored = gateway.run("logs", "search", "--level", "trace", "--limit", "0")
    files = [path for path in (gateway.data / "log").rglob("*") if path.is_file()]
    return {
        "standard output": gateway.output.read_bytes(),
        "standard error": gateway.errors.read_bytes(),
        "stored records": b"\n".join(path.read_bytes() for path in files),
        "what search prints": stored,
        "memory": ring,
        "an output to a file": (folder / "output.log").read_bytes(),
        "an output to syslog": b"".join(listening.said["syslog"]),
        "an output by OTLP": b"\n".join(listening.said["otlp"]),
        "posted records and notices": b"\n".join(listening.said["posts"]),
        "mails to operators": "\n".join(
            str(each["Subject"]) + text_of(each) + html_of(each)
            for each in told.post.mails
            if each["To"] == "ops@example.org"
        ),
        "spans": "\n".join(map(str, collector.requests)),
        "the settings that a command shows": gateway.run("admin", "config", "show"),
    }


PLACES = (
    "standard output", "standard error", "stored records", "what search prints", "memory",
    "an output to a file", "an output to syslog", "an output by OTLP", "posted records and notices",
    "mails to operators", "spans", "the settings that a command shows",
)  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_no_secret_is_said(story, place):
    assert not "\n".join(story.secrets.found_in(story.said[place]))


HAPPENED = {
    "access.denied", "admin.command.executed", "admin.command.failed", "authn.password.accepted",
    "authn.password.changed", "authn.password.rejected", "devicecode.complete.completed",
    "devicecode.poll.granted", "http.access.completed", "kerberos.security.spnego_failed",
    "kerberos.security.spnego_successful", "ldapauth.authenticate.bind_failed",
    "ldapauth.authenticate.bind_successful", "listener.http.error.request_refused",
    "magiclink.preverify.not_previewed", "magiclink.verify.authorized", "oidc.mint_bearer.bearer_minted",
    "oidc.token.exchange.code_exchanged", "onboarding.invitation.used", "otp.validate.validated",
    "otp.validate.wrong", "pow.validate.solution_valid", "signin.kerberos.password",
    "signin.magiclink.verify.verified", "signin.x509.succeeded", "totp.enroll.confirm.confirmed",
    "totp.recovery.recovery_consumed", "totp.recovery.recovery_wrong", "totp.validate.code_wrong",
    "webauthn.authentication.authenticated", "webauthn.enroll.enrolled",
}  # fmt: skip


def test_the_secrets_did_go_through_every_module(story):
    assert story.secrets.count > 200
    assert HAPPENED - {each.get("code") for each in story.gateway.records()} == set()
    for place in PLACES:
        assert place == "standard error" or story.said[place], place


def test_every_record_keeps_to_the_schema_that_the_program_prints(story):
    schema = json.loads(story.gateway.run("reference", "log", "--format", "schema"))
    for place in ("standard output", "stored records"):
        lines = [line for line in story.said[place].splitlines() if line.startswith(b'{"time"')]
        assert len(lines) > 1000
        assert sorted({fault for line in lines for fault in of_record(schema, json.loads(line))}) == []


SAMPLE = 'Tr0ub4dor & 3 "horses"/ü'


@pytest.mark.parametrize(
    "disguise",
    [
        lambda text: f"before {text} after",
        lambda text: json.dumps({"x": text}),
        lambda text: json.dumps({"x": text}, ensure_ascii=False),
        lambda text: urlencode({"x": text}),
        html.escape,
        lambda text: text[:12],
        lambda text: text.encode().hex(),
        lambda text: text.encode().hex().upper()[4:40],
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.b64encode(b"user:" + text.encode() + b"!").decode(),
        lambda text: base64.b64encode(b"u:" + text.encode() + b"!!").decode(),
        lambda text: base64.urlsafe_b64encode(b"us:" + text.encode()).decode(),
        lambda text: hashlib.sha256(text.encode()).hexdigest(),
    ],
)
def test_a_secret_is_found_whatever_it_looks_like(disguise):
    known = Secrets()
    known.add("password", SAMPLE)
    assert known.found_in(f'{{"msg":"something","detail":"{disguise(SAMPLE)}"}}')
    assert not known.found_in('{"msg":"something","detail":"nothing of the kind"}')


def test_a_short_code_is_found_but_not_in_the_digits_of_a_time():
    known = Secrets()
    known.add("code", "123456")
    known.add("recovery code", "BCDFG-HJKLM")
    assert not known.found_in('{"time":"2026-01-31T12:00:00.123456Z","n":91234567}')
    assert known.found_in('{"detail":"typed 123456"}')
    assert known.found_in('{"detail":"bcdfghjklm"}')
