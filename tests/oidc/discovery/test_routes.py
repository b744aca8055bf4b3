"""The two well-known addresses."""

import httpx2
from starlette.applications import Starlette

from yett.oidc.discovery import OAUTH, OPENID, Discovery

ISSUER = "https://login.example.test"


async def test_both_addresses_say_the_same_to_everybody():
    switched = {"is_on": True, "userinfo": None}
    discovery = Discovery(issuer=ISSUER, is_enabled=lambda: switched["is_on"], can_push=lambda: True)
    discovery.join(
        lambda: {"userinfo_endpoint": switched["userinfo"], "grant_types_supported": ["refresh_token"]}
    )
    transport = httpx2.ASGITransport(app=Starlette(routes=discovery.routes))
    async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as client:
        first, second = await client.get(OPENID), await client.get(OAUTH)
        assert first.json() == second.json()
        assert first.json()["grant_types_supported"] == ["authorization_code", "refresh_token"]
        assert "userinfo_endpoint" not in first.json()
        assert first.headers["access-control-allow-origin"] == "*"
        assert first.headers["cache-control"] == "public, max-age=300"
        assert (await client.head(OPENID)).status_code == 200
        # Parts come and go with the settings.
        switched["userinfo"] = f"{ISSUER}/oidc/userinfo"
        assert (await client.get(OPENID)).json()["userinfo_endpoint"] == f"{ISSUER}/oidc/userinfo"
        switched["is_on"] = False
        assert (await client.get(OPENID)).status_code == 404
