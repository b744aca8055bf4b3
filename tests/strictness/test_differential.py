"""The same bytes to nginx, to HAProxy and to us: whatever is forwarded is framed alike.

Each proxy stands in front of a recording upstream. Of each input it is compared how many requests came out of it, and
each one's method, target and payload. All rows of the tables are sent, and inputs made by dice.
"""

import os

import pytest
from tests.fuzz.grammar import Dice, request
from tests.strictness import chunks, fields, framing, lines, peers
from tests.strictness.compare import verdicts
from tests.strictness.judged import LOOSER, STRICTER, names
from tests.strictness.recorder import Recorder

ROWS = [
    (case.name, case.sent)
    for case in (*framing.CASES, *chunks.CASES, *lines.CASES, *fields.CASES)
    if not case.is_cut
]
INPUTS = int(os.environ.get("YETT_DIFFERENTIAL_INPUTS", "400"))
SEED = os.environ.get("YETT_DIFFERENTIAL_SEED", "yett")


@pytest.fixture(scope="module")
async def proxies(stage, tmp_path_factory):
    # One upstream for each: two clients of two proxies may have the same port.
    behind_nginx = await Recorder(is_patient=True).start()
    behind_haproxy = await Recorder(is_patient=True).start()
    with (
        peers.nginx(tmp_path_factory.mktemp("nginx"), behind_nginx.port) as nginx,
        peers.haproxy(tmp_path_factory.mktemp("haproxy"), behind_haproxy.port) as haproxy,
    ):
        yield {
            "ours": (stage.port, stage.recorder),
            "nginx": (nginx, behind_nginx),
            "haproxy": (haproxy, behind_haproxy),
        }
    await behind_nginx.stop()
    await behind_haproxy.stop()


@pytest.fixture(scope="module")
async def rows(proxies):
    return await verdicts(ROWS, proxies)


def assert_framed_alike(found, stage):
    for verdict in found:
        assert "ours" not in verdict.smuggled, verdict
        for peer in ("nginx", "haproxy"):
            assert not verdict.differs_from(peer), verdict
    assert not stage.recorder.broken


async def test_what_several_forward_is_framed_alike(rows, stage):
    assert_framed_alike(rows, stage)


async def test_where_both_others_forward_and_we_refuse_there_is_a_reason(rows):
    stricter = {
        found.name
        for found in rows
        if found.accepts("nginx") and found.accepts("haproxy") and not found.accepts("ours")
    }
    assert stricter <= names(STRICTER)


async def test_where_we_forward_and_both_others_refuse_there_is_a_reason(rows):
    looser = {
        found.name
        for found in rows
        if found.accepts("ours") and not found.accepts("nginx") and not found.accepts("haproxy")
    }
    assert looser <= names(LOOSER)


def test_each_reason_is_about_rows_that_exist():
    assert names(STRICTER) | names(LOOSER) <= {name for name, _ in ROWS}


async def test_inputs_made_by_dice_are_framed_alike(proxies, stage):
    inputs = [(f"{SEED}:{number}", request(Dice(f"{SEED}:{number}"))) for number in range(INPUTS)]
    found = await verdicts(inputs, proxies)
    assert_framed_alike(found, stage)
    # The dice are of use only as long as a fair share of what they throw is taken by all three.
    taken = sum(all(one.accepts(who) for who in proxies) for one in found)
    assert taken >= INPUTS / 20
