from datetime import timedelta

import pytest
from tests.keys.threshold.conftest import GATEWAY, master

from yett.keys.threshold import CosignerSettings, Identity, ThresholdSettings, check_cosigner, check_threshold
from yett.keys.threshold.config import PartySettings


@pytest.fixture
def files(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.pem").write_text(Identity(master(name)).pem)
    (tmp_path / "gateway.pem").write_text(Identity(GATEWAY).pem)
    (tmp_path / "nonsense.pem").write_text("nonsense")
    return tmp_path


def party(files, file, **more):
    said = {"name": file, "address": "vault.test:7443", "certificate": files / f"{file}.pem", **more}
    return PartySettings(**said)


@pytest.mark.parametrize(("others", "quorum"), [(1, 2), (2, 2), (3, 3), (4, 3), (15, 9)])
def test_a_quorum_is_more_than_half(files, others, quorum):
    parties = tuple(party(files, "a") for _ in range(others))
    assert ThresholdSettings(cosigner=parties).threshold == quorum


def wrong(settings):
    return [each.key for each in check_threshold(settings)]


def test_what_is_wrong_with_co_signers(files):
    both = (party(files, "a"), party(files, "b"))
    assert wrong(ThresholdSettings()) == []
    assert wrong(ThresholdSettings(cosigner=both)) == []
    assert wrong(ThresholdSettings(cosigner=both, quorum=3)) == []
    assert wrong(ThresholdSettings(cosigner=both, quorum=4)) == ["threshold.quorum"]
    assert wrong(ThresholdSettings(cosigner=both, quorum=1)) == ["threshold.quorum"]
    assert wrong(ThresholdSettings(quorum=2)) == ["threshold.quorum"]
    for name, key in (("none", "certificate"), ("nonsense", "certificate")):
        settings = ThresholdSettings(cosigner=(party(files, name),))
        assert wrong(settings) == [f"threshold.cosigner[{name}].{key}"]
    twice = (party(files, "a"), party(files, "b", certificate=files / "a.pem"))
    assert wrong(ThresholdSettings(cosigner=twice)) == ["threshold.cosigner[b].certificate"]
    same = (party(files, "a"), party(files, "b", name="a"))
    assert wrong(ThresholdSettings(cosigner=same)) == ["threshold.cosigner[a].name"]
    port = (party(files, "a", address="vault.test:70000"),)
    assert wrong(ThresholdSettings(cosigner=port)) == ["threshold.cosigner[a].address"]


@pytest.mark.parametrize(
    ("change", "keys"),
    [
        ({}, []),
        ({"listen": "[::1]:7443"}, []),
        ({"listen": ""}, ["cosigner.listen"]),
        ({"listen": "127.0.0.1:0"}, ["cosigner.listen"]),
        ({"listen": "127.0.0.1:65536"}, ["cosigner.listen"]),
        ({"listen": "999.0.0.1:7443"}, ["cosigner.listen"]),
        ({"gateway": None}, ["cosigner.gateway"]),
        ({"gateway": "none.pem"}, ["cosigner.gateway"]),
        ({"gateway": "nonsense.pem"}, ["cosigner.gateway"]),
        ({"peers": ("b.pem", "none.pem")}, ["cosigner.peers"]),
    ],
)
def test_what_keeps_a_co_signer_from_running(files, change, keys):
    said = {"listen": "127.0.0.1:7443", "gateway": "gateway.pem", "peers": ("b.pem",), **change}
    gateway = said.pop("gateway")
    peers = tuple(files / each for each in said.pop("peers"))
    settings = CosignerSettings(
        gateway=None if gateway is None else files / gateway,
        peers=peers,
        longest=timedelta(days=1),
        **said,
    )
    assert [each.key for each in check_cosigner(settings)] == keys
