"""Programs get tokens: by secret, key or certificate, bound to what they hold, over plain HTTPS."""

import base64
import hashlib
import json
import secrets
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from cryptography import x509
from tests.authn.x509.making import root
from tests.journeys.gateway import SIGN_IN, Gateway, until
from tests.journeys.test_oidc_provider import CALLBACK, Application, Person, claims_of
from tests.oidc.foreign import Signer, hmac_signed, text_of, unsigned

SECRET = "3Vn7qk0ZrPq1xTn6yL2wB8uD4sC9eH5j"
KEY, PORTAL_KEY = Signer("rsa", key_id="k1"), Signer(number=1)
CLIENTS = """\
[oidc.mtls]
authorities = "{folder}/ca.pem"

[authn.x509]
enabled = true
authorities = "{folder}/ca.pem"

[[authn.x509.crl]]
urls = ["{folder}/ca.crl"]

[oidc.dpop]
require_nonce = true

[[oidc.client]]
id = "job"
secret = "{secret}"
scopes = ["read", "write"]
grants = ["client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer"]

[[oidc.client]]
id = "bank"
auth_method = "private_key_jwt"
jwks_file = "{folder}/bank.json"
redirect_uris = ["{callback}"]
scopes = ["openid", "read"]
grants = ["authorization_code", "refresh_token", "client_credentials"]
consent = "implicit"
must_push = true
must_bind = true

[[oidc.client]]
id = "mesh"
auth_method = "tls_client_auth"
tls = {{ san_dns = "mesh.example.test" }}
scopes = ["read"]
grants = ["client_credentials"]
must_bind = true

[[oidc.exchange.issuer]]
issuer = "https://portal.example.test"
certificates = "{folder}/portal.pem"
groups = ["staff"]
"""


@pytest.fixture(scope="module")
def ca():
    return root("CN=Programs of Example", now=time.time())


@pytest.fixture(scope="module")
def files(tmp_path_factory, ca):
    folder = tmp_path_factory.mktemp("programs")
    (folder / "ca.pem").write_bytes(ca.pem)
    (folder / "bank.json").write_text(json.dumps({"keys": [KEY.jwk]}))
    (folder / "portal.pem").write_bytes(ca.issue("CN=portal", key=PORTAL_KEY.key.private_key).pem)
    for name, host in (("mesh", "mesh"), ("other", "other"), ("gone", "mesh")):
        made = ca.issue("CN=program", names=(x509.DNSName(f"{host}.example.test"),))
        (folder / f"{name}.pem").write_bytes(made.pem)
        (folder / f"{name}.key").write_bytes(made.key_pem)
    (folder / "ca.crl").write_bytes(ca.crl(made))
    return folder


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, heard_folder, files):
    made = Gateway(
        tmp_path_factory.mktemp("programs"),
        CLIENTS.format(folder=files, secret=SECRET, callback=CALLBACK),
        heard=heard_folder,
        service=f'client_cert = "optional"\nclient_ca = "{files}/ca.pem"\n',
        telemetry='log_level = "trace"',
    )
    made.people()
    made.start()
    yield made
    made.stop()


