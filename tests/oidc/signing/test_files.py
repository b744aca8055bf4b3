import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from yett.oidc.signing import events, material
from yett.oidc.signing.files import read_files
from yett.oidc.signing.model import Algorithm, Flaw

NOW = 1_800_000_000.0


@pytest.fixture
def write(tmp_path):
    def write(name, key):
        path = tmp_path / name
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return path

    return write


def test_keys_are_known_by_what_they_sign_with(write, heard):
    paths = [
        write("a.pem", ec.generate_private_key(ec.SECP256R1())),
        write("b.pem", ed25519.Ed25519PrivateKey.generate()),
    ]
    found = read_files(paths, NOW)
    assert found.own.keys() == {Algorithm.ES256, Algorithm.EDDSA}
    assert not found.barred
    key, private = found.own[Algorithm.ES256]
    assert key.is_operators
    assert key.kid == material.thumbprint(material.jwk_of(private.public_key(), Algorithm.ES256))
    assert heard() == []


@pytest.mark.parametrize(
    ("key", "said", "fields"),
    [
        (rsa.generate_private_key(65537, 1024), events.key_too_short, {"bits": 1024}),
        (ec.derive_private_key(7, ec.SECP256R1()), events.key_low_entropy, {}),
        (ec.generate_private_key(ec.SECP256K1()), events.key_absent, {"reason": Flaw.UNKNOWN}),
    ],
)
def test_a_key_that_may_not_sign_bars_its_algorithm(write, heard, key, said, fields):
    path = write("own.pem", key)
    found = read_files([path], NOW)
    algorithm = material.algorithm_of(key)
    assert found.barred == (set(Algorithm) if algorithm is None else {algorithm})
    assert not found.own
    assert heard("oidc.keys") == [(said, {"file": str(path), **fields})]
    assert [each for each, _ in heard("oidc.init")] == [events.keys_invalid]


def test_a_file_that_holds_no_key_could_have_held_any(tmp_path, write, heard):
    good = write("good.pem", ed25519.Ed25519PrivateKey.generate())
    (tmp_path / "empty.pem").write_bytes(b"")
    found = read_files([good, tmp_path / "empty.pem"], NOW)
    assert found.own.keys() == {Algorithm.EDDSA}
    assert found.barred == set(Algorithm) - {Algorithm.EDDSA}
    assert heard("oidc.keys")[0][1]["reason"] is Flaw.ABSENT


def test_of_two_keys_for_one_algorithm_the_second_is_told(write, heard):
    paths = [write(f"{name}.pem", ec.generate_private_key(ec.SECP256R1())) for name in "ab"]
    found = read_files(paths, NOW)
    assert not found.barred
    assert heard("oidc.keys") == [
        (events.key_absent, {"file": str(paths[1]), "reason": Flaw.DOUBLE}),
    ]
