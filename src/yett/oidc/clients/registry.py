"""Who may ask for codes and tokens: our own applications, those of the settings, and whoever is vouched for."""

from collections.abc import Callable, Iterable

from yett.oidc.clients import building
from yett.oidc.clients.config import ClientSettings
from yett.oidc.clients.model import Client

Finder = Callable[[str], Client | None]


class Clients(dict[str, Client]):
    """The clients by id. The dictionary itself holds our own applications.

    What it does not hold is looked for in the settings, then asked of `find` and of the finders, in the order
    in which they were given, each time anew.
    """

    def __init__(self) -> None:
        super().__init__()
        self.find: Finder = _nobody
        self._configured: dict[str, Client] = {}
        self._finders: list[Finder] = []
        self._are_others_served = True

    def get(self, client_id: str, default: Client | None = None) -> Client | None:  # type: ignore[override]  # narrower on purpose: ids are text
        """The client of that id."""
        found = super().get(client_id)
        if found is None and self._are_others_served:
            found = self._configured.get(client_id)
        if found is None:
            found = self.find(client_id)
        if found is None and self._are_others_served:
            found = self._vouched_for(client_id)
        return default if found is None else found

    def __contains__(self, client_id: object) -> bool:
        return isinstance(client_id, str) and self.get(client_id) is not None

    def find_with(self, finder: Finder) -> None:
        """Ask this too for clients that nobody knows. Nothing that it answers is kept."""
        self._finders.append(finder)

    def configure(
        self, settings: Iterable[ClientSettings], *, are_others_served: bool = True
    ) -> tuple[Client, ...]:
        """Know these clients of the settings from now on, and no longer those before; what was built.

        Without `are_others_served` only our own applications are known.
        """
        built = (building.build(each) for each in settings)
        # The settings were checked before; a file of keys that changed since then costs its client.
        self._configured = {each.client_id: each for each in built if isinstance(each, Client)}
        self._are_others_served = are_others_served
        return self.configured

    @property
    def configured(self) -> tuple[Client, ...]:
        """Those of the settings."""
        return tuple(self._configured.values()) if self._are_others_served else ()

    def _vouched_for(self, client_id: str) -> Client | None:
        return next((found for finder in self._finders if (found := finder(client_id)) is not None), None)


def _nobody(_client_id: str) -> None:
    return None
