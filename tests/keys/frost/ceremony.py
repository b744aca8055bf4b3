"""Whole ceremonies and signatures, with all participants in one place."""

import functools

from yett.keys.frost import Announcement, Generation, aggregate, commit, sign
from yett.keys.frost.polynomials import commitments_to
from yett.keys.frost.proof import Context, prove

CEREMONY = bytes(range(32))


def started(threshold, participants):
    return {
        number: Generation(number, threshold=threshold, participants=participants, ceremony=CEREMONY)
        for number in range(1, participants + 1)
    }


def announced(generations):
    return {number: one.announcement() for number, one in generations.items()}


def for_one(generations, number):
    return {sender: one.share_for(number) for sender, one in generations.items() if sender != number}


def generate(threshold, participants):
    """What each participant finishes with: (share, group) by number."""
    generations = started(threshold, participants)
    told = announced(generations)
    for one in generations.values():
        one.hear(told)
    given = {number: for_one(generations, number) for number in generations}
    return {number: one.finish(given[number]) for number, one in generations.items()}


@functools.cache
def made(threshold, participants):
    """A group and its shares by number; the same for all tests of a run."""
    ends = generate(threshold, participants)
    return ends[1][1], {number: share for number, (share, _) in ends.items()}


def announce(number, coefficients, context, *, commitments=None):
    """What somebody announces who knows these coefficients, and claims these commitments."""
    commitments = commitments or commitments_to(coefficients)
    return Announcement(number, commitments, prove(context, number, coefficients[0], commitments))


def context(threshold, participants, ceremony=CEREMONY):
    return Context(ceremony, threshold, participants)


def committed(shares, signers):
    """Nonces by number, and the list of commitments."""
    pairs = {number: commit(shares[number]) for number in signers}
    return {number: nonces for number, (nonces, _) in pairs.items()}, [one for _, one in pairs.values()]


def signature_shares(message, group, shares, signers):
    """The commitments, and everybody's signature share by number."""
    nonces, commitments = committed(shares, signers)
    return commitments, {
        number: sign(shares[number], nonces[number], message, commitments, group) for number in signers
    }


def signed(message, group, shares, signers):
    commitments, parts = signature_shares(message, group, shares, signers)
    return aggregate(message, commitments, parts, group)
