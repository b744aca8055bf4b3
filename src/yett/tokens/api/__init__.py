"""The interface for programs: `/auth/api/v1/…`, and its description at `/auth/openapi.json`.

Read `forms` (what is sent and answered), `calls` (who calls, and what with), then `routes`; `operations` declares each
address once, for the routes and for the description alike.
"""

from yett.tokens.api.calls import Door
from yett.tokens.api.forms import ClientForm
from yett.tokens.api.routes import TokenAPI

__all__ = ["ClientForm", "Door", "TokenAPI"]
