"""What applications are told by tokens and signatures, and what ends with a lost group, seen from outside."""

import asyncio
import base64
import datetime
import json
import re
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import HTTPMessageVerifier, MappingKeyResolver, algorithms
from tests.journeys.gateway import MAPPING, SIGN_IN, Gateway, Visitor, run_apart, until
from tests.oidc.test_minting import decode, read
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

TOKENS, SIGNED, SHARED, CHAT = (
    "tok.yett.localhost",
    "sig.yett.localhost",
    "mac.yett.localhost",
    "chat.yett.localhost",
)
KEY = "0123456789abcdef0123456789abcdef"
MORE = {
    TOKENS: '[proxy.mapping.bearer]\naudience = "https://tokens.internal"\nlifetime = "10s"\n',
    SIGNED: '[proxy.mapping.bearer]\n[proxy.mapping.request_signing]\nmax_body = "1KiB"\n',
    SHARED: '[proxy.mapping.request_signing]\nalg = "hmac-sha256"\nlarger = "refuse"\nmax_body = "1KiB"\n'
    f'key = "{KEY}"\n',
    CHAT: "",
}


class Application(BaseHTTPRequestHandler):
    """Says what it got."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = {
            "method": self.command,
            "target": self.path,
            "headers": self.headers.items(),
            "body": base64.b64encode(body).decode(),
        }
        text = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET  # noqa: N815 - the name is the server's


@pytest.fixture(scope="module")
def application():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Application)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def place(tmp_path_factory, application, upstream, heard_folder):
    mappings = ""
    for host, more in MORE.items():
        port = upstream.websocket_port if host == CHAT else application
        service = f"http://127.0.0.1:{port}"
        mappings += (
            MAPPING.format(app=host.split(".")[0], host=host, service=service, groups='["staff"]') + more
        )
    made = Gateway(
        tmp_path_factory.mktemp("vouching"), mappings, heard=heard_folder, telemetry='log_level = "debug"'
    )
    made.people()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def visit(place):
    def make(host):
        visitor = Visitor(place, app_host=host)
        visitor.sign_in("alice")
        return visitor

    return make


def got(page):
    """What the application got; the names of fields in lower case."""
    assert page.status == 200, page.text
    said = json.loads(page.body)
    fields = [(name.lower(), value) for name, value in said["headers"]]
    assert len(dict(fields)) == len(fields)
    return SimpleNamespace(**{**said, "headers": dict(fields), "body": base64.b64decode(said["body"])})


def send(visitor, host, path, body, **headers):
    """A request of a script with the visitor's session."""
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies[host].items())
    return visitor.gateway.fetch("POST", host, path, headers={"Cookie": cookies, **headers}, body=body)


def verify(place, host, seen, *, alg=algorithms.ED25519):
    """What an implementation by somebody else says, with nothing but what we publish."""
    keys = json.loads(place.fetch("GET", host, "/_yett/keys.json").body)["keys"]
    known = {key["kid"]: Ed25519PublicKey.from_public_bytes(decode(key["x"])) for key in keys}
    resolver = MappingKeyResolver(public_keys={**known, "mac": KEY.encode()}, private_keys={})
    verifier = HTTPMessageVerifier(signature_algorithm=alg, key_resolver=resolver)
    message = SimpleNamespace(
        method=seen.method, url=f"http://{seen.headers['host']}{seen.target}", headers=seen.headers
    )
    (result,) = verifier.verify(
        message, max_age=datetime.timedelta(minutes=1), expect_tag="yett", body=seen.body
    )
    return result


def test_an_application_gets_a_token_that_our_published_keys_verify(place, visit):
    visitor = visit(TOKENS)
    first = got(visitor.get("/a", headers={"Authorization": "Bearer of.the.client"}))
    scheme, _, token = first.headers["authorization"].partition(" ")
    keys = json.loads(place.fetch("GET", SIGN_IN, "/oidc/jwks").body)
    header, claims = read(token, keys)

    assert scheme == "Bearer"
    assert claims["iss"] == f"https://{SIGN_IN}:{place.port}"
    assert (claims["sub"], claims["aud"], claims["client_id"]) == ("alice", "https://tokens.internal", "tok")
    assert claims["groups"] == ["staff"]
    assert claims["exp"] - claims["iat"] == 10
    assert claims["sid"] == first.headers["x-yett-session"]
    assert header["typ"] == "at+jwt"
    # It is used again, and renewed before it is over.
    assert got(visitor.get("/b")).headers["authorization"] == first.headers["authorization"]
    until(
        lambda: got(visitor.get("/c")).headers["authorization"] != first.headers["authorization"],
        what="another token",
    )
    until(
        lambda: any(record["component"] == "proxy.bearer_refresh" for record in place.records()),
        what="the renewal in the log",
    )
    assert token not in place.output.read_text()


