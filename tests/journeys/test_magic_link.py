"""Signing in with a link by mail: a real mail server, two browsers, mail scanners and strangers."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tests.journeys.gateway import APP, MAPPING, SIGN_IN, Gateway, Visitor, until
from tests.journeys.ldap_server import PEOPLE, SERVICE, SERVICE_PASSWORD
from tests.journeys.mail_server import MailServer, html_of, text_of

SETTINGS = """
[signin.magiclink]
enabled = true
max_per_address = 1000
max_per_email = 200

[authentication.devicecode]
interval = "1s"

[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "Yett <yett@example.org>"

"""
DIRECTORY = """
[identity.ldap]
urls = ["{url}"]
ca = "{ca}"
bind_dn = "{service}"
bind_password = "{password}"
user_bases = ["{people}"]
request_timeout = "2s"
"""
LINK = re.compile(r"https://[^\s\"<>]+/signin/link/open\?\S+")


@pytest.fixture(scope="module")
def mails():
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def linked(tmp_path_factory, mails, upstream, heard_folder):
    mapping = MAPPING.format(
        app="Wiki", host=APP, service=f"http://127.0.0.1:{upstream.port}", groups='["staff"]'
    )
    made = Gateway(
        tmp_path_factory.mktemp("linked"),
        SETTINGS.format(port=mails.port) + mapping,
        heard=heard_folder,
        telemetry='log_level = "trace"',
    )
    made.people()
    made.start()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def no_old_mails(mails):
    mails.forget()


@pytest.fixture
def browsers(chromium):
    """As many browser profiles as a test asks for, with scripts."""
    contexts = []

    def another(**more):
        context = chromium.new_context(ignore_https_errors=True, **more)
        contexts.append(context)
        return context.new_page()

    yield another
    for context in contexts:
        context.close()


def link_in(mails, count=1):
    return LINK.search(text_of(mails.until(count)[-1]))[0]


def ask(page, gateway, email="alice@example.org", path="/wanted?x=1"):
    """From an application to the page that waits."""
    page.goto(f"https://{APP}:{gateway.port}{path}")
    page.get_by_role("link", name="Send me a link by mail").click()
    page.get_by_label("Mail address").fill(email)
    page.get_by_role("button", name="Send me a link").click()
    page.get_by_role("heading", name="Look into your mail").wait_for()
    return page.locator("#check").inner_text()


def said(gateway, *components):
    return [each["msg"] for each in gateway.records() if each["component"] in components]


def test_a_link_that_is_opened_elsewhere_lets_the_waiting_browser_in(linked, mails, browsers):
    desk, phone = browsers(), browsers(viewport={"width": 390, "height": 844})
    number = ask(desk, linked)
    mail = mails.until(1)[0]
    assert mail["To"] == "alice@example.org"
    assert "Chrome on Linux, 127.0.0.1" in text_of(mail)
    # Of ninety numbers one is that of the minutes.
    assert number not in text_of(mail).replace("10 minutes", "").split()
    assert LINK.search(text_of(mail))[0] in html_of(mail).replace("&amp;", "&")

    phone.goto(link_in(mails))
    assert "alice@example.org" in phone.inner_text("main")
    phone.get_by_label("Number that the other browser shows").fill("00")
    phone.get_by_role("button", name="Let the other browser in").click()
    assert "That is not the number." in phone.inner_text("main")
    phone.get_by_label("Number that the other browser shows").fill(number)
    phone.get_by_role("button", name="Let the other browser in").click()
    phone.get_by_role("heading", name="The other browser is let in").wait_for()

    desk.wait_for_url(f"https://{APP}:{linked.port}/wanted?x=1")
    assert desk.inner_text("h1") == "Hello Alice"
    phone.goto(f"https://{APP}:{linked.port}/")
    assert "/signin" in phone.url
    assert {
        "Magic link email queued",
        "Pre-verification successful, showing confirmation page",
        "Magic link authorized",
    } <= set(said(linked, "magiclink.initiate", "magiclink.preverify", "magiclink.verify"))
    (verified,) = until(
        lambda: [each for each in linked.records() if each["msg"] == "Magic link verified"], what="the record"
    )[-1:]
    assert (verified["audit"], verified["auth.user_id"]) == (True, "alice")
    output = linked.output.read_text()
    assert parse_qs(urlsplit(link_in(mails)).query)["t"][0] not in output


def test_the_browser_that_opens_the_link_can_be_signed_in_instead(linked, mails, browsers):
    desk, phone = browsers(), browsers()
    ask(desk, linked, path="/here?y=2")

    phone.goto(link_in(mails))
    phone.get_by_role("button", name="Sign in here instead").click()

    # The way back to that page belongs to the browser that asked.
    phone.wait_for_url(f"https://{APP}:{linked.port}/")
    assert phone.inner_text("h1") == "Hello Alice"
    desk.get_by_text("The link was not confirmed for this browser.").wait_for()
    desk.get_by_role("link", name="Ask for another link").wait_for()


def test_one_browser_needs_no_number_and_both_windows_end_up_signed_in(linked, mails, browsers):
    desk = browsers()
    ask(desk, linked, path="/same")
    window = desk.context.new_page()

    window.goto(link_in(mails))
    assert "this one" in window.inner_text("main")
    window.get_by_role("button", name="Sign in", exact=True).click()

    window.wait_for_url(f"https://{APP}:{linked.port}/same")
    desk.wait_for_url(f"https://{APP}:{linked.port}/same")


def test_a_denied_link_lets_nobody_in(linked, mails, browsers):
    desk, phone = browsers(), browsers()
    ask(desk, linked)

    phone.goto(link_in(mails))
    phone.get_by_role("button", name="This was not me").click()

    phone.get_by_role("heading", name="Nobody is let in").wait_for()
    desk.get_by_text("The link was not confirmed for this browser.").wait_for()
    phone.goto(link_in(mails))
    assert "This link was used already" in phone.inner_text("main")


def test_all_of_it_works_without_scripts(linked, mails, page, browsers):
    phone = browsers(java_script_enabled=False)
    number = ask(page, linked, path="/plain")
    assert "This page looks every few seconds" in page.inner_text("main")
    phone.goto(link_in(mails))
    phone.get_by_label("Number that the other browser shows").fill(number)
    phone.keyboard.press("Enter")
    phone.get_by_role("heading", name="The other browser is let in").wait_for()

    page.get_by_role("button", name="Continue").click()

    page.wait_for_url(f"https://{APP}:{linked.port}/plain")


# Without a browser: what strangers and machines send.


def hidden(page):
    return re.search(r'name="form" value="([^"]*)"', page.body.decode())[1]


def ask_plainly(gateway, email="alice@example.org"):
    visitor = Visitor(gateway)
    page = visitor.get("/signin/link", SIGN_IN)
    page = visitor.go("POST", SIGN_IN, "/signin/link", form={"form": hidden(page), "email": email})
    assert visitor.at == (SIGN_IN, "/signin/link/wait"), page.text
    return visitor, re.search(r'id="check">(\d\d)<', page.body.decode())[1]


def own_path(link):
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"


def poll(visitor):
    jar = "; ".join(f"{name}={value}" for name, value in visitor.cookies[SIGN_IN].items())
    return visitor.gateway.fetch(
        "POST",
        SIGN_IN,
        "/api/signin/link/poll",
        headers={"Content-Type": "application/json", "Cookie": jar},
        body="{}",
    )


def test_nothing_tells_an_address_of_somebody_from_one_of_nobody(linked, mails):
    pages = []
    for email in ("alice@example.org", "nobody@example.org"):
        visitor = Visitor(linked)
        page = visitor.get("/signin/link", SIGN_IN)
        jar = visitor.cookies[SIGN_IN]
        answer = linked.fetch(
            "POST",
            SIGN_IN,
            "/signin/link",
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Cookie": "; ".join(f"{name}={value}" for name, value in jar.items()),
            },
            body=urlencode({"form": hidden(page), "email": email}),
        )
        shown = [
            (name, re.sub(r"=[^;]+;", "=…;", value))
            for name, value in answer.headers
            if name.lower() not in {"date", "x-request-id"}
        ]
        pages.append((answer.status, shown, len(answer.body)))

    assert pages[0] == pages[1]
    mails.until(1)
    until(
        lambda: "Magic link not sent, nobody to send it to" in said(linked, "magiclink.initiate"),
        what="the record",
    )
    assert [mail["To"] for mail in mails.mails] == ["alice@example.org"]


def test_mail_scanners_use_nothing_up(linked, mails):
    visitor, number = ask_plainly(linked)
    path = own_path(link_in(mails))

    for method in ("GET", "HEAD", "GET", "GET"):
        assert linked.fetch(method, SIGN_IN, path).status == 200
    scanner = Visitor(linked)
    for _ in range(5):
        assert "Is this you?" in scanner.get(path, SIGN_IN).text

    phone = Visitor(linked)
    page = phone.get(path, SIGN_IN)
    form = {"form": hidden(page), "action": "authorize", "check": number}
    assert "The other browser is let in" in phone.go("POST", SIGN_IN, "/signin/link/open", form=form).text
    assert json.loads(poll(visitor).body) == {"state": "signed_in", "next": "/"}


def test_of_fifty_simultaneous_decisions_and_polls_exactly_one_counts(linked, mails):
    visitor, number = ask_plainly(linked)
    phone = Visitor(linked)
    page = phone.get(own_path(link_in(mails)), SIGN_IN)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": f"https://{SIGN_IN}:{linked.port}",
        "Cookie": "; ".join(f"{name}={value}" for name, value in phone.cookies[SIGN_IN].items()),
    }
    body = urlencode({"form": hidden(page), "action": "authorize", "check": number})

    with ThreadPoolExecutor(10) as crowd:
        decisions = list(
            crowd.map(
                lambda _: linked.fetch("POST", SIGN_IN, "/signin/link/open", headers=headers, body=body),
                range(50),
            )
        )
        calls = list(crowd.map(lambda _: poll(visitor), range(50)))

    assert [answer.status for answer in decisions].count(200) == 1
    states = [json.loads(call.body).get("state") for call in calls]
    assert states.count("signed_in") == 1
    assert sum("__Host-yett-sso" in str(call.headers) for call in calls) == 1


def test_whoever_does_not_see_the_waiting_browser_cannot_guess_its_number(linked, mails):
    visitor, number = ask_plainly(linked)
    phone = Visitor(linked)
    page = phone.get(own_path(link_in(mails)), SIGN_IN)
    for guess in (each for each in ("11", "22", "33", "44") if each != number):
        form = {"form": hidden(page), "action": "authorize", "check": guess}
        page = phone.go("POST", SIGN_IN, "/signin/link/open", form=form)
        if page.status != 422:
            break

    assert (page.status, "too often" in page.text) == (403, True)
    assert "used already" in phone.get(own_path(link_in(mails)), SIGN_IN).text
    assert json.loads(poll(visitor).body)["code"] == "denied"


@pytest.mark.parametrize("changed", ["r", "t", "both", "cut"])
def test_an_altered_link_leads_nowhere(linked, mails, changed):
    ask_plainly(linked)
    ask_plainly(linked)
    mails.until(2)
    one, other = (parse_qs(urlsplit(LINK.search(text_of(mail))[0]).query) for mail in mails.mails[:2])
    made = {
        "r": {"t": one["t"][0], "r": other["r"][0]},
        "t": {"t": other["t"][0], "r": one["r"][0]},
        "both": {"t": "x" * 43, "r": one["r"][0]},
        "cut": {"t": one["t"][0], "r": one["r"][0][:-4]},
    }[changed]

    answer = linked.fetch("GET", SIGN_IN, f"/signin/link/open?{urlencode(made)}")

    assert answer.status in {400, 410}
    assert b"/signin/link/open" not in answer.body


def test_a_decision_from_another_site_or_browser_is_refused(linked, mails):
    ask_plainly(linked)
    phone = Visitor(linked)
    path = own_path(link_in(mails))
    page = phone.get(path, SIGN_IN)
    form = {"form": hidden(page), "action": "signin_here"}

    foreign = phone.go(
        "POST", SIGN_IN, "/signin/link/open", form=form, headers={"Sec-Fetch-Site": "cross-site"}
    )
    other = Visitor(linked)
    other.get(path, SIGN_IN)
    stolen = other.go("POST", SIGN_IN, "/signin/link/open", form=form)

    assert (foreign.status, stolen.status) == (403, 403)
    assert "Is this you?" in phone.get(path, SIGN_IN).text


def test_a_person_who_is_disabled_meanwhile_is_not_let_in(linked, mails):
    visitor, number = ask_plainly(linked, "bob@example.org")
    phone = Visitor(linked)
    page = phone.get(own_path(link_in(mails)), SIGN_IN)
    form = {"form": hidden(page), "action": "authorize", "check": number}
    phone.go("POST", SIGN_IN, "/signin/link/open", form=form)
    linked.run("users", "disable", "bob")

    answer = until(
        lambda: (said := json.loads(poll(visitor).body)) and said.get("state") != "pending" and said,
        what="an answer",
    )

    linked.run("users", "enable", "bob")
    # By what was confirmed being forgotten, or, a moment before that, by who they are.
    assert answer["code"] in {"gone", "nobody"}
    until(lambda: "Device codes of a person who is out forgotten" in said(linked, "devicecode.revoke"))
    assert "sso" not in "".join(visitor.cookies[SIGN_IN])


def test_a_program_can_ask_for_a_link_and_wait_for_it(linked, mails):
    visitor = Visitor(linked)
    headers = {"Content-Type": "application/json"}
    answer = linked.fetch(
        "POST",
        SIGN_IN,
        "/api/signin/link",
        headers=headers,
        body=json.dumps({"email": "Alice@Example.org", "next": "//evil.example"}),
    )
    content = json.loads(answer.body)
    assert (content["state"], content["interval"]) == ("pending", 1)
    visitor.cookies[SIGN_IN] = {
        value.partition("=")[0]: value.partition("=")[2].partition(";")[0]
        for name, value in answer.headers
        if name.lower() == "set-cookie"
    }
    phone = Visitor(linked)
    page = phone.get(own_path(link_in(mails)), SIGN_IN)
    form = {"form": hidden(page), "action": "authorize", "check": content["check"]}
    phone.go("POST", SIGN_IN, "/signin/link/open", form=form)

    assert json.loads(poll(visitor).body)["state"] == "signed_in"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"email": "no address"}', 422),
        ('{"email": 7}', 400),
        ('{"email": "a@b.c", "next": 7}', 400),
        ("[]", 400),
        ("{", 400),
        ('{"email": "' + "a" * 70_000 + '"}', 413),
        ('{"email": "a\\u0000@example.org"}', 422),
        ('{"email": "alice@example.org\\r\\nBcc: eve@example.org"}', 422),
    ],
)
def test_improper_calls_are_refused(linked, body, status):
    answer = linked.fetch(
        "POST", SIGN_IN, "/api/signin/link", headers={"Content-Type": "application/json"}, body=body
    )
    assert answer.status == status


def test_without_a_mail_server_there_are_no_links_and_a_warning_is_printed(make_gateway):
    gateway = make_gateway(mappings="[signin.magiclink]\nenabled = true\n").start()

    assert gateway.fetch("GET", SIGN_IN, "/signin/link").status == 404
    assert "Send me a link" not in gateway.fetch("GET", SIGN_IN, "/signin").text
    assert (
        "[CONFIG] WARNING: signin.magiclink.enabled=true but SMTP is not configured — magic link disabled"
        in gateway.output.read_text()
    )


def test_links_switch_device_codes_on_and_say_so(linked):
    line = "[CONFIG] INFO: auto-enabling authentication.devicecode (required by signin.magiclink)"
    assert linked.output.read_text().count(line) == 1
    assert "Device Code authorization (RFC 8628) initialized" in said(linked, "devicecode.init")


def test_people_of_ldap_are_asked_for_anew_and_let_in_by_nobody_else(make_gateway, mails, ldap):
    ldap.add_user("carol", email="carol@example.org")
    directory = DIRECTORY.format(
        url=ldap.url, ca=ldap.ca, service=SERVICE, password=SERVICE_PASSWORD, people=PEOPLE
    )
    gateway = make_gateway(mappings=SETTINGS.format(port=mails.port) + directory).start()
    visitor, number = ask_plainly(gateway, "carol@example.org")
    phone = Visitor(gateway)
    page = phone.get(own_path(link_in(mails)), SIGN_IN)
    form = {"form": hidden(page), "action": "authorize", "check": number}

    ldap.stop()
    assert phone.go("POST", SIGN_IN, "/signin/link/open", form=form).status == 503
    ldap.start()
    until(
        lambda: phone.go("POST", SIGN_IN, "/signin/link/open", form=form).status == 200,
        what="the decision",
    )
    ldap.stop()
    answer = until(
        lambda: (said := json.loads(poll(visitor).body)) and said.get("state") != "pending" and said,
        what="an answer",
    )
    ldap.start()

    assert answer["code"] == "unavailable"
    assert "Directory lookup failed during verify" in said(gateway, "magiclink.verify")
    assert "Directory lookup failed during poll" in said(gateway, "magiclink.poll")
