"""Two addresses on the sign-in host for load balancers and service managers."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yett.kernel import Readiness


def health_routes(readiness: Readiness) -> list[Route]:
    """`/healthz`: the process answers. `/readyz`: every part is well, else 503 and which are not."""

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})

    async def ready(_: Request) -> Response:
        missing = readiness.missing()
        return JSONResponse(
            {"status": "ok"} if not missing else {"status": "not ready", "missing": list(missing)},
            status_code=503 if missing else 200,
            headers={"Cache-Control": "no-store"},
        )

    return [Route("/healthz", live), Route("/readyz", ready)]
