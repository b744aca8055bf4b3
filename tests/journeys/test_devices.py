"""A program without a browser gets a token once somebody confirmed it in one, over plain HTTP (RFC 8628)."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

import pytest
from tests.journeys.gateway import PASSWORDS, SIGN_IN, Visitor, until
from tests.oidc.test_minting import read

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CLIENTS = """
[authentication.devicecode]
enabled = true
interval = "1s"

[[oidc.device.client]]
id = "cli"
name = "Command line"
groups = ["staff"]
scopes = ["read", "write"]
audience = "https://api.internal"

[[oidc.device.client]]
id = "tv"
"""


@pytest.fixture(scope="module")
def devices(tmp_path_factory, heard_folder):
    from tests.journeys.gateway import Gateway  # noqa: PLC0415 - the fixture's own

    made = Gateway(
        tmp_path_factory.mktemp("devices"), CLIENTS, heard=heard_folder, telemetry='log_level = "trace"'
    )
    made.people()
    made.start()
    yield made
    made.stop()


class Program:
    """A device: it knows the two addresses and its id."""

    def __init__(self, gateway, client="cli"):
        self.gateway = gateway
        self.client = client

    def post(self, path, **fields):
        page = self.gateway.fetch(
            "POST",
            SIGN_IN,
            path,
            headers={"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "curl/8.5"},
            body=urlencode(fields),
        )
        assert page.header("cache-control") == "no-store"
        return page.status, json.loads(page.body)

    def ask(self, **more):
        status, codes = self.post("/oidc/device_authorization", client_id=self.client, **more)
        assert status == 200, codes
        return codes

    def poll(self, codes, **more):
        fields = {"grant_type": GRANT, "device_code": codes["device_code"], "client_id": self.client, **more}
        return self.post("/oidc/token", **fields)


def hidden(page):
    return re.search(r'name="form" value="([^"]*)"', page.body.decode())[1]


def signed_in(gateway, name="alice"):
    visitor = Visitor(gateway)
    page = visitor.get("/signin", SIGN_IN)
    visitor.go(
        "POST",
        SIGN_IN,
        "/signin",
        form={"form": hidden(page), "name": name, "password": PASSWORDS[name]},
    )
    return visitor


def type_code(visitor, code):
    page = visitor.get("/device", SIGN_IN)
    return visitor.go("POST", SIGN_IN, "/device", form={"form": hidden(page), "user_code": code})


def decide(visitor, page, decision):
    return visitor.go("POST", SIGN_IN, "/device/decide", form={"form": hidden(page), "decision": decision})


def test_a_program_is_confirmed_in_a_browser_and_gets_a_token_once(devices):
    program = Program(devices)
    codes = program.ask(scope="read")
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", codes["user_code"])
    assert codes["verification_uri"] == f"https://{SIGN_IN}:{devices.port}/device"
    assert (codes["expires_in"], codes["interval"]) == (600, 1)
    assert program.poll(codes) == (400, {"error": "authorization_pending"})
    assert program.poll(codes) == (400, {"error": "slow_down"})

    alice = signed_in(devices)
    asked = type_code(alice, codes["user_code"].replace("-", " ").lower())
    assert "Let Command line in?" in asked.text
    assert "127.0.0.1" in asked.text
    assert "curl" in asked.text
    assert "read" in asked.text
    done = decide(alice, asked, "allow")
    assert "Command line is connected" in done.text

    status, token = program.poll(codes)
    assert status == 200
    assert (token["token_type"], token["scope"]) == ("Bearer", "read")
    assert 3500 < token["expires_in"] <= 3600
    keys = json.loads(devices.fetch("GET", SIGN_IN, "/oidc/jwks").body)
    header, claims = read(token["access_token"], keys)
    assert header["typ"] == "at+jwt"
    assert (claims["sub"], claims["aud"], claims["client_id"]) == ("alice", "https://api.internal", "cli")
    assert (claims["groups"], claims["scope"]) == (["staff"], "read")
    assert program.poll(codes) == (400, {"error": "invalid_grant"})

    granted = until(
        lambda: [each for each in devices.records() if each["msg"] == "Device code grant successful"],
        what="the record",
    )
    assert granted[-1]["audit"] is True
    assert granted[-1]["auth.user_id"] == "alice"
    assert token["access_token"] not in devices.output.read_text()
    assert codes["device_code"] not in devices.output.read_text()
    assert codes["user_code"] not in devices.output.read_text()


def test_a_complete_address_fills_the_code_in_and_does_no_more(devices):
    program = Program(devices)
    codes = program.ask()
    parts = urlsplit(codes["verification_uri_complete"])
    visitor = Visitor(devices)

    # Whoever is not signed in signs in first, and comes back with the code.
    page = visitor.get(f"{parts.path}?{parts.query}", SIGN_IN)
    assert visitor.at[1].startswith("/signin?next=%2Fdevice%3Fuser_code%3D")
    page = visitor.go(
        "POST",
        SIGN_IN,
        "/signin",
        form={"form": hidden(page), "name": "alice", "password": PASSWORDS["alice"]},
    )

    assert visitor.at[1] == f"/device?user_code={codes['user_code']}"
    assert f'value="{codes["user_code"]}"' in page.body.decode()
    assert "Command line" not in page.text
    assert program.poll(codes)[1] == {"error": "authorization_pending"}


def test_a_denied_program_hears_it(devices):
    program = Program(devices)
    codes = program.ask()
    alice = signed_in(devices)

    denied = decide(alice, type_code(alice, codes["user_code"]), "deny")

    assert "Command line was denied" in denied.text
    assert program.poll(codes) == (400, {"error": "access_denied"})
    again = type_code(alice, codes["user_code"])
    assert (again.status, "There is no such code" in again.text) == (422, True)


def test_a_program_of_a_group_is_confirmed_by_its_members_only(devices):
    codes = Program(devices).ask()
    bob = signed_in(devices, "bob")

    refused = type_code(bob, codes["user_code"])

    assert (refused.status, "You may not confirm this" in refused.text) == (403, True)
    everybodys = Program(devices, "tv")
    codes = everybodys.ask()
    decide(bob, type_code(bob, codes["user_code"]), "allow")
    status, token = everybodys.poll(codes)
    assert status == 200
    assert "scope" not in token


def test_whoever_signs_out_before_the_program_asks_has_confirmed_nothing(devices):
    program = Program(devices)
    codes = program.ask()
    alice = signed_in(devices)
    decide(alice, type_code(alice, codes["user_code"]), "allow")
    page = alice.get("/signout", SIGN_IN)
    alice.go("POST", SIGN_IN, "/signout", form={"form": hidden(page)})

    assert program.poll(codes) == (400, {"error": "access_denied"})


def test_of_fifty_simultaneous_approvals_and_polls_exactly_one_wins(devices):
    program = Program(devices)
    codes = program.ask()
    alice = signed_in(devices)
    asked = type_code(alice, codes["user_code"])
    cookies = "; ".join(f"{name}={value}" for name, value in alice.cookies[SIGN_IN].items())
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": f"https://{SIGN_IN}:{devices.port}",
        "Cookie": cookies,
    }
    body = urlencode({"form": hidden(asked), "decision": "allow"})

    with ThreadPoolExecutor(10) as crowd:
        pages = list(
            crowd.map(
                lambda _: devices.fetch("POST", SIGN_IN, "/device/decide", headers=headers, body=body),
                range(50),
            )
        )
        answers = list(crowd.map(lambda _: program.poll(codes), range(50)))

    assert [page.status for page in pages].count(200) == 1
    assert [status for status, _ in answers].count(200) == 1
    assert [answer for _, answer in answers].count({"error": "invalid_grant"}) == 49


def test_whoever_reloads_the_decision_or_sends_it_from_elsewhere_changes_nothing(devices):
    program = Program(devices)
    codes = program.ask()
    alice, bob = signed_in(devices), signed_in(devices, "bob")
    asked = type_code(alice, codes["user_code"])

    stolen = decide(bob, asked, "allow")
    assert stolen.status == 403
    foreign = alice.go(
        "POST",
        SIGN_IN,
        "/device/decide",
        form={"form": hidden(asked), "decision": "allow"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert foreign.status == 403
    looked = alice.get("/device/decide", SIGN_IN)
    assert looked.status == 405
    assert program.poll(codes)[1] == {"error": "authorization_pending"}


@pytest.mark.parametrize(
    ("path", "fields", "status", "error"),
    [
        ("/oidc/device_authorization", {}, 401, "invalid_client"),
        ("/oidc/device_authorization", {"client_id": "nobody"}, 401, "invalid_client"),
        ("/oidc/device_authorization", {"client_id": "cli", "scope": "admin"}, 400, "invalid_scope"),
        ("/oidc/device_authorization", {"client_id": "cli", "scope": "read  write"}, 400, "invalid_scope"),
        ("/oidc/token", {}, 400, "invalid_request"),
        ("/oidc/token", {"grant_type": "password"}, 400, "unsupported_grant_type"),
        ("/oidc/token", {"grant_type": GRANT, "client_id": "nobody"}, 401, "invalid_client"),
        ("/oidc/token", {"grant_type": GRANT, "client_id": "cli"}, 400, "invalid_request"),
        ("/oidc/token", {"grant_type": GRANT, "client_id": "cli", "device_code": "x"}, 400, "invalid_grant"),
        (
            "/oidc/token",
            {"grant_type": GRANT, "client_id": "cli", "device_code": "ß" * 500},
            400,
            "invalid_grant",
        ),
    ],
)
def test_improper_requests_are_answered_as_the_standards_say(devices, path, fields, status, error):
    assert Program(devices).post(path, **fields) == (status, {"error": error})


def test_what_is_no_form_is_refused(devices):
    page = devices.fetch(
        "POST", SIGN_IN, "/oidc/token", headers={"Content-Type": "application/json"}, body="{}"
    )
    assert (page.status, json.loads(page.body)) == (400, {"error": "invalid_request"})


def test_without_the_setting_there_are_no_codes(gateway):
    for method, path in (("POST", "/oidc/device_authorization"), ("POST", "/oidc/token"), ("GET", "/device")):
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if method == "POST" else {}
        assert gateway.fetch(method, SIGN_IN, path, headers=headers, body="client_id=cli").status == 404
    said = [each["msg"] for each in gateway.records() if each["component"] == "devicecode.init"]
    assert said == ["Device Code authorization disabled in config"]


def test_the_page_works_by_keyboard_in_a_browser(devices, page):
    program = Program(devices)
    codes = program.ask()
    page.goto(codes["verification_uri_complete"])
    page.get_by_label("User name").fill("alice")
    page.get_by_label("Password").fill(PASSWORDS["alice"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/device?user_code=*")
    page.locator('input[name="user_code"]:focus').wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Let Command line in?").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Command line is connected").wait_for()
    assert program.poll(codes)[0] == 200
