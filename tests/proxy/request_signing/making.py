"""Requests as a step signs them, and as a service sees them."""

from tests.keys.test_epochs import MASTER
from tests.proxy.conftest import WIKI, request_for

from yett.net.http import Forward, Upstream
from yett.proxy import ProxySettings
from yett.proxy.request_signing import Algorithm, Message, RequestSigningSettings, SigningStep, Verifier
from yett.proxy.signing import SigningKeys
from yett.proxy.steps import Call

SHARED = "0123456789abcdef0123456789abcdef"
HMAC = {"alg": Algorithm.HMAC_SHA256, "key": SHARED}
IDENTITY = b"X-Yett-User: ada\r\nX-Yett-Groups: staff,ops\r\n"
KEYS = SigningKeys(MASTER, "proxy/request-signing", ProxySettings())


def step(clock, **changes):
    return SigningStep("Wiki", RequestSigningSettings(**changes), KEYS, clock)


def ask(method="GET", target="/a%20b?c=d&e", **headers):
    fields = {"Host": WIKI, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Call(request_for(method, target, fields), "Wiki", None, None)


def forward(**changes):
    return Forward(Upstream("wiki.internal", 80), **{"add": IDENTITY, **changes})


def fields_of(made):
    lines = (line.split(": ", 1) for line in made.add.decode().split("\r\n") if line)
    return {name.lower(): value for name, value in lines}


def seen(call, made, body=None):
    """The request as the service sees it."""
    path, _, query = (made.target or call.request.target).decode().partition("?")
    return Message(call.request.method.decode(), made.host.decode(), path, f"?{query}", fields_of(made), body)


def verifier(now):
    return Verifier(lambda key_id: KEYS.epochs.find(key_id, now), {"Wiki": SHARED.encode()})
