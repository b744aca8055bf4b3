"""Real proxies on both sides: HAProxy and nginx in front, nginx that wants certificates and names behind."""

import base64
import contextlib
import json
import re
import socket
import ssl
import subprocess
from urllib.parse import quote

import pytest
from tests.journeys.gateway import APP, Gateway, Page, until
from tests.net.trust.making import make
from tests.ports import free_port

CLIENT = "127.0.0.3"
"""Where these tests call from; proxies call the gateway from 127.0.0.2, and only they are believed."""

SERVICE = """
proxy_mode = "optional"
trusted_proxies = ["127.0.0.2", "unix"]
"""

PUBLIC = """
[[proxy.mapping]]
app = "{app}"
host = "{host}"
path = "{path}"
public = true
preserve_host = false
service = "{service}"
{more}
"""

HAPROXY = """
global
  maxconn 100
defaults
  timeout connect 5s
  timeout client 30s
  timeout server 30s
listen v1
  bind 127.0.0.1:{v1}
  server gateway 127.0.0.1:{gateway} send-proxy source 127.0.0.2
listen v2
  bind 127.0.0.1:{v2}
  server gateway 127.0.0.1:{gateway} send-proxy-v2 proxy-v2-options crc32c,authority,unique-id source 127.0.0.2
listen bare
  bind 127.0.0.1:{bare}
  server gateway 127.0.0.1:{gateway} source 127.0.0.2
"""

NGINX = """
daemon off; master_process off; worker_processes 1; error_log {folder}/error.log; pid {folder}/pid;
events {{ worker_connections 64; }}
http {{
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e; access_log off;
  ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key;
  ssl_client_certificate {folder}/ca.pem;
  {servers}
}}
"""

FRONT = """
  server {{
    listen 127.0.0.1:{tcp} ssl; ssl_verify_client optional;
    location / {{
      proxy_pass https://127.0.0.1:{gateway}; proxy_bind 127.0.0.2; proxy_ssl_server_name on; proxy_ssl_name {app};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Client-Cert $ssl_client_escaped_cert;
    }}
  }}
  server {{
    listen 127.0.0.1:{unix} ssl;
    location / {{
      proxy_pass http://unix:{socket}:; proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
    }}
  }}
"""

BACK = """
  server {{ listen 127.0.0.1:{told} proxy_protocol; location / {{ return 200 "$proxy_protocol_addr"; }} }}
  server {{ listen 127.0.0.1:{told_tls} ssl proxy_protocol; location / {{ return 200 "$proxy_protocol_addr"; }} }}
  server {{
    listen 127.0.0.1:{asks} ssl; ssl_verify_client on;
    location / {{ return 200 "$ssl_client_s_dn as $ssl_server_name"; }}
  }}
"""


@contextlib.contextmanager
def running(folder, *command, port):
    """A peer, once it takes connections."""
    with (folder / f"{command[0]}.txt").open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        until(lambda: process.poll() is None and accepts(port), what=f"{command[0]} to listen")
        yield process
    finally:
        process.terminate()
        process.wait(10)


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def authority():
    return make("Test authority")


@pytest.fixture(scope="module")
def files(tmp_path_factory, authority):
    """The authority, what nginx shows, and what clients show."""
    folder = tmp_path_factory.mktemp("edge")
    (folder / "ca.pem").write_bytes(authority.pem)
    for name, made in (
        ("server", make("server", APP, "inner.example", by=authority)),
        ("ada", make("ada", by=authority)),
    ):
        (folder / f"{name}.pem").write_bytes(made.pem)
        (folder / f"{name}.key").write_bytes(made.key_pem)
    return folder


@pytest.fixture(scope="module")
def start_nginx(files):
    """`start_nginx(name, servers, port)` runs one with these servers."""
    with contextlib.ExitStack() as stack:

        def start(name, servers, port):
            config = files / f"{name}.conf"
            config.write_text(NGINX.format(folder=files, servers=servers))
            return stack.enter_context(running(files, "nginx", "-c", str(config), port=port))

        yield start


