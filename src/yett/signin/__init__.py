"""Signing in and out at the gateway's own host, and the pages for it.

Read `machine` (the states of a sign-in, without I/O), `rules` (every other decision), then `flow`
(what becomes of a proof) and `answers` (how a browser or a program hears of it), then `routes`.
A folder below is the place of one method in the flow. `memory` keeps when and from where somebody
signed in, `language` reads what a browser prefers,
`foresight` tells what somebody would be asked for.
"""

from yett.signin import answers
from yett.signin.config import MFASettings, SignInSettings
from yett.signin.exchange import device_of, visitor_of
from yett.signin.factors import Factors
from yett.signin.flow import Flow
from yett.signin.foresight import Foresight, Offered, Way
from yett.signin.leftovers import Leftovers
from yett.signin.machine import State
from yett.signin.memory import Memory
from yett.signin.model import (
    Method,
    MustChangePassword,
    MustEnrol,
    NeedsFactor,
    Outcome,
    SignedIn,
    Turned,
    TurnedAway,
    Visitor,
)
from yett.signin.onward import Onward
from yett.signin.passwords import LDAP, Passwords, SyncResult
from yett.signin.routes import SignIn

__all__ = [
    "LDAP",
    "Factors",
    "Flow",
    "Foresight",
    "Leftovers",
    "MFASettings",
    "Memory",
    "Method",
    "MustChangePassword",
    "MustEnrol",
    "NeedsFactor",
    "Offered",
    "Onward",
    "Outcome",
    "Passwords",
    "SignIn",
    "SignInSettings",
    "SignedIn",
    "State",
    "SyncResult",
    "Turned",
    "TurnedAway",
    "Visitor",
    "Way",
    "answers",
    "device_of",
    "visitor_of",
]
