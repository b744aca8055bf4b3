"""Who is really calling: what proxies in front of the gateway say, and which of them are believed.

Read `model`, `networks`, `forwarded` and `certificate` (decisions over values), then
`introduction`, which applies them to connections and requests; `checking` looks at the settings.
The PROXY protocol itself is in `yett.net.proxy_protocol`, because the engine speaks it too.
"""

from yett.net.trust.checking import check_trust, private_fields
from yett.net.trust.forwarded import from_list
from yett.net.trust.introduction import Trust
from yett.net.trust.model import Claim
from yett.net.trust.networks import BadNetwork, Networks

__all__ = ["BadNetwork", "Claim", "Networks", "Trust", "check_trust", "from_list", "private_fields"]
