"""Somebody is refused, for every reason there is; then the log is asked why, and the gateway what would happen."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.journeys.gateway import APP, MAPPING, PASSWORDS, SIGN_IN, Gateway, Visitor, until
from tests.ports import free_port

from yett.ops import ExplainCommands
from yett.ops.admin import ask

PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
STRONG, FRESH, DEAD, POOLED, OPEN = (
    f"{name}.yett.localhost" for name in ("strong", "fresh", "dead", "pooled", "open")
)
SHUT, STERN = "shut.yett.localhost", "stern.yett.localhost"


def mappings(upstream, stern):
    service = f"http://127.0.0.1:{upstream.port}"
    nobody = f"http://127.0.0.1:{free_port()}"
    parts = [
        MAPPING.format(app="Wiki", host=APP, service=service, groups='["staff"]') + 'max_body = "1KiB"\n',
        MAPPING.format(app="Strong", host=STRONG, service=service, groups="[]") + 'assurance = "mfa"\n',
        MAPPING.format(app="Fresh", host=FRESH, service=service, groups="[]")
        + '[[proxy.mapping.reauth]]\npath = "/"\nmax_age = "1s"\n',
        MAPPING.format(app="Dead", host=DEAD, service=nobody, groups="[]"),
        MAPPING.format(app="Stern", host=STERN, service=f"http://127.0.0.1:{stern}", groups="[]"),
        MAPPING.format(app="Shut", host=SHUT, service=service, groups="[]"),
        f'[[proxy.mapping]]\napp = "Pooled"\nhost = "{POOLED}"\npool = "web"\ngroups = []\n',
        f'[[proxy.mapping]]\napp = "Open"\nhost = "{OPEN}"\nservice = "{service}"\npublic = true\nmethods = ["GET"]\n',
        f'[[proxy.pool]]\nname = "web"\n[[proxy.pool.backend]]\nservice = "{nobody}"\nname = "b"\n',
        f'[[protection.time.window]]\nname = "never"\ndays = ["{_another_day()}"]\n',
        f'start = "00:00"\nend = "00:01"\nhosts = ["{SHUT}"]\n',
        "[protection.time]\nenabled = true\n",
        "[protection.cors]\nallowed_origins = ['https://good.example']\n",
        "[protection.size]\nmax_body = '1MiB'\n",
    ]
    return "\n".join(parts)


def _another_day():
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return days[(time.gmtime().tm_wday + 3) % 7]


class Stern(BaseHTTPRequestHandler):
    """An application that lets nobody in."""

    def do_GET(self):
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Nothing."""


@pytest.fixture(scope="module")
def stern():
    with ThreadingHTTPServer(("127.0.0.1", 0), Stern) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join(10)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, upstream, stern, heard_folder):

    made = Gateway(tmp_path_factory.mktemp("explained"), mappings(upstream, stern), heard=heard_folder)
    made.people()
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def people(gateway):
    """Alice and Bob, signed in wherever they may be."""
    found = {}
    for name, host in (("alice", APP), ("bob", FRESH)):
        visitor = Visitor(gateway, app_host=host)
        visitor.sign_in(name)
        found[name] = visitor
    return found


def foretell(gateway, url, *, user="", **options):
    """What the admin socket answers; asking it here saves starting a program each time."""
    words = ["--url", url, *(["--user", user] if user else [])]
    words += [word for name, value in options.items() for word in (f"--{name}", value)]
    verdict = ask(gateway.data / "admin.sock", ["access", "test", *words])
    assert verdict.is_yes is verdict.facts["allowed"]
    return verdict.facts


def explain(gateway, *words, **asked):
    return ExplainCommands(gateway.data / "log").explain(*words, **asked)


def explained(gateway, host, said, **asked):
    """The explanation, once what was said has reached the log."""

    def look():
        text = explain(gateway, url=f"https://{host}", **asked)
        return text if said in text else None

    return until(look, what=f"an explanation with {said!r}")


# Each kind of refusal, provoked and explained.


def test_a_missing_group(gateway, people):
    page = people["bob"].get("/", host=APP)
    assert page.status == 403
    text = explained(gateway, APP, "none of their groups", user="bob")
    assert "needed: staff; held: none" in text.splitlines()[0]
    assert page.request_id in text
    answer = foretell(gateway, f"https://{APP}/", user="bob")
    assert (answer["outcome"], answer["status"], answer["reason"], answer["rule"]) == (
        "refused",
        403,
        "no_group",
        "Wiki",
    )


