import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from tests.pki.making import DAY, make, names_of

from yett.kernel import FrozenClock
from yett.pki import Authority, AuthorityUnavailable, PKISettings, export_root
from yett.pki.ca import events

KEY = ec.generate_private_key(ec.SECP256R1()).public_key()


def opened(directory, clock, **settings):
    authority = Authority(directory, PKISettings(**settings), clock)
    authority.open()
    return authority


def issue(authority, clock, *names, days=30):
    now = clock.now()
    return authority.issue(names, KEY, not_before=now - 3600, not_after=now + days * DAY)


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "data" / "pki"


@pytest.mark.parametrize("intermediate", [True, False])
def test_openssl_accepts_what_it_signs(directory, clock, tmp_path, intermediate):
    authority = opened(directory, clock, intermediate=intermediate)
    signed = issue(authority, clock, "Wiki.example.com", "*.wiki.example.com", "192.0.2.1")
    chain, root = tmp_path / "chain.pem", tmp_path / "root.pem"
    chain.write_bytes(signed.chain_pem)
    root.write_bytes(authority.root_pem)
    assert len(signed.intermediates) == (1 if intermediate else 0)
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-attime", str(int(clock.now()))]
    command += ["-CAfile", str(root), "-untrusted", str(chain)]
    for name in (["-verify_hostname", "a.wiki.example.com"], ["-verify_ip", "192.0.2.1"]):
        judged = subprocess.run([*command, *name, str(chain)], capture_output=True, text=True, check=False)
        assert judged.returncode == 0, judged.stderr
    judged = subprocess.run(
        [*command, "-verify_hostname", "other.example.com", str(chain)], capture_output=True, check=False
    )
    assert judged.returncode != 0


def test_creation_and_each_certificate_are_audited(directory, clock, heard):
    authority = opened(directory, clock)
    signed = issue(authority, clock, "wiki.example.com")
    said = heard("ca")
    assert names_of(said) == ["root_created", "intermediate_created", "signed"]
    assert all(emitter.declaration.audit for emitter, _ in said)
    assert said[2][1] == {
        "serial": f"{signed.certificate.serial_number:x}",
        "names": ("wiki.example.com",),
        "not_before": signed.certificate.not_valid_before_utc,
        "not_after": signed.certificate.not_valid_after_utc,
        "issuer": f"{signed.intermediates[0].serial_number:x}",
    }


def test_a_restart_finds_the_same_authority(directory, clock):
    first = opened(directory, clock)
    second = opened(directory, clock)
    assert second.root_pem == first.root_pem == export_root(directory)
    assert second.key_id == first.key_id


def test_of_several_that_start_at_once_all_end_up_with_one_authority(directory, clock):
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: opened(directory, clock), range(4)))
    assert len({(authority.root_pem, authority.key_id) for authority in made}) == 1


def test_the_same_request_gives_the_same_bytes(directory, clock):
    request = {"not_before": clock.now() - 60, "not_after": clock.now() + DAY, "serial": 77}
    one = opened(directory, clock).issue(["a.example.com"], KEY, **request)
    other = opened(directory, clock).issue(["a.example.com"], KEY, **request)
    assert one.chain_pem == other.chain_pem


def test_no_file_of_it_can_be_read_by_others(directory, clock):
    opened(directory, clock)
    assert directory.stat().st_mode & 0o777 == 0o700
    files = {path.name: path.stat().st_mode & 0o777 for path in directory.iterdir()}
    assert files == {"root.pem": 0o600, "root.key": 0o600, "issuing.pem": 0o600, ".lock": 0o600}


@pytest.mark.parametrize("name", ["root.key", "issuing.pem"])
@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_key_that_others_could_read_is_refused(directory, clock, name, mode, heard):
    opened(directory, clock)
    (directory / name).chmod(mode)
    with pytest.raises(AuthorityUnavailable, match=f"{name} can be read by others .*chmod 600"):
        opened(directory, clock)
    assert heard("ca.open")[0][0] is events.not_opened
    (directory / name).chmod(0o600)
    opened(directory, clock)


def test_a_directory_that_others_may_enter_is_refused(directory, clock):
    directory.mkdir(parents=True)
    directory.chmod(0o755)
    with pytest.raises(AuthorityUnavailable, match="chmod 700"):
        opened(directory, clock)


def test_a_link_in_place_of_a_key_is_refused(directory, clock, tmp_path):
    opened(directory, clock)
    (directory / "root.key").rename(tmp_path / "elsewhere")
    (directory / "root.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AuthorityUnavailable, match=r"root\.key cannot be read"):
        opened(directory, clock)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("root.pem", b"", "damaged"),
        ("root.pem", b"x" * 70_000, "larger"),
        ("root.key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "damaged"),
        ("issuing.pem", b"nothing", "damaged"),
        ("root.pem", make("other.example.com").chain, "do not belong together"),
    ],
)
def test_a_damaged_file_is_named_and_nothing_is_overwritten(directory, clock, name, content, says):
    opened(directory, clock)
    (directory / name).write_bytes(content)
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    with pytest.raises(AuthorityUnavailable, match=says) as raised:
        opened(directory, clock)
    assert name.split(".")[0] in str(raised.value)
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


