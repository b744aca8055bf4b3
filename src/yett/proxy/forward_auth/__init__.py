"""Forward-auth: other proxies ask here, once for each of their requests, who may pass.

Read `model`, `rules` (the decision) and `policy` (rules of the settings), which are pure, then
`deciding`, which looks up what they need. `parameters`, `original` and `credentials` read a question;
`dialects` answers it as one kind of proxy or another expects; `service` is the HTTP around it and
`grpc` the gRPC. `login` signs browsers in and out; `listening` is a listener for nothing else.
"""

from yett.proxy.forward_auth.checking import check_forward_auth
from yett.proxy.forward_auth.config import ForwardAuthSettings
from yett.proxy.forward_auth.holders import Holders
from yett.proxy.forward_auth.listening import QuestionGate, parse_listen
from yett.proxy.forward_auth.login import Browser
from yett.proxy.forward_auth.service import ForwardAuth, Settings
from yett.proxy.forward_auth.strangers import AccessTokens, Foreign, PersonalTokens, Stranger

__all__ = [
    "AccessTokens",
    "Browser",
    "Foreign",
    "ForwardAuth",
    "ForwardAuthSettings",
    "Holders",
    "PersonalTokens",
    "QuestionGate",
    "Settings",
    "Stranger",
    "check_forward_auth",
    "parse_listen",
]
