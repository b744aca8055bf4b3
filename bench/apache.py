"""Apache with mod_auth_openidc: a session in its shared memory, a group checked, claims sent as headers.

The provider it gets the session from is a few lines here; once somebody is signed in nobody asks it again.
"""

import base64
import contextlib
import hashlib
import hmac
import http.client
import http.server
import json
import os
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from bench.peers import HOST, free_port, make_certificate, pinned, unchecked

_CLIENT, _SECRET = "bench", "not-a-secret-0123456789abcdef-0123456789"
_MODULES = Path("/usr/lib/apache2/modules")
_LOADED = ("mpm_event", "authn_core", "authz_core", "authz_user", "proxy", "proxy_http", "auth_openidc")
_CONFIGURATION = """
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/pid
ErrorLog {folder}/error.log
LogLevel warn
ServerName {host}
Listen 127.0.0.1:{port}
{modules}
{identity}
StartServers 1
ServerLimit 1
ThreadLimit 128
ThreadsPerChild 128
MaxRequestWorkers 128
MinSpareThreads 1
MaxSpareThreads 128
KeepAlive On
MaxKeepAliveRequests 0
OIDCProviderIssuer {issuer}
OIDCProviderAuthorizationEndpoint {issuer}/authorize
OIDCProviderTokenEndpoint {issuer}/token
OIDCClientID {client}
OIDCClientSecret {secret}
OIDCIDTokenSignedResponseAlg HS256
OIDCRedirectURI http://{host}:{port}/signed-in
OIDCCryptoPassphrase {secret}
OIDCSSLValidateServer Off
OIDCCacheType shm
OIDCSessionType server-cache
OIDCCookieSameSite Off
<Location />
  AuthType openid-connect
  Require claim groups:staff
</Location>
ProxyPass /signed-in !
ProxyPass / http://127.0.0.1:{origin}/ keepalive=On
ProxyPreserveHost On
"""


@contextlib.contextmanager
def apache(folder: Path, *, core: int, origin: int) -> Iterator[tuple[int, int, str]]:
    """Apache on a processor in front of the origin; yields port, process id and a session's cookies."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    port = free_port()
    with _provider(folder) as issuer:
        modules = "\n".join(f"LoadModule {name}_module {_MODULES}/mod_{name}.so" for name in _LOADED)
        identity = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
        text = _CONFIGURATION.format(
            folder=folder, host=HOST, port=port, modules=modules, identity=identity, issuer=issuer,
            client=_CLIENT, secret=_SECRET, origin=origin,
        )  # fmt: skip
        (folder / "apache.conf").write_text(text)
        program = ["/usr/sbin/apache2", "-f", str(folder / "apache.conf"), "-DFOREGROUND"]
        with pinned(program, core=core, port=port) as pid:
            yield port, pid, _sign_in(port)


def _sign_in(port: int) -> str:
    """Follow the redirects of a sign-in; the cookies at their end."""
    cookies: dict[str, str] = {}
    url = f"http://{HOST}:{port}/small/page"
    for _ in range(6):
        parts = urlsplit(url)
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection("127.0.0.1", parts.port, timeout=10, context=unchecked())
        else:
            connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=10)
        shown = "; ".join(f"{name}={value}" for name, value in cookies.items())
        headers = {"Host": parts.netloc, "Cookie": shown, "Accept": "text/html"}
        connection.request("GET", f"{parts.path}?{parts.query}", headers=headers)
        answer = connection.getresponse()
        answer.read()
        if parts.port == port:
            for line in answer.headers.get_all("Set-Cookie") or []:
                name, _, value = line.partition(";")[0].partition("=")
                cookies[name] = value
                if not value:
                    del cookies[name]
        connection.close()
        if answer.status == 200:
            return "; ".join(f"{name}={value}" for name, value in cookies.items())
        url = answer.headers["Location"] or ""
        if not url:
            break
    raise RuntimeError(f"signing in at Apache ended with {answer.status}")


class _Provider(http.server.BaseHTTPRequestHandler):
    """Signs everybody in as alice of the staff, at once."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        given = urlencode({"code": asked["nonce"], "state": asked["state"]})
        self._answer(302, b"", Location=f"{asked['redirect_uri']}?{given}")

    def do_POST(self):
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        now = int(time.time())
        claims = {
            "iss": f"https://127.0.0.1:{self.server.server_port}", "aud": _CLIENT, "sub": "alice", "iat": now,
            "exp": now + 3600, "nonce": asked["code"][0], "groups": ["staff"], "email": "alice@bench.localhost",
        }  # fmt: skip
        token = {"access_token": "a", "token_type": "Bearer", "expires_in": 3600, "id_token": _jwt(claims)}
        self._answer(200, json.dumps(token).encode(), **{"Content-Type": "application/json"})

    def _answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def _provider(folder: Path) -> Iterator[str]:
    make_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Provider)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _jwt(claims: dict[str, object]) -> str:
    head = _words(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = _words(json.dumps(claims).encode())
    signature = hmac.digest(_SECRET.encode(), f"{head}.{body}".encode(), hashlib.sha256)
    return f"{head}.{body}.{_words(signature)}"


def _words(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
