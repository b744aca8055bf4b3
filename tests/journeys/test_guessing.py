"""Whoever guesses thousands of times, and whoever is guessed at.

What is promised (docs/signing-in.md): guesses are few however they are spread; while somebody has to wait,
a right answer is refused as well, and stays good; whoever is guessed at signs in from where they have been
before; everybody else notices nothing; and nothing tells a name that somebody has from one that nobody has.
"""

import asyncio
import json
import re
from collections import Counter, defaultdict
from itertools import cycle, islice
from statistics import median

import pytest
from tests.journeys.crowd import Browser, Crowd, call, form, hidden, look, said
from tests.journeys.gateway import APP, MAPPING, Gateway, run_apart, until
from tests.journeys.mail_server import MailServer
from tests.journeys.test_races import (
    GRANT,
    PASSWORD,
    enrol,
    half_way,
    let_in,
    link_to,
    mailed_code,
    mails_to,
    populate,
    said_of,
    sign_in_by_mail,
)

from yett.authn.letters import CONSONANTS

BEHIND = 'proxy_mode = "optional"\ntrusted_proxies = ["127.0.0.1"]\n'
"""Whoever connects may say whom they stand for, so that guesses come from many addresses."""
HOME = "192.0.2.7"
SETTINGS = """
[protection.rate]
# What is seen here are the limits of the sign-in itself, not those of the door.
enabled = false

[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "Yett <yett@example.org>"

[authn.totp]
window = 2

[authn.otp]
resend_interval = "1s"

[signin.magiclink]
enabled = true

[authentication.devicecode]
interval = "1s"

[[oidc.device.client]]
id = "cli"

[signin.mfa]
password = "always"
require_groups = ["staff"]
"""
PEOPLE = {"ada": "staff", "gus": "guests", "hal": "guests", "ivy": "guests", "jo": "guests", "kim": "guests"}
FREE = 10
"""Wrong codes for one person before waits begin; the first is half a minute."""


@pytest.fixture(scope="module")
def post():
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def besieged(tmp_path_factory, heard_folder, upstream, post):
    mapping = MAPPING.format(
        app="Wiki", host=APP, service=f"http://127.0.0.1:{upstream.port}", groups='["staff", "guests"]'
    )
    gateway = Gateway(
        tmp_path_factory.mktemp("besieged"),
        mapping + SETTINGS.format(port=post.port),
        BEHIND,
        heard=heard_folder,
    )
    populate(gateway, PEOPLE)
    gateway.start()
    yield gateway
    gateway.stop()


def digits(number):
    return f"{number * 7919 % 1_000_000:06}"


