"""Files for TLS that change while the gateway runs."""

import asyncio

import pytest
from tests.net.trust.making import make

from yett.kernel import Supervisor
from yett.proxy import MappingSettings
from yett.proxy.transport import Rotation, events


@pytest.fixture
def ca(tmp_path):
    path = tmp_path / "ca.pem"
    path.write_bytes(make("first").pem)
    return path


@pytest.fixture
async def rotation(ca):
    tasks = Supervisor()
    renewed = []
    made = Rotation(renewed.append, tasks, look_every=0.005)
    made.renewed = renewed
    await made.follow((wish(ca), wish(ca), MappingSettings(app="plain", host="b.example")))
    yield made
    await made.stop()
    await tasks.stop()


def wish(ca, **more):
    return MappingSettings(app="a", host="a.example", ca_file=ca, **more)


async def test_files_that_stay_as_they_are_are_left_alone(rotation, heard):
    await rotation.look()
    assert (rotation.renewed, heard()) == ([], [])


async def test_a_changed_file_is_taken_over_once(rotation, ca, heard):
    ca.write_bytes(make("second").pem + b"\n")
    await rotation.look()
    await rotation.look()
    assert rotation.renewed == [frozenset({(str(ca), "", "")})]
    assert heard() == [(events.rotated, {"files": (str(ca),)})]


@pytest.mark.parametrize("content", [b"nothing", None])
async def test_a_file_that_cannot_be_used_changes_nothing_until_it_is_whole_again(
    rotation, ca, heard, content
):
    if content is None:
        ca.unlink()
    else:
        ca.write_bytes(content)
    await rotation.look()
    assert rotation.renewed == []
    ((event, fields),) = heard()
    assert (event, fields["files"]) == (events.not_rotated, (str(ca),))
    ca.write_bytes(make("third").pem + b"\n\n")
    await rotation.look()
    assert rotation.renewed == [frozenset({(str(ca), "", "")})]


async def test_files_of_new_settings_are_followed_and_others_forgotten(rotation, ca, tmp_path, heard):
    other = tmp_path / "other.pem"
    other.write_bytes(make("other").pem)
    await rotation.follow((wish(other),))
    ca.write_bytes(b"whatever")
    await rotation.look()
    other.write_bytes(make("another").pem + b"\n")
    await rotation.look()
    assert rotation.renewed == [frozenset({(str(other), "", "")})]
    assert [event for event, _ in heard()] == [events.rotated]


async def test_a_broken_file_does_not_hold_up_others_and_is_tried_again_with_the_next_change(
    rotation, ca, tmp_path, heard
):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    ada, bob = make("ada"), make("bob")
    cert.write_bytes(ada.pem)
    key.write_bytes(ada.key_pem)
    await rotation.follow((wish(ca), wish(ca, tls_client_cert=cert, tls_client_key=key)))
    ca.write_bytes(make("second").pem + b"\n")
    cert.write_bytes(bob.pem + b"\n")
    await rotation.look()
    pair = (str(ca), str(cert), str(key))
    assert rotation.renewed == [frozenset({(str(ca), "", "")})]
    assert {event for event, _ in heard()} == {events.rotated, events.not_rotated}
    key.write_bytes(bob.key_pem + b"\n")
    await rotation.look()
    assert rotation.renewed[1:] == [frozenset({pair})]


async def test_it_looks_by_itself(rotation, ca):
    await rotation.start()
    ca.write_bytes(make("second").pem + b"\n")
    async with asyncio.timeout(5):
        while not rotation.renewed:  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.002)
