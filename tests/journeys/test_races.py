"""Whatever is good for one use is used once, whoever sends it fifty times in the same moment."""

import json
import re
from collections import Counter
from itertools import cycle, islice

import pytest
from tests.authn.passkey.authenticator import UP, UV, Authenticator
from tests.journeys.crowd import Browser, Crowd, call, cookies_after, form, hidden, look, said
from tests.journeys.gateway import APP, MAPPING, SIGN_IN, Gateway, run_apart, until
from tests.journeys.mail_server import MailServer, text_of
from tests.journeys.test_second_factors import MAILED, RECOVERY, Phone

from yett.authn.password import Hasher, PasswordSettings
from yett.identity import LocalUser, LocalUsers, Person

TIMES = 50
PASSWORD = "a rather long sentence"
SETTINGS = """
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "Yett <yett@example.org>"

[authn.totp]
window = 2

[authn.otp]
resend_interval = "1s"
max_tries = {max_tries}

[signin.magiclink]
enabled = true
max_per_email = 1000

[authentication.devicecode]
interval = "1s"

[[oidc.device.client]]
id = "cli"

[signin.mfa]
password = "{password}"
require_groups = ["staff"]
tries = {tries}
free_attempts = {free}
"""
GENEROUS = {"max_tries": 20, "tries": 100, "free": 1000, "password": "always"}
"""So that all of them are looked at, and nothing but the single use is in the way."""
USUAL = {"max_tries": 5, "tries": 5, "free": 10, "password": "always"}
PEOPLE = {
    **dict.fromkeys(("ada", "bea", "ben", "cleo", "dan"), "staff"),
    **dict.fromkeys(("gus", "hal", "ivy", "jo", "kim"), "guests"),
}
LINK = re.compile(r"/signin/link/open\?[^\s\"<>]+")
GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture(scope="module")
def post():
    with MailServer() as server:
        yield server


def populate(gateway, people):
    """Give a gateway people of one group each, who all have the same password."""
    gateway.data.mkdir(mode=0o700)
    users = LocalUsers(gateway.data / "users.toml")
    password_hash = Hasher(PasswordSettings(memory=8 << 20, passes=1)).hash_new(PASSWORD)
    for name, group in people.items():
        person = Person(name, name.title(), f"{name}@example.org", (group,), False, "local")
        users.add(LocalUser(person, password_hash))


@pytest.fixture(scope="module")
def started(tmp_path_factory, heard_folder, upstream, post):
    """Starts gateways with these people and the limits that are named."""
    made = []

    def start(limits):
        mapping = MAPPING.format(
            app="Wiki", host=APP, service=f"http://127.0.0.1:{upstream.port}", groups='["staff", "guests"]'
        )
        settings = SETTINGS.format(port=post.port, **limits)
        gateway = Gateway(tmp_path_factory.mktemp("contested"), mapping + settings, heard=heard_folder)
        populate(gateway, PEOPLE)
        made.append(gateway)
        return gateway.start()

    yield start
    for gateway in made:
        gateway.stop()


@pytest.fixture(scope="module")
def contested(started):
    return started(GENEROUS)


def mail_to(post, name, count=1):
    """The text of the mail that makes it `count` mails to this person."""

    def theirs():
        return [mail for mail in post.mails if mail["To"] == f"{name}@example.org"]

    until(lambda: len(theirs()) >= count, what="the mail")
    return text_of(theirs()[count - 1])


def link_to(post, name):
    """The newest link that was mailed to somebody, as a path."""

    def newest():
        found = [LINK.search(text_of(mail)) for mail in post.mails if mail["To"] == f"{name}@example.org"]
        return next((each[0] for each in reversed(found) if each), "")

    return until(newest, what="the link")


def mailed_code(post, name, count=1):
    """The code in the first mail from the `count`th on that has one; links to sign in by come as well."""
    return until(
        lambda: next(
            (
                found[0]
                for number in range(count, mails_to(post, name) + 1)
                if (found := MAILED.search(mail_to(post, name, number)))
            ),
            "",
        ),
        what="a mail with a code",
    )


def said_of(gateway, name, message):
    return [each for each in gateway.records() if (each["msg"], each.get("auth.user_id")) == (message, name)]


def heard_once(gateway, name, *messages):
    """Wait until the last of these was said of somebody; each was said once."""
    until(lambda: said_of(gateway, name, messages[-1]), what=f"the record {messages[-1]!r}")
    counts = {message: len(said_of(gateway, name, message)) for message in messages}
    assert counts == dict.fromkeys(messages, 1)


