import datetime
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from tests.authn.x509.making import CLIENT, DAY, NOW, People, build, mail, person, root, said

from yett.authn.x509 import X509, Accepted, Reason, Rejected, X509Settings, events
from yett.authn.x509.config import CRLSettings
from yett.authn.x509.model import Identity, Stage
from yett.store import MemoryRecords

ADA, BOB = person("ada", "ada@example.org"), person("bob")


class Place:
    """The method with files that a test may change."""

    def __init__(self, folder, ca, clock, tasks):
        self.folder, self.clock, self.tasks = folder, clock, tasks
        self.people = People(ADA, BOB)
        self.answers = True
        self.authorities = folder / "ca.pem"
        self.authorities.write_bytes(ca.pem)
        self.started = []

    def settings(self, **more):
        usual = {"enabled": True, "authorities": self.authorities, "timeout": timedelta(seconds=5)}
        return X509Settings(**{**usual, **more})

    async def start(self, **more):
        async def refresh(_):
            return self.answers

        method = X509(
            self.people,
            MemoryRecords(self.clock),
            self.settings(**more),
            self.tasks,
            self.clock,
            refresh=refresh,
        )
        await method.start()
        self.started.append(method)
        return method


@pytest.fixture
async def place(tmp_path, ca, clock, tasks):
    made = Place(tmp_path, ca, clock, tasks)
    yield made
    for method in made.started:
        await method.stop()


async def test_a_good_certificate_names_its_owner(place, ca, heard):
    method = await place.start()
    leaf = ca.issue("CN=Ada")
    heard.forget()
    verdict = await method.validate(leaf.der)
    assert isinstance(verdict, Accepted)
    assert (verdict.user, verdict.not_after, verdict.certificate.serial) == (
        "ada",
        NOW + 30 * DAY,
        leaf.serial,
    )
    assert set(verdict.metadata) == {"x509_ca", "x509_serial", "x509_certificate"}
    stages = [fields["stage"] for emitter, fields in heard("x509") if emitter is events.passed]
    assert stages == [Stage.EXPIRATION, Stage.CHAIN, Stage.CRL, Stage.IDENTITY, Stage.OCSP]
    until = datetime.datetime.fromtimestamp(NOW + 30 * DAY, datetime.UTC)
    assert heard("x509")[-1] == (events.validated, {"user": "ada", "serial": leaf.serial, "not_after": until})


@pytest.mark.parametrize(
    ("made", "reason", "event"),
    [
        (lambda ca: ca.issue(begins=10), Reason.NOT_YET_VALID, "not_yet_valid"),
        (lambda ca: ca.issue(ends=-10), Reason.EXPIRED, "expired"),
        (lambda _: root("CN=Other").issue(), Reason.CHAIN, "chain_failed"),
        (lambda ca: ca.issue(purposes=None), Reason.CHAIN, "chain_failed"),
        (lambda ca: ca.issue("O=Nobody"), Reason.NO_IDENTITY, "no_identity"),
        (lambda ca: ca.issue("CN=eve"), Reason.UNKNOWN_PERSON, "person_not_found"),
        (lambda _: build("CN=ada", extensions=[(CLIENT, False)]), Reason.CHAIN, "chain_failed"),
    ],
)
async def test_each_thing_that_is_wrong_has_its_reason_and_its_line(place, ca, heard, made, reason, event):
    method = await place.start()
    assert await method.validate(made(ca).der) == Rejected(reason)
    assert said(heard, "x509.validate")[-1] == event


@pytest.mark.parametrize("der", [b"", b"x", b"\x30\x03\x02\x01\x00", b"\x30" * 20_000])
async def test_what_is_no_certificate_is_refused(place, heard, der):
    method = await place.start()
    assert await method.validate(der) == Rejected(Reason.MALFORMED)
    assert heard("x509.validate") == [(events.not_parsed, {"size": len(der)})]


async def test_without_authorities_everybody_is_refused(place, ca, heard):
    method = await place.start(authorities=None)
    assert await method.validate(ca.issue().der) == Rejected(Reason.NO_AUTHORITY)
    assert said(heard, "x509.validate")[-1] == "no_authorities"


async def test_a_directory_that_cannot_be_asked_lets_nobody_in(place, ca, heard):
    method = await place.start()
    place.answers = False
    assert await method.validate(ca.issue().der) == Rejected(Reason.NO_DIRECTORY)
    assert said(heard, "x509.validate")[-1] == "directory_failed"


async def test_addresses_are_looked_up_in_the_directory(place, ca):
    method = await place.start(identity=Identity.EMAIL)
    verdict = await method.validate(ca.issue("O=x", names=[mail("ada@example.org")]).der)
    assert verdict.user == "ada"