def gateway_of(folder, heard_folder, mappings, service):
    return Gateway(
        folder, mappings, service=SERVICE + service, heard=heard_folder, telemetry='log_level = "trace"'
    )


def get(port, context, path="/", *, headers=(), source=CLIENT, host=APP):
    """One request to a port of this machine, in TLS."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0)) as raw,
        context.wrap_socket(raw, server_hostname=host) as connection,
    ):
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers, "", ""]
        connection.sendall("\r\n".join(lines).encode())
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    status, *fields = head.decode().split("\r\n")
    return Page(int(status.split()[1]), [tuple(line.split(": ", 1)) for line in fields], body)


def seen(page):
    """The request's fields as the application saw them, by lower case name."""
    said = json.loads(re.search(rb"<pre>(.*)</pre>", page.body, re.DOTALL)[1])
    return {name.lower(): value for name, value in said["headers"]}


def own(gateway):
    return ssl.create_default_context(cafile=gateway.data / "pki" / "root.pem")


# HAProxy in front, which passes TLS on as it is.


@pytest.fixture(scope="module")
def introduced(tmp_path_factory, upstream, heard_folder):
    """A gateway behind HAProxy, and HAProxy's ports: for version 1, version 2, and without a header."""
    folder = tmp_path_factory.mktemp("haproxy")
    mappings = PUBLIC.format(
        app="Wiki", host=APP, path="/", service=f"http://127.0.0.1:{upstream.port}", more=""
    )
    gateway = gateway_of(folder / "gateway", heard_folder, mappings, "proxy_protocol = true\n")
    ports = {"v1": free_port(), "v2": free_port(), "bare": free_port()}
    (folder / "haproxy.cfg").write_text(HAPROXY.format(gateway=gateway.port, **ports))
    gateway.start()
    try:
        with running(folder, "haproxy", "-db", "-f", str(folder / "haproxy.cfg"), port=ports["v1"]):
            yield gateway, ports
    finally:
        gateway.stop()


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_haproxy_tells_who_calls_before_the_handshake(introduced, version):
    gateway, ports = introduced
    page = get(ports[version], own(gateway), f"/{version}", headers=("X-Forwarded-For: 6.6.6.6",))
    assert page.status == 200
    assert seen(page)["x-forwarded-for"] == CLIENT

    def recorded():
        return [
            record
            for record in gateway.records()
            if record.get("component") == "http.access" and record.get("server.request.path") == f"/{version}"
        ]

    (record,) = until(recorded, what="the access record")
    assert record["server.request.client_ip"] == CLIENT


def test_whoever_calls_directly_is_a_client_and_a_proxy_without_a_header_is_refused(introduced):
    gateway, ports = introduced
    page = get(gateway.port, own(gateway), headers=("X-Forwarded-For: 6.6.6.6",))
    assert seen(page)["x-forwarded-for"] == CLIENT
    with pytest.raises(OSError):
        get(ports["bare"], own(gateway))
    until(
        lambda: any("PROXY protocol header refused" in record.get("msg", "") for record in gateway.records()),
        what="the record of the refusal",
    )


# nginx in front, which speaks TLS itself; nginx behind, which wants to know.


