import asyncio
import base64
from datetime import timedelta

import pytest
from cryptography.x509 import ocsp
from tests.authn.x509.making import DAY, People, person, root, said, until

from yett.authn.x509 import X509, Accepted, Rechecks, X509Settings, events
from yett.authn.x509.config import CRLSettings
from yett.authn.x509.model import Reason
from yett.sessions import Sessions, SessionSettings, SessionType
from yett.store import MemoryRecords

REVOKED = ocsp.OCSPCertStatus.REVOKED


class Place:
    """The method, real sessions, and ada signed in with a certificate."""

    def __init__(self, folder, ca, clock, tasks):
        self.folder, self.ca, self.clock, self.tasks = folder, ca, clock, tasks
        (folder / "ca.pem").write_bytes(ca.pem)
        self.records = MemoryRecords(clock)
        self.people = People(person("ada"), person("bob"))
        self.sessions = Sessions(self.records, SessionSettings(), clock, tasks)

    def settings(self, **more):
        usual = {"enabled": True, "authorities": self.folder / "ca.pem", "timeout": timedelta(seconds=5)}
        return X509Settings(**{**usual, **more})

    async def start(self, **more):
        self.method = X509(self.people, self.records, self.settings(**more), self.tasks, self.clock)
        await self.method.start()
        self.rechecks = Rechecks(self.method, self.sessions, self.tasks, self.clock)
        self.sessions.add_extend_validator("x509", self.rechecks.may_extend)
        return self

    async def sign_in(self, leaf, **changes):
        verdict = await self.method.validate(leaf.der)
        assert isinstance(verdict, Accepted)
        metadata = {"method": "x509", **verdict.metadata, **changes}
        return await self.sessions.create(
            SessionType.SIGN_ON, verdict.user, audience="login", metadata=metadata,
            certificate_not_after=verdict.not_after,
        )  # fmt: skip

    async def open(self, sign_on):
        return await self.sessions.create(
            SessionType.AUTHENTICATED, "ada", audience="wiki", parent=sign_on.session.ref
        )

    async def use(self, issued, *, after=300):
        """Use a session some time later; how many seconds longer it lasts then."""
        before = issued.session.expires_at
        self.clock.advance(after)
        session = await self.sessions.extend(issued.token)
        return None if session is None else session.expires_at - before


@pytest.fixture
async def place(tmp_path, ca, clock, tasks):
    made = Place(tmp_path, ca, clock, tasks)
    await made.sessions.start()
    yield made
    await made.method.stop()
    await made.sessions.stop()


async def test_a_session_with_a_good_certificate_goes_on(place, ca, heard):
    await place.start()
    issued = await place.sign_in(ca.issue())
    assert await place.use(issued) == 300
    assert "checking_for_extension" in said(heard, "x509.session_validator")


async def test_other_sessions_are_none_of_its_business(place, heard):
    await place.start()
    issued = await place.sessions.create(
        SessionType.SIGN_ON, "ada", audience="login", metadata={"method": "password"}
    )
    child = await place.open(issued)
    assert await place.use(issued) == 300
    assert await place.use(child) == 600
    assert said(heard, "x509.session_validator") == []


async def test_a_session_ends_with_its_certificate_and_so_do_those_that_hang_on_it(place, ca):
    await place.start()
    issued = await place.sign_in(ca.issue(ends=600))
    child = await place.open(issued)
    place.clock.advance(599)
    assert await place.sessions.validate(child.token, audience="wiki")
    place.clock.advance(1)
    assert await place.sessions.validate(issued.token, audience="login") is None
    assert await place.sessions.validate(child.token, audience="wiki") is None


@pytest.mark.parametrize("by_list", [True, False])
async def test_a_revocation_ends_the_session_and_what_hangs_on_it_when_it_would_go_on(
    place, ca, static, heard, by_list
):
    leaf = ca.issue()
    static.bodies |= {"/ca.crl": ca.crl(), "/ocsp": ca.answer(leaf)}
    if by_list:
        await place.start(crl=(CRLSettings(urls=(static.url + "/ca.crl",)),))
        await place.method.refresh_lists()
    else:
        await place.start(ocsp=True, ocsp_urls=(static.url + "/ocsp",), ocsp_cache=timedelta(seconds=60))
    issued = await place.sign_in(leaf)
    child = await place.open(issued)
    ended = []
    place.sessions.ended.connect(lambda told: ended.append(told.session.ref))
    assert await place.use(child) == 300
    static.bodies |= {"/ca.crl": ca.crl(leaf), "/ocsp": ca.answer(leaf, status=REVOKED)}
    await place.method.refresh_lists()
    # It is a session of an application that would go on; the sign-on is what rests on the certificate.
    place.clock.advance(300)
    await place.sessions.extend(child.token)
    await until(lambda: len(ended) == 2)
    assert await place.sessions.validate(issued.token, audience="login") is None
    assert await place.sessions.validate(child.token, audience="wiki") is None
    assert "extension_of_revoked" in said(heard, "x509.session_validator")


