"""Slowing down whoever guesses, without locking anybody out. Read `guesses`."""

from yett.authn.guessing import events
from yett.authn.guessing.guesses import (
    Attempt,
    By,
    Guesses,
    Limits,
    Policy,
    Throttled,
    Track,
    Tracks,
    address_key,
    after_failure,
    is_worth_a_warning,
    wait_left,
)

__all__ = [
    "Attempt",
    "By",
    "Guesses",
    "Limits",
    "Policy",
    "Throttled",
    "Track",
    "Tracks",
    "address_key",
    "after_failure",
    "events",
    "is_worth_a_warning",
    "wait_left",
]