def test_a_path_that_can_be_read_in_two_ways(gateway):
    answer = gateway.raw(f"GET /a/../b HTTP/1.1\r\nHost: {APP}\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400")
    explained(gateway, APP, "could be read in two ways", address="127.0.0.1")
    found = foretell(gateway, f"https://{APP}/a/../b")
    assert (found["decided_by"], found["status"], found["reason"]) == ("route", 400, "ambiguous")


def test_an_address_that_no_mapping_serves(gateway):
    assert gateway.fetch("GET", SIGN_IN, "/none", headers=PAGE).status == 404
    raw = b"GET /x HTTP/1.1\r\nHost: nowhere.yett.localhost\r\nConnection: close\r\n\r\n"
    assert gateway.raw(raw).startswith(b"HTTP/1.1 404")
    explained(gateway, "nowhere.yett.localhost", "No mapping covers this address", address="127.0.0.1")
    assert foretell(gateway, "https://nowhere.yett.localhost/x")["status"] == 404


def test_a_method_that_the_mapping_does_not_take(gateway):
    assert gateway.fetch("DELETE", OPEN, "/").status == 405
    explained(gateway, OPEN, "not for this method", address="127.0.0.1")
    assert foretell(gateway, f"https://{OPEN}/", method="DELETE")["status"] == 405


def test_hours_in_which_nothing_is_open(gateway):
    assert gateway.fetch("GET", SHUT, "/", headers=PAGE).status == 403
    explained(gateway, SHUT, "no window of [protection.time] is open", address="127.0.0.1")
    assert foretell(gateway, f"https://{SHUT}/", user="alice")["decided_by"] == "hours"


def test_a_body_that_is_too_large_for_everybody_and_for_the_mapping(gateway, people):
    large = "x" * (2 << 20)
    assert gateway.fetch("POST", OPEN, "/", body=large).status == 413
    explained(gateway, OPEN, "1048576 bytes that are allowed everywhere", address="127.0.0.1")
    assert foretell(gateway, f"https://{OPEN}/", method="POST", body="2MiB")["decided_by"] == "size"
    page = people["alice"].go("POST", APP, "/", form={"a": "x" * 2000})
    assert page.status == 413
    explained(gateway, APP, "1024 bytes that Wiki takes", user="alice")
    found = foretell(gateway, f"https://{APP}/", user="alice", method="POST", body="2000")
    assert (found["decided_by"], found["status"]) == ("body", 413)


def test_a_script_of_another_site(gateway):
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Mode": "cors"}
    assert gateway.fetch("GET", OPEN, "/", headers=headers).status == 403
    explained(gateway, OPEN, "allowed_origins", address="127.0.0.1")
    words = [word for each in headers.items() for word in ("--header", ": ".join(each))]
    done = gateway.run(
        "admin", "access", "test", "--url", f"https://{OPEN}/", *words, "--header", "Accept: */*", check=False
    )
    assert done.returncode == 1
    assert "> origin" in done.stdout


def test_nobody_is_signed_in(gateway):
    assert gateway.fetch("GET", STRONG, "/", headers=PAGE).status == 303
    explained(gateway, STRONG, "Nobody was signed in, so the sign-in page was shown", address="127.0.0.1")
    assert gateway.fetch("GET", STRONG, "/").status == 401
    explained(gateway, STRONG, "no page in a browser", address="127.0.0.1")
    answer = foretell(gateway, f"https://{STRONG}/")
    assert (answer["outcome"], answer["status"], answer["allowed"]) == ("asked", 303, True)


def test_a_strength_of_proof_that_somebody_lacks(gateway, people):
    people["bob"].get("/", host=STRONG)
    explained(gateway, SIGN_IN, "has no factor that makes the sign-in mfa", user="bob")
    answer = foretell(gateway, f"https://{STRONG}/", user="bob")
    assert (answer["outcome"], answer["decided_by"]) == ("refused", "proof")


def test_a_sign_in_that_is_too_old(gateway, people):
    url = f"https://{FRESH}/"
    until(lambda: foretell(gateway, url, user="bob")["reason"] == "reauth", what="an old sign-in")
    page = gateway.fetch("GET", FRESH, "/", headers={**PAGE, "Cookie": _cookies(people["bob"], FRESH)})
    assert page.status == 303
    explained(gateway, FRESH, "takes a sign-in of the last 1 s", user="bob")
    assert foretell(gateway, url, user="bob")["status"] == 303