@pytest.fixture(scope="module")
def surrounded(tmp_path_factory, upstream, heard_folder, files, start_nginx):
    """A gateway between two nginx, and the ports of the one in front."""
    folder = tmp_path_factory.mktemp("nginx")
    back = {"told": free_port(), "told_tls": free_port(), "asks": free_port()}
    start_nginx("back", BACK.format(**back), back["asks"])
    tls = f'ca_file = "{files}/ca.pem"\ntls_server_name = "inner.example"\n'
    mine = f'tls_client_cert = "{folder}/mine.pem"\n'
    (folder / "mine.pem").write_bytes((files / "ada.key").read_bytes() + (files / "ada.pem").read_bytes())
    rows = [
        ("Wiki", "/", f"http://127.0.0.1:{upstream.port}", ""),
        ("One", "/one", f"http://127.0.0.1:{back['told']}", "send_proxy = 1"),
        ("Two", "/two", f"http://127.0.0.1:{back['told']}", "send_proxy = 2"),
        ("Both", "/both", f"https://127.0.0.1:{back['told_tls']}", tls + "send_proxy = 2"),
        ("Asks", "/asks", f"https://127.0.0.1:{back['asks']}", tls + mine),
        ("Shy", "/shy", f"https://127.0.0.1:{back['asks']}", tls),
    ]
    mappings = "".join(
        PUBLIC.format(app=app, host=APP, path=path, service=service, more=more)
        for app, path, service, more in rows
    )
    mappings += PUBLIC.format(app="Pooled", host=APP, path="/pooled", service="", more='pool = "told"')
    mappings += f"""
[[proxy.pool]]
name = "told"
backend = [{{ service = "https://127.0.0.1:{back["told_tls"]}" }}]
health = {{ interval = "100ms", healthy_after = 1 }}
{tls}
send_proxy = 1
"""
    path = folder / "gateway.sock"
    service = f'client_cert_header = "X-Client-Cert"\nclient_cert_forward = true\nunix_socket = "{path}"\n'
    gateway = gateway_of(folder / "gateway", heard_folder, mappings, service)
    ports = {"tcp": free_port(), "unix": free_port()}
    gateway.start()
    try:
        start_nginx("front", FRONT.format(gateway=gateway.port, app=APP, socket=path, **ports), ports["tcp"])
        yield gateway, ports, path, folder
    finally:
        gateway.stop()


@pytest.fixture(scope="module")
def visitor(files):
    return ssl.create_default_context(cafile=files / "ca.pem")


def test_nginx_tells_who_calls_and_what_certificate_they_showed(surrounded, files):
    _, ports, _, _ = surrounded
    context = ssl.create_default_context(cafile=files / "ca.pem")
    context.load_cert_chain(files / "ada.pem", files / "ada.key")
    fields = seen(get(ports["tcp"], context, headers=("X-Forwarded-For: 6.6.6.6, 7.7.7.7",)))
    assert (fields["x-forwarded-for"], fields["x-forwarded-proto"]) == (CLIENT, "https")
    ada = ssl.PEM_cert_to_DER_cert((files / "ada.pem").read_text())
    assert fields["client-cert"] == f":{base64.b64encode(ada).decode()}:"
    assert "x-client-cert" not in fields


def test_a_client_cannot_hand_a_certificate_to_the_gateway_itself(surrounded, files, visitor):
    gateway, ports, _, _ = surrounded
    forged = ("X-Client-Cert: " + quote((files / "ada.pem").read_text(), safe=""), "Client-Cert: :AAAA:")
    for port, context in ((gateway.port, own(gateway)), (ports["tcp"], visitor)):
        assert "client-cert" not in seen(get(port, context, headers=forged))


def test_a_proxy_on_the_same_machine_may_come_through_a_unix_socket(surrounded, visitor):
    _, ports, _, _ = surrounded
    fields = seen(get(ports["unix"], visitor, headers=("X-Forwarded-For: 6.6.6.6",)))
    assert (fields["x-forwarded-for"], fields["x-forwarded-proto"]) == (CLIENT, "https")


@pytest.mark.parametrize("path", ["/one", "/two", "/both", "/pooled"])
def test_an_upstream_that_wants_to_know_is_told_who_calls(surrounded, visitor, path):
    gateway, ports, _, _ = surrounded
    for source in (CLIENT, "127.0.0.4"):
        page = get(ports["tcp"], visitor, path, source=source)
        assert (page.status, page.body.decode()) == (200, source)
        page = get(gateway.port, own(gateway), path, source=source)
        assert page.body.decode() == source