def sign_ons(gateway, name):
    """How many sign-on sessions somebody has."""
    listed = json.loads(gateway.run("--json", "admin", "sessions", "list", "--user", name))
    return sum(each["type"] == "sign_on" for each in listed)


def states(pages):
    return Counter(said(page).get("state", said(page).get("code")) for page in pages)


def let_in(pages):
    """How many of these answers hand out a sign-on session."""
    return sum("__Host-yett-sso" in cookies_after(page) for page in pages)


def mails_to(post, name):
    return len([mail for mail in post.mails if mail["To"] == f"{name}@example.org"])


async def sign_in_by_mail(crowd, gateway, post, name, *, address=""):
    """A guest's browser, signed in."""
    browser, count = Browser(crowd, gateway, address=address), mails_to(post, name) + 1
    assert (await browser.sign_in(name, PASSWORD))["factors"] == ["email"]
    answer = await browser.call("/api/signin/factor", code=mailed_code(post, name, count))
    assert answer["state"] == "signed_in", answer
    return browser


async def to_enrol(crowd, gateway, post, name, *, address=""):
    """Sign in for the first time, as far as the page that wants a factor of one's own."""
    browser = Browser(crowd, gateway, address=address)
    assert (await browser.sign_in(name, PASSWORD))["factors"] == ["email"]
    answer = await browser.call("/api/signin/factor", code=mailed_code(post, name))
    assert answer["state"] == "enrolment_required", answer
    page = await browser.post("/signin/enrol", await browser.look("/signin/enrol"))
    return browser, page, Phone(re.search(r"<code>([A-Z2-7]{32})</code>", page.body.decode())[1])


async def enrol(crowd, gateway, post, name, *, address=""):
    """Sign in for the first time; the app and the recovery codes."""
    browser, page, phone = await to_enrol(crowd, gateway, post, name, address=address)
    page = await browser.post("/signin/enrol", page, code=phone.code())
    codes = list(dict.fromkeys(RECOVERY.findall(page.text)))
    assert len(codes) == 10
    return phone, codes


async def half_way(crowd, gateway, name, times=TIMES, *, addresses=("",)):
    """Browsers in which the password was right and the code is missing."""
    browsers = [Browser(crowd, gateway, address=each) for each in islice(cycle(addresses), times)]
    for browser in browsers:
        answer = await browser.sign_in(name, PASSWORD)
        assert answer["state"] == "factor_required", answer
    return browsers


def test_a_code_by_mail_lets_one_in(contested, post):
    async def story():
        async with Crowd(contested) as crowd:
            browser = Browser(crowd, contested)
            await browser.sign_in("gus", PASSWORD)
            code = mailed_code(post, "gus")
            return await crowd.at_once([call("/api/signin/factor", browser.cookies, code=code)] * TIMES)

    pages = run_apart(story())

    assert (states(pages)["signed_in"], let_in(pages)) == (1, 1), states(pages)
    assert sign_ons(contested, "gus") == 1
    heard_once(contested, "gus", "OTP validated successfully", "User signed in successfully")


def test_a_code_of_an_app_lets_one_in_however_many_sign_ins_wait_for_it(contested, post):
    async def story():
        async with Crowd(contested) as crowd:
            phone, _ = await enrol(crowd, contested, post, "ada")
            before = sign_ons(contested, "ada")
            browsers = await half_way(crowd, contested, "ada")
            code = phone.code()
            pages = await crowd.at_once(
                call("/api/signin/factor", browser.cookies, code=code) for browser in browsers
            )
            return before, pages

    before, pages = run_apart(story())

    assert (states(pages)["signed_in"], let_in(pages)) == (1, 1), states(pages)
    assert sign_ons(contested, "ada") == before + 1
    assert len(said_of(contested, "ada", "User signed in successfully")) == before + 1
    heard_once(contested, "ada", "TOTP validation successful")


