"""What the provider says of itself (OpenID Connect Discovery 1.0; RFC 8414).

`document` puts it together from what is switched on; `routes` serves it.
"""

from yett.oidc.discovery.document import Facts, document
from yett.oidc.discovery.routes import OAUTH, OPENID, Discovery

__all__ = ["OAUTH", "OPENID", "Discovery", "Facts", "document"]
