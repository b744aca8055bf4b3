"""Signing in with a Kerberos ticket: the started gateway, a real KDC, curl and Chromium."""

import hashlib
import html
import json
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.journeys.gateway import APP, MAPPING, SIGN_IN, Gateway, Visitor, until
from tests.kdc import PASSWORDS, header

SETTINGS = """\
[authn.kerberos]
enabled = true
keytab = "{keytab}"
krb5_conf = "{config}"
password = true
tickets = "kept"
lock_memory = false
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, upstream, heard_folder, kdc):
    mappings = MAPPING.format(
        app="Wiki", host=APP, service=f"http://127.0.0.1:{upstream.port}", groups='["staff"]'
    )
    mappings += SETTINGS.format(keytab=kdc.keytab, config=kdc.config)
    made = Gateway(
        tmp_path_factory.mktemp("kerberos"), mappings, heard=heard_folder, telemetry='log_level = "trace"'
    )
    made.people()
    made.start()
    yield made
    made.stop()


def curl(gateway, kdc, *words, cache=None):
    environ = {**kdc.environ, **({"KRB5CCNAME": f"FILE:{cache}"} if cache else {"KRB5CCNAME": "MEMORY:"})}
    done = subprocess.run(
        ["curl", "-sS", "-i", "--cacert", str(gateway.data / "pki/root.pem"), "--max-time", "20", *words],
        env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def address(gateway, path="/signin/kerberos"):
    return f"https://{SIGN_IN}:{gateway.port}{path}"


def statuses(said):
    return [line.split()[1] for line in said.splitlines() if line.startswith("HTTP/")]


def records(gateway, component):
    return [each for each in gateway.records() if each.get("component") == component]


def test_curl_signs_in_with_a_ticket_and_reaches_the_application(gateway, kdc, tickets, tmp_path):
    jar = ["-c", str(tmp_path / "jar"), "-b", str(tmp_path / "jar")]
    said = curl(gateway, kdc, "--negotiate", "-u", ":", *jar, address(gateway), cache=tickets["alice"])
    assert statuses(said)[-1] == "303"
    assert "__Host-yett-sso=" in said
    assert "www-authenticate: Negotiate " in said

    page = curl(gateway, kdc, "-L", "-H", "Accept: text/html", *jar, f"https://{APP}:{gateway.port}/echo")
    assert statuses(page)[-1] == "200"
    assert "alice" in page


def test_curl_without_a_ticket_sees_the_other_ways(gateway, kdc):
    said = curl(gateway, kdc, "--negotiate", "-u", ":", address(gateway))

    assert statuses(said)[-1] == "401"
    assert "Sign in another way" in said


@pytest.mark.parametrize("name", ["bob", "carol"])
def test_curl_with_a_ticket_of_nobody_here_is_refused_without_a_loop(gateway, kdc, tickets, name):
    # bob may not use the application, but he is a person; carol is not.
    said = curl(gateway, kdc, "--negotiate", "-u", ":", address(gateway), cache=tickets[name])

    assert statuses(said)[-1] == {"bob": "303", "carol": "403"}[name]
    assert len(statuses(said)) <= 2


def test_a_token_that_was_seen_on_the_way_is_good_for_nobody(gateway, kdc, tickets):
    sent = {"Authorization": header(kdc.token(tickets["alice"]))}
    first = gateway.fetch("GET", SIGN_IN, "/signin/kerberos", headers=sent)
    second = gateway.fetch("GET", SIGN_IN, "/signin/kerberos", headers=sent)

    assert (first.status, second.status) == (303, 403)
    assert not second.header("set-cookie")
    until(lambda: any(each.get("reason") == "replay" for each in records(gateway, "kerberos.security")))
    assert sent["Authorization"][10:60] not in gateway.output.read_text()


def test_fifty_at_once_with_one_token_make_one_session(gateway, kdc, tickets):
    sent = {"Authorization": header(kdc.token(tickets["alice"]))}
    with ThreadPoolExecutor(50) as pool:
        pages = list(
            pool.map(lambda _: gateway.fetch("GET", SIGN_IN, "/signin/kerberos", headers=sent), range(50))
        )

    assert [page.status for page in pages].count(303) == 1
    assert {page.status for page in pages} == {303, 403}


@pytest.fixture
def browsing(gateway, kdc, tickets, tmp_path, playwright):
    """Chromium of a person with a ticket, which is allowed to show it to these hosts."""

    def launch():
        # A profile, since browsers show no tickets in private windows.
        return playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"),
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                  "--auth-server-allowlist=*yett.localhost", "--disable-background-networking"],
            env={**kdc.environ, "KRB5CCNAME": f"FILE:{tickets['alice']}", "HOME": str(tmp_path)},
            ignore_https_errors=True,
            java_script_enabled=False,
        )  # fmt: skip

    # A profile that has never met Negotiate notes it, and loads its Kerberos library when it starts next.
    first = launch()
    first.new_page().goto(address(gateway))
    first.close()
    context = launch()
    yield context.new_page()
    context.close()


def test_chromium_signs_in_without_a_word(gateway, browsing):
    browsing.goto(f"https://{APP}:{gateway.port}/")
    browsing.get_by_role("link", name="Sign in with Kerberos").click()
    browsing.wait_for_url(f"https://{APP}:{gateway.port}/**")

    assert "alice" in browsing.content().lower()


def test_a_password_of_the_realm_brings_a_ticket_that_operators_can_lend(gateway, kdc):
    visitor = Visitor(gateway)
    page = visitor.get("/signin/kerberos/password", host=SIGN_IN)
    sealed = html.unescape(re.search(r'name="form" value="([^"]+)"', page.body.decode())[1])
    form = {"form": sealed, "name": "alice", "password": PASSWORDS["alice"]}
    home = visitor.go("POST", SIGN_IN, "/signin/kerberos/password", form=form)
    assert home.status == 200

    kept = json.loads(gateway.run("--json", "admin", "kerberos", "tickets", "--user", "alice"))
    session = kept[0]["session"]
    path = json.loads(gateway.run("--json", "admin", "kerberos", "file", session))[0]["file"]
    listed = subprocess.run(["klist", path], env=kdc.environ, capture_output=True, text=True, check=True)
    assert "alice@CORP.TEST" in listed.stdout
    gateway.run("admin", "kerberos", "refresh", session)
    gateway.run("admin", "sessions", "revoke", session)
    until(lambda: not Path(path).exists(), what="the file's end")
    assert gateway.run("admin", "kerberos", "file", session, check=False).returncode == 1
    gateway.run("admin", "kerberos", "revoke", "alice")
    assert "HTTP/yett.localhost@CORP.TEST" in gateway.run("admin", "kerberos", "test")
    assert PASSWORDS["alice"] not in gateway.output.read_text()


def test_a_token_can_be_tied_to_the_certificate_the_browser_saw(make_gateway, kdc, tickets):
    bound = SETTINGS.format(keytab=kdc.keytab, config=kdc.config) + 'channel_binding = "required"\n'
    gateway = make_gateway()
    gateway.write(mappings=gateway.mappings + bound)
    gateway.people()
    gateway.start()
    with gateway.connect(SIGN_IN) as connection:
        seen = connection.getpeercert(binary_form=True)
    right = b"tls-server-end-point:" + hashlib.sha256(seen).digest()

    def ask(binding):
        sent = {"Authorization": header(kdc.token(tickets["alice"], binding=binding))}
        return gateway.fetch("GET", SIGN_IN, "/signin/kerberos", headers=sent).status

    assert [ask(right), ask(None), ask(right[:-1] + b"?")] == [303, 403, 403]


def test_a_new_keytab_is_taken_over_while_running_and_a_broken_one_is_not(
    make_gateway, kdc, tickets, tmp_path
):
    keytab = tmp_path / "own.keytab"
    shutil.copy(kdc.keytab, keytab)
    gateway = make_gateway()
    gateway.write(mappings=gateway.mappings + SETTINGS.format(keytab=keytab, config=kdc.config))
    gateway.people()
    gateway.start()
    keytab.write_bytes(b"nonsense")
    assert gateway.run("admin", "kerberos", "test", check=False).returncode == 0
    until(lambda: any("Failed to load" in each["msg"] for each in records(gateway, "kerberos.spnego")))
    sent = {"Authorization": header(kdc.token(tickets["alice"]))}

    assert gateway.fetch("GET", SIGN_IN, "/signin/kerberos", headers=sent).status == 303


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "either keytab or keytab_base64"),
        ('keytab_base64 = "bm8ga2V5cw=="', "is not a keytab"),
        ('keytab = "/etc/x"\nrealms = ["A", "B"]', "one person"),
        ('keytab = "/etc/x"\nchannel_binding = "maybe"', "channel_binding"),
    ],
)
def test_mistakes_are_found_before_anything_starts(make_gateway, line, words):
    gateway = make_gateway()
    gateway.write(mappings=f"{gateway.mappings}\n[authn.kerberos]\nenabled = true\n{line}\n")
    done = gateway.run("check", check=False)

    assert done.returncode == 1
    assert words in done.stderr
    assert "bm8ga2V5cw" not in done.stderr
