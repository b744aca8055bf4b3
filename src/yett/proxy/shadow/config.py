"""The settings of shadows: `[[proxy.mapping.shadow]]` tables."""

from datetime import timedelta

from yett.config import REQUIRED, Size, item, setting
from yett.proxy.balancing.config import SERVICE, SERVICE_WORDS
from yett.proxy.retrying.config import METHOD, METHOD_WORDS


@item(named_by="name")
class ShadowSettings:
    """Another service that gets copies of an application's requests. Its answers are thrown away."""

    name: str = setting(
        REQUIRED,
        "Name of the shadow in logs and metrics, and in the X-Yett-Shadow field of each copy.",
        matches=r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}",
        expects="a name of letters, digits, dots, dashes and underscores",
    )
    service: str = setting(
        REQUIRED,
        "Where copies go: http://host:port, https://host:port or unix:/path/to.sock.",
        matches=SERVICE,
        expects=SERVICE_WORDS,
    )
    percent: float = setting(100.0, "How many requests in a hundred are copied.", at_least=0, at_most=100)
    methods: tuple[str, ...] = setting(
        (), "Methods that are copied; with none, all.", matches=METHOD, expects=METHOD_WORDS
    )
    max_body: Size = setting(
        64 * 1024,
        "Bytes of a request's body that are kept for the copy; a request with more is not copied.",
        at_least=0,
        at_most=16 << 20,
    )
    timeout: timedelta = setting(
        timedelta(seconds=5),
        "How long a copy may take in all.",
        at_least=timedelta(milliseconds=10),
        at_most=timedelta(minutes=5),
    )
    concurrency: int = setting(8, "Copies on their way at once.", at_least=1, at_most=1000)
    queue: int = setting(
        100, "Copies that wait for their turn; one more is dropped.", at_least=0, at_most=10_000
    )
    preserve_host: bool = setting(True, "Send the host that people open, in place of the shadow's own.")
    credentials: bool = setting(
        False, "Send cookies, Authorization and other fields that let somebody act as the visitor."
    )
    identity: bool = setting(
        False, "Tell the shadow who is calling: identity headers, and the visitor's address."
    )
    drop: tuple[str, ...] = setting(
        (),
        "More header fields that a copy goes without.",
        matches=r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}",
        expects="the name of a header field",
    )
