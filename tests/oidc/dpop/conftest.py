"""Proofs over HTTP: a small application that checks one per request."""

from dataclasses import dataclass

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from tests.oidc.foreign import Signer
from tests.signin.conftest import Breakable

from yett.kernel import FrozenClock
from yett.oidc.dpop import DPoPFault, DPoPSettings, Proof, Proofs
from yett.store import MemoryRecords

URL = "https://login.example.test/oidc/token"


@dataclass
class Place:
    """Everything a test may turn."""

    proofs: Proofs
    records: Breakable
    clock: FrozenClock
    client: httpx2.AsyncClient
    signer: Signer
    made: int = 0

    def claims(self, **changed):
        """What a proper proof says; None leaves a claim out."""
        self.made += 1
        said = {
            "jti": f"proof-{self.made}",
            "htm": "POST",
            "htu": URL,
            "iat": int(self.clock.now()),
            **changed,
        }
        return {name: value for name, value in said.items() if value is not None}

    def proof(self, **changed):
        return self.signer.sign(self.claims(**changed), typ="dpop+jwt", jwk=self.signer.jwk)

    async def show(self, *proofs, path="/", **more):
        return await self.client.post(path, headers=[("DPoP", proof) for proof in proofs], params=more)


@pytest.fixture
async def place(clock):
    records = Breakable(MemoryRecords(clock))
    proofs = Proofs(records, DPoPSettings(), clock)

    async def check(request):
        access = request.query_params.get("token", "")
        jkt = request.query_params.get("jkt", "")
        match await proofs.check(request, url=URL, access_token=access, jkt=jkt):
            case Proof() as proof:
                return JSONResponse(
                    {"jkt": proof.jkt}, headers={"DPoP-Nonce": proof.nonce} if proof.nonce else {}
                )
            case DPoPFault() as fault:
                return fault.response(is_resource=bool(access))
            case nothing:
                return JSONResponse({"jkt": nothing})

    app = Starlette(routes=[Route("/", check, methods=["POST"])])
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="https://login.example.test") as client:
        yield Place(proofs, records, clock, client, Signer())
