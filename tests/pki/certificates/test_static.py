import os

import pytest
from tests.pki.making import make, names_of

from yett.pki import Reason, Refused, Source, StaticCertificate

WIKI = make("wiki.example.com", "*.wiki.example.com")


@pytest.fixture
async def static(certificates, clock, tasks):
    keeper = StaticCertificate(certificates, clock, tasks)
    yield keeper
    await keeper.stop()


@pytest.fixture
def files(tmp_path):
    def write(made):
        for path, content in ((tmp_path / "tls.pem", made.chain), (tmp_path / "tls.key", made.key)):
            draft = path.with_suffix(".draft")
            draft.write_bytes(content)
            draft.chmod(0o600)
            draft.replace(path)
        return tmp_path / "tls.pem", tmp_path / "tls.key"

    return write


def serials(certificates):
    return {installed.name: int(installed.certificate.serial, 16) for installed in certificates.all()}


async def test_it_is_shown_for_all_its_names_and_as_default(static, certificates, records, files, heard):
    assert await static.start(*files(WIKI)) is None
    number = WIKI.certificate.serial_number
    assert serials(certificates) == {"": number, "wiki.example.com": number, "*.wiki.example.com": number}
    assert names_of(heard("certmanager")) == ["static_loaded"]
    assert await records.list("pki/") == [], "its key stays in its file"


async def test_it_wins_over_a_stored_one(static, certificates, files):
    stored = make("wiki.example.com")
    await certificates.set("wiki.example.com", stored.chain, stored.key)
    await static.start(*files(WIKI))
    assert certificates.find("wiki.example.com").source is Source.STATIC
    await static.start(None, None)
    assert certificates.find("wiki.example.com").source is Source.MANUAL
    assert certificates.find(None) is None


async def test_a_file_that_changes_is_read_again(static, certificates, files, heard):
    await static.start(*files(WIKI))
    await static.look()
    newer = make("wiki.example.com")
    files(newer)
    await static.look()
    number = newer.certificate.serial_number
    assert serials(certificates) == {"": number, "wiki.example.com": number}
    assert names_of(heard("certmanager")) == ["static_loaded", "deleted", "static_loaded"]


async def test_files_that_become_unusable_leave_the_one_before(static, certificates, files, heard):
    certificate, key = files(WIKI)
    await static.start(certificate, key)
    before = serials(certificates)
    certificate.write_bytes(make("wiki.example.com").chain)
    await static.look()
    certificate.unlink()
    await static.look()
    await static.look()
    assert serials(certificates) == before
    said = heard("certmanager")
    assert names_of(said) == ["static_loaded", "static_not_loaded", "static_not_loaded"]
    assert [fields["reason"] for _, fields in said[1:]] == [Reason.KEY_MISMATCH, Reason.UNREADABLE]


async def test_a_key_that_everybody_can_read_is_refused(static, certificates, files):
    certificate, key = files(WIKI)
    key.chmod(0o644)
    refused = await static.start(certificate, key)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.NOT_PRIVATE
    assert certificates.all() == ()
    key.chmod(0o640)  # a group of its own is common practice
    assert await static.start(certificate, key) is None


@pytest.mark.parametrize(
    ("made", "reason"),
    [(make("a.example", ends=-1), Reason.EXPIRED), (make("a.example", begins=9), Reason.NOT_YET_VALID)],
)
async def test_a_certificate_out_of_its_time_is_refused(static, files, made, reason):
    refused = await static.start(*files(made))
    assert isinstance(refused, Refused)
    assert refused.reason is reason


async def test_what_is_no_file_is_refused_without_waiting(static, tmp_path, files):
    certificate, key = files(WIKI)
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "missing"):
        assert isinstance(await static.start(path, key), Refused)
        assert isinstance(await static.start(certificate, path), Refused)