def test_requests_are_signed_so_that_others_can_tell(place, visit):
    visitor = visit(SIGNED)
    result = verify(place, SIGNED, got(visitor.get("/a%20b?c=d&e=%C3%A9")))
    covered = {name.strip('"') for name in result.covered_components}
    assert {"@method", "@authority", "@path", "@query", "content-digest", "x-yett-user"} <= covered
    assert "authorization" in covered
    seen = got(send(visitor, SIGNED, "/a", b"x" * 1000, Signature="yett=:AAAA:"))
    verify(place, SIGNED, seen)
    asked = {
        "method": seen.method,
        "authority": seen.headers["host"],
        "path": seen.target,
        "headers": seen.headers,
        "body": base64.b64encode(seen.body).decode(),
    }
    kind = {"Content-Type": "application/json"}
    for method, valid in (("POST", True), ("PUT", False)):
        page = place.fetch(
            "POST",
            SIGNED,
            "/_yett/verify/request",
            headers=kind,
            body=json.dumps({**asked, "method": method}),
        )
        assert json.loads(page.body)["valid"] is valid
    page = place.fetch(
        "POST", SIGNED, "/_yett/verify/headers", headers=kind, body=json.dumps({"headers": seen.headers})
    )
    assert json.loads(page.body)["user"] == "alice"


def test_a_body_too_long_to_be_hashed_goes_on_unsigned_or_not_at_all(visit):
    visitor = visit(SIGNED)
    forged = {"Signature": "yett=:AAAA:", "signature-input": "yett=()", "CONTENT-DIGEST": "sha-256=:AAAA:"}
    seen = got(send(visitor, SIGNED, "/", b"x" * 1025, **forged))
    assert not {"signature", "signature-input", "content-digest"} & seen.headers.keys()
    assert seen.headers["x-yett-user"] == "alice"
    assert send(visit(SHARED), SHARED, "/", b"x" * 1025).status == 413


def test_a_shared_key_signs_as_well(place, visit):
    visitor = visit(SHARED)
    seen = got(send(visitor, SHARED, "/a?b", b"x"))
    assert verify(place, SHARED, seen, alg=algorithms.HMAC_SHA256)


def test_a_websocket_ends_when_its_person_loses_the_group(place, visit):
    visitor = visit(CHAT)
    cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies[CHAT].items())
    context = ssl.create_default_context(cafile=place.data / "pki" / "root.pem")

    async def talk():
        async with connect(
            f"wss://{CHAT}:{place.port}/",
            host="127.0.0.1",
            ssl=context,
            server_hostname=CHAT,
            additional_headers={"Cookie": cookie},
        ) as chat:
            await chat.send("hello")
            assert await chat.recv() == "hello"
            await asyncio.to_thread(place.run, "users", "groups", "alice", "--remove", "staff")
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(chat.recv(), 15)

    try:
        run_apart(talk())
        (said,) = until(
            lambda: [each for each in place.records() if "connections cut" in each["msg"]], what="the record"
        )
        assert said["audit"] is True
        until(
            lambda: any("User groups changed" in record["msg"] for record in place.records()),
            what="the change in the log",
        )
    finally:
        place.run("users", "groups", "alice", "--add", "staff")


def documented():
    """What the document shows to those who write applications."""
    text = (Path(__file__).parents[2] / "docs" / "backends.md").read_text()
    found = {}
    for block in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        exec(block, found)
    return SimpleNamespace(**found)


def test_the_documented_code_verifies_what_an_application_gets(place, visit):
    code, visitor = documented(), visit(SIGNED)
    seen = got(send(visitor, SIGNED, "/a?b=c", b"hello"))
    keys = json.loads(place.fetch("GET", SIGNED, "/_yett/keys.json").body)
    host = seen.headers["host"]
    code.verify_request("POST", host, "/a?b=c", seen.headers, b"hello", keys)
    for changes in (("PUT", host, "/a?b=c"), ("POST", "bank", "/a?b=c"), ("POST", host, "/a?b=d")):
        with pytest.raises(InvalidSignature):
            code.verify_request(*changes, seen.headers, b"hello", keys)
    with pytest.raises(ValueError, match="not all"):
        code.verify_request("POST", host, "/a?b=c", seen.headers, b"other", keys)

    token = seen.headers["authorization"].removeprefix("Bearer ")
    issuer = f"https://{SIGN_IN}:{place.port}"
    jwks = json.loads(place.fetch("GET", SIGN_IN, "/oidc/jwks").body)
    assert code.read_token(token, jwks, issuer, "sig")["sub"] == "alice"
    with pytest.raises(ValueError, match="somebody else"):
        code.read_token(token, jwks, issuer, "tok")