@pytest.mark.parametrize(
    ("changes", "event"),
    [
        ({"x509_certificate": ""}, "metadata_missing"),
        ({"x509_certificate": "%"}, "metadata_missing"),
        ({"x509_ca": ""}, "authority_unknown"),
        ({"x509_ca": "internal"}, "authority_unknown"),
    ],
)
@pytest.mark.parametrize("lenient", [False, True])
async def test_a_session_of_which_too_little_is_known_does_not_go_on(
    place, ca, heard, changes, event, lenient
):
    await place.start(allow_incomplete_sessions=lenient)
    issued = await place.sign_in(ca.issue(), **changes)
    assert await place.use(issued) == (300 if lenient else 0)
    assert said(heard, "x509.session_validator")[-1] == f"{event}_{'allowed' if lenient else 'rejected'}"


@pytest.mark.parametrize("lenient", [False, True])
async def test_a_session_that_keeps_junk_does_not_go_on(place, ca, heard, lenient):
    await place.start(allow_incomplete_sessions=lenient)
    issued = await place.sign_in(ca.issue(), x509_certificate=base64.b64encode(b"junk").decode())
    assert await place.use(issued) == (300 if lenient else 0)
    last = "extension_soft_parse" if lenient else "extension_of_unacceptable"
    assert said(heard, "x509.session_validator")[-1] == last


async def test_what_would_sign_nobody_in_now_does_not_go_on(place, ca, heard):
    await place.start(allow_incomplete_sessions=True, soft_fail=True)
    issued = await place.sign_in(ca.issue())

    def reason():
        ((emitter, fields),) = [said for said in heard("x509.session_validator") if "reason" in said[1]]
        assert emitter is events.extension_of_unacceptable
        heard.forget()
        return fields["reason"]

    (place.folder / "ca.pem").write_bytes(root("CN=Other").pem)
    await place.method.look()
    assert await place.use(issued) == 0
    assert reason() is Reason.CHAIN
    (place.folder / "ca.pem").write_bytes(ca.pem)
    await place.method.look()
    del place.people.table["ada"]
    assert await place.use(issued) == 0
    assert reason() is Reason.UNKNOWN_PERSON
    place.people.table["ada"] = person("ada")
    stranger = await place.sign_in(ca.issue("CN=bob"))
    place.people.table["bob"] = person("ada")
    await place.method.apply(place.settings(enabled=False))
    assert await place.use(stranger, after=10) == 0
    assert reason() is Reason.NO_AUTHORITY


async def test_a_certificate_that_names_somebody_else_by_now_does_not_go_on(place, ca, heard):
    await place.start()
    issued = await place.sign_in(ca.issue("CN=ada"))
    bobs = await place.method.validate(ca.issue("CN=bob").der)
    await place.sessions.annotate(issued.session.ref, dict(bobs.metadata))
    assert await place.use(issued) == 0
    assert heard("x509.session_validator")[-1][1]["reason"] is Reason.NO_IDENTITY


@pytest.mark.parametrize("soft", [False, True])
async def test_doubt_keeps_a_session_from_going_on_unless_that_is_allowed(place, ca, static, heard, soft):
    leaf = ca.issue()
    static.bodies |= {"/ocsp": ca.answer(leaf)}
    await place.start(
        ocsp=True, ocsp_urls=(static.url + "/ocsp",), ocsp_cache=timedelta(seconds=60), soft_fail=soft
    )
    issued = await place.sign_in(leaf)
    static.bodies.clear()
    assert await place.use(issued) == (300 if soft else 0)
    last = "extension_soft_responder" if soft else "extension_not_checked"
    assert said(heard, "x509.session_validator")[-1] == last
    # It was not ended: as soon as somebody answers, it goes on.
    static.bodies |= {"/ocsp": ca.answer(leaf)}
    assert await place.use(issued) > 300


async def test_a_list_that_ran_out_is_a_doubt(place, ca, static, heard):
    static.bodies["/ca.crl"] = ca.crl(ends=100)
    await place.start(crl=(CRLSettings(urls=(static.url + "/ca.crl",)),), soft_fail=True)
    await place.method.refresh_lists()
    issued = await place.sign_in(ca.issue())
    assert await place.use(issued) == 300
    assert said(heard, "x509.session_validator")[-1] == "extension_soft_list"