def test_two_clients_of_one_proxy_connection_are_two_to_the_upstream(surrounded):
    gateway, *_ = surrounded
    with (
        socket.create_connection(("127.0.0.1", gateway.port), source_address=("127.0.0.2", 0)) as raw,
        own(gateway).wrap_socket(raw, server_hostname=APP) as connection,
    ):
        for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1", "192.0.2.1"):
            connection.sendall(
                f"GET /two HTTP/1.1\r\nHost: {APP}\r\nX-Forwarded-For: {address}\r\n\r\n".encode()
            )
            received = b""
            while not received.endswith(address.encode()):
                chunk = connection.recv(4096)
                assert chunk, received
                received += chunk


def test_a_client_without_an_address_is_nobody_to_the_upstream(surrounded):
    gateway, _, path, _ = surrounded
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(f"GET /one HTTP/1.1\r\nHost: {APP}\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while chunk := connection.recv(4096):
            received += chunk
    assert received.startswith(b"HTTP/1.1 200 ")
    until(
        lambda: any(record.get("component") == "proxy.director" for record in gateway.records()),
        what="the record of a client without an address",
    )


def test_an_upstream_that_asks_for_a_certificate_gets_ours(surrounded, visitor, authority):
    gateway, ports, _, folder = surrounded
    assert get(ports["tcp"], visitor, "/asks").body == b"CN=ada as inner.example"
    assert get(ports["tcp"], visitor, "/shy").status == 400
    # A broken file changes nothing; a good one is taken over, and no connection is broken for it.
    mine, good = folder / "mine.pem", (folder / "mine.pem").read_bytes()
    mine.write_bytes(good[:100])
    until(lambda: "cannot be used" in gateway.output.read_text(), what="the record of the broken file")
    assert get(ports["tcp"], visitor, "/asks").body == b"CN=ada as inner.example"
    made = make("bob", by=authority)
    mine.write_bytes(made.key_pem + made.pem)
    until(lambda: "Transport caches invalidated" in gateway.output.read_text(), what="the rotation")
    assert get(ports["tcp"], visitor, "/asks").body == b"CN=bob as inner.example"


# Clients that show a certificate to the gateway itself.


@pytest.mark.parametrize("wanted", ["optional", "required"])
def test_curl_shows_a_certificate_in_the_handshake(make_gateway, files, upstream, wanted):
    mappings = PUBLIC.format(
        app="Wiki", host=APP, path="/", service=f"http://127.0.0.1:{upstream.port}", more=""
    )
    service = f'client_cert = "{wanted}"\nclient_ca = "{files}/ca.pem"\nclient_cert_forward = true\n'
    gateway = make_gateway(wanted, mappings=mappings, service=None)
    gateway.write(service=service, mappings=mappings)
    gateway.start(wait=False)
    until(lambda: (gateway.data / "pki" / "root.pem").exists() and accepts(gateway.port), what="listening")

    def curl(*more):
        command = ["curl", "-sS", "--noproxy", "*", "--cacert", str(gateway.data / "pki" / "root.pem"), "--resolve",
                   f"{APP}:{gateway.port}:127.0.0.1", *more, f"https://{APP}:{gateway.port}/"]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, check=False)

    ada = ("--cert", str(files / "ada.pem"), "--key", str(files / "ada.key"))
    for version in ("1.2", "1.3"):
        assert "Client-Cert" in curl(*ada, "--tls-max", version).stdout
    bare = curl()
    assert ("Hello" in bare.stdout and "Client-Cert" not in bare.stdout) is (wanted == "optional")
    stranger = make("stranger")
    (gateway.folder / "stranger.pem").write_bytes(stranger.key_pem + stranger.pem)
    assert curl("--cert", str(gateway.folder / "stranger.pem")).returncode != 0