@pytest.mark.parametrize("limits", [GENEROUS, USUAL], ids=["generous", "usual"])
def test_one_sign_in_that_sends_its_right_code_again_and_again_ends_once_and_well(
    started, contested, post, limits
):
    gateway = contested if limits is GENEROUS else started(limits)
    name = "ben" if limits is GENEROUS else "bea"

    async def story():
        async with Crowd(gateway) as crowd:
            phone, _ = await enrol(crowd, gateway, post, name)
            (browser,) = await half_way(crowd, gateway, name, 1)
            return await crowd.at_once(
                [call("/api/signin/factor", browser.cookies, code=phone.code())] * TIMES
            )

    pages = run_apart(story())

    assert (states(pages)["signed_in"], let_in(pages)) == (1, 1), states(pages)
    assert sign_ons(gateway, name) == 2
    heard_once(gateway, name, "TOTP validation successful")


def test_a_recovery_code_lets_one_in(contested, post):
    async def story():
        async with Crowd(contested) as crowd:
            _, codes = await enrol(crowd, contested, post, "cleo")
            browsers = await half_way(crowd, contested, "cleo")
            return await crowd.at_once(
                call("/api/signin/factor", browser.cookies, code=codes[3]) for browser in browsers
            )

    pages = run_apart(story())

    assert (states(pages)["signed_in"], let_in(pages)) == (1, 1), states(pages)
    assert sign_ons(contested, "cleo") == 2
    (shown,) = json.loads(contested.run("--json", "admin", "totp", "show", "cleo"))
    assert shown["recovery_codes"] == 9


def test_an_app_is_set_up_once_by_its_first_code(contested, post):
    async def story():
        async with Crowd(contested) as crowd:
            browser, page, phone = await to_enrol(crowd, contested, post, "dan")
            sent = browser.form("/signin/enrol", form=hidden(page), code=phone.code())
            return await crowd.at_once([sent] * TIMES)

    pages = run_apart(story())

    shown = [set(RECOVERY.findall(page.text)) for page in pages]
    assert [len(codes) for codes in shown if codes] == [10]
    assert let_in(pages) == 1
    assert sign_ons(contested, "dan") == 1
    heard_once(contested, "dan", "TOTP authenticator added")


def test_a_link_by_mail_signs_in_one_of_those_who_confirm_it_at_once(contested, post):
    async def story():
        async with Crowd(contested) as crowd:
            asking, opening = Browser(crowd, contested), Browser(crowd, contested)
            await asking.call("/api/signin/link", email="hal@example.org")
            page = await opening.look(link_to(post, "hal"))
            sent = opening.form("/signin/link/open", form=hidden(page), action="signin_here")
            pages = await crowd.at_once([sent] * TIMES)
            return pages, await asking.call("/api/signin/link/poll")

    pages, polled = run_apart(story())

    assert Counter(page.status for page in pages) == {303: 1, 410: TIMES - 1}
    assert let_in(pages) == 1
    assert sign_ons(contested, "hal") == 1
    assert polled["code"] == "denied"
    heard_once(contested, "hal", "Magic link verified", "User signed in successfully")