def test_an_upstream_that_is_down_and_a_pool_that_is(gateway, people):
    alice = people["alice"]
    assert alice.get("/", host=DEAD).status == 502
    assert "refused the connection" in explained(gateway, DEAD, "Dead did not answer", user="alice")
    assert alice.get("/", host=POOLED).status == 502
    explained(gateway, POOLED, "Pooled did not answer", user="alice")
    ask(gateway.data / "admin.sock", ["proxy", "drain", "web", "b"])
    assert alice.get("/", host=POOLED).status == 503
    explained(gateway, POOLED, "No backend of pool web could be used", user="alice")
    answer = foretell(gateway, f"https://{POOLED}/", user="alice")
    assert (answer["decided_by"], answer["status"], answer["reason"]) == (
        "upstream",
        503,
        "no_healthy_backends",
    )


def test_a_refusal_of_the_application_itself(gateway, people):
    assert people["alice"].get("/", host=STERN).status == 403
    explained(gateway, STERN, "Stern refused it with 403 itself", user="alice")
    assert foretell(gateway, f"https://{STERN}/", user="alice")["outcome"] == "passes"


def test_a_wrong_password(gateway):
    Visitor(gateway).sign_in("bob", "not it")
    explained(gateway, APP, "the password was wrong", user="bob")
    found = explain(gateway, user="bob", json=True)["findings"]
    assert "authn.password.rejected" in {each["cause"]["code"] for each in found}


# Stories of sessions and people.


def test_the_life_of_a_session_and_what_a_person_did(gateway):
    visitor = Visitor(gateway)
    visitor.sign_in("alice")
    listed = ask(gateway.data / "admin.sock", ["sessions", "list", "--user", "alice"])
    rows = [dict(zip(listed.columns, row, strict=True)) for row in listed.rows]
    newest = max((row for row in rows if row["host"] == APP), key=lambda row: row["ref"])
    ask(gateway.data / "admin.sock", ["sessions", "revoke", newest["ref"]])

    def ended():
        story = explain(gateway, newest["ref"], json=True)
        return story if story["ended"] else None

    story = until(ended, what="the end of the session")
    assert (story["user"], story["host"], story["type"]) == ("alice", APP, "authenticated")
    assert story["parent"] == newest["parent"]
    assert "it was revoked" in story["end"]
    assert any("signed in by password" in text for text in story["how"])
    assert [place["app"] for place in story["reached"]] == ["Wiki"]
    above = json.loads(gateway.run("explain", newest["parent"], "--json"))
    assert newest["ref"] in above["children"]
    text = explain(gateway, "alice")
    assert "Sessions of theirs" in text
    assert newest["ref"] in text
    assert PASSWORDS["alice"] not in text


# The test and reality.


def test_what_is_foretold_is_what_happens(gateway, people):
    agree = {}
    for name, visitor in people.items():
        for host in (APP, OPEN, DEAD, FRESH, SHUT):
            headers = {**PAGE, "Cookie": _cookies(visitor, host)}
            happens = gateway.fetch("GET", host, "/", headers=headers).status
            agree[name, host] = (
                foretell(gateway, f"https://{host}/", user=name)["status"] or "through",
                happens,
            )
    for foretold, happens in agree.values():
        # Whether an upstream that is asked answers is its own affair.
        assert foretold == happens or (foretold == "through" and happens in {200, 502}), agree


def test_testing_leaves_its_own_record_and_no_other(gateway):
    answer = foretell(gateway, f"https://{APP}/only-tested", user="bob")
    assert not answer["allowed"]

    def tested():
        return [each for each in gateway.records() if each["code"] == "access.test.tested"
                and each["server.request.path"] == "/only-tested"]  # fmt: skip

    (record,) = until(tested, what="the record")
    assert (record["audit"], record["auth.user_id"], record["outcome"], record["operator"]) == (
        True,
        "bob",
        "refused",
        "root",
    )
    assert "server.request.id" not in record
    about = [each for each in gateway.records() if each.get("server.request.path") == "/only-tested"]
    assert about == [record]
    assert foretell(gateway, f"https://{APP}/", user="nobody-at-all")["reason"] == "unknown_person"


def _cookies(visitor, host):
    return "; ".join(f"{name}={value}" for name, value in visitor.cookies.get(host, {}).items()) or "none=1"
