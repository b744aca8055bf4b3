"""Slowing down whoever guesses, without locking anybody out. Read `guesses`.

`Allowance` counts what is no guess and yet can be too much; others come to it by this door.
"""

from yett.authn.allowance import Allowance
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
    "Allowance",
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