class Program:
    """A client that knows its keys; it shows a certificate if it has one."""

    def __init__(self, gateway, client_id="", *, certificate=None):
        self.gateway, self.client_id, self.nonce = gateway, client_id, ""
        self.issuer = f"https://{SIGN_IN}:{gateway.port}"
        self.context = ssl.create_default_context(cafile=gateway.data / "pki" / "root.pem")
        if certificate is not None:
            self.context.load_cert_chain(certificate, certificate.with_suffix(".key"))

    def post(self, path, form, *, auth=None, dpop=None):
        """One request; a second one where a nonce is asked for, with an assertion of its own."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if auth is not None:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode()
        for _ in range(2):
            proven = {**form, **(self.assertion() if self.client_id else {})}
            if dpop is not None:
                headers["DPoP"] = self.proof(dpop, f"{self.issuer}{path}")
            status, fields, body = self.send("POST", path, headers, urlencode(proven))
            said = json.loads(body)
            if said.get("error") != "use_dpop_nonce":
                break
            self.nonce = fields["dpop-nonce"]
        return status, said

    def send(self, method, path, headers, body=""):
        raw = socket.create_connection(("127.0.0.1", self.gateway.port), timeout=15)
        with self.context.wrap_socket(raw, server_hostname=SIGN_IN) as connection:
            lines = [f"{method} {path} HTTP/1.1", f"Host: {SIGN_IN}:{self.gateway.port}", "Connection: close"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            lines.append(f"Content-Length: {len(body)}")
            connection.sendall("\r\n".join([*lines, "", body]).encode())
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        head, _, rest = received.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        return int(head.split()[1]), {name.lower(): value for name, value in fields.items()}, rest

    def proof(self, signer, url, method="POST", **more):
        claims = {"jti": secrets.token_hex(8), "htm": method, "htu": url, "iat": time.time(), **more}
        if self.nonce:
            claims["nonce"] = self.nonce
        return signer.sign(claims, typ="dpop+jwt", jwk=signer.jwk)

    def assertion(self, **changed):
        now = time.time()
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.issuer,
            "jti": secrets.token_hex(8),
        }
        return {
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": KEY.sign({**claims, "iat": now, "exp": now + 60, **changed}, "PS256"),
        }


def is_said(gateway, component, message):
    def is_there():
        return any(
            each.get("component") == component and each["msg"].startswith(message)
            for each in gateway.records()
        )

    until(is_there, what=f"{message} in the log")


def test_a_program_with_a_secret_gets_a_token_for_itself(gateway):
    program = Program(gateway)
    form = {"grant_type": "client_credentials", "scope": "read"}

    status, given = program.post("/oidc/token", form, auth=("job", SECRET))

    assert (status, given["token_type"], given["scope"]) == (200, "Bearer", "read")
    assert claims_of(given["access_token"])["sub"] == "job"
    for pair in (("job", "wrong"), ("nobody", SECRET)):
        assert program.post("/oidc/token", form, auth=pair) == (401, {"error": "invalid_client"})
    both = {**form, "client_id": "job", "client_secret": SECRET}
    assert program.post("/oidc/token", both, auth=("job", SECRET))[1]["error"] == "invalid_request"
    is_said(gateway, "oidc.client_credentials", "Access token generated")
    is_said(gateway, "oidc.client_auth", "Secret mismatch")
    is_said(gateway, "oidc.client_auth", "Unknown method")
    assert SECRET not in gateway.output.read_text()


def test_a_bank_pushes_signs_binds_and_comes_back(gateway):
    """What FAPI 2.0 asks for, end to end: pushed request, signed assertion, proof of possession with a nonce."""
    application, person = Application(gateway, "bank"), Person(gateway)
    program, own = Program(gateway, "bank"), Signer("ec", number=2)
    status, pushed = program.post("/oidc/par", application.request(scope="openid"))
    assert status == 201, pushed
    person.ask(client_id="bank", request_uri=pushed["request_uri"])
    form = {"grant_type": "authorization_code", "code": person.answer["code"], "redirect_uri": CALLBACK}
    form |= {"code_verifier": application.verifier}

    # Neither a missing proof nor the nonce that is asked for costs the code.
    assert program.post("/oidc/token", form)[1]["error"] == "invalid_dpop_proof"
    status, given = program.post("/oidc/token", form, dpop=own)

    assert (status, given.get("token_type")) == (200, "DPoP"), given
    access = given["access_token"]
    assert claims_of(access)["cnf"] == {"jkt": own.thumbprint}
    for scheme in ("Bearer", "DPoP"):
        status, _, _ = program.send("GET", "/oidc/userinfo", {"Authorization": f"{scheme} {access}"})
        assert status == 401
    again = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    status, renewed = program.post("/oidc/token", again, dpop=own)
    assert (status, renewed.get("token_type")) == (200, "DPoP"), renewed
    is_said(gateway, "oidc.dpop.nonce", "Nonce generated")
    is_said(gateway, "oidc.dpop.nonce", "Nonce validated")


def reasons(gateway, component, message):
    """Why the log says that something was refused, so far."""
    return [
        each.get("reason", "")
        for each in gateway.records()
        if each.get("component") == component and each["msg"].startswith(message)
    ]


def test_a_proof_for_something_else_opens_nothing_and_the_log_says_why(gateway):
    application, person = Application(gateway, "bank"), Person(gateway)
    program, own, thief = Program(gateway, "bank"), Signer("ec", number=2), Signer("ec", number=3)
    _, pushed = program.post("/oidc/par", application.request(scope="openid"))
    person.ask(client_id="bank", request_uri=pushed["request_uri"])
    form = {"grant_type": "authorization_code", "code": person.answer["code"], "redirect_uri": CALLBACK}
    status, given = program.post("/oidc/token", form | {"code_verifier": application.verifier}, dpop=own)
    assert status == 200, given
    access, here = given["access_token"], f"{program.issuer}/oidc/userinfo"

    def show(signer=own, to=here, method="GET", of=access, **more):
        proof = program.proof(signer, to, method, ath=text_of(hashlib.sha256(of.encode()).digest()), **more)
        return {"Authorization": f"DPoP {access}", "DPoP": proof}

    good = show()
    assert program.send("GET", "/oidc/userinfo", good)[0] == 200
    assert program.send("GET", "/oidc/userinfo", good)[0] == 401
    until(lambda: reasons(gateway, "oidc.dpop", "JTI replay detected"), what="the replay in the log")
    for reason, headers in {
        "htu": show(to=f"{program.issuer}/oidc/token"),
        "htm": show(method="POST"),
        "ath": show(of="another"),
        "other_key": show(thief),
        "expired": show(iat=1),
        "future": show(iat=time.time() + 900),
    }.items():
        before = reasons(gateway, "oidc.dpop", "Proof validation").count(reason)
        assert program.send("GET", "/oidc/userinfo", headers)[0] == 401, reason
        until(
            lambda reason=reason, before=before: (
                reasons(gateway, "oidc.dpop", "Proof validation").count(reason) > before
            ),
            what=f"{reason} in the log",
        )


def test_an_assertion_with_another_algorithm_or_key_is_none_and_the_log_says_why(gateway):
    application, program = Application(gateway, "bank"), Program(gateway, "bank")
    now = time.time()
    said = {"iss": "bank", "sub": "bank", "aud": program.issuer, "iat": now, "exp": now + 60}
    public, thief = KEY.key.as_pem(private=False), Signer("rsa", number=1, key_id="k1")
    for number, text in enumerate(
        (
            unsigned(said | {"jti": "1"}),
            unsigned(said | {"jti": "2"}, kid="k1"),
            hmac_signed(said | {"jti": "3"}, public, kid="k1"),
            hmac_signed(said | {"jti": "4"}, json.dumps(KEY.jwk).encode(), kid="k1"),
            thief.sign(said | {"jti": "5"}, "PS256"),
            thief.sign(said | {"jti": "6"}, "PS256", jwk=thief.jwk),
            thief.sign(said | {"jti": "7"}, "PS256", kid="../../../../dev/null"),
            thief.sign(said | {"jti": "8"}, "PS256", kid="' OR 1=1 --"),
            thief.sign(said | {"jti": "9"}, "PS256", jku="https://evil.example/jwks"),
        ),
        start=len(reasons(gateway, "oidc.client_auth", "JWT assertion failed")) + 1,
    ):
        proven = {
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": text,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode({**application.request(scope="openid"), **proven})
        status, _, answer = program.send("POST", "/oidc/par", headers, body)
        assert (status, json.loads(answer)["error"]) == (401, "invalid_client"), text[:80]
        until(
            lambda number=number: len(reasons(gateway, "oidc.client_auth", "JWT assertion failed")) >= number,
            what=f"entry {number}",
        )
    is_said(gateway, "oidc.par", "Auth failed")


def test_an_assertion_and_a_proof_are_good_once(gateway):
    program, own = Program(gateway, "bank"), Signer("ec", number=2)
    form = {"grant_type": "client_credentials"}
    assert program.post("/oidc/token", form, dpop=own)[0] == 200
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "DPoP": program.proof(own, f"{program.issuer}/oidc/token"),
    }
    body = urlencode({**form, **program.assertion()})

    def ask(_):
        return program.send("POST", "/oidc/token", headers, body)[0]

    with ThreadPoolExecutor(16) as many:
        assert sorted(many.map(ask, range(50))) == [200] + [401] * 49
    status, _, answer = program.send(
        "POST", "/oidc/token", headers, urlencode({**form, **program.assertion()})
    )
    assert (status, json.loads(answer)["error"]) == (400, "invalid_dpop_proof")
    is_said(gateway, "oidc.dpop", "JTI replay detected")
    is_said(gateway, "oidc.client_auth", "JWT assertion failed")


def test_a_program_with_a_certificate_gets_a_token_that_is_bound_to_it(gateway, files):
    form = {"grant_type": "client_credentials", "client_id": "mesh"}
    status, given = Program(gateway, certificate=files / "mesh.pem").post("/oidc/token", form)

    assert status == 200, given
    assert set(claims_of(given["access_token"])["cnf"]) == {"x5t#S256"}
    for certificate in (None, files / "other.pem"):
        answer = Program(gateway, certificate=certificate).post("/oidc/token", form)
        assert answer == (401, {"error": "invalid_client"})
    is_said(gateway, "x509.crl.init", "CRL loaded successfully")
    answer = Program(gateway, certificate=files / "gone.pem").post("/oidc/token", form)
    assert answer == (401, {"error": "invalid_client"})
    is_said(gateway, "oidc.mtls", "Client certificate revoked")
    is_said(gateway, "oidc.mtls", "No certificate")
    is_said(gateway, "oidc.mtls", "SAN mismatch")
    is_said(gateway, "oidc.mtls", "Client authenticated via matched method")


def test_an_issuer_of_the_house_vouches_for_its_people(gateway):
    program = Program(gateway)

    def ask(**changed):
        now = time.time()
        claims = {"iss": "https://portal.example.test", "sub": "alice", "aud": program.issuer, "iat": now}
        claims |= {"jti": secrets.token_hex(8), "exp": now + 60, **changed}
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "scope": "read"}
        return program.post(
            "/oidc/token", {**form, "assertion": PORTAL_KEY.sign(claims)}, auth=("job", SECRET)
        )

    status, given = ask()
    assert (status, claims_of(given["access_token"])["sub"]) == (200, "alice")
    for changed in ({"sub": "bob"}, {"sub": "nobody"}, {"aud": "https://else.test"}, {"exp": 1}):
        assert ask(**changed)[1]["error"] == "invalid_grant"
    is_said(gateway, "oidc.jwt_bearer", "Invalid JWT assertion")


@pytest.mark.parametrize(
    ("lines", "body", "status", "error"),
    [
        # The engine has turned that away already.
        (["Authorization: Basic {job}", "Authorization: Basic {job}"], "", 400, ""),
        (["Authorization: Basic {job}"], "&client_id=job&client_secret={secret}", 400, "invalid_request"),
        (["Authorization: Basic {job}", "DPoP: x"], "", 400, "invalid_dpop_proof"),
        (["Authorization: Basic {job}", "DPoP: x", "DPoP: y"], "", 400, "invalid_dpop_proof"),
        (["Authorization: Basic {job}", "DPoP: " + "A" * 9000], "", 400, "invalid_dpop_proof"),
        (["Authorization: Basic {job}"], "&scope=read%20openid", 400, "invalid_scope"),
        (["Authorization: Basic {job}"], "&grant_type=client_credentials", 400, "invalid_request"),
        (["Authorization: Basic {job}"], "&x=%00%ff", 400, "invalid_request"),
        (["Authorization: Basic am9i"], "", 401, "invalid_client"),
        (["Authorization: Basic \xff\xfe"], "", 401, "invalid_client"),
        (["Authorization: Negotiate YII="], "", 401, "invalid_client"),
        (["Authorization: Bearer {job}"], "&client_id=mesh", 401, "invalid_client"),
        (["X-Client-Cert: MIIB"], "&client_id=mesh", 401, "invalid_client"),
    ],
)
def test_nothing_that_could_be_read_in_two_ways_is_read(gateway, lines, body, status, error):
    job = base64.b64encode(f"job:{SECRET}".encode()).decode()
    content = ("grant_type=client_credentials" + body).replace("{secret}", SECRET)
    head = [
        "POST /oidc/token HTTP/1.1",
        f"Host: {SIGN_IN}:{gateway.port}",
        "Connection: close",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(content)}",
        *(line.replace("{job}", job) for line in lines),
    ]
    answer = gateway.raw("\r\n".join([*head, "", content]).encode("latin-1"), host=SIGN_IN)
    first, _, said = answer.partition(b"\r\n\r\n")
    assert int(first.split()[1]) == status
    assert b"no-store" in first
    if error:
        assert json.loads(said)["error"] == error


def test_what_is_said_of_the_endpoint_is_true(gateway):
    said = json.loads(gateway.fetch("GET", SIGN_IN, "/.well-known/openid-configuration").body)
    assert "tls_client_auth" in said["token_endpoint_auth_methods_supported"]
    assert said["tls_client_certificate_bound_access_tokens"] is True
    assert "ES256" in said["dpop_signing_alg_values_supported"]
    assert "urn:ietf:params:oauth:grant-type:jwt-bearer" in said["grant_types_supported"]
    assert "urn:ietf:params:oauth:grant-type:device_code" not in said["grant_types_supported"]
    assert "device_authorization_endpoint" not in said


def test_settings_that_cannot_work_are_told_with_key_and_reason(make_gateway, tmp_path):
    (tmp_path / "nothing.pem").write_text("nothing")
    mappings = f"""
[oidc.mtls]
authorities = "{tmp_path}/nothing.pem"
[[oidc.exchange.issuer]]
issuer = "a"
[[oidc.exchange.issuer]]
issuer = "b"
jwks_uri = "http://b.example.test/"
"""
    said = make_gateway("half", mappings=mappings).run("check", check=False)
    assert said.returncode == 1
    for key in ("oidc.mtls.authorities", "oidc.exchange.issuer[a]", "oidc.exchange.issuer[b]"):
        assert key in said.stdout + said.stderr
