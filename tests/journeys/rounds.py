"""Everything that people and operators can do with a gateway, done once, with what is secret in it noted."""

import base64
import contextlib
import gzip
import html
import http.client
import json
import re
import socketserver
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode

from tests.journeys.fixtures import SECOND
from tests.journeys.gateway import APP, PASSWORDS, SIGN_IN, Visitor, until
from tests.journeys.mail_server import html_of, text_of
from tests.journeys.test_client_certificates import Bearer
from tests.journeys.test_devices import GRANT, hidden
from tests.journeys.test_passkeys import Device
from tests.journeys.test_proof_of_work import challenge, work
from tests.journeys.test_proof_of_work import post as post_proof
from tests.journeys.test_second_factors import fill
from tests.kdc import PASSWORDS as REALM
from tests.kdc import header
from tests.tampering import altered

WALLED = "wall.yett.localhost"
LDAP_PASSWORD = "carols phrase of 4 herons"
TYPED_WRONG = "not her password, a 9 heron"
LINK = re.compile(r"https://[^/\s]+(/signin/link/open\?\S+)")
CODE = re.compile(r"\b[B-Z]{4,5}-[B-Z]{4,5}\b")


class Listening:
    """Two places where records and notices go: an HTTP server and a syslog server. `said` is all they got."""

    def __init__(self):
        self.said = {"posts": [], "otlp": [], "syslog": []}
        listening = self

        class Posts(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers["Content-Encoding"] == "gzip":
                    body = gzip.decompress(body)
                listening.said["otlp" if self.path == "/v1/logs" else "posts"].append(body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                """Nothing to say."""

        class Lines(socketserver.BaseRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError):
                    while data := self.request.recv(65536):
                        listening.said["syslog"].append(data)

        self.posts = ThreadingHTTPServer(("127.0.0.1", 0), Posts)
        self.syslog = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Lines)
        self.syslog.daemon_threads = True

    def __enter__(self):
        for server in (self.posts, self.syslog):
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        for server in (self.posts, self.syslog):
            server.shutdown()
            server.server_close()


class Rounds:
    """The gateway, what belongs to it, and everything that happens there."""

    def __init__(self, gateway, post, kdc, tickets, folder):
        self.gateway, self.post, self.kdc, self.tickets = gateway, post, kdc, tickets
        self.folder = folder
        self.secrets = gateway.secrets
        self.read = set()
        self.said_openly = []

    def run(self, chromium):
        """All of it, in an order in which each chapter finds what it needs."""
        self.wrong_passwords()
        self.second_factors()
        self.applications()
        self.devices()
        self.links()
        self.invitation()
        self.wall()
        self.directory()
        self.kerberos()
        self.certificates()
        self.passkeys(chromium)
        self.profile()
        self.operators()
        self.note_mails()
        self.secrets.allow(*self.said_openly)
        for path in (self.gateway.data / "pki").glob("*"):
            if b"PRIVATE KEY" in path.read_bytes():
                self.secrets.add_file("authority's key", path)

    def mailed(self, address, pattern):
        """What a mail to somebody says that nobody has read yet."""

        def found():
            for place, mail in enumerate(self.post.mails):
                match = place not in self.read and mail["To"] == address and pattern.search(text_of(mail))
                if match:
                    self.read.add(place)
                    return match
            return None

        return until(found, what=f"a mail to {address}")

    def note_mails(self):
        """Codes and links are secrets of those they are sent to."""
        for mail in self.post.mails:
            text = text_of(mail) + html.unescape(html_of(mail))
            if mail["To"] != "ops@example.org":
                for code in CODE.findall(text):
                    self.secrets.add("code by mail", code)
                for link in re.findall(r"https://[^\s\"<>]+", text):
                    self.gateway._heard_address(link)

    def wrong_passwords(self):
        for name in ("alice", "nobody-here", TYPED_WRONG):
            Visitor(self.gateway).sign_in(name if name != TYPED_WRONG else PASSWORDS["bob"], TYPED_WRONG)

    def second_factors(self):
        """A code by mail, wrong and right, an authenticator, and recovery codes."""
        visitor = Visitor(self.gateway)
        page = visitor.sign_in("alice")
        page = fill(visitor, page, code="BCDF-GHJK")
        page = fill(visitor, page, code=self.mailed("alice@example.org", CODE)[0])
        page = fill(visitor, page)
        secret = re.search(r"<code>([A-Z2-7]{32})</code>", page.body.decode())[1]
        self.secrets.add("authenticator secret", secret)
        self.secrets.add("authenticator secret", base64.b32decode(secret).decode("latin-1"))
        for counted in range(3):
            page = fill(visitor, page, code=code_at(secret, counted))
            if CODE.search(page.text):
                break
        codes = CODE.findall(page.text)
        assert len(codes) == 10
        for code in codes:
            self.secrets.add("recovery code", code)
        self.codes = codes[1:]
        for typed in (codes[0], codes[0], "BCDFG-HJKLM"):
            again = Visitor(self.gateway)
            fill(again, again.sign_in("alice"), code=typed)
        self.visitor = visitor

    def confirm(self):
        """Show anew that it is her, as pages want it that change something."""
        page = self.visitor.get("/signin?again=1&next=/profile", SIGN_IN)
        page = fill(self.visitor, page, name="alice", password=PASSWORDS["alice"])
        page = fill(self.visitor, page, code=self.codes.pop())
        assert self.visitor.at == (SIGN_IN, "/profile"), page.text

    def applications(self):
        """Requests that carry what applications keep secret, in every place of a request."""
        marks = {
            name: f"8b2f-{name}-61d9-of-the-application"
            for name in ("query", "body", "bearer", "cookie", "field")
        }
        for name, mark in marks.items():
            self.secrets.add(name, mark)
        path = "/echo?" + urlencode({"access_token": marks["query"]})
        page = self.visitor.get(path)
        said = json.loads(html.unescape(re.search(rb"<pre>(.*)</pre>", page.body, re.DOTALL)[1].decode()))
        for name, value in said["headers"]:
            if name.lower() in {"authorization", "x-yett-assertion", "signature"}:
                self.secrets.add("what the application was told", value.rpartition(" ")[2])
        jar = {**self.visitor.cookies[APP], "theirs": marks["cookie"]}
        sent = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in jar.items()),
            "Authorization": f"Bearer {marks['bearer']}",
            "X-Api-Key": marks["field"],
            "Content-Type": "application/x-www-form-urlencoded",
        }
        for path in (
            f"/?token={marks['query']}",
            f"/dies?token={marks['query']}",
            f"/garbage?{marks['query']}",
        ):
            with contextlib.suppress(http.client.HTTPException):
                self.gateway.fetch("POST", APP, path, headers=sent, body=f"password={marks['body']}")
        basic = base64.b64encode(f"alice:{marks['bearer']}".encode()).decode()
        self.visitor.get("/?" + urlencode({"token": marks["query"]}), SECOND)
        with contextlib.suppress(OSError):
            self.gateway.fetch(
                "GET", APP, f"/%zz?{marks['query']}", headers={"Authorization": f"Basic {basic}"}
            )
        for line in (
            f"GET /?t={marks['query']} HTTP/1.1\r\nHost: {APP}\r\nHost: {marks['field']}\r\n\r\n",
            f"GET /?t={marks['query']} HTTP/9.9\r\nAuthorization {marks['bearer']}\r\n\r\n",
            f"{marks['field']}\x00 / HTTP/1.1\r\n\r\n",
        ):
            self.gateway.raw(line.encode(), timeout=2)

    def profile(self):
        """She changes her password: the old one is wrong first."""
        self.confirm()
        new = "yet another 5 sentence"
        for old in (TYPED_WRONG, PASSWORDS["alice"]):
            page = self.visitor.get("/profile/password", SIGN_IN)
            fill(self.visitor, page, old=old, new=new, again=new)

    def devices(self):
        visitor = Visitor(self.gateway)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}

        def post(path, **fields):
            page = self.gateway.fetch("POST", SIGN_IN, path, headers=headers, body=urlencode(fields))
            return json.loads(page.body)

        codes = post("/oidc/device_authorization", client_id="cli")
        polled = {"grant_type": GRANT, "device_code": codes["device_code"], "client_id": "cli"}
        post("/oidc/token", **polled)
        post("/oidc/token", **{**polled, "device_code": "made-up-" + codes["device_code"]})
        page = self.visitor.get("/device", SIGN_IN)
        page = self.visitor.go(
            "POST", SIGN_IN, "/device", form={"form": hidden(page), "user_code": codes["user_code"]}
        )
        if b'name="decision"' in page.body:
            form = {"form": hidden(page), "decision": "allow"}
            self.visitor.go("POST", SIGN_IN, "/device/decide", form=form)
        post("/oidc/token", **polled)
        return visitor

    def links(self):
        """A link by mail, mistyped, confirmed in another browser, and opened again."""
        visitor, phone = Visitor(self.gateway), Visitor(self.gateway)
        visitor.get("/")
        page = fill(visitor, visitor.get("/signin/link", SIGN_IN), email="alice@example.org")
        number = re.search(rb'id="check">(\d\d)<', page.body)[1].decode()
        link = self.mailed("alice@example.org", LINK)[1]
        phone.get(altered(link), SIGN_IN)
        opened = phone.get(link, SIGN_IN)
        opened = fill(phone, opened, check="00" if number != "00" else "11", action="authorize")
        fill(phone, opened, check=number, action="authorize")
        visitor.get("/signin/link/wait", SIGN_IN)
        phone.get(link, SIGN_IN)

    def invitation(self):
        """A link of an operator's, for somebody who has no factor yet."""
        invited = self.gateway.run("admin", "onboarding", "invite", "bob")
        path = re.search(r"https://[^/]+(/onboarding/invitation\?t=\S+)", invited)[1]
        bob = Visitor(self.gateway)
        page = bob.get(path, SIGN_IN)
        fill(bob, page)
        Visitor(self.gateway).get(path, SIGN_IN)

    def wall(self):
        """Work for a pass, with a form that waits behind it."""
        for given in (challenge(self.gateway, host=WALLED), challenge(self.gateway, host=WALLED, to="/")):
            # Records name a challenge by its id, as pages do; what has to be solved is another text.
            self.said_openly.append(given["id"])
            solved = work(given)
            for fields in ({**solved, "nonce": "0"}, solved, solved):
                post_proof(self.gateway, "solution", fields, host=WALLED)
        sent = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
        body = urlencode({"card": "8b2f-held-61d9-in-a-form"})
        self.secrets.add("a form that waits", "8b2f-held-61d9-in-a-form")
        self.gateway.fetch("POST", WALLED, "/save", headers=sent, body=body)

    def directory(self):
        for password in (TYPED_WRONG, LDAP_PASSWORD):
            Visitor(self.gateway).sign_in("carol", password)
        self.gateway.run("admin", "directory", "sync", "--full", check=False)

    def kerberos(self):
        token = header(self.kdc.token(self.tickets["alice"]))
        for sent in (token, token, "Negotiate bm90IGEgdGlja2V0IGF0IGFsbA=="):
            self.gateway.fetch("GET", SIGN_IN, "/signin/kerberos", headers={"Authorization": sent})
        for password in (TYPED_WRONG, REALM["alice"]):
            visitor = Visitor(self.gateway)
            page = visitor.get("/signin/kerberos/password", host=SIGN_IN)
            form = {"form": hidden(page), "name": "alice", "password": password}
            visitor.go("POST", SIGN_IN, "/signin/kerberos/password", form=form)
        self.gateway.run("admin", "kerberos", "refresh-all", check=False)

    def certificates(self):
        bearer = Bearer(self.gateway, self.folder, "alice")
        bearer.sign_in_with_certificate()
        self.gateway.__dict__.pop("connect")

    def passkeys(self, chromium):
        self.confirm()
        context = chromium.new_context(ignore_https_errors=True)
        # The authenticator would accept the browser's own offer at once.
        context.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
        page = context.new_page()
        device = Device(context.new_cdp_session(page))
        page.on("request", self.note)
        jar = self.visitor.cookies[SIGN_IN]
        context.add_cookies(
            [{"name": k, "value": v, "url": f"https://{SIGN_IN}:{self.gateway.port}"} for k, v in jar.items()]
        )
        page.goto(f"https://{SIGN_IN}:{self.gateway.port}/profile/passkeys")
        page.wait_for_selector("#passkey-new")
        page.fill("#device", "Laptop")
        page.click("#passkey-new button")
        page.wait_for_selector("dt:has-text('Laptop')")
        (credential,) = device.credentials
        self.secrets.add("passkey's private key", credential["privateKey"])
        context.clear_cookies()
        page.goto(f"https://{SIGN_IN}:{self.gateway.port}/signin")
        page.click("#passkey-signin button")
        page.wait_for_selector("h1:has-text('Alice')")
        for cookie in context.cookies():
            self.secrets.add("cookie", cookie["value"])
        context.close()

    def note(self, request):
        """What a browser's scripts send: the challenge, too, comes back in it."""
        if request.url.endswith("/finish"):
            content = json.loads(request.post_data)
            self.gateway._heard_json(content)
            data = re.search(r'"clientDataJSON": *"([^"]+)"', json.dumps(content))[1]
            self.secrets.add("challenge", json.loads(base64.urlsafe_b64decode(data + "=="))["challenge"])

    def operators(self):
        self.gateway.run(
            "users", "passwd", "bob", "--password-stdin", stdin="a new phrase of 6 bobs\n", check=False
        )
        self.secrets.add("password", "a new phrase of 6 bobs")
        for words in (
            ("mail", "test", "ops@example.org"),
            ("notify", "test", "pager"),
            ("config", "show"),
            ("totp", "show", "alice"),
            ("status",),
            # What somebody pastes in the wrong place.
            ("sessions", "revoke", next(iter(self.visitor.cookies[APP].values()))),
            ("passkey", "list", PASSWORDS["alice"]),
            (PASSWORDS["bob"],),
        ):
            self.gateway.run("admin", *words, check=False)


def code_at(secret, counted):
    """What an authenticator app shows, now or some steps from now."""
    moment = (int(time.time()) // 30 + counted) * 30
    words = ["oathtool", "--totp", "--base32", "--now", f"@{moment}", secret]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=30).stdout.strip()
