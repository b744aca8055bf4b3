"""Who may ask for codes: registered clients, and those that somebody vouches for when they ask."""

from collections.abc import Callable

from yett.oidc.model import Client


class Clients(dict[str, Client]):
    """The registered clients by id. What it does not hold, it asks `find` for, and does not keep."""

    def __init__(self) -> None:
        super().__init__()
        self.find: Callable[[str], Client | None] = _nobody

    def get(self, client_id: str, default: Client | None = None) -> Client | None:  # type: ignore[override]  # narrower on purpose: ids are text
        """The client of that id."""
        found = super().get(client_id)
        if found is None:
            found = self.find(client_id)
        return default if found is None else found

    def __contains__(self, client_id: object) -> bool:
        return isinstance(client_id, str) and self.get(client_id) is not None


def _nobody(_client_id: str) -> None:
    return None