def letters(number):
    drawn = [CONSONANTS[number // 20**place % 20] for place in range(10)]
    return f"{''.join(drawn[:5])}-{''.join(drawn[5:])}"


class Tally:
    """What became of many requests."""

    def __init__(self):
        self.seen = Counter()
        self.let_in = 0

    def __call__(self, _asked, page, _seconds):
        content = json.loads(page.body)
        self.seen[page.status, content.get("code", content.get("state"))] += 1
        self.let_in += let_in([page])
        if page.status == 429:
            assert int(page.header("retry-after")) == content["retry_after"] > 0


def test_ten_thousand_codes_for_one_person_open_nothing_and_keep_nobody_out(besieged, post, record_property):
    async def story():
        tally = Tally()
        async with Crowd(besieged) as crowd:
            phone, recovery = await enrol(crowd, besieged, post, "ada", address=HOME)
            thieves = await half_way(
                crowd, besieged, "ada", 40, addresses=[f"203.0.113.{number}" for number in range(40)]
            )

            def guesses(begin, end):
                for number, thief in zip(range(begin, end), cycle(thieves)):
                    code = letters(number) if number % 3 == 0 else digits(number)
                    yield call("/api/signin/factor", thief.cookies, address=thief.address, code=code)

            await crowd.each(guesses(0, 5000), lines=24, heard=tally)

            # In the middle of it the right codes are refused too, and are not used up by that.
            code, lifeline = phone.code(), recovery[4]
            for right in (code, lifeline):
                refused = await thieves[7].ask(
                    call("/api/signin/factor", thieves[7].cookies, address=thieves[7].address, code=right)
                )
                assert (refused.status, said(refused)["code"]) == (429, "throttled")

            # From now on people sign in meanwhile: the one who is guessed at, at home, and somebody else anywhere.
            async def live():
                (ada,) = await half_way(crowd, besieged, "ada", 1, addresses=[HOME])
                assert (await ada.call("/api/signin/factor", code="000000"))["code"] == "wrong"
                assert (await ada.call("/api/signin/factor", code=code))["state"] == "signed_in"
                (ada,) = await half_way(crowd, besieged, "ada", 1, addresses=[HOME])
                assert (await ada.call("/api/signin/factor", code=lifeline))["state"] == "signed_in"
                await sign_in_by_mail(crowd, besieged, post, "gus", address="203.0.113.5")

            async with asyncio.TaskGroup() as together:
                together.create_task(crowd.each(guesses(5000, 10_000), lines=24, heard=tally))
                together.create_task(live())
            return tally, thieves

    tally, thieves = run_apart(story())

    assert sum(tally.seen.values()) == 10_000
    assert tally.let_in == 0
    assert set(tally.seen) <= {(422, "wrong"), (429, "throttled")}
    looked_at = tally.seen[422, "wrong"]
    record_property("codes_looked_at", looked_at)
    # The waits are 30 seconds, a minute, two: a slow run has room for a few more.
    assert FREE <= looked_at <= FREE + 4
    until(lambda: said_of(besieged, "ada", "Second factor attempts throttled"), what="the record")

    # It does not begin anew with the gateway.
    besieged.stop()
    besieged.start()

    async def after():
        async with Crowd(besieged) as crowd:
            (fresh,) = await half_way(crowd, besieged, "ada", 1, addresses=["203.0.113.77"])
            for thief in (thieves[3], fresh):
                page = await crowd.ask(
                    call("/api/signin/factor", thief.cookies, address=thief.address, code="123456")
                )
                assert (page.status, said(page)["code"]) == (429, "throttled")

    run_apart(after())


def test_codes_by_mail_are_locked_and_the_person_still_gets_theirs_at_home(besieged, post):
    async def story():
        async with Crowd(besieged) as crowd:
            await sign_in_by_mail(crowd, besieged, post, "hal", address=HOME)
            before = mails_to(post, "hal")
            (thief,) = await half_way(crowd, besieged, "hal", 1, addresses=["203.0.113.1"])
            code = mailed_code(post, "hal", before + 1)
            wrong = call("/api/signin/factor", thief.cookies, address=thief.address, code="BBBB-BBBB")
            answers = await crowd.at_once([wrong] * 50)
            assert Counter(said(page)["code"] for page in answers) == {"wrong": 4, "over": 46}

            # Another sign-in in the same browser: the code stays locked, the right one too, and no new one comes.
            assert (await thief.sign_in("hal", PASSWORD))["state"] == "factor_required"
            assert (await thief.call("/api/signin/factor", code=code))["code"] == "locked"
            assert (await thief.call("/api/signin/resend"))["code"] == "too_many"

            # In ever new browsers: the person is sent so many in an hour, and then no more.
            await half_way(crowd, besieged, "hal", 40, addresses=["203.0.113.1", "203.0.113.2"])
            assert mails_to(post, "hal") <= before + 20

            # At home nothing of it is felt.
            await sign_in_by_mail(crowd, besieged, post, "hal", address=HOME)

    run_apart(story())


def shape(page, name):
    """All of an answer that does not name the moment, the browser or the name that was typed."""
    headers = sorted(
        (key.lower(), re.sub(r"=[^;]+;", "=;", value) if key.lower() == "set-cookie" else value)
        for key, value in page.headers
        if key.lower() not in {"date", "x-request-id", "retry-after"}
    )
    body = re.sub(
        r'name="form" value="[^"]*"|"retry_after":\d+|[0-9a-f]{8}-[0-9a-f-]{27}', "", page.body.decode()
    )
    has_wait = bool(page.header("retry-after"))
    return (
        page.status,
        has_wait,
        repr([pair for pair in headers if pair[0] != "content-length"]),
        body.replace(name, ""),
    )


def test_ten_thousand_passwords_tell_nothing_about_a_name(besieged, record_property):
    known, unknown = "ada", "eva"  # the second is nobody's
    times, answers, shapes = defaultdict(list), defaultdict(Counter), defaultdict(set)

    def heard(asked, page, seconds):
        name = json.loads(asked.body)["name"]
        answers[name][page.status] += 1
        shapes[name].add(shape(page, name))
        times[name].append((page.status, seconds))

    def guesses(begin, end, network, addresses):
        for number in range(begin, end):
            for name in (known, unknown):
                address, password = f"{network}.{number % addresses}", f"guess {number:06}"
                yield call("/api/signin", address=address, name=name, password=password)

    async def story():
        async with Crowd(besieged) as crowd:
            # One after the other, where time could tell something.
            await crowd.each(guesses(0, 100, "198.18.0", 250), lines=1, heard=heard)
            record_property(
                "median_milliseconds",
                {
                    name: round(median(seconds for status, seconds in took if status == 422) * 1000, 2)
                    for name, took in times.items()
                },
            )
            await crowd.each(guesses(100, 5000, "198.51.100", 50), lines=16, heard=heard)
            # Where wrong ones came from the right one has to wait as well; elsewhere it has not.
            there = Browser(crowd, besieged, address="198.51.100.3")
            home = Browser(crowd, besieged, address=HOME)
            assert (await there.sign_in("ada", PASSWORD))["code"] == "throttled"
            assert (await home.sign_in("ada", PASSWORD))["state"] == "factor_required"
            # Somebody else is only kept from where there are guesses at everybody.
            assert (await home.sign_in("jo", PASSWORD))["state"] == "factor_required"

    run_apart(story())

    assert shapes[known] == shapes[unknown]
    assert {sum(each.values()) for each in answers.values()} == {5000}
    assert set(answers[known]) == {422, 429}
    assert answers[known][422] < 1000


def test_the_page_says_the_same_about_every_name(besieged):
    async def story():
        found = {}
        async with Crowd(besieged) as crowd:
            for number, name in enumerate(("ada", "eva", "kim", "zoe")):
                browser = Browser(crowd, besieged, address=f"198.51.100.{100 + number}")
                seen = found[name] = []
                for _ in range(7):
                    page = await browser.post(
                        "/signin", await browser.look("/signin"), name=name, password="wrong"
                    )
                    seen.append(shape(page, name))
        return found

    found = run_apart(story())
    assert [each[0] for each in found["ada"]] == [422] * 5 + [429] * 2
    assert found["ada"] == found["eva"] == found["kim"] == found["zoe"]


def test_a_thousand_passwords_at_once_are_five(besieged):
    async def story():
        async with Crowd(besieged) as crowd:
            wrong = call("/api/signin", address="198.51.100.200", name="kim", password="not this one")
            pages = []
            for _ in range(5):
                pages += await crowd.at_once([wrong] * 200)
            return Counter(page.status for page in pages)

    seen = run_apart(story())
    # The first wait is a second.
    assert 5 <= seen[422] <= 8
    assert seen[422] + seen[429] == 1000


def test_codes_of_devices_cannot_be_guessed_by_whoever_is_signed_in(besieged, post):
    seen = Counter()

    async def story():
        async with Crowd(besieged) as crowd:
            codes = said(await crowd.ask(form(besieged, "/oidc/device_authorization", client_id="cli")))
            thief = await sign_in_by_mail(crowd, besieged, post, "ivy", address="203.0.113.9")
            page = await thief.look("/device")
            guesses = (
                thief.form(
                    "/device", form=hidden(page), user_code=letters(number)[:4] + letters(number)[6:10]
                )
                for number in range(2000)
            )
            await crowd.each(guesses, lines=16, heard=lambda _, answer, __: seen.update([answer.status]))
            right = await thief.post("/device", page, user_code=codes["user_code"])
            assert right.status == 429
            assert int(right.header("retry-after")) > 0

            # Whose device it is notices nothing.
            jo = await sign_in_by_mail(crowd, besieged, post, "jo", address=HOME)
            asked = await jo.post("/device", await jo.look("/device"), user_code=codes["user_code"])
            done = await jo.post("/device/decide", asked, decision="allow")
            assert "is connected" in done.text
            poll = form(
                besieged, "/oidc/token", grant_type=GRANT, device_code=codes["device_code"], client_id="cli"
            )
            assert "access_token" in said(await crowd.ask(poll))

    run_apart(story())
    assert seen[422] + seen[429] == 2000
    assert 10 <= seen[422] <= 12
    until(lambda: said_of(besieged, "ivy", "User code guesses throttled"), what="the record")


def test_links_cannot_be_guessed(besieged, post):
    shapes = set()

    async def story():
        async with Crowd(besieged) as crowd:
            asking, phone = Browser(crowd, besieged, address=HOME), Browser(crowd, besieged)
            shown = await asking.call("/api/signin/link", email="kim@example.org")
            mailed = link_to(post, "kim")
            token, sealed = re.fullmatch(r"/signin/link/open\?t=([^&]+)&r=(.+)", mailed).groups()
            guesses = (
                look(f"/signin/link/open?t={number:06}{token[6:]}&r={sealed}", address="203.0.113.8")
                for number in range(2000)
            )
            await crowd.each(guesses, lines=16, heard=lambda _, page, __: shapes.add(shape(page, "")))

            # The number of the waiting browser: three may be typed, at once or one after the other.
            page = await phone.look(mailed)
            numbers = [number for number in range(10, 100) if str(number) != shown["check"]]
            sent = [
                phone.form("/signin/link/open", form=hidden(page), action="authorize", check=str(number))
                for number in islice(numbers, 50)
            ]
            answers = await crowd.at_once(sent)
            right = await phone.post("/signin/link/open", page, action="authorize", check=shown["check"])
            return answers, right, await asking.call("/api/signin/link/poll")

    answers, right, polled = run_apart(story())

    assert len(shapes) == 1
    assert {each[0] for each in shapes} == {410}
    seen = Counter(page.status for page in answers)
    assert seen[422] <= 2
    assert seen[200] == 0
    assert right.status == 410
    assert polled["code"] == "denied"


def test_links_that_are_asked_for_again_and_again_fill_nobodys_mailbox(besieged, post):
    async def story():
        before = mails_to(post, "jo")
        async with Crowd(besieged) as crowd:
            asks = [
                call("/api/signin/link", address=f"203.0.113.{number // 50}", email=f"{name}@example.org")
                for number in range(100)
                for name in ("jo", "nobody")
            ]
            pages = await crowd.at_once(asks)
            known, unknown = (Counter(page.status for page in half) for half in (pages[::2], pages[1::2]))
            # One network is given twenty; whether a mail goes out is nobody's business.
            assert known + unknown == {200: 40, 429: 160}
            await sign_in_by_mail(crowd, besieged, post, "jo", address=HOME)
        return before

    before = run_apart(story())
    until(lambda: mails_to(post, "jo") >= before + 2, what="the mails")
    assert mails_to(post, "jo") <= before + 11
