"""People sign in with certificates, in a browser and with curl; revoked ones take along what is open."""

import base64
import contextlib
import json
import re
import socket
import ssl
import subprocess
import threading
import time

import pytest
from cryptography import x509
from tests.authn.x509.making import Made, Static, openssl_responder, root
from tests.journeys.gateway import APP, MAPPING, SIGN_IN, Visitor, until
from tests.ports import free_port
from websockets.sync.client import connect

CERTIFICATES = """
[authn.x509]
enabled = true
authorities = "{folder}/ca.pem"
{more}

[sessions]
extend_every = "1s"
"""
ASKING = 'client_cert = "optional"\nclient_ca = "{folder}/ca.pem"\n'


@pytest.fixture(scope="module")
def ca():
    return root("CN=People of Example", now=time.time())


@pytest.fixture(scope="module")
def files(tmp_path_factory, ca):
    """Certificates of alice and bob, and of nobody."""
    folder = tmp_path_factory.mktemp("clients")
    (folder / "ca.pem").write_bytes(ca.pem)
    for name in ("alice", "bob", "nobody"):
        made = ca.issue(f"CN={name}")
        (folder / f"{name}.pem").write_bytes(made.pem)
        (folder / f"{name}.key").write_bytes(made.key_pem)
        (folder / f"{name}.der").write_bytes(made.der)
    return folder


@pytest.fixture
def start(make_gateway, files, upstream):
    """`start(name, more)` runs a gateway that asks for certificates."""

    def run(name, more="", *, service=None, mappings=""):
        wiki = MAPPING.format(
            app="Wiki", host=APP, service=f"http://127.0.0.1:{upstream.port}", groups='["staff"]'
        )
        chat = MAPPING.format(
            app="Chat", host=APP, service=f"http://127.0.0.1:{upstream.websocket_port}", groups='["staff"]'
        )
        gateway = make_gateway(name, mappings="")
        gateway.write(
            service=ASKING.format(folder=files) if service is None else service,
            mappings=CERTIFICATES.format(folder=files, more=more)
            + wiki
            + chat
            + 'path = "/chat"\n'
            + mappings,
            telemetry='log_level = "trace"',
        )
        gateway.people()
        return gateway.start()

    return run


class Bearer(Visitor):
    """Somebody who shows a certificate in every handshake."""

    def __init__(self, gateway, folder, name):
        super().__init__(gateway)
        context = ssl.create_default_context(cafile=gateway.data / "pki" / "root.pem")
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")

        def connect(host, *, timeout=15.0):
            raw = socket.create_connection(("127.0.0.1", gateway.port), timeout=timeout)
            return context.wrap_socket(raw, server_hostname=host)

        gateway.connect = connect

    def sign_in_with_certificate(self, path="/"):
        """Ask for a page, choose the certificate on the page that comes, and return where that ends."""
        page = self.get(path)
        link = re.search(rb'href="(/signin/x509[^"]*)"', page.body)[1].decode().replace("&amp;", "&")
        page = self.go("GET", SIGN_IN, link)
        sealed = re.search(r'name="form" value="([^"]*)"', page.body.decode())
        if sealed is None:
            return page
        return self.go("POST", SIGN_IN, "/signin/x509", form={"form": sealed[1]})