async def test_a_round_ends_the_sessions_of_revoked_certificates(place, ca, static, heard):
    gone, here = ca.issue(), ca.issue("CN=bob")
    static.bodies["/ca.crl"] = ca.crl()
    await place.start(crl=(CRLSettings(urls=(static.url + "/ca.crl",)),), recheck_every=timedelta(minutes=5))
    await place.method.refresh_lists()
    one, other = await place.sign_in(gone), await place.sign_in(here)
    child = await place.open(one)
    await place.rechecks.tick()
    static.bodies["/ca.crl"] = ca.crl(gone)
    await place.method.refresh_lists()
    heard.forget()
    await place.rechecks.tick()
    assert said(heard, "x509.check_revoked") == []
    place.clock.advance(301)
    await place.rechecks.tick()
    assert [each for each in said(heard, "x509.check_revoked") if each != "checking"] == [
        "check_found_listed",
        "check_valid",
    ]
    for issued, audience in ((one, "login"), (child, "wiki")):
        assert await place.sessions.validate(issued.token, audience=audience) is None
    assert await place.sessions.validate(other.token, audience="login")


async def test_a_responder_that_hangs_keeps_nobody_in_whom_a_list_names(place, ca, static):
    async def hang(_, writer):
        connected.set()
        await over.wait()
        writer.close()

    connected, over = asyncio.Event(), asyncio.Event()
    responder = await asyncio.start_server(hang, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{responder.sockets[0].getsockname()[1]}/"
    lists = (CRLSettings(urls=(static.url + "/ca.crl",)),)
    static.bodies["/ca.crl"] = ca.crl()
    await place.start(crl=lists)
    await place.method.refresh_lists()
    gone = ca.issue()
    for leaf in (ca.issue("CN=bob"), gone, ca.issue("CN=bob")):
        await place.sign_in(leaf)
    static.bodies["/ca.crl"] = ca.crl(gone)
    await place.method.refresh_lists()
    await place.method.apply(
        place.settings(crl=lists, ocsp=True, ocsp_urls=(url,), timeout=timedelta(minutes=1))
    )
    made = place.tasks.run(place.rechecks.check_all(), name="round")
    try:
        await connected.wait()
        assert place.sessions.live("ada") == []
        assert not made.done()
    finally:
        over.set()
        responder.close()
        await responder.wait_closed()
    await made


async def test_a_round_says_what_it_found(place, ca, static, heard):
    leaf = ca.issue()
    static.bodies["/"] = ca.answer(leaf)
    await place.start(ocsp=True, ocsp_urls=(static.url + "/",), ocsp_cache=timedelta(seconds=10))
    issued = await place.sign_in(leaf)
    for body, word, ended in (
        (ca.answer(leaf), "check_passed", 0),
        (b"junk", "check_failed", 0),
        (ca.answer(leaf, status=REVOKED), "check_found_revoked", 1),
    ):
        heard.forget()
        static.bodies["/"] = body
        place.clock.advance(11)
        assert await place.rechecks.check_all() == ended
        assert said(heard, "x509.check_revoked") == ["checking", word]
    assert await place.sessions.validate(issued.token, audience="login") is None


async def test_a_round_passes_over_sessions_that_cannot_be_looked_at(place, ca, heard):
    await place.start()
    await place.sign_in(ca.issue(), x509_certificate="")
    await place.sign_in(ca.issue(), x509_certificate="AAAA")
    assert await place.rechecks.check_all() == 0
    assert said(heard, "x509.check_revoked") == ["check_without_certificate", "check_not_parsed"]
    (place.folder / "ca.pem").write_bytes(root("CN=Other").pem)
    await place.sign_in(ca.issue())
    await place.method.look()
    heard.forget()
    await place.rechecks.check_all()
    assert said(heard, "x509.check_revoked")[-1] == "checking"


async def test_a_round_can_be_left_out(place, ca, heard):
    await place.start(recheck_every=timedelta(0))
    await place.sign_in(ca.issue())
    place.clock.advance(DAY / 24)
    await place.rechecks.tick()
    assert said(heard, "x509.check_revoked") == []


async def test_fifty_extensions_at_once_end_a_revoked_session_once(place, ca, static):
    leaf = ca.issue()
    static.bodies["/"] = ca.answer(leaf)
    await place.start(ocsp=True, ocsp_urls=(static.url + "/",), ocsp_cache=timedelta(seconds=10))
    issued = await place.sign_in(leaf)
    ended = []
    place.sessions.ended.connect(ended.append)
    static.bodies["/"] = ca.answer(leaf, status=REVOKED)
    place.clock.advance(60)
    await asyncio.gather(*(place.sessions.extend(issued.token) for _ in range(50)))
    await until(lambda: ended)
    await asyncio.sleep(0)
    assert len(ended) == 1
    assert await place.sessions.validate(issued.token, audience="login") is None


async def test_going_round_begins_and_ends_with_the_gateway(place, ca, heard):
    await place.start(recheck_every=timedelta(seconds=1))
    await place.sign_in(ca.issue())
    await place.rechecks.start()
    place.clock.advance(5)
    await until(lambda: "check_valid" in said(heard, "x509.check_revoked"))
    await place.rechecks.stop()
