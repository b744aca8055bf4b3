"""Routes by their path: a gateway has so many that asking each takes longer than many an answer."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route, Router
from starlette.types import Receive, Scope, Send


class PathRouter(Router):
    """What Starlette's router does, and for paths without parameters by asking only the routes that can match.

    An address with a slash too many or too few is no address: a redirect would repeat a query that may carry a code.
    Routes are given at the start; none come later.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        super().__init__(routes, redirect_slashes=False)
        fixed = {
            route.path for route in self.routes if isinstance(route, Route) and not route.param_convertors
        }
        self._by_path = {
            path: Router([route for route in self.routes if _may_match(route, path)], redirect_slashes=False)
            for path in fixed
        }

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand over to the first route that matches, in their order."""
        few = None if scope.get("root_path") else self._by_path.get(scope.get("path", ""))
        if few is None:
            await super().app(scope, receive, send)
            return
        scope.setdefault("router", self)
        await few.app(scope, receive, send)


def _may_match(route: BaseRoute, path: str) -> bool:
    """Whether a route may take a path; those of other kinds may take any."""
    return type(route) is not Route or route.path_regex.match(path) is not None
