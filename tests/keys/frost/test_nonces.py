import copy
import pickle

import pytest
from tests.keys.frost import curve, vectors

from yett.keys.frost import Nonces, Share, commit
from yett.keys.frost import nonces as module

HIDING, BINDING = curve.scalar(0xBEEF << 100), curve.scalar(0xCAFE << 100)


@pytest.mark.parametrize("number", vectors.SIGNERS)
def test_nonces_and_commitments_match_rfc_9591_appendix_e_1(number, monkeypatch):
    given = vectors.ROUND_ONE[number]
    randomness = iter([given["hiding_nonce_randomness"], given["binding_nonce_randomness"]])
    monkeypatch.setattr(module.secrets, "token_bytes", lambda size: next(randomness) if size == 32 else None)

    nonces, commitment = commit(vectors.SHARES[number])

    assert commitment == nonces.commitment == vectors.COMMITMENTS[vectors.SIGNERS.index(number)]
    assert nonces.take() == (given["hiding_nonce"], given["binding_nonce"])


def test_nonces_are_handed_out_once():
    nonces = Nonces(1, HIDING, BINDING)

    assert nonces.take() == (HIDING, BINDING)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="used before"):
            nonces.take()


def test_nonces_that_were_used_are_forgotten():
    nonces = Nonces(1, HIDING, BINDING)

    nonces.take()

    assert nonces._pair == []


def test_nonces_show_nothing():
    nonces = Nonces(1, HIDING, BINDING)

    assert repr(nonces) == str(nonces) == f"{nonces}" == "<Nonces>"
    assert not hasattr(nonces, "__dict__")


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, pickle.dumps], ids=["copy", "deepcopy", "pickle"])
def test_nonces_can_be_neither_copied_nor_stored(way):
    with pytest.raises(TypeError, match="neither copied nor stored"):
        way(Nonces(1, HIDING, BINDING))


@pytest.mark.parametrize("wrong", [*curve.NOT_SCALARS.values(), bytes(32)], ids=[*curve.NOT_SCALARS, "zero"])
def test_nonces_are_scalars_that_are_not_zero(wrong):
    for pair in ((wrong, BINDING), (HIDING, wrong)):
        with pytest.raises(ValueError, match="scalar"):
            Nonces(1, *pair)


def test_every_commitment_is_a_new_one():
    share = Share(1, curve.scalar(5))

    made = [commit(share)[1] for _ in range(20)]

    assert len({point for one in made for point in (one.hiding, one.binding)}) == 40


def test_even_without_randomness_two_shares_have_nonces_of_their_own():
    assert module.nonce(curve.scalar(5), bytes(32)) != module.nonce(curve.scalar(6), bytes(32))