def test_an_intermediate_of_another_root_is_refused(directory, clock, tmp_path):
    opened(directory, clock)
    opened(tmp_path / "other", clock)
    (directory / "issuing.pem").write_bytes((tmp_path / "other" / "issuing.pem").read_bytes())
    with pytest.raises(AuthorityUnavailable, match=r"not of root\.pem"):
        opened(directory, clock)


@pytest.mark.parametrize("lost", [("root.pem",), ("root.pem", "issuing.pem"), ("issuing.pem",)])
def test_a_crash_between_two_writes_leaves_a_directory_that_opens(directory, clock, lost):
    """A new authority is written as key, root, intermediate: each state in between has to work."""
    opened(directory, clock)
    if lost == ("root.pem",):
        (directory / "root.pem").unlink()
        with pytest.raises(AuthorityUnavailable, match="missing although"):
            opened(directory, clock)
        return
    for name in lost:
        (directory / name).unlink()
    key = (directory / "root.key").read_bytes()
    issue(opened(directory, clock), clock, "a.example.com")
    assert (directory / "root.key").read_bytes() == key


def test_the_root_key_may_be_kept_elsewhere(directory, clock, tmp_path, heard):
    first = opened(directory, clock)
    (directory / "root.key").rename(tmp_path / "safe")
    authority = opened(directory, clock)
    assert authority.key_id == first.key_id
    clock.advance(1825 * DAY * 0.7)
    heard.forget()
    issue(authority, clock, "a.example.com")
    issue(authority, clock, "a.example.com")
    assert names_of(heard("ca")) == ["intermediate_not_renewed", "signed", "signed"]

    (tmp_path / "safe").rename(directory / "root.key")
    renewed = opened(directory, clock)
    issue(renewed, clock, "a.example.com")
    assert renewed.key_id != first.key_id
    assert renewed.root_pem == first.root_pem
    assert opened(directory, clock).key_id == renewed.key_id


def test_no_certificate_outlives_the_one_that_signed_it(clock):
    authority = opened(None, clock)
    signed = issue(authority, clock, "a.example.com", days=10_000)
    assert signed.certificate.not_valid_after_utc == signed.intermediates[0].not_valid_after_utc


def test_an_expired_authority_signs_nothing(heard):
    clock = FrozenClock()
    authority = opened(None, clock)
    clock.advance(7301 * DAY)
    heard.forget()
    with pytest.raises(AuthorityUnavailable, match="expired"):
        issue(authority, clock, "a.example.com")
    assert names_of(heard("ca.signcertificate")) == ["not_signed"]


def test_a_root_near_its_end_is_warned_of(directory, clock, heard):
    opened(directory, clock)
    clock.advance(7000 * DAY)
    opened(directory, clock)
    assert "root_expires_soon" in names_of(heard("ca.root"))


@pytest.mark.parametrize(
    ("names", "change", "says"),
    [
        ((), {}, "needs names"),
        (("not a name",), {}, "needs names"),
        (("*.com",), {}, "needs names"),
        (tuple(f"n{n}.example.com" for n in range(101)), {}, "at most 100"),
        (("a.example.com",), {"serial": 0}, "serial"),
        (("a.example.com",), {"serial": 1 << 159}, "serial"),
        (("a.example.com",), {"not_after": 0.0}, "before it begins"),
    ],
)
def test_a_senseless_request_is_refused(clock, names, change, says, heard):
    request = {"not_before": clock.now(), "not_after": clock.now() + DAY, **change}
    with pytest.raises(ValueError, match=says):
        opened(None, clock).issue(names, KEY, **request)
    assert heard("ca.signcertificate")[-1][0] is events.not_signed


def test_a_weak_key_is_not_signed(clock):
    weak = rsa.generate_private_key(65537, 1024).public_key()
    with pytest.raises(ValueError, match="2048"):
        opened(None, clock).issue(["a.example.com"], weak, not_before=clock.now(), not_after=clock.now() + 9)


def test_a_name_too_long_for_a_common_name_stands_in_a_critical_extension(clock):
    name = ".".join(["a" * 60] * 3)
    certificate = issue(opened(None, clock), clock, name).certificate
    assert not list(certificate.subject)
    assert certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical


def test_the_root_can_be_exported_only_once_there_is_one(directory, clock, heard):
    with pytest.raises(AuthorityUnavailable, match="first start"):
        export_root(directory)
    authority = opened(directory, clock)
    assert export_root(directory) == authority.root_pem
    (directory / "root.pem").write_bytes(b"rubbish")
    with pytest.raises(AuthorityUnavailable, match="damaged"):
        export_root(directory)
    assert names_of(heard("ca.getcabundle")) == [
        "bundle_not_read",
        "bundle_read",
        "bundle_read",
        "bundle_not_read",
    ]


def test_an_authority_that_is_not_open_says_so(clock):
    authority = Authority(None, PKISettings(), clock)
    with pytest.raises(AuthorityUnavailable, match="not open"):
        _ = authority.key_id
    # Issuing opens it.
    assert issue(authority, clock, "a.example.com").certificate
