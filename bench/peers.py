"""nginx: the origin, a plain proxy, one with a JSON access log, one with TLS, and two with auth_request."""

import contextlib
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

HOST = "app.bench.localhost"
COOKIE = "session=good"

_COMMON = """
daemon off;
master_process off;
worker_processes 1;
error_log {folder}/error.log warn;
pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  access_log off; keepalive_requests 100000000; tcp_nodelay on;
  log_format json escape=json '{{"time":"$time_iso8601","client":"$remote_addr","method":"$request_method",'
    '"host":"$host","path":"$uri","status":$status,"bytes":$bytes_sent,"duration":$request_time,"id":"$request_id"}}';
  {body}
}}
"""
_UPSTREAM = "upstream origin {{ server 127.0.0.1:{origin}; keepalive 128; keepalive_requests 100000000; }}"
_PASS = 'proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;'
_TLS = """ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem; ssl_protocols TLSv1.3;"""
_ASKED = (
    _UPSTREAM
    + """ upstream authority {{ server 127.0.0.1:{auth}; keepalive 128; keepalive_requests 100000000; }}
    server {{ listen 127.0.0.1:{port};
    location / {{ auth_request /auth; auth_request_set $user $upstream_http_x_user;
      proxy_set_header X-User $user; """
    + _PASS
    + """ }}
    location = /auth {{ internal; proxy_pass http://authority; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_pass_request_body off; proxy_set_header Content-Length ""; }} }}"""
)

ORIGIN = """
  server {{ listen 127.0.0.1:{port}; root {folder}/root;
    location / {{ try_files /1k =404; }} location /large/ {{ try_files /100k =404; }} }}
"""
PLAIN = _UPSTREAM + " server {{ listen 127.0.0.1:{port}; location / {{ " + _PASS + " }} }}"
LOGGED = (
    _UPSTREAM
    + " server {{ listen 127.0.0.1:{port}; access_log {folder}/access.log json; location / {{ "
    + _PASS
    + " }} }}"
)
SECURE = (
    _UPSTREAM + " server {{ listen 127.0.0.1:{port} ssl http2; " + _TLS + " location / {{ " + _PASS + " }} }}"
)
AUTHORISED = (
    _ASKED
    + """ server {{ listen 127.0.0.1:{auth}; location / {{
      if ($cookie_session != "good") {{ return 401; }} add_header X-User alice; return 204; }} }}"""
)
DELEGATED = _ASKED
"""Asks a service that somebody else starts, at the port `auth`."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def nginx(body: str, folder: Path, *, core: int, **values: int) -> Iterator[tuple[int, int]]:
    """nginx with this configuration on a processor; yields its port and process id."""
    folder.mkdir(parents=True, exist_ok=True)
    root = folder / "root"
    root.mkdir(exist_ok=True)
    (root / "1k").write_bytes(b"x" * 1024)
    (root / "100k").write_bytes(b"x" * 102_400)
    folder.chmod(0o755)
    if "ssl" in body:
        make_certificate(folder)
    port = free_port()
    values = {"auth": free_port(), **values}
    text = _COMMON.format(folder=folder, body=body.format(folder=folder, port=port, **values))
    (folder / "nginx.conf").write_text(text)
    program = ["/usr/sbin/nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with pinned(program, core=core, port=port) as pid:
        yield port, pid


@contextlib.contextmanager
def pinned(program: list[str], *, core: int, port: int) -> Iterator[int]:
    """A program on a processor, from when it listens on `port`; yields its process id."""
    process = subprocess.Popen(
        ["taskset", "-c", str(core), *program],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(port, process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=40)


def make_certificate(folder: Path) -> None:
    """A certificate like those that Yett's own authority issues: P-256."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", "2", "-subj", f"/CN={HOST}"],
        check=True, capture_output=True,
    )  # fmt: skip


def unchecked() -> ssl.SSLContext:
    """TLS to programs that this bench started on this very machine, with certificates nobody signed.

    Only to get a session and to compare bytes; nothing that is measured or shipped uses it.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def wait_for(port: int, process: "subprocess.Popen[bytes]", seconds: float = 20) -> None:
    """Return when somebody listens; RuntimeError when the process ended or time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    raise RuntimeError(f"nothing listens on port {port}")
