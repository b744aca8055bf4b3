"""`yett import …`: the settings of other gateways become ours, and what has no equivalent is told.

Read `model` (what comes of an import), `source` (foreign settings, of which nothing may be lost
quietly), then a system: `oauth2_proxy`, `authelia/`, `ingress_nginx` or `gafaelfawr`. `documents`
reads files within limits, `words` turns single values into ours, `ours` makes what several of them
make, `writing` and `outcome` are what an operator gets. `commands` is what is typed.

An import never opens what was closed: what cannot be said here exactly is left closed and told.
"""

from yett.ops.importing.commands import (
    import_authelia,
    import_gafaelfawr,
    import_ingress_nginx,
    import_oauth2_proxy,
)

__all__ = ["import_authelia", "import_gafaelfawr", "import_ingress_nginx", "import_oauth2_proxy"]
