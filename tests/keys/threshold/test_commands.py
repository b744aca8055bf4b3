from tests.keys.threshold.conftest import GATEWAY, master, until

from yett.keys.threshold import CosignerCommands, Identity, ThresholdCommands
from yett.keys.threshold.model import fingerprint


def test_each_side_prints_its_own_certificate():
    ran = []
    commands = CosignerCommands(
        lambda: Identity(GATEWAY), lambda: Identity(master("a")), lambda: ran.append(True)
    )
    assert commands.certificate_of_gateway() == Identity(GATEWAY).pem.strip()
    assert commands.certificate() == Identity(master("a")).pem.strip()
    commands.run()
    assert ran == [True]


async def test_who_is_there(place, three):
    shared = await three.make()
    three.watch([shared])
    await place.cosigners["b"].stop()
    await until(lambda: not three.links[1].is_up)
    table = ThresholdCommands(three).status()
    first, second = (dict(zip(table.columns, row, strict=True)) for row in table.rows)
    assert (first["name"], first["state"], first["keys"], first["shares missing"]) == ("a", "here", 1, 0)
    assert (second["state"], second["milliseconds"]) == ("away", None)
    assert first["certificate"] == fingerprint(Identity(master("a")).certificate)