@pytest.mark.parametrize("soft", [False, True])
async def test_a_list_decides_and_its_absence_does_too(place, ca, heard, soft):
    file = place.folder / "ca.crl"
    method = await place.start(crl=(CRLSettings(urls=(str(file),)),), soft_fail=soft)
    verdict = await method.validate(ca.issue().der)
    assert isinstance(verdict, Accepted) if soft else verdict == Rejected(Reason.NOT_CHECKED)
    assert "list_not_available" in said(heard, "x509.validate")
    gone = ca.issue()
    file.write_bytes(ca.crl(gone))
    assert await method.refresh_lists() == 1
    assert await method.validate(gone.der) == Rejected(Reason.REVOKED)
    assert heard("x509.validate")[-1] == (events.revoked, {"serial": gone.serial, "stage": Stage.CRL})
    assert isinstance(await method.validate(ca.issue().der), Accepted)


@pytest.mark.parametrize("soft", [False, True])
async def test_a_responder_decides_and_its_absence_does_too(place, ca, static, heard, soft):
    method = await place.start(ocsp=True, ocsp_urls=(static.url + "/",), soft_fail=soft)
    verdict = await method.validate(ca.issue().der)
    assert isinstance(verdict, Accepted) if soft else verdict == Rejected(Reason.NOT_CHECKED)
    assert ("responders_failed" in said(heard, "x509.validate")) is not soft
    gone, strange = ca.issue(), ca.issue()
    static.bodies["/"] = ca.answer(gone, status=ocsp.OCSPCertStatus.REVOKED)
    assert await method.validate(gone.der) == Rejected(Reason.REVOKED)
    assert heard("x509.validate")[-1] == (events.revoked, {"serial": gone.serial, "stage": Stage.OCSP})
    static.bodies["/"] = ca.answer(strange, status=ocsp.OCSPCertStatus.UNKNOWN)
    assert await method.validate(strange.der) == Rejected(Reason.NOT_CHECKED)


async def test_nobody_outside_is_asked_about_a_certificate_that_is_not_vouched_for(place, static):
    method = await place.start(ocsp=True, ocsp_urls=(static.url + "/",))
    await method.validate(root("CN=Other").issue().der)
    assert not static.asked


async def test_a_changed_file_with_authorities_is_taken_over_and_a_broken_one_is_not(place, ca, heard):
    method = await place.start()
    other = root("CN=Other")
    place.authorities.write_bytes(b"junk")
    await method.look()
    assert isinstance(await method.validate(ca.issue().der), Accepted)
    place.authorities.write_bytes(other.pem)
    await method.look()
    assert await method.validate(ca.issue().der) == Rejected(Reason.CHAIN)
    assert isinstance(await method.validate(other.issue().der), Accepted)
    told = said(heard, "x509.init")
    assert told == ["enabled_without_lists", "authorities_not_read", "authorities_read"]
    heard.forget()
    await method.look()
    assert said(heard) == []


async def test_intermediates_come_from_a_file_of_their_own(place, issuing):
    between = place.folder / "between.pem"
    between.write_bytes(issuing.pem)
    method = await place.start()
    assert await method.validate(issuing.issue().der) == Rejected(Reason.CHAIN)
    await method.apply(place.settings(intermediates=between))
    assert isinstance(await method.validate(issuing.issue().der), Accepted)
    await method.apply(place.settings(intermediates=between, max_intermediates=0))
    assert await method.validate(issuing.issue().der) == Rejected(Reason.CHAIN)


async def test_being_on_and_stopping_are_said_and_being_off_is_not(place, heard):
    method = await place.start(enabled=False)
    await method.stop()
    assert said(heard) == []
    await method.apply(place.settings(crl=(CRLSettings(urls=("/nowhere",)),), ocsp=False))
    assert method.is_enabled
    await method.stop()
    assert heard("x509") == [
        (events.enabled, {"lists": 1, "responders": False, "authorities": 1}),
        (events.cleaned_up, {}),
    ]


async def test_a_certificate_that_lies_about_itself_in_an_extension_never_raises(place, ca):
    method = await place.start(identity=Identity.UPN, upn_domains=("example.org",))
    for oid in (
        "2.5.29.17",
        "2.5.29.37",
        "2.5.29.15",
        "2.5.29.19",
        "2.5.29.30",
        "2.5.29.31",
        "1.3.6.1.5.5.7.1.1",
    ):
        broken = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), b"\x30\x03\xff\xff\xff")
        try:
            made = ca.issue(purposes=None, extensions=[(broken, False)])
        except ValueError:
            continue
        assert isinstance(await method.validate(made.der), Rejected)


async def test_an_address_that_was_another_persons_until_just_now_does_not_sign_that_one_in(place, ca, heard):
    method = await place.start(identity=Identity.EMAIL)

    async def refresh(name):
        assert name == "ada"
        place.people.table = {
            "ada": person("ada", "new@example.org"),
            "bob": person("bob", "ada@example.org"),
        }
        return True

    method._refresh = refresh
    leaf = ca.issue("O=x", names=[mail("ada@example.org")])
    assert await method.validate(leaf.der) == Rejected(Reason.NO_IDENTITY)
    assert said(heard, "x509.validate")[-1] == "no_identity"


async def test_whoever_the_directory_has_no_more_is_not_let_in_though_still_remembered(place, ca, heard):
    method = await place.start()
    place.answers = None
    assert await method.validate(ca.issue().der) == Rejected(Reason.UNKNOWN_PERSON)
    assert said(heard, "x509.validate")[-1] == "person_not_found"