class Tunnels:
    """A proxy to the gateway, whatever host is asked for.

    Playwright shows certificates from a process of its own, which asks the system for addresses and
    gets none for names under localhost, unless there is a proxy that it leaves them to.
    """

    def __init__(self, port):
        self._to = port
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._open = [self._socket]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with contextlib.suppress(OSError):
            asked = b""
            while not asked.endswith(b"\r\n\r\n"):
                asked += client.recv(1) or b"\r\n\r\n"
            server = socket.create_connection(("127.0.0.1", self._to))
            self._open += [client, server]
            client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            threading.Thread(target=self._pump, args=(server, client), daemon=True).start()
            self._pump(client, server)

    def _pump(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


def spoken(gateway, component):
    return [record["msg"] for record in gateway.records() if record.get("component") == component]


def is_spoken(gateway, component, message):
    """Records are written a moment after the answer has left."""
    until(lambda: message in spoken(gateway, component), what=message)


def cookie_of(visitor):
    return "; ".join(f"{name}={value}" for name, value in visitor.cookies[APP].items())


def test_people_with_certificates_get_in_in_a_browser(start, files, chromium):
    gateway = start("browser")
    shown = {"certPath": str(files / "alice.pem"), "keyPath": str(files / "alice.key")}
    with Tunnels(gateway.port) as tunnels:
        context = chromium.new_context(
            ignore_https_errors=True,
            java_script_enabled=False,
            proxy={"server": f"http://127.0.0.1:{tunnels.port}"},
            client_certificates=[{"origin": f"https://{SIGN_IN}:{gateway.port}", **shown}],
        )
        try:
            page = context.new_page()
            page.goto(f"https://{APP}:{gateway.port}/wanted")
            page.get_by_role("link", name="Sign in with a certificate").click()
            assert "alice" in page.inner_text("main")
            assert "People of Example" in page.inner_text("main")
            page.locator("button:focus").wait_for()
            page.keyboard.press("Enter")
            page.wait_for_url(f"https://{APP}:{gateway.port}/wanted")
            assert page.inner_text("h1") == "Hello Alice"
        finally:
            context.close()
    bare = chromium.new_context(ignore_https_errors=True, java_script_enabled=False)
    try:
        page = bare.new_page()
        page.goto(f"https://{SIGN_IN}:{gateway.port}/signin/x509")
        assert "Your browser showed no certificate" in page.inner_text("main")
        page.get_by_role("link", name="Sign in another way").click()
        page.get_by_label("User name").wait_for()
    finally:
        bare.close()
    is_spoken(gateway, "signin.x509", "X.509 authentication successful")


def test_programs_get_in_with_curl(start, files):
    gateway = start("curl")

    def curl(*more):
        url = f"https://{SIGN_IN}:{gateway.port}/api/signin/x509"
        command = ["curl", "-sS", "-i", "--noproxy", "*", "--cacert", str(gateway.data / "pki" / "root.pem"),
                   "--resolve", f"{SIGN_IN}:{gateway.port}:127.0.0.1", "--json", "{}", *more, url]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    for version in ("--http1.1", "--http2"):
        alice = curl(version, "--cert", str(files / "alice.pem"), "--key", str(files / "alice.key"))
        assert "200" in alice.splitlines()[0]
        assert "__Host-yett-sso=" in alice
        assert '"state":"signed_in"' in alice
    nobody = curl("--cert", str(files / "nobody.pem"), "--key", str(files / "nobody.key"))
    assert json.loads(nobody.splitlines()[-1])["code"] == "certificate_without_account"
    assert json.loads(curl().splitlines()[-1])["code"] == "no_certificate"


@pytest.mark.parametrize("how", ["crl", "ocsp"])
def test_a_revoked_certificate_takes_what_is_open_along(start, files, ca, tmp_path, how):
    alice = Made(x509.load_pem_x509_certificate((files / "alice.pem").read_bytes()), None)
    responder, port = ca.responder(), free_port()
    with Static() as static:
        static.bodies["/ca.crl"] = ca.crl()
        more = (
            f'crl_refresh = "1s"\nrecheck_every = "0s"\n[[authn.x509.crl]]\nurls = ["{static.url}/ca.crl"]'
            if how == "crl"
            else f'ocsp = true\nocsp_cache = "1s"\nrecheck_every = "0s"\nocsp_urls = ["http://127.0.0.1:{port}"]'
        )
        with openssl_responder(tmp_path, ca, responder, port, good=[alice]):
            gateway = start(how, more)
            if how == "crl":
                until(lambda: "CRL loaded successfully" in spoken(gateway, "x509.crl.init"), what="the list")
            visitor = Bearer(gateway, files, "alice")
            page = until(
                lambda: (found := visitor.sign_in_with_certificate()).status == 200 and found,
                what="being let in",
            )
            assert "Hello Alice" in page.text
            chat = connect(
                f"ws://{APP}:{gateway.port}/chat",
                sock=gateway.connect(APP),
                additional_headers={"Cookie": cookie_of(visitor)},
                open_timeout=10,
            )
        with chat, openssl_responder(tmp_path, ca, responder, port, revoked=[alice]):
            chat.send("one")
            assert chat.recv(10) == "one"
            static.bodies["/ca.crl"] = ca.crl(alice)

            # Use of any page is what extends the session; what is found out then ends everything.
            until(lambda: visitor.get("/again") and visitor.at[0] == SIGN_IN, what="being sent away")
            with pytest.raises(Exception, match=r"close|reset|EOF"):
                chat.recv(10)
            refused = visitor.sign_in_with_certificate()
            assert refused.status == 403
            assert "has been revoked" in refused.text
    is_spoken(
        gateway,
        "x509.session_validator",
        "Session extension rejected: external certificate revoked (OCSP/cache)",
    )
    is_spoken(gateway, "signin.x509", "Certificate revoked")


def test_a_certificate_may_come_from_a_proxy_that_did_not_check_it(start, files, ca):
    """As nginx hands it over with `ssl_verify_client optional_no_ca`: what is wrong is told here, in words."""
    service = (
        'proxy_mode = "optional"\ntrusted_proxies = ["127.0.0.0/8"]\nclient_cert_header = "X-Client-Cert"\n'
    )
    gateway = start("proxied", service=service)

    def call(der):
        headers = {
            "Content-Type": "application/json",
            "X-Forwarded-For": "203.0.113.9",
            "X-Client-Cert": base64.b64encode(der).decode(),
        }
        return gateway.fetch("POST", SIGN_IN, "/api/signin/x509", headers=headers, body="{}")

    assert call((files / "alice.der").read_bytes()).status == 200
    for made, code in (
        (ca.issue("CN=alice", begins=-100, ends=-50), "certificate_expired"),
        (ca.issue("CN=alice", begins=500), "certificate_not_yet_valid"),
        (root("CN=People of Example", now=time.time()).issue("CN=alice"), "certificate_not_trusted"),
        (ca.issue("CN=alice", purposes=None), "certificate_not_trusted"),
    ):
        answer = call(made.der)
        assert (answer.status, json.loads(answer.body)["code"]) == (403, code)
    # The same field from somebody who is no proxy is nothing.
    gateway.write(service=service.replace("127.0.0.0/8", "192.0.2.0/24"))
    until(lambda: "Config reload successful" in gateway.output.read_text(), what="the reload")
    assert json.loads(call((files / "alice.der").read_bytes()).body)["code"] == "no_certificate"


def test_operators_can_look(start, files, ca, tmp_path):
    (tmp_path / "ca.crl").write_bytes(ca.crl(number=41))
    gateway = start("looking", f'[[authn.x509.crl]]\nurls = ["{tmp_path}/ca.crl"]')
    until(lambda: "41" in gateway.run("admin", "x509", "crl", "--refresh"), what="the list")
    shown = gateway.run("x509", "check", str(files / "alice.pem"))
    assert "yes: CN=People of Example" in shown
    assert "alice" in shown
    assert gateway.run("x509", "check", str(files / "alice.key"), check=False).returncode == 1
    gateway.stop()
    assert "X.509 module cleanup complete" in spoken(gateway, "x509.cleanup")


def test_half_a_configuration_is_refused_with_all_its_mistakes(make_gateway):
    gateway = make_gateway("half", mappings='[authn.x509]\nenabled = true\nocsp = true\nidentity = "upn"\n')
    said = gateway.run("check", check=False)
    assert said.returncode == 1
    for key in ("enabled", "authorities", "ocsp", "upn_domains"):
        assert f"authn.x509.{key}" in said.stdout + said.stderr
