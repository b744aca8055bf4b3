"""Settings of the gateway's own certificate authority."""

from datetime import timedelta

from yett.config import section, setting

DEFAULT_EPOCH = "2025-01-01T00:00:00Z"


@section("pki")
class PKISettings:
    """The gateway's own certificate authority, and the clock that its certificates are renewed by."""

    epoch: str = setting(
        DEFAULT_EPOCH,
        "Instant that renewal cycles are counted from (ISO 8601); the same on every node.",
    )
    authority_name: str = setting(
        "Yett",
        "Organization in the authority's own certificates; read when they are first made.",
        matches=r"[ -~]{1,40}",
        expects="1 to 40 printable ASCII characters",
        reloadable=False,
    )
    root_validity: timedelta = setting(
        timedelta(days=7300),
        "How long the root certificate is valid when it is made.",
        at_least=timedelta(days=365),
        at_most=timedelta(days=10950),
        reloadable=False,
    )
    intermediate: bool = setting(
        True,
        "Issue from an intermediate, so that the root key can be kept elsewhere after the first start.",
        reloadable=False,
    )
    intermediate_validity: timedelta = setting(
        timedelta(days=1825),
        "How long the intermediate is valid; a new one is made when a third of that is left.",
        at_least=timedelta(days=90),
        at_most=timedelta(days=7300),
        reloadable=False,
    )
