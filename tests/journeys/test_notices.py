"""Something happens, and operators are told of it by mail and webhook, signed, once."""

import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.journeys.gateway import Visitor, until
from tests.journeys.mail_server import MailServer, html_of, text_of

SECRET = "a secret of the pager"
SETTINGS = """
[smtp]
host = "127.0.0.1"
port = {mail}
security = "none"
sender = "Yett <yett@example.org>"

[notify]
digest_interval = "2s"

[[notify.webhook]]
name = "pager"
url = "http://127.0.0.1:{hook}/hook?key=k-9f2"
secret = "{secret}"
allow_private = true

[[notify.webhook]]
name = "closed"
url = "https://127.0.0.1:{hook}/"
secret = "{secret}"

[[notify.rule]]
name = "refusals"
codes = ["access.*"]
mail = ["ops@example.org"]
webhooks = ["pager"]

[[notify.rule]]
name = "sign-ins"
codes = ["signin.success.*"]
severity = "info"
mail = ["audit@example.org"]
digest = true
"""


@pytest.fixture
def hook():
    posts = []

    class Sink(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posts.append((self.path, dict(self.headers), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            """Nothing to say."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    server.posts = posts
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def mail():
    with MailServer() as server:
        yield server


def test_operators_are_told_of_what_their_rules_name(make_gateway, hook, mail):
    settings = SETTINGS.format(mail=mail.port, hook=hook.server_port, secret=SECRET)
    gateway = make_gateway(telemetry=f'log_level = "debug"\n{settings}')
    gateway.people()
    gateway.start()

    Visitor(gateway).sign_in("bob")

    (path, headers, body) = until(lambda: hook.posts and hook.posts[0], what="the webhook")
    assert path == "/hook?key=k-9f2"
    said = dict(part.split("=") for part in headers["X-Yett-Signature"].split(","))
    expected = hmac.new(SECRET.encode(), said["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert said["v1"] == expected
    post = json.loads(body)
    assert post["event"] == "access.denied"
    assert post["rule"] == "refusals"
    assert "bob" not in body.decode()

    mails = {str(each["To"]): each for each in mail.until(2)}
    refusal, digest = mails["ops@example.org"], mails["audit@example.org"]
    assert "bob" in text_of(refusal)
    assert "access.denied" in html_of(refusal)
    assert "sign-ins" in str(digest["Subject"])
    assert "User signed in successfully" in text_of(digest)

    assert "sent" in gateway.run("admin", "mail", "test", "carol@example.org")
    assert str(mail.until(3)[2]["Subject"]) == "Test mail from Yett"
    assert "204" in gateway.run("admin", "notify", "test", "pager")
    refused = gateway.run("admin", "notify", "test", "closed", check=False)
    assert refused.returncode == 1
    assert "private_address" in refused.stderr
    status = gateway.run("admin", "notify", "status")
    assert "webhook pager" in status

    everything = gateway.output.read_text() + gateway.errors.read_text()
    for secret in (SECRET, "k-9f2", "ops@example.org", "carol@example.org"):
        assert secret not in everything


def test_mistakes_are_listed_together(make_gateway):
    gateway = make_gateway(
        telemetry="""
[smtp]
host = "mail.example.org"
username = "yett"
security = "none"
[[notify.webhook]]
name = "pager"
url = "http://pager.example.org/"
secret = "0123456789abcdef"
[[notify.rule]]
name = "a"
codes = ["no.such.*"]
webhooks = ["other"]
"""
    )
    done = gateway.run("check", check=False)
    assert done.returncode == 1
    for key in ("smtp.sender", "smtp.password", "smtp.security", "notify.webhook[pager].url",
                "notify.rule[a].codes", "notify.rule[a].webhooks"):  # fmt: skip
        assert key in done.stderr, done.stderr