def test_a_confirmed_link_is_fetched_by_one_of_those_who_wait_with_it(contested, post):
    async def story():
        async with Crowd(contested) as crowd:
            asking, opening = Browser(crowd, contested), Browser(crowd, contested)
            shown = await asking.call("/api/signin/link", email="ivy@example.org")
            page = await opening.look(link_to(post, "ivy"))
            forms = {
                action: opening.form(
                    "/signin/link/open", form=hidden(page), action=action, check=shown["check"]
                )
                for action in ("authorize", "deny")
            }
            # Half of them allow and half deny: whichever is first decides, and the others change nothing.
            decided = await crowd.at_once([forms["authorize"], forms["deny"]] * (TIMES // 2))
            fetched = await crowd.at_once([call("/api/signin/link/poll", asking.cookies)] * TIMES)
            return decided, fetched

    decided, fetched = run_apart(story())

    (done,) = [page for page in decided if page.status == 200]
    assert Counter(page.status for page in decided) == {200: 1, 410: TIMES - 1}
    allowed = int("The other browser is let in" in done.text)
    assert (states(fetched)["signed_in"], let_in(fetched)) == (allowed, allowed), states(fetched)
    assert states(fetched)["denied"] == 1 - allowed
    assert sign_ons(contested, "ivy") == allowed


def test_a_device_is_decided_about_once_and_gets_one_token(contested, post):
    async def story():
        async with Crowd(contested) as crowd:
            codes = said(await crowd.ask(form(contested, "/oidc/device_authorization", client_id="cli")))
            requests = []
            for decision in ("allow", "deny"):
                browser = await sign_in_by_mail(crowd, contested, post, "jo")
                typed = await browser.post(
                    "/device", await browser.look("/device"), user_code=codes["user_code"]
                )
                requests.append(browser.form("/device/decide", form=hidden(typed), decision=decision))
            decided = await crowd.at_once(requests * (TIMES // 2))
            poll = form(
                contested,
                "/oidc/token",
                grant_type=GRANT,
                device_code=codes["device_code"],
                client_id="cli",
            )
            return decided, await crowd.at_once([poll] * TIMES)

    decided, fetched = run_apart(story())

    (done,) = [page for page in decided if page.status == 200]
    allowed = int("is connected" in done.text)
    answers = Counter(said(page).get("error", "token") for page in fetched)
    assert answers == {"token" if allowed else "access_denied": 1, "invalid_grant": TIMES - 1}
    heard_once(contested, "jo", "Device authorization completed")


async def with_passkey(crowd, gateway, post, name, **more):
    """A guest's authenticator with a passkey, made by as many answers as there are in a moment."""
    browser = await sign_in_by_mail(crowd, gateway, post, name)
    count = mails_to(post, name) + 1
    await browser.sign_in(name, PASSWORD, again="1")
    await browser.call("/api/signin/factor", code=mailed_code(post, name, count))
    device = Authenticator(origin=f"https://{SIGN_IN}:{gateway.port}", rp_id=SIGN_IN, **more)
    asked = await browser.call("/profile/passkeys/begin")
    made = call(
        "/profile/passkeys/finish",
        browser.cookies,
        ceremony=asked["ceremony"],
        credential=device.create(asked["publicKey"]),
    )
    return device, await crowd.at_once([made] * TIMES)


async def ask_for_passkey(crowd, gateway, device):
    """A browser's answer to a question of ours."""
    browser = Browser(crowd, gateway)
    page = await browser.look("/signin")
    asked = await browser.call("/signin/passkey/begin")
    return call(
        "/signin/passkey/finish",
        browser.cookies,
        form=hidden(page),
        ceremony=asked["ceremony"],
        credential=device.get(asked["publicKey"]),
    )


def test_an_answer_with_a_passkey_lets_one_in(contested, post):
    async def story():
        async with Crowd(contested) as crowd:
            device, made = await with_passkey(crowd, contested, post, "kim", flags=UP | UV)
            answer = await ask_for_passkey(crowd, contested, device)
            once = await crowd.at_once([answer] * TIMES)
            # A copy of the device counts like it does: only one of them can be the one that was not used yet.
            device.count, device.step = device.count + 1, 0
            copies = [await ask_for_passkey(crowd, contested, device) for _ in range(TIMES)]
            return made, once, await crowd.at_once(copies)

    made, once, copies = run_apart(story())

    assert Counter(page.status for page in made) == {201: 1, 409: TIMES - 1}
    for pages in (once, copies):
        assert (states(pages)["signed_in"], let_in(pages)) == (1, 1), states(pages)
    assert states(once)["over"] == TIMES - 1
    assert states(copies)["wrong"] == TIMES - 1
    assert len(json.loads(contested.run("admin", "passkey", "list", "kim", "--json"))) == 1
    until(lambda: len(said_of(contested, "kim", "Cloned device failures")) == TIMES - 1, what="the records")


def test_a_step_up_lifts_a_session_once_under_one_new_token(started, post):
    gateway = started({**GENEROUS, "password": "never"})

    async def story():
        async with Crowd(gateway) as crowd:
            browser, count = Browser(crowd, gateway), mails_to(post, "gus") + 1
            assert (await browser.sign_in("gus", PASSWORD))["state"] == "signed_in"
            before = dict(browser.cookies)
            assert (await browser.call("/api/signin/step-up", acr="mfa"))["factors"] == ["email"]
            code = mailed_code(post, "gus", count)
            pages = await crowd.at_once([call("/api/signin/factor", browser.cookies, code=code)] * TIMES)
            (page,) = [page for page in pages if page.status == 200]
            old = await crowd.ask(look("/", before))
            new = await crowd.ask(look("/", cookies_after(page, before)))
            return pages, old, new

    pages, old, new = run_apart(story())

    assert (states(pages)["signed_in"], let_in(pages)) == (1, 1), states(pages)
    assert (old.status, old.header("location")) == (303, "/signin")
    assert "Gus" in new.text
    assert sign_ons(gateway, "gus") == 1
